#include <string.h>

#include "world.h"

static outcome metrics_new(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  sark_metrics_free(world->metrics);
  world->metrics = NULL;
  status = sark_metrics_new(NULL, &world->metrics, &error);
  return done(status, error);
}

static outcome metrics_render(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_metrics_render(world->metrics, world->buffer, &error);
  (void)args, (void)last_revision;
  return told(world, status, error);
}

static outcome metrics_render_openmetrics(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_metrics_render_as(world->metrics, SARK_METRICS_OPENMETRICS, world->buffer, &error);
  (void)args, (void)last_revision;
  return told(world, status, error);
}

static outcome metrics_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_metrics_close(world->metrics);
  return outcome_of(OUTCOME_DONE);
}

call metrics_call(const char *name) {
  static const verb verbs[] = {{"new", metrics_new}, {"render", metrics_render}, {"render_openmetrics", metrics_render_openmetrics}, {"close", metrics_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
