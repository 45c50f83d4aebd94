/* Every function on a stack of 128 KiB, and on the same stack what nests deep: JSON, policies, and evaluations that call rule after
   rule. Nothing of the caller's stack grows with any of it. */
#define _GNU_SOURCE
#include "world.h"

#include <pthread.h>

enum { STACK_BYTES = 128 << 10 };

static int called;

#define STATUS(function, expected, call) EXPECT(expected, call); called++;
#define BOOL(function, expected, call) CHECK((call) == (expected)); CHECK(error == NULL); called++;
#define VALUE(function, check, call) { call; CHECK(check); called++; }
#define VOID(function, call) call; called++;

static void *call_all(void *unused) {
#include "every_function.inc"
  return unused;
}

/* JSON at its depth limit, and far beyond: read, decided, compared and written. */
static void *read_deep(void *made) {
  enum { DEEP = 100000, LIMIT = 10000 };
  static uint8_t json[DEEP];
  sark_buffer *answer = sark_buffer_new();
  memset(json, '[', DEEP);
  EXPECT(SARK_LIMIT_EXCEEDED, sark_input_parse(made, json, DEEP, &input, &error));
  memset(json + LIMIT, ']', LIMIT);
  OK(sark_input_parse(made, json, 2 * LIMIT, &input, &error));
  sark_input_free(input);
  input = NULL;
  OK(sark_engine_load_policy(made, TEXT("echo"), TEXT("package echo\nx := input\nsame if x == input\nmembers := count({x, input, [input]})"), NULL, NULL, &error));
  OK(sark_engine_evaluate(made, TEXT("data.echo.x"), json, 2 * LIMIT, NULL, NULL, answer, &error));
  CHECK(answer->length == 2 * LIMIT && memcmp(answer->data, json, 2 * LIMIT) == 0);
  OK(sark_engine_evaluate(made, TEXT("data.echo.same"), json, 2 * LIMIT, NULL, NULL, answer, &error));
  OK(sark_engine_evaluate(made, TEXT("data.echo.members"), json, 2 * LIMIT, NULL, NULL, answer, &error));
  CHECK(buffer_is(answer, "2"));
  sark_buffer_free(answer);
  return NULL;
}

/* `package chain` with RULES rules, each of which asks the next: as deep as an evaluation goes. */
static char *chain(int rules) {
  char *rego = malloc((size_t)rules * 64 + 64);
  CHECK(rego != NULL);
  int length = sprintf(rego, "package chain\n");
  for (int i = 0; i < rules; i++) length += sprintf(rego + length, "r%d := x if x := r%d + 1\nf%d(n) := f%d(n + 1)\n", i, i + 1, i, i + 1);
  sprintf(rego + length, "r%d := 0\nf%d(n) := n\n", rules, rules);
  return rego;
}

/* A comprehension in a comprehension in …, and terms and parentheses that nest. */
static char *nest(int levels) {
  char *rego = malloc((size_t)levels * 32 + 256);
  CHECK(rego != NULL);
  int length = sprintf(rego, "package nest\nterm := ");
  for (int i = 0; i < levels; i++) length += sprintf(rego + length, "[");
  for (int i = 0; i < levels; i++) length += sprintf(rego + length, "]");
  length += sprintf(rego + length, "\nsum := ");
  for (int i = 0; i < levels; i++) length += sprintf(rego + length, "(1 + ");
  length += sprintf(rego + length, "0");
  for (int i = 0; i < levels; i++) length += sprintf(rego + length, ")");
  length += sprintf(rego + length, "\ninner := ");
  for (int i = 0; i < levels / 4; i++) length += sprintf(rego + length, "[x | x := ");
  length += sprintf(rego + length, "1");
  for (int i = 0; i < levels / 4; i++) length += sprintf(rego + length, "]");
  return rego;
}

static void *evaluate_deep(void *made) {
  enum { RULES = 5000, LEVELS = 400 };
  char *chained = chain(RULES), *nested = nest(LEVELS), expected[32];
  sark_buffer *answer = sark_buffer_new();
  snprintf(expected, sizeof expected, "%d", RULES);
  OK(sark_engine_load_policy(made, TEXT("chain"), chained, strlen(chained), NULL, NULL, &error));
  OK(sark_engine_evaluate(made, TEXT("data.chain.r0"), NONE, NULL, NULL, answer, &error));
  CHECK(buffer_is(answer, expected));
  OK(sark_engine_query(made, TEXT("data.chain.f0(0) == data.chain.r0"), NONE, NULL, NULL, answer, &error));
  CHECK(buffer_is(answer, "[{}]"));
  OK(sark_engine_load_policy(made, TEXT("nest"), nested, strlen(nested), NULL, NULL, &error));
  OK(sark_engine_evaluate(made, TEXT("nest"), NONE, NULL, NULL, answer, &error));
  free(chained);
  free(nested);
  sark_buffer_free(answer);
  return NULL;
}

/* A rule whose annotation nests, and that gives it. */
static char *annotate(int levels) {
  char *rego = malloc((size_t)levels * 2 + 256);
  CHECK(rego != NULL);
  int length = sprintf(rego, "package a\n# METADATA\n# custom:\n#   deep:\n#     ");
  for (int i = 0; i < levels; i++) length += sprintf(rego + length, "- ");
  sprintf(rego + length, "1\nx := rego.metadata.rule()");
  return rego;
}

