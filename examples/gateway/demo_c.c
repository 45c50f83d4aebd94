/* Decide the gateway's requests with sark, from C99.
 *
 * Usage: demo_c POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE    (see demo.py)
 *
 * No JSON library is needed: a decision is compact JSON with sorted keys and "allow" is the first of its keys, so an
 * allowed one begins with {"allow":true and a comma or a brace.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <sark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct text {
  char *data;
  size_t length;
} text;

typedef struct summary {
  int decisions, allowed, denied, undefined, errors;
} summary;

static void die(const char *what, const char *why, size_t length) {
  fprintf(stderr, "demo_c: %s: %.*s\n", what, (int)length, why);
  exit(1);
}

static void check(const char *what, int32_t status, sark_error *error) {
  sark_str message;
  if (status >= 0) return;
  message = sark_error_message(error);
  die(what, message.data, message.length);
}

static text read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  text read = {NULL, 0};
  size_t room = 0, got;
  if (!file) die(path, "cannot be read", 14);
  do {
    if (read.length == room) {
      room = room ? room * 2 : 65536;
      read.data = realloc(read.data, room);
      if (!read.data) die(path, "no memory", 9);
    }
    got = fread(read.data + read.length, 1, room - read.length, file);
    read.length += got;
  } while (got > 0);
  fclose(file);
  return read;
}

static text read_file_in(const char *directory, const char *name) {
  size_t length = strlen(directory) + strlen(name) + 2;
  char *path = malloc(length);
  text read;
  if (!path) die(directory, "no memory", 9);
  snprintf(path, length, "%s/%s", directory, name);
  read = read_file(path);
  free(path);
  return read;
}

/* Every policy of a directory, named after its file, at once: they may use one another. */
static void load_policies(sark_engine *engine, const char *directory) {
  sark_update *update;
  sark_error *error;
  struct dirent *entry;
  int32_t status = sark_update_new(engine, &update, &error);
  DIR *entries = opendir(directory);
  check("update", status, error);
  if (!entries) die(directory, "cannot be read", 14);
  while ((entry = readdir(entries)) != NULL) {
    const char *dot = strrchr(entry->d_name, '.');
    text rego;
    if (!dot || strcmp(dot, ".rego") != 0) continue;
    rego = read_file_in(directory, entry->d_name);
    status = sark_update_load_policy(update, entry->d_name, (uint64_t)(dot - entry->d_name), rego.data, rego.length,
                                     NULL, &error);
    check(entry->d_name, status, error);
    free(rego.data);
  }
  closedir(entries);
  status = sark_update_commit(update, NULL, 0, NULL, &error);
  check("commit", status, error);
  sark_update_free(update);
}

static sark_engine *load(const char *policies, text data, uint32_t rego_version) {
  sark_engine_options options;
  sark_engine *engine;
  sark_error *error;
  int32_t status;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.rego_version = rego_version;
  status = sark_engine_new(&options, &engine, &error);
  check("engine", status, error);
  load_policies(engine, policies);
  status = sark_engine_set_data(engine, (const uint8_t *)data.data, data.length, NULL, NULL, &error);
  check("data", status, error);
  free(data.data);
  return engine;
}

static bool is_allowed(const sark_buffer *answer) {
  static const char start[] = "{\"allow\":true";
  size_t length = sizeof start - 1;
  return answer->length > length && memcmp(answer->data, start, length) == 0 &&
         (answer->data[length] == ',' || answer->data[length] == '}');
}

/* A request's decision as a line of the output. */
static void tell(FILE *output, int32_t status, const sark_buffer *answer, sark_error *error, summary *told) {
  sark_str name = sark_status_name(status);
  told->decisions++;
  if (status < 0) {
    told->errors++;
    fprintf(output, "error %.*s\n", (int)name.length, name.data);
  } else if (status == SARK_UNDEFINED) {
    told->undefined++;
    fputs("undefined\n", output);
  } else {
    if (is_allowed(answer)) told->allowed++;
    else told->denied++;
    fwrite(answer->data, 1, answer->length, output);
    fputc('\n', output);
  }
  sark_error_free(error);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The seconds that deciding every request took; each line goes to a stream that is kept in memory meanwhile. */
static double decide(const sark_query *query, text requests, FILE *output, summary *told) {
  sark_buffer *answer = sark_buffer_new();
  const char *line = requests.data, *end = requests.data + requests.length;
  double started = now(), seconds;
  while (line < end) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    sark_error *error;
    int32_t status;
    if (!stop) stop = end;
    status = sark_query_evaluate(query, (const uint8_t *)line, (uint64_t)(stop - line), NULL, NULL, answer, &error);
    tell(output, status, answer, error, told);
    line = stop + 1;
  }
  seconds = now() - started;
  sark_buffer_free(answer);
  return seconds;
}

static double decide_all(const char *policies, const char *data, const char *requests_file, const char *output_file,
                         summary *told) {
  sark_engine *engine = load(policies, read_file(data), SARK_REGO_DEFAULT);
  text requests = read_file(requests_file), lines = {NULL, 0};
  FILE *memory = open_memstream(&lines.data, &lines.length), *output = fopen(output_file, "wb");
  const char path[] = "data.gateway.decision";
  sark_query *query;
  sark_error *error;
  double seconds;
  int32_t status = sark_engine_prepare(engine, path, strlen(path), NULL, NULL, &query, &error);
  check(path, status, error);
  if (!memory || !output) die(output_file, "cannot be written", 17);
  seconds = decide(query, requests, memory, told);
  fclose(memory);
  if (fwrite(lines.data, 1, lines.length, output) != lines.length || fclose(output) != 0)
    die(output_file, "cannot be written", 17);
  free(lines.data);
  free(requests.data);
  sark_query_free(query);
  sark_engine_free(engine);
  return seconds;
}

/* Azure's confidential container policy, which is written in Rego v0; prints the answer. */
static void decide_aci(const char *directory) {
  sark_engine *engine = load(directory, read_file_in(directory, "data.json"), SARK_REGO_V0);
  text input = read_file_in(directory, "input.json");
  sark_buffer *answer = sark_buffer_new();
  const char path[] = "data.framework.mount_overlay";
  sark_error *error;
  int32_t status = sark_engine_evaluate(engine, path, strlen(path), (const uint8_t *)input.data, input.length, NULL,
                                        NULL, answer, &error);
  check(path, status, error);
  if (status == SARK_UNDEFINED) fputs("null", stdout);
  else fwrite(answer->data, 1, answer->length, stdout);
  sark_buffer_free(answer);
  free(input.data);
  sark_engine_free(engine);
}

int main(int argc, char **argv) {
  summary told = {0, 0, 0, 0, 0};
  double seconds;
  if (argc != 6) {
    fprintf(stderr, "usage: %s POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE\n", argv[0]);
    return 2;
  }
  seconds = decide_all(argv[1], argv[2], argv[3], argv[5], &told);
  printf("{\"language\":\"c\",\"decisions\":%d,\"allowed\":%d,\"denied\":%d,\"undefined\":%d,\"errors\":%d,"
         "\"seconds\":%.6f,\"aci\":",
         told.decisions, told.allowed, told.denied, told.undefined, told.errors, seconds);
  decide_aci(argv[4]);
  puts("}");
  return 0;
}
