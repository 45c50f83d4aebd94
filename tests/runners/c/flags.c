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

/* The short forms are for who needs neither a name nor the change: the runner takes them where a case gives no name. */
static outcome flags_set_rollout(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature"), who = args_bytes(args, "who"), why = args_bytes(args, "why");
  double percentage = args_number(args, "percentage");
  sark_error *error;
  int32_t status;
  outcome answer;
  (void)last_revision;
  if (who.data || why.data) {
    status = sark_flags_set_rollout_by(world->flags, (char *)feature.data, feature.length, percentage,
                                                (char *)who.data, who.length, (char *)why.data, why.length,
                                                world->buffer, &error);
    answer = answered(world, status, error);
  } else {
    status = sark_flags_set_rollout(world->flags, (char *)feature.data, feature.length, percentage, &error);
    answer = done(status, error);
  }
  free(feature.data);
  free(who.data);
  free(why.data);
  return answer;
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
  bytes who = args_bytes(args, "who"), why = args_bytes(args, "why");
  sark_error *error;
  int32_t status;
  outcome answer;
  (void)last_revision;
  if (who.data || why.data) {
    status = sark_flags_rollback_by(world->flags, NULL, 0, (char *)who.data, who.length, (char *)why.data,
                                             why.length, world->buffer, &error);
    answer = answered(world, status, error);
  } else {
    status = sark_flags_rollback_all(world->flags, &error);
    answer = done(status, error);
  }
  free(who.data);
  free(why.data);
  return answer;
}

static outcome flags_history(world *world, const cJSON *args, const char *last_revision) {
  bytes feature = args_bytes(args, "feature");
  sark_error *error;
  int32_t status = sark_flags_history(world->flags, (char *)feature.data, feature.length, args_count(args, "most"),
                                      world->buffer, &error);
  (void)last_revision;
  free(feature.data);
  return answered(world, status, error);
}

static outcome flags_status(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_flags_status(world->flags, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome flags_force(world *world, const cJSON *args, const char *last_revision) {
  bytes side = args_bytes(args, "side");
  uint32_t number = !side.data                                   ? SARK_FORCE_NONE
                    : strcmp((char *)side.data, "local") == 0    ? SARK_FORCE_LOCAL
                    : strcmp((char *)side.data, "remote") == 0   ? SARK_FORCE_REMOTE
                                                                 : 99;
  sark_error *error;
  int32_t status = sark_flags_force(world->flags, number, &error);
  (void)last_revision;
  free(side.data);
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
                               {"history", flags_history},
                               {"status", flags_status},
                               {"force", flags_force},
                               {"list", flags_list},
                               {"close", flags_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
