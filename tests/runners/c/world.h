/* What one case has made, and the calls of each noun. */
#ifndef WORLD_H
#define WORLD_H

#include <sark.h>

#include "../common/harness.h"

typedef struct world {
  sark_engine *engine;
  sark_update *update;
  sark_query *query;
  sark_input *input;
  sark_cache *cache;
  sark_flags *flags;
  sark_client *client;
  sark_admin *admin;
  sark_metrics *metrics;
  sark_decision_log *decision_log;
  sark_source *source;
  sark_buffer *buffer; /* one for every call: reuse is part of what is tested */
} world;

typedef outcome (*call)(world *world, const cJSON *args, const char *last_revision);

/* NULL where the noun has no such call. */
call engine_call(const char *verb);
call query_call(const char *verb);
call input_call(const char *verb);
call update_call(const char *verb);
call cache_call(const char *verb);
call flags_call(const char *verb);
call admin_call(const char *verb);
call client_call(const char *verb);
call metrics_call(const char *verb);
call decision_log_call(const char *verb);
call source_call(const char *verb);

typedef struct verb {
  const char *name;
  call call;
} verb;
call find_call(const verb *verbs, size_t count, const char *name);

/* The ends of a call. Each takes over the error. */
outcome done(int32_t status, sark_error *error);                       /* nothing to tell */
outcome answered(const world *world, int32_t status, sark_error *error); /* JSON in the buffer */
outcome told(const world *world, int32_t status, sark_error *error);   /* text in the buffer */
outcome counted(int32_t status, double value, sark_error *error);
outcome predicate(bool yes, sark_error *error);
outcome failed(sark_error *error);

uint32_t rego_version(const cJSON *args);
sark_evaluate_options evaluate_options(const cJSON *args);
uint64_t args_ns(const cJSON *args, const char *name);

#endif
