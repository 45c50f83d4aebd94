#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome update_new(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  sark_update_free(world->update);
  world->update = NULL;
  status = sark_update_new(world->engine, &world->update, &error);
  return done(status, error);
}

static outcome update_load_policy(world *world, const cJSON *args, const char *last_revision) {
  bytes name = args_bytes(args, "name"), rego = args_bytes(args, "rego");
  sark_load_options options = {sizeof options, SARK_REGO_DEFAULT};
  sark_error *error;
  int32_t status;
  (void)last_revision;
  options.rego_version = rego_version(args);
  status = sark_update_load_policy(world->update, (char *)name.data, name.length, (char *)rego.data, rego.length,
                                   &options, &error);
  free(name.data);
  free(rego.data);
  return done(status, error);
}

static outcome update_remove_policy(world *world, const cJSON *args, const char *last_revision) {
  bytes name = args_bytes(args, "name");
  sark_error *error;
  int32_t status = sark_update_remove_policy(world->update, (char *)name.data, name.length, &error);
  (void)last_revision;
  free(name.data);
  return done(status, error);
}

static outcome update_clear_policies(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status;
  (void)args, (void)last_revision;
  status = sark_update_clear_policies(world->update, &error);
  return done(status, error);
}

static outcome update_set_data(world *world, const cJSON *args, const char *last_revision) {
  bytes data = args_json(args, "data");
  sark_error *error;
  int32_t status = sark_update_set_data(world->update, data.data, data.length, NULL, &error);
  (void)last_revision;
  free(data.data);
  return done(status, error);
}

static outcome update_patch_data(world *world, const cJSON *args, const char *last_revision) {
  bytes path = args_bytes(args, "path"), data = args_json(args, "data");
  sark_error *error;
  int32_t status =
      sark_update_patch_data(world->update, (char *)path.data, path.length, data.data, data.length, NULL, &error);
  (void)last_revision;
  free(path.data);
  free(data.data);
  return done(status, error);
}

static outcome update_commit(world *world, const cJSON *args, const char *last_revision) {
  const char *expected = args_has(args, "expected") ? last_revision : NULL;
  sark_revision_info info;
  sark_error *error;
  int32_t status;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  status = sark_update_commit(world->update, expected, expected ? strlen(expected) : 0, &info, &error);
  if (status == SARK_OK && info.revision[0] == '\0') return outcome_broken("a commit without a revision");
  return done(status, error);
}

call update_call(const char *name) {
  static const verb verbs[] = {{"new", update_new},
                               {"load_policy", update_load_policy},
                               {"remove_policy", update_remove_policy},
                               {"clear_policies", update_clear_policies},
                               {"set_data", update_set_data},
                               {"patch_data", update_patch_data},
                               {"commit", update_commit}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
