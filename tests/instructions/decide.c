/* Decides N times, for callgrind to count: decide FOLDER PATH N. The folder holds policy.rego, data.json and input.json. */
#include <stdio.h>
#include <stdlib.h>

#include <sark.h>

static void fail(const char *what, sark_error *error) {
  fprintf(stderr, "%s: ", what);
  if (error) {
    const sark_str message = sark_error_message(error);
    fprintf(stderr, "%.*s", (int)message.length, message.data);
  }
  fprintf(stderr, "\n");
  exit(1);
}

/* A file as a whole; the program ends before it is freed. */
static char *content(const char *folder, const char *name, uint64_t *length) {
  char path[4096];
  FILE *file;
  char *text;
  long size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) fail(path, NULL);
  rewind(file);
  text = malloc((size_t)size + 1);
  if (!text || fread(text, 1, (size_t)size, file) != (size_t)size) fail(path, NULL);
  fclose(file);
  *length = (uint64_t)size;
  return text;
}

int main(int count, char **arguments) {
  sark_engine *engine;
  sark_query *query;
  sark_buffer *buffer = sark_buffer_new();
  sark_error *error;
  uint64_t policy_length, data_length, input_length, path_length = 0;
  if (count != 4) fail("usage: decide FOLDER PATH N", NULL);
  const char *policy = content(arguments[1], "policy.rego", &policy_length);
  const char *data = content(arguments[1], "data.json", &data_length);
  const char *input = content(arguments[1], "input.json", &input_length);
  while (arguments[2][path_length]) path_length++;
  if (sark_engine_new(NULL, &engine, &error)) fail("engine", error);
  if (sark_engine_set_data(engine, (const uint8_t *)data, data_length, NULL, NULL, &error)) fail("data", error);
  if (sark_engine_load_policy(engine, "p", 1, policy, policy_length, NULL, NULL, &error)) fail("policy", error);
  if (sark_engine_prepare(engine, arguments[2], path_length, NULL, NULL, &query, &error)) fail("query", error);
  for (long left = atol(arguments[3]); left > 0; left--) {
    if (sark_query_evaluate(query, (const uint8_t *)input, input_length, NULL, NULL, buffer, &error)) fail("decision", error);
  }
  printf("%.*s\n", (int)buffer->length, (const char *)buffer->data);
  sark_buffer_free(buffer);
  sark_query_free(query);
  sark_engine_free(engine);
  return 0;
}
