// The cases through <sark.hpp>, in C++17.
#include "world.hpp"

namespace {

call find(std::string_view name) {
  struct {
    std::string_view noun;
    call (*find)(std::string_view);
  } const nouns[] = {{"engine.", engine_call}, {"query.", query_call},   {"input.", input_call},
                     {"update.", update_call}, {"cache.", cache_call},   {"flags.", flags_call},
                     {"client.", client_call}, {"metrics.", metrics_call}, {"admin.", admin_call},
                     {"decision_log.", decision_log_call}, {"source.", source_call}};
  for (const auto &noun : nouns)
    if (name.substr(0, noun.noun.size()) == noun.noun) return noun.find(name.substr(noun.noun.size()));
  return nullptr;
}

void *begin() { return new world; }

outcome run(void *any, const char *name, const cJSON *args, const char *last_revision) {
  const auto found = find(name);
  return found ? found(*static_cast<world *>(any), args, last_revision) : outcome_broken("no such call");
}

void end(void *any) {
  auto *made = static_cast<world *>(any);
  made->client.close();
  made->query.close();
  made->input.close();
  made->source.close();
  made->engine.close();
  made->cache.close();
  made->flags.close();
  made->metrics.close();
  delete made;
}

} // namespace

int main(int argc, char **argv) {
  const language cpp = {begin, run, end};
  return harness_main(argc, argv, &cpp);
}
