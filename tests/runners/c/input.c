#include <stdlib.h>

#include "world.h"

static outcome input_parse(world *world, const cJSON *args, const char *last_revision) {
  bytes input = args_json(args, "input");
  sark_error *error;
  int32_t status;
  (void)last_revision;
  sark_input_free(world->input);
  world->input = NULL;
  status = sark_input_parse(world->engine, input.data, input.length, &world->input, &error);
  free(input.data);
  return done(status, error);
}

static outcome input_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_input_close(world->input);
  return outcome_of(OUTCOME_DONE);
}

call input_call(const char *name) {
  static const verb verbs[] = {{"parse", input_parse}, {"close", input_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
