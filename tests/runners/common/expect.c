/* Compares what a step came to with what the case expects. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "outcome.h"

static const char *const kinds[] = {"done",     "a value", "undefined", "a miss", "an error",
                                    "decision", "answers", "skipped",   "broken"};

/* Equal as JSON: 1 and 1.0 are the same, the order of keys does not matter. */
static bool equal(const cJSON *left, const cJSON *right) {
  const cJSON *one;
  if (cJSON_IsNumber(left) && cJSON_IsNumber(right)) return left->valuedouble == right->valuedouble;
  if ((left->type & 0xff) != (right->type & 0xff)) return false;
  if (cJSON_IsString(left)) return strcmp(left->valuestring, right->valuestring) == 0;
  if (cJSON_GetArraySize(left) != cJSON_GetArraySize(right)) return false;
  if (cJSON_IsArray(left)) {
    const cJSON *other = right->child;
    for (one = left->child; one; one = one->next, other = other->next)
      if (!equal(one, other)) return false;
    return true;
  }
  for (one = left->child; one; one = one->next) {
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(right, one->string);
    if (!other || !equal(one, other)) return false;
  }
  return true;
}

/* Equal, but objects on the left may have more members. */
static bool like(const cJSON *left, const cJSON *right) {
  const cJSON *one;
  if (cJSON_IsArray(left) && cJSON_IsArray(right)) {
    const cJSON *other = right->child;
    if (cJSON_GetArraySize(left) != cJSON_GetArraySize(right)) return false;
    for (one = left->child; one; one = one->next, other = other->next)
      if (!like(one, other)) return false;
    return true;
  }
  if (!cJSON_IsObject(left) || !cJSON_IsObject(right)) return equal(left, right);
  for (one = right->child; one; one = one->next) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(left, one->string);
    if (!member || !like(member, one)) return false;
  }
  return true;
}

static bool complain(char **complaint, const char *what, const cJSON *wanted, const outcome *got) {
  char *want = wanted ? cJSON_PrintUnformatted(wanted) : NULL;
  char *value = got->value ? cJSON_PrintUnformatted(got->value) : NULL;
  size_t room = strlen(what) + (want ? strlen(want) : 0) + (value ? strlen(value) : 0) + 64;
  *complaint = args_allocate(room, 1);
  snprintf(*complaint, room, "%s: expected %.300s, got %s %.300s", what, want ? want : "-", kinds[got->kind],
           value ? value : "");
  cJSON_free(want);
  cJSON_free(value);
  return false;
}

static bool meets_value(const outcome *got, const cJSON *wanted, char **complaint) {
  if (got->kind != OUTCOME_VALUE) return complain(complaint, "value", wanted, got);
  if (got->raw.data) {
    bytes want = args_decode(wanted);
    bool same = want.data && want.length == got->raw.length && memcmp(want.data, got->raw.data, want.length) == 0;
    free(want.data);
    return same || complain(complaint, "bytes", wanted, got);
  }
  return (got->value && equal(got->value, wanted)) || complain(complaint, "value", wanted, got);
}

/* Everything that is listed has to be there; the message only has to contain what is listed. */
static bool meets_members(const outcome *got, const cJSON *wanted, char **complaint) {
  const cJSON *one;
  cJSON_ArrayForEach(one, wanted) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(got->value, one->string);
    bool same = member && (strcmp(one->string, "message") == 0 && cJSON_IsString(one) && cJSON_IsString(member)
                               ? strstr(member->valuestring, one->valuestring) != NULL
                               : equal(member, one));
    if (!same) return complain(complaint, one->string, one, got);
  }
  return true;
}

static bool has_line(const char *text, const char *line) {
  size_t length = strlen(line);
  const char *at = text;
  for (; (at = strstr(at, line)) != NULL; at++)
    if ((at == text || at[-1] == '\n') && (at[length] == '\n' || at[length] == '\0')) return true;
  return false;
}

static bool meets_lines(const outcome *got, const cJSON *lines, char **complaint) {
  const cJSON *line;
  if (got->kind != OUTCOME_VALUE || !cJSON_IsString(got->value)) return complain(complaint, "text", lines, got);
  cJSON_ArrayForEach(line, lines) {
    if (!has_line(got->value->valuestring, line->valuestring)) return complain(complaint, "line", line, got);
  }
  return true;
}

static bool meets_answers(const outcome *got, const cJSON *wanted, const char *last, char **complaint) {
  const cJSON *one;
  size_t i = 0;
  if (got->kind != OUTCOME_ANSWERS || got->count != (size_t)cJSON_GetArraySize(wanted))
    return complain(complaint, "number of answers", wanted, got);
  cJSON_ArrayForEach(one, wanted) {
    if (!outcome_meets(&got->answers[i++], one, last, complaint)) return false;
  }
  return true;
}

static bool meets_change(const outcome *got, const cJSON *changed, const char *last, char **complaint) {
  bool differs;
  if (got->kind != OUTCOME_VALUE || !cJSON_IsString(got->value) || !last)
    return complain(complaint, "two revisions to compare", changed, got);
  differs = strcmp(got->value->valuestring, last) != 0;
  return differs == (bool)cJSON_IsTrue(changed) || complain(complaint, "changed", changed, got);
}

static bool meets_one(const outcome *got, const cJSON *wanted, const char *last, char **complaint) {
  const char *name = wanted->string;
  if (strcmp(name, "value") == 0) return meets_value(got, wanted, complaint);
  if (strcmp(name, "like") == 0)
    return (got->kind == OUTCOME_VALUE && got->value && like(got->value, wanted)) ||
           complain(complaint, "like", wanted, got);
  if (strcmp(name, "undefined") == 0)
    return got->kind == OUTCOME_UNDEFINED || complain(complaint, "undefined", wanted, got);
  if (strcmp(name, "miss") == 0) return got->kind == OUTCOME_MISS || complain(complaint, "miss", wanted, got);
  if (strcmp(name, "values") == 0) return meets_answers(got, wanted, last, complaint);
  if (strcmp(name, "changed") == 0) return meets_change(got, wanted, last, complaint);
  if (strcmp(name, "contains") == 0) return meets_lines(got, wanted, complaint);
  if (strcmp(name, "decision") == 0)
    return got->kind == OUTCOME_DECISION ? meets_members(got, wanted, complaint)
                                         : complain(complaint, "decision", wanted, got);
  return complain(complaint, "an expectation that this runner does not know", wanted, got);
}

bool outcome_meets(const outcome *got, const cJSON *expect, const char *last_revision, char **complaint) {
  const cJSON *one;
  if (got->kind == OUTCOME_BROKEN) return complain(complaint, "step", expect, got);
  if (cJSON_GetObjectItemCaseSensitive(expect, "error"))
    return got->kind == OUTCOME_ERROR ? meets_members(got, expect, complaint)
                                      : complain(complaint, "error", expect, got);
  if (cJSON_GetArraySize(expect) == 0) return got->kind != OUTCOME_ERROR || complain(complaint, "success", expect, got);
  cJSON_ArrayForEach(one, expect) {
    if (!meets_one(got, one, last_revision, complaint)) return false;
  }
  return true;
}
