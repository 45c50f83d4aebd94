#include "world.hpp"

#include <string>

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  const argument tokens(args_json(args, "tokens"));
  sark::admin_options options;
  options.tokens = tokens;
  options.allow_anonymous = args_true(args, "allow_anonymous");
  options.engine = world.engine.get() ? &world.engine : nullptr;
  options.cache = world.cache.get() ? &world.cache : nullptr;
  options.metrics = world.metrics_or_null();
  options.client = world.client.get() ? &world.client : nullptr;
  return kept(world.admin, sark::admin::make(world.flags, options));
}

// {"status", "headers": text, "body": JSON or, where it is none, text}
outcome response(const sark::admin_response &answer) {
  cJSON *object = cJSON_CreateObject();
  const std::string headers(answer.headers), body(answer.body);
  cJSON *json = cJSON_Parse(body.c_str());
  cJSON_AddNumberToObject(object, "status", answer.status);
  cJSON_AddStringToObject(object, "headers", headers.c_str());
  cJSON_AddItemToObject(object, "body", json ? json : cJSON_CreateString(body.c_str()));
  return outcome_value(object);
}

outcome handle(world &world, const cJSON *args, const char *) {
  const argument method(args_bytes(args, "method")), target(args_bytes(args, "target"));
  const argument headers(args_bytes(args, "headers")), body(args_bytes(args, "body"));
  sark::buffer second;
  const auto answer = world.admin.handle(second, world.buffer, {method, target, headers, body});
  return answer ? response(*answer) : without_value(answer);
}

outcome close(world &world, const cJSON *, const char *) {
  world.admin.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call admin_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make}, {"handle", handle}, {"close", close}};
  return find_call(verbs, name);
}
