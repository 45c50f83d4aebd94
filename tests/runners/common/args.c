#include "args.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *args_allocate(size_t count, size_t size) {
  void *made = calloc(count ? count : 1, size);
  if (!made) abort();
  return made;
}

char *args_copy(const char *data, size_t length) {
  char *made = args_allocate(length + 1, 1);
  if (length) memcpy(made, data, length);
  return made;
}

static const cJSON *item(const cJSON *args, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(args, name);
}

bool args_has(const cJSON *args, const char *name) { return item(args, name) != NULL; }

static int digit(char c) { return c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0'; }

static bytes unhex(const char *text) {
  bytes made;
  size_t i;
  made.length = strlen(text) / 2;
  made.data = args_allocate(made.length + 1, 1);
  for (i = 0; i < made.length; i++) made.data[i] = (uint8_t)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  return made;
}

bytes args_decode(const cJSON *value) {
  bytes made = {NULL, 0};
  const cJSON *hex = item(value, "hex");
  if (cJSON_IsString(hex)) return unhex(hex->valuestring);
  if (!cJSON_IsString(value)) return made;
  made.length = strlen(value->valuestring);
  made.data = (uint8_t *)args_copy(value->valuestring, made.length);
  return made;
}

bytes args_bytes(const cJSON *args, const char *name) { return args_decode(item(args, name)); }

bytes args_print(const cJSON *value) {
  bytes made;
  char *text = cJSON_PrintUnformatted(value);
  if (!text) abort();
  made.length = strlen(text);
  made.data = (uint8_t *)args_copy(text, made.length);
  cJSON_free(text);
  return made;
}

bytes args_json(const cJSON *args, const char *name) {
  const cJSON *value = item(args, name);
  return value ? args_print(value) : args_bytes(args, "json");
}

double args_number(const cJSON *args, const char *name) {
  const cJSON *value = item(args, name);
  if (cJSON_IsString(value)) return NAN;
  return value ? value->valuedouble : 0;
}

uint64_t args_count(const cJSON *args, const char *name) { return (uint64_t)args_number(args, name); }

bool args_true(const cJSON *args, const char *name) { return cJSON_IsTrue(item(args, name)); }
