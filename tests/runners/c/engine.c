#include <stdlib.h>
#include <string.h>

#include "world.h"

static uint32_t evaluator(const cJSON *args) {
  bytes name = args_bytes(args, "evaluator");
  uint32_t evaluator = SARK_EVALUATOR_DEFAULT;
  if (name.data) evaluator = strcmp((char *)name.data, "regorus") == 0 ? SARK_EVALUATOR_REGORUS : SARK_EVALUATOR_SARK;
  free(name.data);
  return evaluator;
}

static outcome engine_new(world *world, const cJSON *args, const char *last_revision) {
  sark_engine_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.rego_version = rego_version(args);
  options.timeout_ns = args_ns(args, "timeout_ms");
  options.max_input_bytes = args_count(args, "max_input_bytes");
  options.max_policy_bytes = args_count(args, "max_policy_bytes");
  options.max_data_bytes = args_count(args, "max_data_bytes");
  options.metrics = world->metrics;
  options.evaluator = evaluator(args);
  options.strict = args_true(args, "strict") ? 1 : 0;
  options.print_statements = args_true(args, "print_statements");
  options.schema_annotations = args_true(args, "schema_annotations");
  sark_engine_free(world->engine);
  world->engine = NULL;
  status = sark_engine_new(&options, &world->engine, &error);
  return done(status, error);
}

static outcome engine_load_policy(world *world, const cJSON *args, const char *last_revision) {
  bytes name = args_bytes(args, "name"), rego = args_bytes(args, "rego");
  sark_load_options options = {sizeof options, SARK_REGO_DEFAULT};
  sark_error *error;
  int32_t status;
  (void)last_revision;
  options.rego_version = rego_version(args);
  status = sark_engine_load_policy(world->engine, (char *)name.data, name.length, (char *)rego.data, rego.length,
                                   &options, NULL, &error);
  free(name.data);
  free(rego.data);
  return done(status, error);
}

static outcome engine_remove_policy(world *world, const cJSON *args, const char *last_revision) {
  bytes name = args_bytes(args, "name");
  sark_error *error;
  int32_t status = sark_engine_remove_policy(world->engine, (char *)name.data, name.length, &error);
  (void)last_revision;
  free(name.data);
  return done(status, error);
}

static outcome engine_clear_policies(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  status = sark_engine_clear_policies(world->engine, &error);
  return done(status, error);
}

static outcome engine_has_policy(world *world, const cJSON *args, const char *last_revision) {
  bytes name = args_bytes(args, "name");
  sark_error *error;
  bool yes = sark_engine_has_policy(world->engine, (char *)name.data, name.length, &error);
  (void)last_revision;
  free(name.data);
  return predicate(yes, error);
}