static void *annotate_deep(void *unused) {
  enum { LEVELS = 900 };
  char *rego = annotate(LEVELS);
  sark_buffer *answer = sark_buffer_new();
  sark_engine *made = NULL;
  OK(sark_engine_new(NULL, &made, &error));
  OK(sark_engine_load_policy(made, TEXT("p"), rego, strlen(rego), NULL, NULL, &error));
  OK(sark_engine_evaluate(made, TEXT("data.a.x"), NONE, NULL, NULL, answer, &error));
  CHECK(answer->length > 2 * LEVELS);
  OK(sark_engine_inspect(made, answer, &error));
  CHECK(answer->length > 2 * LEVELS);
  sark_engine_free(made);
  sark_buffer_free(answer);
  free(rego);
  return unused;
}

/* Operands of builtins that nest: a template, a GraphQL query, a JSON schema and its document, YAML, a module. */
static void *call_deep(void *unused) {
  enum { TEMPLATE, PARENTHESES, QUERY, SCHEMA, DOCUMENT, YAML, MODULE, KINDS };
  static const char *open[KINDS] = {"{{if .a}}", "(", "{a", "{\\\"not\\\":", "[", "[", "["};
  static const char *inner[KINDS] = {"x", "1", "", "{}", "", "", ""};
  static const char *close[KINDS] = {"{{end}}", ")", "}", "}", "]", "]", "]"};
  static const char *calls[KINDS] = {
      "strings.render_template(\"%s\", {\"a\": 1})",       "strings.render_template(\"{{%s}}\", {})",
      "graphql.is_valid(\"%s\", \"type Query { a: Query }\")", "json.verify_schema(\"%s\")",
      "json.match_schema(\"%s\", {\"items\": {\"$ref\": \"#\"}})", "yaml.unmarshal(\"%s\")", "rego.parse_module(\"x\", \"package a\\nx := %s\")"};
  static char text[1 << 20], rego[(1 << 20) + 256];
  sark_buffer *answer = sark_buffer_new();
  sark_engine *made = NULL;
  OK(sark_engine_new(NULL, &made, &error));
  for (int kind = 0; kind < KINDS; kind++) {
    for (int levels = 1; levels <= 20000; levels = levels < 24 ? levels + 1 : levels * 3) {
      char *end = text;
      for (int i = 0; i < levels; i++) end = stpcpy(end, open[kind]);
      end = stpcpy(end, inner[kind]);
      for (int i = 0; i < levels; i++) end = stpcpy(end, close[kind]);
      int length = sprintf(rego, "package deep\nx := ");
      sprintf(rego + length, calls[kind], text);
      OK(sark_engine_load_policy(made, TEXT("deep"), rego, strlen(rego), NULL, NULL, &error));
      /* An answer, none, or a bound: as long as the stack holds. */
      int32_t status = sark_engine_evaluate(made, TEXT("data.deep.x"), NONE, NULL, NULL, answer, &error);
      CHECK(status == SARK_OK || status == SARK_UNDEFINED || status == SARK_LIMIT_EXCEEDED);
      sark_error_free(error);
      error = NULL;
    }
  }
  sark_buffer_free(answer);
  sark_engine_free(made);
  return unused;
}

/* A package of many parts, closures in closures, `else` after `else`: loaded and let go of. */
static void *let_go_deep(void *unused) {
  enum { PARTS = 5000, LEVELS = 400 };
  char *nested = nest(LEVELS), *rego = malloc((size_t)PARTS * 32);
  CHECK(rego != NULL);
  for (int kind = 0; kind < 3; kind++) {
    sark_engine *made = NULL;
    int length = sprintf(rego, "package a");
    for (int i = 0; kind == 0 && i < PARTS; i++) length += sprintf(rego + length, ".a");
    length += sprintf(rego + length, "\n\nx := 1 if input.x == 0\n");
    for (int i = 0; kind == 1 && i < LEVELS; i++) length += sprintf(rego + length, "else := %d if input.x == %d\n", i, i);
    OK(sark_engine_new(NULL, &made, &error));
    OK(sark_engine_load_policy(made, TEXT("p"), kind == 2 ? nested : rego, strlen(kind == 2 ? nested : rego), NULL, NULL, &error));
    OK(sark_engine_set_data(made, BYTES("{\"a\": {\"b\": 1}}"), NULL, NULL, &error));
    sark_engine_free(made);
  }
  free(nested);
  free(rego);
  return unused;
}

static void run(void *(*body)(void *), void *argument, size_t stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, stack) == 0);
  CHECK(pthread_create(&thread, &attributes, body, argument) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  pthread_attr_destroy(&attributes);
}

int main(void) {
  sark_engine *made = NULL;
  OK(sark_engine_new(NULL, &made, &error));
  run(read_deep, made, STACK_BYTES);
  run(evaluate_deep, made, STACK_BYTES);
  sark_engine_free(made);
  run(call_deep, NULL, STACK_BYTES / 2);
  run(let_go_deep, NULL, STACK_BYTES / 2);
  run(annotate_deep, NULL, STACK_BYTES);
  run(call_all, NULL, STACK_BYTES);
  printf("stack: %d functions called, JSON and policies nested deep, on a stack of %d KiB\n", called, STACK_BYTES >> 10);
  return 0;
}
