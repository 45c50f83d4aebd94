#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome cache_new(world *world, const cJSON *args, const char *last_revision) {
  sark_cache_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.max_entries = args_count(args, "max_entries");
  options.max_bytes = args_count(args, "max_bytes");
  options.default_ttl_ns = args_ns(args, "default_ttl_ms");
  options.metrics = world->metrics;
  sark_cache_free(world->cache);
  world->cache = NULL;
  status = sark_cache_new(&options, &world->cache, &error);
  return done(status, error);
}

static outcome cache_get(world *world, const cJSON *args, const char *last_revision) {
  bytes key = args_bytes(args, "key");
  sark_error *error;
  int32_t status = sark_cache_get(world->cache, key.data, key.length, world->buffer, &error);
  (void)last_revision;
  free(key.data);
  return status == SARK_OK ? outcome_raw(world->buffer->data, world->buffer->length) : done(status, error);
}

static outcome cache_set(world *world, const cJSON *args, const char *last_revision) {
  bytes key = args_bytes(args, "key"), value = args_bytes(args, "value");
  sark_cache_set_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.ttl_ns = args_ns(args, "ttl_ms");
  status = sark_cache_set(world->cache, key.data, key.length, value.data, value.length, &options, NULL, &error);
  free(key.data);
  free(value.data);
  return done(status, error);
}

static outcome cache_remove(world *world, const cJSON *args, const char *last_revision) {
  bytes key = args_bytes(args, "key");
  sark_error *error;
  int32_t status = sark_cache_remove(world->cache, key.data, key.length, &error);
  (void)last_revision;
  free(key.data);
  return status < 0 ? done(status, error) : outcome_bool(status == SARK_OK);
}

static outcome cache_clear(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  status = sark_cache_clear(world->cache, &error);
  return done(status, error);
}

static outcome cache_len(world *world, const cJSON *args, const char *last_revision) {
  uint64_t value = 0;
  sark_error *error;
  int32_t status = sark_cache_len(world->cache, &value, &error);
  (void)args, (void)last_revision;
  return counted(status, (double)value, error);
}

static outcome cache_bytes(world *world, const cJSON *args, const char *last_revision) {
  uint64_t value = 0;
  sark_error *error;
  int32_t status = sark_cache_bytes(world->cache, &value, &error);
  (void)args, (void)last_revision;
  return counted(status, (double)value, error);
}

static outcome cache_cleanup_expired(world *world, const cJSON *args, const char *last_revision) {
  uint64_t value = 0;
  sark_error *error;
  int32_t status = sark_cache_cleanup_expired(world->cache, &value, &error);
  (void)args, (void)last_revision;
  return counted(status, (double)value, error);
}

static outcome cache_stats(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_cache_stats(world->cache, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome cache_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_cache_close(world->cache);
  return outcome_of(OUTCOME_DONE);
}

call cache_call(const char *name) {
  static const verb verbs[] = {{"new", cache_new},     {"get", cache_get},
                               {"set", cache_set},     {"remove", cache_remove},
                               {"clear", cache_clear}, {"len", cache_len},
                               {"bytes", cache_bytes}, {"cleanup_expired", cache_cleanup_expired},
                               {"stats", cache_stats}, {"close", cache_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