static outcome engine_sources(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_sources(world->engine, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome engine_capabilities(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_capabilities(world->engine, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome engine_inspect(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_inspect(world->engine, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome engine_run_tests(world *world, const cJSON *args, const char *last_revision) {
  bytes run = args_bytes(args, "run");
  sark_test_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.timeout_ns = args_ns(args, "timeout_ms");
  options.coverage = args_true(args, "coverage");
  status = sark_engine_run_tests(world->engine, (char *)run.data, run.length, &options, world->buffer, &error);
  free(run.data);
  return answered(world, status, error);
}

static outcome engine_next(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_next(world->engine, args_ns(args, "timeout_ms"), world->buffer, &error);
  (void)last_revision;
  return answered(world, status, error);
}

static outcome engine_policy_names(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_policy_names(world->engine, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome engine_set_data(world *world, const cJSON *args, const char *last_revision) {
  bytes data = args_json(args, "data");
  sark_error *error;
  int32_t status = sark_engine_set_data(world->engine, data.data, data.length, NULL, NULL, &error);
  (void)last_revision;
  free(data.data);
  return done(status, error);
}

static outcome engine_patch_data(world *world, const cJSON *args, const char *last_revision) {
  bytes path = args_bytes(args, "path"), data = args_json(args, "data");
  sark_error *error;
  int32_t status = sark_engine_patch_data(world->engine, (char *)path.data, path.length, data.data, data.length,
                                          NULL, NULL, &error);
  (void)last_revision;
  free(path.data);
  free(data.data);
  return done(status, error);
}

static outcome engine_set_schema(world *world, const cJSON *args, const char *last_revision) {
  bytes path = args_bytes(args, "path"), schema = args_json(args, "schema");
  sark_error *error;
  int32_t status = sark_engine_set_schema(world->engine, (char *)path.data, path.length, schema.data, schema.length,
                                          NULL, &error);
  (void)last_revision;
  free(path.data);
  free(schema.data);
  return done(status, error);
}

static outcome engine_allow_net(world *world, const cJSON *args, const char *last_revision) {
  bytes hosts = args_json(args, "hosts"), ca_file = args_bytes(args, "ca_file");
  sark_network_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.timeout_ns = args_ns(args, "timeout_ms");
  status = sark_engine_allow_net(world->engine, hosts.data, hosts.length, (char *)ca_file.data, ca_file.length, &options,
                                 &error);
  free(hosts.data);
  free(ca_file.data);
  return done(status, error);
}

static outcome engine_set_runtime(world *world, const cJSON *args, const char *last_revision) {
  bytes runtime = args_json(args, "runtime");
  sark_error *error;
  int32_t status = sark_engine_set_runtime(world->engine, runtime.data, runtime.length, &error);
  (void)last_revision;
  free(runtime.data);
  return done(status, error);
}

static outcome engine_revision(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_engine_revision(world->engine, world->buffer, &error);
  (void)args, (void)last_revision;
  return told(world, status, error);
}

typedef outcome (*end)(const world *world, int32_t status, sark_error *error);

static outcome evaluate(world *world, const cJSON *args, end end) {
  bytes policy = args_bytes(args, "policy"), input = args_json(args, "input");
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  int32_t status = sark_engine_evaluate(world->engine, (char *)policy.data, policy.length, input.data, input.length,
                                        &options, NULL, world->buffer, &error);
  free(policy.data);
  free(input.data);
  return end(world, status, error);
}

static outcome engine_evaluate(world *world, const cJSON *args, const char *last_revision) {
  (void)last_revision;
  return evaluate(world, args, answered);
}

static outcome engine_evaluate_json(world *world, const cJSON *args, const char *last_revision) {
  (void)last_revision;
  return evaluate(world, args, told);
}

static uint32_t explain_number(const char *name) {
  static const char *const names[] = {"", "notes", "fails", "full", "debug"};
  uint32_t number = 0;
  while (number < 5 && strcmp(names[number], name) != 0) number++;
  return number;
}

static outcome engine_explain(world *world, const cJSON *args, const char *last_revision) {
  bytes policy = args_bytes(args, "policy"), input = args_json(args, "input");
  const char *explain = cJSON_GetStringValue(cJSON_GetObjectItem(args, "explain"));
  sark_explain_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.explain = explain_number(explain ? explain : "");
  options.pretty = !args_true(args, "events");
  options.strict_builtin_errors = args_true(args, "strict");
  options.timeout_ns = args_ns(args, "timeout_ms");
  status = sark_engine_explain(world->engine, (char *)policy.data, policy.length, input.data, input.length, &options,
                               NULL, world->buffer, &error);
  free(policy.data);
  free(input.data);
  return answered(world, status, error);
}

static outcome query(world *world, const cJSON *args, end end) {
  bytes query = args_bytes(args, "query"), input = args_json(args, "input");
  sark_evaluate_options options = evaluate_options(args);
  sark_error *error;
  int32_t status = sark_engine_query(world->engine, (char *)query.data, query.length, input.data, input.length,
                                     &options, NULL, world->buffer, &error);
  free(query.data);
  free(input.data);
  return end(world, status, error);
}

static outcome engine_query(world *world, const cJSON *args, const char *last_revision) {
  (void)last_revision;
  return query(world, args, answered);
}

static outcome engine_query_json(world *world, const cJSON *args, const char *last_revision) {
  (void)last_revision;
  return query(world, args, told);
}

static outcome engine_prepare(world *world, const cJSON *args, const char *last_revision) {
  bytes policy = args_bytes(args, "policy");
  sark_error *error;
  int32_t status;
  (void)last_revision;
  sark_query_free(world->query);
  world->query = NULL;
  status = sark_engine_prepare(world->engine, (char *)policy.data, policy.length, NULL, NULL, &world->query, &error);
  free(policy.data);
  return done(status, error);
}

static outcome engine_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_engine_close(world->engine);
  return outcome_of(OUTCOME_DONE);
}

call engine_call(const char *name) {
  static const verb verbs[] = {{"new", engine_new},
                               {"load_policy", engine_load_policy},
                               {"remove_policy", engine_remove_policy},
                               {"clear_policies", engine_clear_policies},
                               {"has_policy", engine_has_policy},
                               {"policy_names", engine_policy_names},
                               {"sources", engine_sources},
                               {"capabilities", engine_capabilities},
                               {"inspect", engine_inspect},
                               {"run_tests", engine_run_tests},
                               {"explain", engine_explain},
                               {"next", engine_next},
                               {"set_data", engine_set_data},
                               {"patch_data", engine_patch_data},
                               {"set_schema", engine_set_schema},
                               {"allow_net", engine_allow_net},
                               {"set_runtime", engine_set_runtime},
                               {"revision", engine_revision},
                               {"evaluate", engine_evaluate},
                               {"evaluate_json", engine_evaluate_json},
                               {"query", engine_query},
                               {"query_json", engine_query_json},
                               {"prepare", engine_prepare},
                               {"close", engine_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
