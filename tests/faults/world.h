/* The handles and places that every_function.inc uses. */
#ifndef SARK_TESTS_WORLD_H
#define SARK_TESTS_WORLD_H

#include "check.h"

sark_engine *engine;
sark_update *update;
sark_query *query;
sark_input *input;
sark_cache *cache;
sark_flags *flags;
sark_client *client;
sark_admin *admin;
sark_decision *decision;
sark_metrics *metrics;
sark_decision_log *decision_log;
sark_source *source;
sark_client *remote_client;
sark_ticket *ticket;
sark_buffer *buffer, *headers;
sark_error *error, *kept;
static const uint64_t offsets[] = {0, 7};
sark_batch_result result;
uint64_t number;
uint32_t bucket, http_status;
double percentage;
enum { SECOND = 1000000000 };

#define ADMIN_OPTIONS (&(sark_admin_options){.struct_size = sizeof(sark_admin_options), .allow_anonymous = 1, .flags = flags})

#define REMOTE_OPTIONS (&(sark_client_options){.struct_size = sizeof(sark_client_options), .mode = SARK_MODE_REMOTE})

#endif
