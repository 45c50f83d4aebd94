#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *, const char *) { return kept(world.update, world.engine.begin_update()); }

outcome load_policy(world &world, const cJSON *args, const char *) {
  const argument name(args_bytes(args, "name")), rego(args_bytes(args, "rego"));
  return done(world.update.load_policy(name, rego, {rego_version(args)}));
}

outcome remove_policy(world &world, const cJSON *args, const char *) {
  return done(world.update.remove_policy(argument(args_bytes(args, "name"))));
}

outcome clear_policies(world &world, const cJSON *, const char *) { return done(world.update.clear_policies()); }

outcome set_data(world &world, const cJSON *args, const char *) {
  return done(world.update.set_data(argument(args_json(args, "data"))));
}

outcome patch_data(world &world, const cJSON *args, const char *) {
  const argument path(args_bytes(args, "path")), data(args_json(args, "data"));
  return done(world.update.patch_data(path, data));
}

outcome commit(world &world, const cJSON *args, const char *last_revision) {
  std::string_view expected{};
  if (args_has(args, "expected") && last_revision) expected = last_revision;
  sark::revision_info info;
  const auto committed = world.update.commit(expected, &info);
  if (committed && std::string_view(info.revision).empty()) return outcome_broken("a commit without a revision");
  return done(committed);
}

} // namespace

call update_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},
                                   {"load_policy", load_policy},
                                   {"remove_policy", remove_policy},
                                   {"clear_policies", clear_policies},
                                   {"set_data", set_data},
                                   {"patch_data", patch_data},
                                   {"commit", commit}};
  return find_call(verbs, name);
}
