/* The cases through <sark.h>, in C99. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

call find_call(const verb *verbs, size_t count, const char *name) {
  size_t i;
  for (i = 0; i < count; i++)
    if (strcmp(verbs[i].name, name) == 0) return verbs[i].call;
  return NULL;
}

static call find(const char *name) {
  static const struct {
    const char *noun;
    call (*find)(const char *verb);
  } nouns[] = {{"engine.", engine_call}, {"query.", query_call},   {"input.", input_call},
               {"update.", update_call}, {"cache.", cache_call},   {"flags.", flags_call},
               {"client.", client_call}, {"metrics.", metrics_call}, {"admin.", admin_call},
               {"decision_log.", decision_log_call}, {"source.", source_call}};
  size_t i;
  for (i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
    size_t length = strlen(nouns[i].noun);
    if (strncmp(name, nouns[i].noun, length) == 0) return nouns[i].find(name + length);
  }
  return NULL;
}

static void *begin(void) {
  world *made = args_allocate(1, sizeof *made);
  made->buffer = sark_buffer_new();
  return made;
}

static outcome run(void *any, const char *name, const cJSON *args, const char *last_revision) {
  call found = find(name);
  return found ? found(any, args, last_revision) : outcome_broken("no such call");
}

/* The engine goes first: frees may come in any order, and this is the hardest one. */
static void end(void *any) {
  world *world = any;
  sark_engine_close(world->engine);
  sark_engine_free(world->engine);
  sark_source_close(world->source);
  sark_source_free(world->source);
  sark_admin_close(world->admin);
  sark_admin_free(world->admin);
  sark_cache_close(world->cache);
  sark_cache_free(world->cache);
  sark_flags_close(world->flags);
  sark_flags_free(world->flags);
  sark_metrics_close(world->metrics);
  sark_metrics_free(world->metrics);
  sark_decision_log_close(world->decision_log);
  sark_decision_log_free(world->decision_log);
  sark_client_close(world->client);
  sark_client_free(world->client);
  sark_query_close(world->query);
  sark_query_free(world->query);
  sark_input_close(world->input);
  sark_input_free(world->input);
  sark_update_free(world->update);
  sark_buffer_free(world->buffer);
  free(world);
}

int main(int argc, char **argv) {
  const language c = {begin, run, end};
  return harness_main(argc, argv, &c);
}
