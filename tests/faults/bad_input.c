/* What bad input gets: the table of the README's "Conventions", line by line, in C, the one language that can get all of it wrong. */
#include "world.h"

#include <math.h>

/* A status, and a message that names what is wrong. */
static void expect_named(int32_t status, int32_t expected, const char *name, const char *file, int line) {
  sark_str message = sark_error_message(error);
  char text[512] = "";
  if (message.length < sizeof text) memcpy(text, message.data, message.length);
  if (status != expected || strstr(text, name) == NULL) {
    fprintf(stderr, "%s:%d: got %d (%s), expected %d naming %s\n", file, line, status, text, expected, name);
    abort();
  }
  sark_error_free(error);
}

#define NAMED(expected, name, call) expect_named((call), (expected), (name), __FILE__, __LINE__)
#define INVALID(name, call) NAMED(SARK_INVALID_ARGUMENT, name, call)
/* A predicate is never true on an error, which is in `error` alone. */
#define INVALID_PREDICATE(name, call) \
  CHECK(!(call));                     \
  expect_named(sark_error_status(error), SARK_INVALID_ARGUMENT, (name), __FILE__, __LINE__)

static void make(void) {
  buffer = sark_buffer_new();
  OK(sark_engine_new(NULL, &engine, &error));
  OK(sark_engine_load_policy(engine, TEXT("p"), TEXT("package p\nallow if input.x == 1"), NULL, NULL, &error));
  OK(sark_engine_prepare(engine, TEXT("data.p.allow"), NULL, NULL, &query, &error));
  OK(sark_cache_new(NULL, &cache, &error));
  OK(sark_flags_new(TEXT("memory:"), NULL, &flags, &error));
  OK(sark_decision_log_new(TEXT("queue:"), NULL, &decision_log, &error));
  OK(sark_client_new(engine, cache, NULL, NONE, NONE, NULL, &client, &error));
  OK(sark_metrics_new(NULL, &metrics, &error));
  headers = sark_buffer_new();
  OK(sark_admin_new(NONE, ADMIN_OPTIONS, &admin, &error));
}

