#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  const argument location(args_bytes(args, "location"));
  sark::decision_log_options options;
  options.metrics = world.metrics_or_null();
  options.max_waiting = static_cast<std::uint32_t>(args_count(args, "max_waiting"));
  return kept(world.decision_log, sark::decision_log::make(location, options));
}

outcome next(world &world, const cJSON *args, const char *) {
  return answered(world.decision_log.next(world.buffer, args_time(args, "timeout_ms")));
}

outcome flush(world &world, const cJSON *args, const char *) {
  const auto flushed = world.decision_log.flush(args_time(args, "timeout_ms"));
  return flushed.failed() ? failed(flushed.error()) : outcome_bool(flushed.ok());
}

outcome status(world &world, const cJSON *, const char *) { return answered(world.decision_log.status(world.buffer)); }

outcome close(world &world, const cJSON *, const char *) {
  world.decision_log.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call decision_log_call(std::string_view name) {
  static constexpr verb verbs[] = {
      {"new", make}, {"next", next}, {"flush", flush}, {"status", status}, {"close", close}};
  return find_call(verbs, name);
}
