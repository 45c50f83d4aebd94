#include "world.hpp"

namespace {

outcome parse(world &world, const cJSON *args, const char *) {
  return kept(world.input, world.engine.parse_input(argument(args_json(args, "input"))));
}

outcome close(world &world, const cJSON *, const char *) {
  world.input.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call input_call(std::string_view name) {
  static constexpr verb verbs[] = {{"parse", parse}, {"close", close}};
  return find_call(verbs, name);
}
