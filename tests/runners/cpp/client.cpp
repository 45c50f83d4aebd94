#include "world.hpp"

#include <string>

namespace {

std::uint32_t mode_of(std::string_view name) {
  if (name == "local") return SARK_MODE_LOCAL;
  if (name == "remote") return SARK_MODE_REMOTE;
  return name == "remote_first" ? SARK_MODE_REMOTE_FIRST : SARK_MODE_DIAL;
}

outcome make(world &world, const cJSON *args, const char *) {
  const argument url(args_bytes(args, "opa_url")), feature(args_bytes(args, "feature")), mode(args_bytes(args, "mode"));
  sark::client_options options;
  options.opa_url = url;
  if (url.view() == "$OPA") { // stands for the server that the environment names
    const char *server = std::getenv("SARK_TEST_OPA_URL");
    if (!server) return outcome_of(OUTCOME_SKIPPED);
    options.opa_url = server;
  }
  options.feature = feature;
  options.cache = args_true(args, "cache") ? &world.cache : nullptr;
  options.flags = args_true(args, "flags") ? &world.flags : nullptr;
  options.metrics = world.metrics_or_null();
  options.decision_log = args_true(args, "decision_log") ? &world.decision_log : nullptr;
  options.mode = mode_of(mode.view());
  options.shadow_rate = static_cast<std::uint32_t>(args_count(args, "shadow_rate"));
  return kept(world.client, sark::client::make(world.engine, options));
}

void add_text(cJSON *object, const char *name, std::string_view text) {
  cJSON_AddStringToObject(object, name, std::string(text).c_str());
}

outcome decided(const sark::decision &decision) {
  auto made = outcome_of(OUTCOME_DECISION);
  made.value = cJSON_CreateObject();
  cJSON_AddBoolToObject(made.value, "undefined", decision.undefined());
  if (!decision.undefined())
    cJSON_AddItemToObject(made.value, "result",
                          cJSON_ParseWithLength(decision.result().data(), decision.result().size()));
  cJSON_AddBoolToObject(made.value, "allowed", decision.allowed());
  cJSON_AddBoolToObject(made.value, "cached", decision.cached());
  add_text(made.value, "implementation", decision.implementation());
  add_text(made.value, "fallback", decision.fallback());
  add_text(made.value, "revision", decision.revision());
  return made;
}

// What the info says has to be what the decision says.
bool agree(const sark::decide_info &info, const sark::decision &decision) {
  return (info.status == SARK_UNDEFINED) == decision.undefined() && (info.allowed != 0) == decision.allowed() &&
         (info.cached != 0) == decision.cached() && decision.duration().count() >= 0 &&
         info.duration_ns == static_cast<std::uint64_t>(decision.duration().count()) &&
         decision.revision() == info.revision && decision.id().size() == 36 && decision.id() == info.id;
}

outcome decide(world &world, const cJSON *args, const char *) {
  const argument policy(args_bytes(args, "policy")), input(args_json(args, "input")), user(args_bytes(args, "user"));
  sark::decide_info info;
  const auto decision = world.client.decide(policy, input, user, {}, &info);
  if (!decision) return without_value(decision);
  return agree(info, *decision) ? decided(*decision) : outcome_broken("the info and the decision disagree");
}

// Completes a ticket as the case says: with a response, a failure, or by running it.
sark::result<sark::decision> completed(sark::ticket &ticket, const cJSON *args) {
  const argument body(args_bytes(args, "body")), fail(args_bytes(args, "fail"));
  if (fail.view().data()) return ticket.fail(fail.view() == "timeout" ? sark::failure::timeout : sark::failure::connection);
  if (cJSON_HasObjectItem(args, "status"))
    return ticket.complete(static_cast<std::uint32_t>(args_count(args, "status")), body);
  return ticket.run();
}

outcome begin(world &world, const cJSON *args, const char *) {
  const argument policy(args_bytes(args, "policy")), input(args_json(args, "input")), user(args_bytes(args, "user"));
  auto begun = world.client.begin(policy, input, user);
  if (!begun) return without_value(begun);
  if (begun->decision) return decided(*begun->decision);
  const auto decision = completed(*begun->ticket, args);
  return decision ? decided(*decision) : without_value(decision);
}

outcome status(world &world, const cJSON *, const char *) { return answered(world.client.status(world.buffer)); }

outcome set_mask(world &world, const cJSON *args, const char *) {
  return without_value(world.client.set_mask(argument(args_json(args, "pointers"))));
}

outcome next(world &world, const cJSON *, const char *) { return answered(world.client.next(world.buffer)); }

outcome replay(world &world, const cJSON *args, const char *) {
  return answered(world.client.replay(argument(args_bytes(args, "log")), world.buffer));
}

outcome close(world &world, const cJSON *, const char *) {
  world.client.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call client_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},          {"decide", decide}, {"status", status},
                                   {"set_mask", set_mask}, {"next", next},     {"replay", replay},
                                   {"begin", begin},
                                   {"close", close}};
  return find_call(verbs, name);
}