static void null_where_a_value_is_needed(void) {
  INVALID("engine", sark_engine_new(NULL, NULL, &error));
  INVALID("engine", sark_engine_load_policy(NULL, TEXT("p"), TEXT(""), NULL, NULL, &error));
  INVALID("name", sark_engine_load_policy(engine, NONE, TEXT(""), NULL, NULL, &error));
  INVALID("rego", sark_engine_load_policy(engine, TEXT("p"), NONE, NULL, NULL, &error));
  INVALID("json", sark_engine_set_data(engine, NONE, NULL, NULL, &error));
  INVALID("path", sark_engine_patch_data(engine, NONE, BYTES("1"), NULL, NULL, &error));
  INVALID("engine", sark_engine_set_schema(NULL, TEXT("schema"), BYTES("{}"), NULL, &error));
  INVALID("path", sark_engine_set_schema(engine, NONE, BYTES("{}"), NULL, &error));
  INVALID("path", sark_engine_set_schema(engine, TEXT("input"), BYTES("{}"), NULL, &error));
  INVALID("schema", sark_engine_set_schema(engine, TEXT("schema"), BYTES("1"), NULL, &error));
  INVALID("engine", sark_engine_allow_net(NULL, BYTES("[]"), NONE, NULL, &error));
  INVALID("hosts", sark_engine_allow_net(engine, NONE, NONE, NULL, &error));
  INVALID("hosts", sark_engine_allow_net(engine, BYTES("[\"a:80\"]"), NONE, NULL, &error));
  INVALID("hosts", sark_engine_allow_net(engine, BYTES("{}"), NONE, NULL, &error));
  INVALID("ca_file", sark_engine_allow_net(engine, BYTES("[]"), TEXT("/nowhere"), NULL, &error));
  INVALID("engine", sark_engine_set_runtime(NULL, BYTES("{}"), &error));
  INVALID("json", sark_engine_set_runtime(engine, NONE, &error));
  INVALID("runtime", sark_engine_set_runtime(engine, BYTES("[]"), &error));
  INVALID("policy_or_path", sark_engine_evaluate(engine, NONE, NONE, NULL, NULL, buffer, &error));
  INVALID("buffer", sark_engine_evaluate(engine, TEXT("p"), NONE, NULL, NULL, NULL, &error));
  INVALID("engine", sark_engine_query(NULL, TEXT("x := 1"), NONE, NULL, NULL, buffer, &error));
  INVALID("query", sark_engine_query(engine, NONE, NONE, NULL, NULL, buffer, &error));
  INVALID("buffer", sark_engine_query(engine, TEXT("x := 1"), NONE, NULL, NULL, NULL, &error));
  INVALID("query", sark_engine_prepare(engine, TEXT("p"), NULL, NULL, NULL, &error));
  INVALID("query", sark_query_evaluate(NULL, NONE, NULL, NULL, buffer, &error));
  INVALID("input", sark_query_evaluate_input(query, NULL, NULL, NULL, buffer, &error));
  INVALID("offsets", sark_query_evaluate_batch(query, BYTES("1"), NULL, 1, NULL, NULL, &result, buffer, &error));
  INVALID("results", sark_query_evaluate_batch(query, BYTES("{\"x\":1}"), offsets, 1, NULL, NULL, NULL, buffer, &error));
  INVALID("update", sark_update_commit(NULL, NONE, NULL, &error));
  INVALID("key", sark_cache_get(cache, NONE, buffer, &error));
  INVALID("value", sark_cache_set(cache, BYTES("k"), NONE, NULL, NULL, &error));
  INVALID("entries", sark_cache_len(cache, NULL, &error));
  INVALID("url", sark_flags_new(NONE, NULL, &flags, &error));
  INVALID("bucket", sark_flags_bucket(TEXT("f"), BYTES("u"), NULL, &error));
  INVALID("user", sark_flags_bucket(TEXT("f"), NONE, &bucket, &error));
  INVALID("percentage", sark_flags_rollout(flags, TEXT("f"), NULL, &error));
  INVALID("engine", sark_client_new(NULL, NULL, NULL, NONE, NONE, NULL, &client, &error));
  INVALID("opa_url", sark_client_new(engine, NULL, flags, NONE, NONE, NULL, &client, &error));
  INVALID("decision", sark_client_decide(client, TEXT("p"), NONE, NONE, NULL, NULL, NULL, &error));
  INVALID("log", sark_decision_log_new(TEXT("queue:"), NULL, NULL, &error));
  INVALID("location", sark_decision_log_new(NONE, NULL, &decision_log, &error));
  INVALID("location", sark_decision_log_new(TEXT("file:"), NULL, &decision_log, &error));
  INVALID("log", sark_decision_log_next(NULL, 0, buffer, &error));
  INVALID("buffer", sark_decision_log_next(decision_log, 0, NULL, &error));
  INVALID("log", sark_decision_log_flush(NULL, 0, &error));
  INVALID("log", sark_decision_log_status(NULL, buffer, &error));
  INVALID("client", sark_client_replay(NULL, BYTES("{}"), buffer, &error));
  INVALID("log", sark_client_replay(client, NONE, buffer, &error));
  INVALID("metrics", sark_metrics_render(NULL, buffer, &error));
  INVALID("metrics", sark_metrics_render_as(NULL, SARK_METRICS_TEXT, buffer, &error));
  INVALID("format", sark_metrics_render_as(metrics, 2, buffer, &error));
  INVALID("buffer", sark_metrics_gather(metrics, NULL, &error));
  INVALID("directory", sark_metrics_new_shared(NONE, NULL, &metrics, &error));
  INVALID("directory", sark_metrics_new_shared("a\0b", 3, NULL, &metrics, &error));
  INVALID("buffer", sark_flags_status(flags, NULL, &error));
  INVALID("side", sark_flags_force(flags, 3, &error));
  INVALID("options.flags", sark_admin_new(NONE, NULL, &admin, &error));
  INVALID("admin", sark_admin_new(NONE, ADMIN_OPTIONS, NULL, &error));
  INVALID("admin", sark_admin_handle(NULL, NONE, NONE, NONE, NONE, &http_status, headers, buffer, &error));
  INVALID("status", sark_admin_handle(admin, NONE, NONE, NONE, NONE, NULL, headers, buffer, &error));
  INVALID("response_body", sark_admin_handle(admin, NONE, NONE, NONE, NONE, &http_status, buffer, buffer, &error));
  INVALID("engine", sark_source_new(NULL, TEXT("dir:/tmp"), NONE, &source, &error));
  INVALID("url", sark_source_new(engine, NONE, NONE, &source, &error));
  INVALID("engine", sark_engine_explain(NULL, TEXT("p"), NONE, NULL, NULL, buffer, &error));
  INVALID("buffer", sark_engine_explain(engine, TEXT("p"), NONE, NULL, NULL, NULL, &error));
  INVALID("engine", sark_engine_run_tests(NULL, NONE, NULL, buffer, &error));
  INVALID("buffer", sark_engine_run_tests(engine, NONE, NULL, NULL, &error));
  INVALID("engine", sark_engine_next(NULL, 0, buffer, &error));
  INVALID("buffer", sark_engine_next(engine, 0, NULL, &error));
  INVALID("source", sark_source_new(engine, TEXT("dir:/tmp"), NONE, NULL, &error));
  INVALID("source", sark_source_wait(NULL, 0, &error));
  INVALID("source", sark_source_trigger(NULL, &error));
  INVALID("source", sark_source_next(NULL, 0, buffer, &error));
  INVALID("source", sark_source_status(NULL, buffer, &error));
  INVALID_PREDICATE("engine", sark_engine_has_policy(NULL, TEXT("p"), &error));
  INVALID_PREDICATE("query", sark_query_allows(NULL, NONE, NULL, NULL, &error));
  INVALID_PREDICATE("flags", sark_flags_is_enabled(NULL, TEXT("f"), BYTES("u"), &error));
  /* What asks for nothing is fine: no error place, closing and freeing NULL. */
  CHECK(sark_engine_evaluate(NULL, NONE, NONE, NULL, NULL, buffer, NULL) == SARK_INVALID_ARGUMENT);
  CHECK(!sark_query_allows(NULL, NONE, NULL, NULL, NULL));
  sark_engine_close(NULL), sark_engine_free(NULL), sark_query_close(NULL), sark_query_free(NULL), sark_input_close(NULL), sark_input_free(NULL);
  sark_admin_close(NULL), sark_admin_free(NULL), sark_cache_close(NULL), sark_cache_free(NULL), sark_flags_close(NULL), sark_flags_free(NULL), sark_client_close(NULL), sark_client_free(NULL);
  sark_metrics_close(NULL), sark_metrics_free(NULL), sark_decision_log_close(NULL), sark_decision_log_free(NULL), sark_source_close(NULL), sark_source_free(NULL), sark_update_free(NULL), sark_decision_free(NULL), sark_buffer_free(NULL), sark_error_free(NULL);
  CHECK(sark_error_status(NULL) == SARK_OK && sark_error_message(NULL).length == 0 && !sark_decision_allowed(NULL));
}

