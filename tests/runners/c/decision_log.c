#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome decision_log_new(world *world, const cJSON *args, const char *last_revision) {
  bytes location = args_bytes(args, "location");
  sark_decision_log_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.metrics = world->metrics;
  options.max_waiting = (uint32_t)args_count(args, "max_waiting");
  sark_decision_log_free(world->decision_log);
  world->decision_log = NULL;
  status =
      sark_decision_log_new((char *)location.data, location.length, &options, &world->decision_log, &error);
  free(location.data);
  return done(status, error);
}

static outcome decision_log_next(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_decision_log_next(world->decision_log, args_ns(args, "timeout_ms"), world->buffer, &error);
  (void)last_revision;
  return answered(world, status, error);
}

static outcome decision_log_flush(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_decision_log_flush(world->decision_log, args_ns(args, "timeout_ms"), &error);
  (void)last_revision;
  return predicate(status == SARK_OK, error);
}

static outcome decision_log_status(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_decision_log_status(world->decision_log, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome decision_log_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_decision_log_close(world->decision_log);
  return outcome_of(OUTCOME_DONE);
}

call decision_log_call(const char *name) {
  static const verb verbs[] = {{"new", decision_log_new},       {"next", decision_log_next},   {"flush", decision_log_flush},
                               {"status", decision_log_status}, {"close", decision_log_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
