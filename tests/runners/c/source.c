#include <stdlib.h>
#include <string.h>

#include "../common/files.h"
#include "world.h"

static outcome source_new(world *world, const cJSON *args, const char *last_revision) {
  bytes url = files_text(args, "url"), config = args_json(args, "config");
  sark_error *error;
  int32_t status;
  (void)last_revision;
  sark_source_free(world->source);
  world->source = NULL;
  status = sark_source_new(world->engine, (char *)url.data, url.length, (char *)config.data, config.length, &world->source,
                           &error);
  free(url.data);
  free(config.data);
  return done(status, error);
}

static outcome source_wait(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_source_wait(world->source, args_ns(args, "timeout_ms"), &error);
  (void)last_revision;
  return done(status, error);
}

static outcome source_trigger(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_source_trigger(world->source, &error);
  (void)args, (void)last_revision;
  return done(status, error);
}

static outcome source_next(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_source_next(world->source, args_ns(args, "timeout_ms"), world->buffer, &error);
  (void)last_revision;
  return answered(world, status, error);
}

static outcome source_status(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_source_status(world->source, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome source_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_source_close(world->source);
  return outcome_of(OUTCOME_DONE);
}

call source_call(const char *name) {
  static const verb verbs[] = {{"new", source_new},   {"wait", source_wait},     {"trigger", source_trigger},
                               {"next", source_next}, {"status", source_status}, {"close", source_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