static void lengths_and_numbers(void) {
  INVALID("name", sark_engine_remove_policy(engine, NULL, 3, &error));
  INVALID("input", sark_query_evaluate(query, NULL, 1, NULL, NULL, buffer, &error));
  INVALID("key", sark_cache_get(cache, (const uint8_t *)"k", UINT64_MAX, buffer, &error));
  INVALID("count", sark_query_evaluate_batch(query, BYTES("1"), offsets, UINT64_MAX, NULL, NULL, &result, buffer, &error));
  static const uint64_t decreasing[] = {3, 1}, beyond[] = {0, 99};
  INVALID("offsets", sark_query_evaluate_batch(query, BYTES("{\"x\":1}"), decreasing, 1, NULL, NULL, &result, buffer, &error));
  INVALID("offsets", sark_query_evaluate_batch(query, BYTES("{\"x\":1}"), beyond, 1, NULL, NULL, &result, buffer, &error));
  static const double bad[] = {-1, 100.01, 12.345, -0.001, NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) INVALID("percentage", sark_flags_set_rollout(flags, TEXT("f"), bad[i], &error));
  EXPECT(SARK_MISS, sark_flags_rollout(flags, TEXT("f"), &percentage, &error));
  CHECK(percentage == 0);
}

static void structs_that_may_grow(void) {
  sark_evaluate_options options = {0};
  INVALID("struct_size", sark_query_evaluate(query, NONE, &options, NULL, buffer, &error));
  options.struct_size = 15; /* smaller than it ever was */
  INVALID("struct_size", sark_query_evaluate(query, NONE, &options, NULL, buffer, &error));
  options.struct_size = UINT32_MAX;
  INVALID("struct_size", sark_query_evaluate(query, NONE, &options, NULL, buffer, &error));
  options.struct_size = sizeof options;
  options.strict_builtin_errors = 2;
  INVALID("strict_builtin_errors", sark_query_evaluate(query, NONE, &options, NULL, buffer, &error));
  options.strict_builtin_errors = 0;
  options.rego_version = 9;
  INVALID("rego_version", sark_engine_query(engine, TEXT("x := 1"), NONE, &options, NULL, buffer, &error));
  sark_load_options load = {sizeof load, 9};
  INVALID("rego_version", sark_engine_load_policy(engine, TEXT("v"), TEXT("package v"), &load, NULL, &error));
  options.rego_version = 0;
  options.reserved = 1;
  INVALID("reserved", sark_engine_query(engine, TEXT("x := 1"), NONE, &options, NULL, buffer, &error));
  sark_cache_set_options set = {sizeof set, 1, 0};
  INVALID("reserved", sark_cache_set(cache, BYTES("k"), BYTES("v"), &set, NULL, &error));
  sark_data_options data = {sizeof data, 1};
  INVALID("flags", sark_engine_set_data(engine, BYTES("{}"), &data, NULL, &error));

  /* A struct of a later release: accepted while what is new is zero. */
  struct {
    sark_evaluate_options known;
    uint64_t unknown;
  } larger = {{.struct_size = sizeof larger}, 0};
  struct {
    sark_evaluate_info known;
    uint64_t unknown;
  } info = {{.struct_size = sizeof info}, 0};
  OK(sark_query_evaluate(query, BYTES("{\"x\":1}"), &larger.known, &info.known, buffer, &error));
  CHECK(info.known.struct_size == sizeof info && info.known.evaluate_ns > 0 && strlen(info.known.revision) > 0 && info.unknown == 0);
  larger.unknown = 1;
  INVALID("options", sark_query_evaluate(query, BYTES("{\"x\":1}"), &larger.known, NULL, buffer, &error));
  info.unknown = 1;
  INVALID("info", sark_query_evaluate(query, BYTES("{\"x\":1}"), NULL, &info.known, buffer, &error));
}

