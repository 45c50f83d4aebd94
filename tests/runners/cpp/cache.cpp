#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  sark::cache_options options;
  options.max_entries = args_count(args, "max_entries");
  options.max_bytes = args_count(args, "max_bytes");
  options.default_ttl = args_time(args, "default_ttl_ms");
  options.metrics = world.metrics_or_null();
  return kept(world.cache, sark::cache::make(options));
}

outcome get(world &world, const cJSON *args, const char *) {
  const auto value = world.cache.get(argument(args_bytes(args, "key")), world.buffer);
  return value ? outcome_raw(value->data(), value->size()) : without_value(value);
}

outcome set(world &world, const cJSON *args, const char *) {
  const argument key(args_bytes(args, "key")), value(args_bytes(args, "value"));
  return done(world.cache.set(key, value, args_time(args, "ttl_ms")));
}

outcome remove(world &world, const cJSON *args, const char *) {
  const auto removed = world.cache.remove(argument(args_bytes(args, "key")));
  return removed.failed() ? failed(removed.error()) : outcome_bool(removed.ok());
}

outcome clear(world &world, const cJSON *, const char *) { return done(world.cache.clear()); }
outcome len(world &world, const cJSON *, const char *) { return counted(world.cache.len()); }
outcome size(world &world, const cJSON *, const char *) { return counted(world.cache.bytes()); }
outcome cleanup_expired(world &world, const cJSON *, const char *) { return counted(world.cache.cleanup_expired()); }
outcome stats(world &world, const cJSON *, const char *) { return answered(world.cache.stats(world.buffer)); }

outcome close(world &world, const cJSON *, const char *) {
  world.cache.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call cache_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},     {"get", get},     {"set", set},
                                   {"remove", remove}, {"clear", clear}, {"len", len},
                                   {"bytes", size},    {"cleanup_expired", cleanup_expired},
                                   {"stats", stats},   {"close", close}};
  return find_call(verbs, name);
}
