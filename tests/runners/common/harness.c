#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"

typedef struct tally {
  int passed, failed, skipped;
} tally;

typedef enum verdict { PASSED, FAILED, SKIPPED } verdict;

static cJSON *read_json(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text;
  long length;
  cJSON *parsed;
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  length = ftell(file);
  rewind(file);
  text = args_allocate((size_t)length + 1, 1);
  if (fread(text, 1, (size_t)length, file) != (size_t)length) length = 0;
  fclose(file);
  parsed = cJSON_ParseWithLength(text, (size_t)length);
  free(text);
  return parsed;
}

static outcome pause_for(const cJSON *args) {
  uint64_t ms = args_count(args, "ms");
  struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0) continue;
  return outcome_of(OUTCOME_DONE);
}

static outcome take(const language *language, void *world, const char *call, const cJSON *args, const char *last) {
  if (strcmp(call, "sleep") == 0) return pause_for(args);
  if (strcmp(call, "files.write") == 0) return files_write(args);
  return language->call(world, call, args, last);
}

static const char *text_of(const cJSON *object, const char *name) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
  return text ? text : "";
}

/* One step; `last` is the last revision that the case was given, and is replaced by a newer one. */
static verdict run_step(const language *language, void *world, const cJSON *step, char **last, char **complaint) {
  const char *call = text_of(step, "call");
  outcome got = take(language, world, call, cJSON_GetObjectItemCaseSensitive(step, "args"), *last);
  verdict verdict = PASSED;
  if (got.kind == OUTCOME_SKIPPED)
    verdict = SKIPPED;
  else if (!outcome_meets(&got, cJSON_GetObjectItemCaseSensitive(step, "expect"), *last, complaint))
    verdict = FAILED;
  if (strcmp(call, "engine.revision") == 0 && got.kind == OUTCOME_VALUE) {
    free(*last);
    *last = args_copy(got.value->valuestring, strlen(got.value->valuestring));
  }
  outcome_free(&got);
  return verdict;
}

static verdict run_case(const language *language, const char *path, const cJSON *one) {
  void *world = language->begin();
  char *last = NULL;
  verdict verdict = PASSED;
  int number = 0;
  const cJSON *step;
  cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(one, "steps")) {
    char *complaint = NULL;
    number++;
    verdict = run_step(language, world, step, &last, &complaint);
    if (verdict == FAILED)
      printf("FAILED %s: %s: step %d, %s: %s\n", path, text_of(one, "name"), number, text_of(step, "call"),
             complaint ? complaint : "");
    free(complaint);
    if (verdict != PASSED) break;
  }
  free(last);
  language->end(world);
  files_remove();
  return verdict;
}

static void run_file(const language *language, const char *path, tally *tally) {
  cJSON *file = read_json(path);
  const cJSON *cases = cJSON_GetObjectItemCaseSensitive(file, "cases");
  const cJSON *one;
  /* A file that cannot be read, or says nothing, must not look like success. */
  if (cJSON_GetArraySize(cases) == 0) {
    printf("FAILED %s: no cases\n", path);
    tally->failed++;
  }
  cJSON_ArrayForEach(one, cases) {
    verdict verdict = run_case(language, path, one);
    tally->passed += verdict == PASSED;
    tally->failed += verdict == FAILED;
    tally->skipped += verdict == SKIPPED;
  }
  cJSON_Delete(file);
}

int harness_main(int argc, char **argv, const language *language) {
  tally tally = {0, 0, 0};
  int i;
  if (argc < 2) {
    fprintf(stderr, "usage: %s CASES.json…\n", argv[0]);
    return 2;
  }
  for (i = 1; i < argc; i++) run_file(language, argv[i], &tally);
  printf("%d passed, %d failed, %d skipped\n", tally.passed, tally.failed, tally.skipped);
  return tally.failed == 0 ? 0 : 1;
}