/* The sizes that these structs had in the first release: what it did not know is not read, whatever lies behind. */
static void structs_of_the_first_release(void) {
  sark_evaluate_options options = {.struct_size = 16, .rego_version = 9, .reserved = 9};
  OK(sark_engine_query(engine, TEXT("data.p.allow"), BYTES("{\"x\":1}"), &options, NULL, buffer, &error));
  CHECK(buffer_is(buffer, "[{}]"));
  sark_engine *made = NULL;
  sark_engine_options of_engine = {.struct_size = 48, .evaluator = 7, .schema_annotations = 7};
  OK(sark_engine_new(&of_engine, &made, &error));
  sark_engine_free(made);
  of_engine.struct_size = sizeof of_engine;
  of_engine.schema_annotations = 0;
  INVALID("evaluator", sark_engine_new(&of_engine, &made, &error));
  of_engine.evaluator = SARK_EVALUATOR_SARK;
  of_engine.print_statements = 2;
  INVALID("print_statements", sark_engine_new(&of_engine, &made, &error));
  of_engine.print_statements = 0;
  of_engine.strict = 2;
  INVALID("strict", sark_engine_new(&of_engine, &made, &error));
  of_engine.strict = 0;
  of_engine.schema_annotations = 2;
  INVALID("schema_annotations", sark_engine_new(&of_engine, &made, &error));
  of_engine.schema_annotations = 0;
  of_engine.rego_version = 9;
  INVALID("rego_version", sark_engine_new(&of_engine, &made, &error));
}

