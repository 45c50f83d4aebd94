#include "world.hpp"

#include "../common/files.h"

namespace {

outcome make(world &world, const cJSON *args, const char *) {
  const argument url(files_text(args, "url")), config(args_json(args, "config"));
  return kept(world.source, world.engine.follow(url, config));
}

outcome wait(world &world, const cJSON *args, const char *) {
  return done(world.source.wait(args_time(args, "timeout_ms")));
}

outcome trigger(world &world, const cJSON *, const char *) { return done(world.source.trigger()); }

outcome next(world &world, const cJSON *args, const char *) {
  return answered(world.source.next(world.buffer, args_time(args, "timeout_ms")));
}

outcome status(world &world, const cJSON *, const char *) { return answered(world.source.status(world.buffer)); }

outcome close(world &world, const cJSON *, const char *) {
  world.source.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call source_call(std::string_view name) {
  static constexpr verb verbs[] = {{"new", make},   {"wait", wait},     {"trigger", trigger},
                                   {"next", next}, {"status", status}, {"close", close}};
  return find_call(verbs, name);
}
