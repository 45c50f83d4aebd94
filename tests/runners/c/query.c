#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome query_evaluate(world *world, const cJSON *args, const char *last_revision) {
  bytes input = args_json(args, "input");
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  int32_t status = sark_query_evaluate(world->query, input.data, input.length, &options, NULL, world->buffer, &error);
  (void)last_revision;
  free(input.data);
  return answered(world, status, error);
}

static outcome query_evaluate_input(world *world, const cJSON *args, const char *last_revision) {
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  int32_t status = sark_query_evaluate_input(world->query, world->input, &options, NULL, world->buffer, &error);
  (void)last_revision;
  return answered(world, status, error);
}

static outcome query_allows(world *world, const cJSON *args, const char *last_revision) {
  bytes input = args_json(args, "input");
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  bool yes = sark_query_allows(world->query, input.data, input.length, &options, NULL, &error);
  (void)last_revision;
  free(input.data);
  return predicate(yes, error);
}

/* The JSON of an error has its status' name in it. */
static outcome batch_error(int32_t status, const char *json, size_t length) {
  sark_str name = sark_status_name(status);
  cJSON *form = cJSON_ParseWithLength(json, length);
  const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(form, "code"));
  const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(form, "message"));
  outcome made = outcome_error(name.data, name.length, code ? code : "", code ? strlen(code) : 0,
                               message ? message : "", message ? strlen(message) : 0, json, length);
  cJSON_Delete(form);
  return made;
}

static outcome batch_answer(const world *world, const sark_batch_result *result) {
  const char *json = (const char *)world->buffer->data + result->offset;
  if (result->status < 0) return batch_error(result->status, json, result->length);
  if (result->status == SARK_UNDEFINED) return outcome_of(OUTCOME_UNDEFINED);
  return outcome_json(json, result->length);
}

/* Inputs end to end, and where each begins: offsets has count + 1 entries. */
static bytes pack(const cJSON *inputs, uint64_t *offsets) {
  bytes packed = {NULL, 0};
  const cJSON *one;
  size_t i = 0;
  packed.data = args_allocate(1, 1);
  cJSON_ArrayForEach(one, inputs) {
    bytes text = args_print(one);
    packed.data = realloc(packed.data, packed.length + text.length + 1);
    if (!packed.data) abort();
    memcpy(packed.data + packed.length, text.data, text.length);
    packed.length += text.length;
    offsets[++i] = packed.length;
    free(text.data);
  }
  return packed;
}

static outcome query_evaluate_batch(world *world, const cJSON *args, const char *last_revision) {
  const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(args, "inputs");
  size_t count = (size_t)cJSON_GetArraySize(inputs), i;
  uint64_t *offsets = args_allocate(count + 1, sizeof *offsets);
  sark_batch_result *results = args_allocate(count, sizeof *results);
  bytes packed = pack(inputs, offsets);
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  outcome made;
  int32_t status = sark_query_evaluate_batch(world->query, packed.data, packed.length, offsets, count, &options, NULL,
                                             results, world->buffer, &error);
  (void)last_revision;
  made = done(status, error);
  if (status == SARK_OK) {
    made.kind = OUTCOME_ANSWERS;
    made.answers = args_allocate(count, sizeof *made.answers);
    made.count = count;
    for (i = 0; i < count; i++) made.answers[i] = batch_answer(world, &results[i]);
  }
  free(packed.data);
  free(results);
  free(offsets);
  return made;
}

static outcome query_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_query_close(world->query);
  return outcome_of(OUTCOME_DONE);
}

call query_call(const char *name) {
  static const verb verbs[] = {{"evaluate", query_evaluate},
                               {"evaluate_input", query_evaluate_input},
                               {"allows", query_allows},
                               {"evaluate_batch", query_evaluate_batch},
                               {"close", query_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
