#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome flags_new(world *world, const cJSON *args, const char *last_revision) {
  bytes url = args_bytes(args, "url");
  sark_flags_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.metrics = world->metrics;
  sark_flags_free(world->flags);
  world->flags = NULL;
  status = sark_flags_new((char *)url.data, url.length, &options, &world->flags, &error);
  free(url.data);
  return done(status, error);
}

static outcome flags_bucket(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature"), user = args_bytes(args, "user");
  uint32_t bucket = 0;
  sark_error *error;
  int32_t status =
      sark_flags_bucket((char *)feature.data, feature.length, user.data, user.length, &bucket, &error);
  (void)world, (void)last_revision;
  free(feature.data);
  free(user.data);
  return counted(status, bucket, error);
}

static outcome flags_is_enabled(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature"), user = args_bytes(args, "user");
  sark_error *error;
  bool yes = sark_flags_is_enabled(world->flags, (char *)feature.data, feature.length, user.data, user.length, &error);
  (void)last_revision;
  free(feature.data);
  free(user.data);
  return predicate(yes, error);
}

static outcome flags_set_rollout(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature");
  sark_error *error;
  int32_t status = sark_flags_set_rollout(world->flags, (char *)feature.data, feature.length,
                                          args_number(args, "percentage"), &error);
  (void)last_revision;
  free(feature.data);
  return done(status, error);
}

static outcome flags_rollout(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature");
  double percentage = -1;
  sark_error *error;
  int32_t status = sark_flags_rollout(world->flags, (char *)feature.data, feature.length, &percentage, &error);
  (void)last_revision;
  free(feature.data);
  return status < 0 ? done(status, error) : outcome_number(percentage);
}

static outcome flags_rollback(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature");
  sark_error *error;
  int32_t status = sark_flags_rollback(world->flags, (char *)feature.data, feature.length, &error);
  (void)last_revision;
  free(feature.data);
  return done(status, error);
}

static outcome flags_rollback_all(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  status = sark_flags_rollback_all(world->flags, &error);
  return done(status, error);
}

static outcome flags_list(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_flags_list(world->flags, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome flags_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_flags_close(world->flags);
  return outcome_of(OUTCOME_DONE);
}

call flags_call(const char *name) {
  static const verb verbs[] = {{"new", flags_new},
                               {"bucket", flags_bucket},
                               {"is_enabled", flags_is_enabled},
                               {"set_rollout", flags_set_rollout},
                               {"rollout", flags_rollout},
                               {"rollback", flags_rollback},
                               {"rollback_all", flags_rollback_all},
                               {"list", flags_list},
                               {"close", flags_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
