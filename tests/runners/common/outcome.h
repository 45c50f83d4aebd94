/* What a step of a case came to, in the words of tests/cases/README.md. Shared by the C and the C++ runner. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Owned bytes; data is NULL where there are none, which is not the same as a length of 0. */
typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

typedef enum outcome_kind {
  OUTCOME_DONE,
  OUTCOME_VALUE,     /* value, or raw for bytes that need not be text */
  OUTCOME_UNDEFINED,
  OUTCOME_MISS,
  OUTCOME_ERROR,     /* value: {"error", "code", "message", "row"?, "col"?, "offset"?} */
  OUTCOME_DECISION,  /* value: what a decision says */
  OUTCOME_ANSWERS,   /* of a batch */
  OUTCOME_SKIPPED,   /* the environment lacks what the case needs */
  OUTCOME_BROKEN     /* the case asks for something that the runner does not know; value: text */
} outcome_kind;

typedef struct outcome {
  outcome_kind kind;
  cJSON *value;
  bytes raw;
  struct outcome *answers;
  size_t count;
} outcome;

outcome outcome_of(outcome_kind kind);
outcome outcome_value(cJSON *value);
outcome outcome_bool(bool value);
outcome outcome_number(double value);
outcome outcome_text(const char *data, size_t length);
outcome outcome_json(const char *data, size_t length);
outcome outcome_raw(const void *data, size_t length);
outcome outcome_broken(const char *why);
/* json is the error's own JSON, where row, column and offset are. */
outcome outcome_error(const char *status, size_t status_length, const char *code, size_t code_length,
                      const char *message, size_t message_length, const char *json, size_t json_length);
void outcome_free(outcome *outcome);

/* Sets complaint (owned text) and returns false where the outcome is not the expected one. */
bool outcome_meets(const outcome *outcome, const cJSON *expect, const char *last_revision, char **complaint);

#ifdef __cplusplus
}
#endif
#endif
