#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  sark::flags_options options;
  options.metrics = world.metrics_or_null();
  return kept(world.flags, sark::flags::make(argument(args_bytes(args, "url")), options));
}

outcome bucket(world &, const cJSON *args, const char *) {
  const argument feature(args_bytes(args, "feature")), user(args_bytes(args, "user"));
  return counted(sark::flags::bucket(feature, user));
}

outcome is_enabled(world &world, const cJSON *args, const char *) {
  const argument feature(args_bytes(args, "feature")), user(args_bytes(args, "user"));
  sark::error error;
  const bool yes = world.flags.is_enabled(feature, user, &error);
  return predicate(yes, error);
}

outcome set_rollout(world &world, const cJSON *args, const char *) {
  const argument feature(args_bytes(args, "feature")), who(args_bytes(args, "who")), why(args_bytes(args, "why"));
  return answered(world.flags.set_rollout(world.buffer, feature, args_number(args, "percentage"), {who, why}));
}

outcome rollout(world &world, const cJSON *args, const char *) {
  return counted(world.flags.rollout(argument(args_bytes(args, "feature"))));
}

outcome rollback(world &world, const cJSON *args, const char *) {
  const argument feature(args_bytes(args, "feature")), who(args_bytes(args, "who")), why(args_bytes(args, "why"));
  return answered(world.flags.rollback(world.buffer, feature, {who, why}));
}

outcome rollback_all(world &world, const cJSON *args, const char *) {
  const argument who(args_bytes(args, "who")), why(args_bytes(args, "why"));
  return answered(world.flags.rollback_all(world.buffer, {who, why}));
}

outcome history(world &world, const cJSON *args, const char *) {
  const argument feature(args_bytes(args, "feature"));
  return answered(world.flags.history(world.buffer, feature, args_count(args, "most")));
}

outcome status(world &world, const cJSON *, const char *) { return answered(world.flags.status(world.buffer)); }

outcome force(world &world, const cJSON *args, const char *) {
  const argument side(args_bytes(args, "side"));
  const std::string_view name = side;
  return done(world.flags.force(name == "local"    ? sark::side::local
                                : name == "remote" ? sark::side::remote
                                : name.empty()     ? sark::side::none
                                                   : static_cast<sark::side>(99)));
}

outcome list(world &world, const cJSON *, const char *) { return answered(world.flags.list(world.buffer)); }

outcome close(world &world, const cJSON *, const char *) {
  world.flags.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call flags_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},
                                   {"bucket", bucket},
                                   {"is_enabled", is_enabled},
                                   {"set_rollout", set_rollout},
                                   {"rollout", rollout},
                                   {"rollback", rollback},
                                   {"rollback_all", rollback_all},
                                   {"history", history},
                                   {"status", status},
                                   {"force", force},
                                   {"list", list},
                                   {"close", close}};
  return find_call(verbs, name);
}
