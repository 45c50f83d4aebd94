#define _POSIX_C_SOURCE 200809L
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

#include "args.h"

outcome outcome_of(outcome_kind kind) {
  outcome made = {OUTCOME_DONE, NULL, {NULL, 0}, NULL, 0};
  made.kind = kind;
  return made;
}

outcome outcome_value(cJSON *value) {
  outcome made = outcome_of(OUTCOME_VALUE);
  made.value = value;
  return made;
}

outcome outcome_bool(bool value) { return outcome_value(cJSON_CreateBool(value)); }

outcome outcome_number(double value) { return outcome_value(cJSON_CreateNumber(value)); }

static cJSON *string_of(const char *data, size_t length) {
  char *text = args_copy(data, length);
  cJSON *made = cJSON_CreateString(text);
  free(text);
  return made;
}

outcome outcome_text(const char *data, size_t length) { return outcome_value(string_of(data, length)); }

outcome outcome_json(const char *data, size_t length) {
  cJSON *parsed = cJSON_ParseWithLength(data, length);
  return parsed ? outcome_value(parsed) : outcome_broken("the library's JSON does not parse");
}

outcome outcome_raw(const void *data, size_t length) {
  outcome made = outcome_of(OUTCOME_VALUE);
  made.raw.data = (uint8_t *)args_copy((const char *)data, length);
  made.raw.length = length;
  return made;
}

outcome outcome_broken(const char *why) {
  outcome made = outcome_of(OUTCOME_BROKEN);
  made.value = cJSON_CreateString(why);
  return made;
}

/* Row and column of the first error that has a place. */
static void add_place(cJSON *value, const cJSON *form) {
  const cJSON *one;
  cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(form, "errors")) {
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(one, "location");
    if (!cJSON_IsObject(at)) continue;
    cJSON_AddNumberToObject(value, "row", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(at, "row")));
    cJSON_AddNumberToObject(value, "col", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(at, "col")));
    return;
  }
}

outcome outcome_error(const char *status, size_t status_length, const char *code, size_t code_length,
                      const char *message, size_t message_length, const char *json, size_t json_length) {
  outcome made = outcome_of(OUTCOME_ERROR);
  cJSON *form = cJSON_ParseWithLength(json, json_length);
  const cJSON *offset = cJSON_GetObjectItemCaseSensitive(form, "offset");
  if (!form) return outcome_broken("the error's JSON does not parse");
  made.value = cJSON_CreateObject();
  cJSON_AddItemToObject(made.value, "error", string_of(status, status_length));
  cJSON_AddItemToObject(made.value, "code", string_of(code, code_length));
  cJSON_AddItemToObject(made.value, "message", string_of(message, message_length));
  if (cJSON_IsNumber(offset)) cJSON_AddNumberToObject(made.value, "offset", offset->valuedouble);
  add_place(made.value, form);
  cJSON_Delete(form);
  return made;
}

void outcome_free(outcome *outcome) {
  size_t i;
  cJSON_Delete(outcome->value);
  free(outcome->raw.data);
  for (i = 0; i < outcome->count; i++) outcome_free(&outcome->answers[i]);
  free(outcome->answers);
  *outcome = outcome_of(OUTCOME_DONE);
}
