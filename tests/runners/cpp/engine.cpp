#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  sark::engine_options options;
  options.rego_version = rego_version(args);
  options.timeout = args_time(args, "timeout_ms");
  options.max_input_bytes = args_count(args, "max_input_bytes");
  options.max_policy_bytes = args_count(args, "max_policy_bytes");
  options.max_data_bytes = args_count(args, "max_data_bytes");
  options.metrics = world.metrics_or_null();
  options.evaluator = evaluator(args);
  options.strict = args_true(args, "strict");
  options.print_statements = args_true(args, "print_statements");
  options.schema_annotations = args_true(args, "schema_annotations");
  return kept(world.engine, sark::engine::make(options));
}

outcome load_policy(world &world, const cJSON *args, const char *) {
  const argument name(args_bytes(args, "name")), rego(args_bytes(args, "rego"));
  return done(world.engine.load_policy(name, rego, {rego_version(args)}));
}

outcome remove_policy(world &world, const cJSON *args, const char *) {
  return done(world.engine.remove_policy(argument(args_bytes(args, "name"))));
}

outcome clear_policies(world &world, const cJSON *, const char *) { return done(world.engine.clear_policies()); }

outcome has_policy(world &world, const cJSON *args, const char *) {
  sark::error error;
  const bool yes = world.engine.has_policy(argument(args_bytes(args, "name")), &error);
  return predicate(yes, error);
}

outcome sources(world &world, const cJSON *, const char *) {
  return answered(world.engine.sources(world.buffer));
}

outcome capabilities(world &world, const cJSON *, const char *) {
  return answered(world.engine.capabilities(world.buffer));
}

outcome inspect(world &world, const cJSON *, const char *) {
  return answered(world.engine.inspect(world.buffer));
}

outcome run_tests(world &world, const cJSON *args, const char *) {
  const argument run(args_bytes(args, "run"));
  return answered(world.engine.run_tests(run, world.buffer, {args_time(args, "timeout_ms"), args_true(args, "coverage")}));
}

outcome next(world &world, const cJSON *args, const char *) {
  return answered(world.engine.next(world.buffer, args_time(args, "timeout_ms")));
}

outcome policy_names(world &world, const cJSON *, const char *) {
  return answered(world.engine.policy_names(world.buffer));
}

outcome set_data(world &world, const cJSON *args, const char *) {
  return done(world.engine.set_data(argument(args_json(args, "data"))));
}

outcome patch_data(world &world, const cJSON *args, const char *) {
  const argument path(args_bytes(args, "path")), data(args_json(args, "data"));
  return done(world.engine.patch_data(path, data));
}

outcome set_schema(world &world, const cJSON *args, const char *) {
  const argument path(args_bytes(args, "path")), schema(args_json(args, "schema"));
  const auto given = schema.view();
  return done(world.engine.set_schema(path, given.data() ? std::optional(given) : std::nullopt));
}

outcome allow_net(world &world, const cJSON *args, const char *) {
  const argument hosts(args_json(args, "hosts")), ca_file(args_bytes(args, "ca_file"));
  sark::network_options options;
  options.timeout = args_time(args, "timeout_ms");
  return done(world.engine.allow_net(hosts, ca_file, options));
}

outcome set_runtime(world &world, const cJSON *args, const char *) {
  return done(world.engine.set_runtime(argument(args_json(args, "runtime"))));
}

outcome revision(world &world, const cJSON *, const char *) { return told(world.engine.revision(world.buffer)); }

outcome evaluate(world &world, const cJSON *args, const char *) {
  const argument policy(args_bytes(args, "policy")), input(args_json(args, "input"));
  return answered(world.engine.evaluate(policy, input, world.buffer, evaluate_options(args)));
}

outcome evaluate_json(world &world, const cJSON *args, const char *) {
  const argument policy(args_bytes(args, "policy")), input(args_json(args, "input"));
  return told(world.engine.evaluate(policy, input, world.buffer, evaluate_options(args)));
}

sark::explain explain_named(const char *name) {
  const std::string_view named = name ? name : "";
  if (named == "notes") return sark::explain::notes;
  if (named == "fails") return sark::explain::fails;
  if (named == "full") return sark::explain::full;
  if (named == "debug") return sark::explain::debug;
  return named.empty() ? sark::explain::unset : static_cast<sark::explain>(5);
}

outcome explain(world &world, const cJSON *args, const char *) {
  const argument policy(args_bytes(args, "policy")), input(args_json(args, "input"));
  sark::explain_options options;
  options.explain = explain_named(cJSON_GetStringValue(cJSON_GetObjectItem(args, "explain")));
  options.pretty = !args_true(args, "events");
  options.strict_builtin_errors = args_true(args, "strict");
  options.timeout = args_time(args, "timeout_ms");
  return answered(world.engine.explain(policy, input, world.buffer, options));
}

outcome query(world &world, const cJSON *args, const char *) {
  const argument text(args_bytes(args, "query")), input(args_json(args, "input"));
  return answered(world.engine.query(text, input, world.buffer, evaluate_options(args)));
}

outcome query_json(world &world, const cJSON *args, const char *) {
  const argument text(args_bytes(args, "query")), input(args_json(args, "input"));
  return told(world.engine.query(text, input, world.buffer, evaluate_options(args)));
}

outcome prepare(world &world, const cJSON *args, const char *) {
  return kept(world.query, world.engine.prepare(argument(args_bytes(args, "policy"))));
}

outcome close(world &world, const cJSON *, const char *) {
  world.engine.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call engine_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},
                                   {"load_policy", load_policy},
                                   {"remove_policy", remove_policy},
                                   {"clear_policies", clear_policies},
                                   {"has_policy", has_policy},
                                   {"policy_names", policy_names},
                                   {"sources", sources},
                                   {"capabilities", capabilities},
                                   {"inspect", inspect},
                                   {"run_tests", run_tests},
                                   {"explain", explain},
                                   {"next", next},
                                   {"set_data", set_data},
                                   {"patch_data", patch_data},
                                   {"set_schema", set_schema},
                                   {"allow_net", allow_net},
                                   {"set_runtime", set_runtime},
                                   {"revision", revision},
                                   {"evaluate", evaluate},
                                   {"evaluate_json", evaluate_json},
                                   {"query", query},
                                   {"query_json", query_json},
                                   {"prepare", prepare},
                                   {"close", close}};
  return find_call(verbs, name);
}
