#include "world.h"

#include <stdlib.h>
#include <string.h>

outcome failed(sark_error *error) {
  sark_str status = sark_status_name(sark_error_status(error));
  sark_str code = sark_error_code(error);
  sark_str message = sark_error_message(error);
  sark_str json = sark_error_json(error);
  outcome made = outcome_error(status.data, status.length, code.data, code.length, message.data, message.length,
                               json.data, json.length);
  sark_error_free(error);
  return made;
}

/* What is left where there is no value to give. */
static outcome without_value(int32_t status, sark_error *error) {
  if (status < 0) return error ? failed(error) : outcome_broken("a failure without an error");
  if (error) {
    sark_error_free(error);
    return outcome_broken("an error without a failure");
  }
  if (status == SARK_UNDEFINED) return outcome_of(OUTCOME_UNDEFINED);
  if (status == SARK_MISS) return outcome_of(OUTCOME_MISS);
  return outcome_of(OUTCOME_DONE);
}

outcome done(int32_t status, sark_error *error) { return without_value(status, error); }

outcome answered(const world *world, int32_t status, sark_error *error) {
  if (status < 0 && world->buffer->length != 0) {
    sark_error_free(error);
    return outcome_broken("the buffer is not empty after an error");
  }
  if (status != SARK_OK) return without_value(status, error);
  return outcome_json((const char *)world->buffer->data, world->buffer->length);
}

outcome told(const world *world, int32_t status, sark_error *error) {
  if (status != SARK_OK) return without_value(status, error);
  return outcome_text((const char *)world->buffer->data, world->buffer->length);
}

outcome counted(int32_t status, double value, sark_error *error) {
  return status == SARK_OK ? outcome_number(value) : without_value(status, error);
}

outcome predicate(bool yes, sark_error *error) {
  if (!error) return outcome_bool(yes);
  if (!yes) return failed(error);
  sark_error_free(error);
  return outcome_broken("true and an error");
}

uint64_t args_ns(const cJSON *args, const char *name) { return (uint64_t)(args_number(args, name) * 1e6); }

uint32_t rego_version(const cJSON *args) {
  bytes name = args_bytes(args, "rego_version");
  uint32_t version = SARK_REGO_DEFAULT;
  if (name.data) version = SARK_REGO_V1;
  if (name.data && strcmp((char *)name.data, "v0") == 0) version = SARK_REGO_V0;
  if (name.data && strcmp((char *)name.data, "v2") == 0) version = SARK_REGO_V2;
  free(name.data);
  return version;
}

sark_evaluate_options evaluate_options(const cJSON *args) {
  sark_evaluate_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.strict_builtin_errors = args_true(args, "strict") ? 1 : 0;
  options.timeout_ns = args_ns(args, "timeout_ms");
  options.rego_version = rego_version(args);
  options.time_ns = (int64_t)args_count(args, "time_ns");
  options.seed = args_count(args, "seed");
  return options;
}
