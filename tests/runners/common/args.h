/* Reads the arguments of a step. Every `bytes` and `char *` that leaves here is the caller's to free(). */
#ifndef ARGS_H
#define ARGS_H

#include "outcome.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A copy with a NUL after it; an allocation that fails ends the program. */
char *args_copy(const char *data, size_t length);
/* Zeroed; the same rule. */
void *args_allocate(size_t count, size_t size);

bool args_has(const cJSON *args, const char *name);
/* Text or {"hex": "ff00"}; nothing where it is absent. */
bytes args_bytes(const cJSON *args, const char *name);
bytes args_decode(const cJSON *value);
/* The JSON under `name`, or the text under "json" as it is; nothing where both are absent. */
bytes args_json(const cJSON *args, const char *name);
bytes args_print(const cJSON *value);
/* 0 where absent; "NaN" is not a number. */
double args_number(const cJSON *args, const char *name);
uint64_t args_count(const cJSON *args, const char *name);
bool args_true(const cJSON *args, const char *name);

#ifdef __cplusplus
}
#endif
#endif