static void text_and_json(void) {
  NAMED(SARK_SERIALIZATION_ERROR, "offset 2", sark_engine_remove_policy(engine, TEXT("ab\xff"), &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset 5", sark_query_evaluate(query, BYTES("{\"a\":}"), NULL, NULL, buffer, &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset 0", sark_query_evaluate(query, (const uint8_t *)"", 0, NULL, NULL, buffer, &error));
  CHECK(buffer->length == 0);
  enum { DEEP = 100000, HUGE_BYTES = 100000000 };
  uint8_t *json = malloc(HUGE_BYTES);
  CHECK(json != NULL);
  memset(json, '[', DEEP);
  NAMED(SARK_LIMIT_EXCEEDED, "nested", sark_query_evaluate(query, json, DEEP, NULL, NULL, buffer, &error));
  NAMED(SARK_LIMIT_EXCEEDED, "nested", sark_engine_set_data(engine, json, DEEP, NULL, NULL, &error));
  memset(json, ' ', HUGE_BYTES);
  json[HUGE_BYTES - 1] = '1';
  NAMED(SARK_LIMIT_EXCEEDED, "bytes", sark_query_evaluate(query, json, HUGE_BYTES, NULL, NULL, buffer, &error));
  memset(json, '[', 10001);
  memset(json + 10001, ']', 10001);
  NAMED(SARK_LIMIT_EXCEEDED, "10000", sark_query_evaluate(query, json, 20002, NULL, NULL, buffer, &error));
  memset(json + 10000, ']', 10000);
  EXPECT(SARK_UNDEFINED, sark_query_evaluate(query, json, 20000, NULL, NULL, buffer, &error));
  free(json);
  INVALID("object", sark_engine_set_data(engine, BYTES("[1]"), NULL, NULL, &error));
  /* In JSON, bad UTF-8 becomes U+FFFD, as in OPA. */
  OK(sark_engine_load_policy(engine, TEXT("echo"), TEXT("package echo\nx := input"), NULL, NULL, &error));
  OK(sark_engine_evaluate(engine, TEXT("data.echo.x"), BYTES("\"\xff\\ud800\""), NULL, NULL, buffer, &error));
  CHECK(buffer_is(buffer, "\"\xef\xbf\xbd\xef\xbf\xbd\""));
}

/* Takes the error and its form. */
static void error_says(const char *one, const char *other) {
  sark_str json = sark_error_json(error);
  char text[2048] = "";
  CHECK(json.length < sizeof text);
  memcpy(text, json.data, json.length);
  if (!strstr(text, one) || !strstr(text, other)) {
    fprintf(stderr, "no %s or no %s in %s\n", one, other, text);
    abort();
  }
  sark_error_free(error);
}

static void policies(void) {
  static const char *const names[] = {"", "data", "data.x", "data[0]"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    INVALID("name", sark_engine_load_policy(engine, names[i], strlen(names[i]), TEXT("package a"), NULL, NULL, &error));
  sark_buffer *before = sark_buffer_new();
  OK(sark_engine_revision(engine, before, &error));
  CHECK(sark_engine_load_policy(engine, TEXT("p"), TEXT("package p\n\nallow if {\n\tinput.x ==\n}"), NULL, NULL, &error) == SARK_COMPILATION_ERROR);
  sark_str code = sark_error_code(error);
  CHECK(code.length == strlen("rego_parse_error") && memcmp(code.data, "rego_parse_error", code.length) == 0);
  error_says("\"col\":1,\"file\":\"p\"", "\"row\":5}");
  /* The engine as before: same revision, and the old policy decides. */
  OK(sark_engine_revision(engine, buffer, &error));
  CHECK(buffer->length == before->length && memcmp(buffer->data, before->data, before->length) == 0);
  OK(sark_query_evaluate(query, BYTES("{\"x\":1}"), NULL, NULL, buffer, &error));
  CHECK(buffer_is(buffer, "true"));
  sark_buffer_free(before);
  NAMED(SARK_POLICY_NOT_FOUND, "nobody", sark_engine_evaluate(engine, TEXT("nobody"), NONE, NULL, NULL, buffer, &error));
  EXPECT(SARK_UNDEFINED, sark_engine_evaluate(engine, TEXT("data.nobody.knows"), NONE, NULL, NULL, buffer, &error));
  CHECK(buffer->length == 0);
  NAMED(SARK_SERIALIZATION_ERROR, "offset 5", sark_engine_query(engine, TEXT("x := \xff"), NONE, NULL, NULL, buffer, &error));
  CHECK(sark_engine_query(engine, TEXT("x := 1;\n y > 3"), NONE, NULL, NULL, buffer, &error) == SARK_COMPILATION_ERROR);
  error_says("\"row\":2", "\"col\":2");
  CHECK(sark_engine_query(engine, TEXT("x := ["), NONE, NULL, NULL, buffer, &error) == SARK_COMPILATION_ERROR);
  error_says("\"code\":\"rego_parse_error\"", "\"row\":1");
  CHECK(buffer->length == 0);
  INVALID("policy_or_path", sark_engine_evaluate(engine, TEXT("data..x"), NONE, NULL, NULL, buffer, &error));
}

/* Nothing of these is followed: the engine goes on without a source. */
static void sources(void) {
  sark_source *none = NULL;
  NAMED(SARK_UNSUPPORTED, "url", sark_source_new(engine, TEXT("ftp://host"), NONE, &none, &error));
  INVALID("url", sark_source_new(engine, TEXT("dir:a\0b"), NONE, &none, &error));
  INVALID("url", sark_source_new(engine, NULL, 3, NONE, &none, &error));
  INVALID("url", sark_source_new(engine, "dir:/tmp", UINT64_MAX, NONE, &none, &error));
  INVALID("config", sark_source_new(engine, TEXT("dir:/tmp"), NULL, 3, &none, &error));
  INVALID("config", sark_source_new(engine, TEXT("dir:/tmp"), "{}", UINT64_MAX, &none, &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset 5", sark_source_new(engine, TEXT("dir:/\xff"), NONE, &none, &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset 2", sark_source_new(engine, TEXT("dir:/tmp"), TEXT("{\"\xff\":1}"), &none, &error));
  static const char *const configs[] = {"", "{", "[]", "null", "1", "{\"name\":1}", "{\"name\":\"\"}", "{\"unknown\":1}", "{} {}", "{\"polling\":[]}"};
  for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
    INVALID("config", sark_source_new(engine, TEXT("dir:/tmp"), configs[i], strlen(configs[i]), &none, &error));
  enum { DEEP = 100000 };
  char *json = malloc(DEEP);
  CHECK(json != NULL);
  memset(json, '[', DEEP);
  INVALID("config", sark_source_new(engine, TEXT("dir:/tmp"), json, DEEP, &none, &error));
  free(json);
  CHECK(none == NULL);
  OK(sark_engine_evaluate(engine, TEXT("data.p.allow"), BYTES("{\"x\":1}"), NULL, NULL, buffer, &error));
}

/* One of an engine of its own, which it would keep from deciding. */
static void a_source_that_is_away(void) {
  sark_engine *following = NULL;
  OK(sark_engine_new(NULL, &following, &error));
  OK(sark_source_new(following, TEXT("dir:/dev/null/policies"), NONE, &source, &error));
  INVALID("buffer", sark_source_next(source, 0, NULL, &error));
  INVALID("buffer", sark_source_status(source, NULL, &error));
  NAMED(SARK_UNAVAILABLE, "/dev/null/policies", sark_source_wait(source, 0, &error));
  OK(sark_source_next(source, SECOND, buffer, &error));
  EXPECT(SARK_MISS, sark_source_next(source, 0, buffer, &error));
  CHECK(buffer->length == 0);
  sark_source_close(source);
  sark_source_close(source);
  NAMED(SARK_CLOSED, "source", sark_source_wait(source, UINT64_MAX, &error));
  NAMED(SARK_CLOSED, "source", sark_source_trigger(source, &error));
  NAMED(SARK_CLOSED, "source", sark_source_next(source, UINT64_MAX, buffer, &error));
  OK(sark_source_status(source, buffer, &error));
  /* The view may outlive its engine. */
  sark_engine_free(following);
  OK(sark_source_status(source, buffer, &error));
  sark_source_free(source);
}

/* An explanation that would be too long is refused whole, and a small thread explains what nests deep. */
static void explanations(void) {
  sark_explain_options options = {.struct_size = sizeof options, .explain = 5};
  INVALID("explain", sark_engine_explain(engine, TEXT("p"), NONE, &options, NULL, buffer, &error));
  options.explain = SARK_EXPLAIN_FULL, options.pretty = 2;
  INVALID("pretty", sark_engine_explain(engine, TEXT("p"), NONE, &options, NULL, buffer, &error));
  options.pretty = 0, options.strict_builtin_errors = 2;
  INVALID("strict", sark_engine_explain(engine, TEXT("p"), NONE, &options, NULL, buffer, &error));
  options.strict_builtin_errors = 0, options.struct_size = 4;
  INVALID("options", sark_engine_explain(engine, TEXT("p"), NONE, &options, NULL, buffer, &error));
  INVALID("policy_or_path", sark_engine_explain(engine, NONE, NONE, NULL, NULL, buffer, &error));
  NAMED(SARK_POLICY_NOT_FOUND, "nobody", sark_engine_explain(engine, TEXT("nobody"), NONE, NULL, NULL, buffer, &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset", sark_engine_explain(engine, TEXT("data.p"), BYTES("{"), NULL, NULL, buffer, &error));
  sark_engine *explaining = NULL;
  OK(sark_engine_new(NULL, &explaining, &error));
  OK(sark_engine_load_policy(explaining, TEXT("t"), TEXT("package t\n\nlong if {\n\tsome i in numbers.range(1, 1000000)\n\ti < 0\n}"), NULL, NULL, &error));
  options.struct_size = sizeof options, options.timeout_ns = SARK_NO_TIMEOUT;
  NAMED(SARK_LIMIT_EXCEEDED, "notes or fails", sark_engine_explain(explaining, TEXT("data.t.long"), NONE, &options, NULL, buffer, &error));
  CHECK(buffer->length == 0);
  options.explain = SARK_EXPLAIN_NOTES, options.timeout_ns = 1000000;
  NAMED(SARK_LIMIT_EXCEEDED, "deadline", sark_engine_explain(explaining, TEXT("data.t.long"), NONE, &options, NULL, buffer, &error));
  sark_engine_close(explaining);
  NAMED(SARK_CLOSED, "engine", sark_engine_explain(explaining, TEXT("data.t.long"), NONE, NULL, NULL, buffer, &error));
  sark_engine_free(explaining);
}

/* What a test does wrong is in its result; what the call has wrong is its error. */
static void tests(void) {
  INVALID("run", sark_engine_run_tests(engine, NULL, 3, NULL, buffer, &error));
  NAMED(SARK_SERIALIZATION_ERROR, "offset 1", sark_engine_run_tests(engine, TEXT("a\xff"), NULL, buffer, &error));
  NAMED(SARK_INVALID_ARGUMENT, "missing closing", sark_engine_run_tests(engine, TEXT("("), NULL, buffer, &error));
  sark_test_options options = {.struct_size = sizeof options, .coverage = 2};
  INVALID("coverage", sark_engine_run_tests(engine, NONE, &options, buffer, &error));
  options.coverage = 0, options.struct_size = 4;
  INVALID("options", sark_engine_run_tests(engine, NONE, &options, buffer, &error));
  sark_engine *testing = NULL;
  OK(sark_engine_new(NULL, &testing, &error));
  OK(sark_engine_load_policy(testing, TEXT("t"), TEXT("package t\n\ntest_x if y == 1\n\ny := 1 if true\n\ny := 2 if true"), NULL, NULL, &error));
  OK(sark_engine_run_tests(testing, NONE, NULL, buffer, &error));
  CHECK(buffer->length > 2 && memcmp(buffer->data, "[{", 2) == 0);
  OK(sark_engine_load_policy(testing, TEXT("t"), TEXT("package t\n\ntest_x if print(y)"), NULL, NULL, &error));
  NAMED(SARK_COMPILATION_ERROR, "undeclared", sark_engine_run_tests(testing, NONE, NULL, buffer, &error));
  CHECK(buffer->length == 0);
  sark_engine_close(testing);
  NAMED(SARK_CLOSED, "engine", sark_engine_run_tests(testing, NONE, NULL, buffer, &error));
  NAMED(SARK_CLOSED, "engine", sark_engine_next(testing, UINT64_MAX, buffer, &error));
  sark_engine_free(testing);
}

/* A buffer whose bytes are the input would change under the reader. */
static void overlap(void) {
  OK(sark_engine_evaluate(engine, TEXT("data.echo.x"), BYTES("{\"x\":1}"), NULL, NULL, buffer, &error));
  INVALID("buffer", sark_engine_evaluate(engine, TEXT("data.echo.x"), buffer->data, buffer->capacity, NULL, NULL, buffer, &error));
}

static void after_close(void) {
  sark_query *second = NULL;
  OK(sark_engine_prepare(engine, TEXT("p"), NULL, NULL, &second, &error));
  sark_query_close(second);
  NAMED(SARK_CLOSED, "query", sark_query_evaluate(second, NONE, NULL, NULL, buffer, &error));
  sark_query_free(second);
  sark_engine_close(engine);
  sark_engine_close(engine);
  NAMED(SARK_CLOSED, "engine", sark_engine_evaluate(engine, TEXT("p"), NONE, NULL, NULL, buffer, &error));
  NAMED(SARK_CLOSED, "engine", sark_query_evaluate(query, NONE, NULL, NULL, buffer, &error));
  NAMED(SARK_CLOSED, "engine", sark_client_decide(client, TEXT("p"), NONE, NONE, NULL, NULL, &decision, &error));
  CHECK(!sark_query_allows(query, NONE, NULL, NULL, &error) && sark_error_status(error) == SARK_CLOSED);
  sark_error_free(error);
  sark_cache_close(cache);
  NAMED(SARK_CLOSED, "cache", sark_cache_get(cache, BYTES("k"), buffer, &error));
  sark_flags_close(flags);
  CHECK(!sark_flags_is_enabled(flags, TEXT("f"), BYTES("u"), &error) && sark_error_status(error) == SARK_CLOSED);
  sark_error_free(error);
  sark_client_close(client);
  NAMED(SARK_CLOSED, "client", sark_client_decide(client, TEXT("p"), NONE, NONE, NULL, NULL, &decision, &error));
  NAMED(SARK_CLOSED, "client", sark_client_replay(client, BYTES("{}"), buffer, &error));
  sark_decision_log_close(decision_log);
  NAMED(SARK_CLOSED, "log", sark_decision_log_next(decision_log, 0, buffer, &error));
  sark_metrics_close(metrics);
  NAMED(SARK_CLOSED, "metrics", sark_metrics_render(metrics, buffer, &error));
  NAMED(SARK_CLOSED, "metrics", sark_metrics_gather(metrics, buffer, &error));
}

int main(void) {
  make();
  null_where_a_value_is_needed();
  lengths_and_numbers();
  structs_that_may_grow();
  structs_of_the_first_release();
  text_and_json();
  policies();
  sources();
  a_source_that_is_away();
  explanations();
  tests();
  overlap();
  after_close();
  sark_engine_free(engine), sark_query_free(query), sark_cache_free(cache), sark_flags_free(flags), sark_admin_free(admin), sark_buffer_free(headers), sark_client_free(client), sark_metrics_free(metrics), sark_decision_log_free(decision_log);
  sark_buffer_free(buffer);
  printf("bad input: every line of the table got its answer\n");
  return 0;
}
