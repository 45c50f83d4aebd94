#include "world.hpp"

namespace {

outcome make(world &world, const cJSON *, const char *) {
  auto made = kept(world.metrics, sark::metrics::make());
  world.has_metrics = made.kind == OUTCOME_DONE;
  return made;
}

outcome render(world &world, const cJSON *, const char *) { return told(world.metrics.render(world.buffer)); }

outcome render_openmetrics(world &world, const cJSON *, const char *) { return told(world.metrics.render_openmetrics(world.buffer)); }

outcome close(world &world, const cJSON *, const char *) {
  world.metrics.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call metrics_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make}, {"render", render}, {"render_openmetrics", render_openmetrics}, {"close", close}};
  return find_call(verbs, name);
}
