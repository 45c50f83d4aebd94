#include <stdlib.h>
#include <string.h>

#include "world.h"

/* "$OPA" stands for the server that the environment names. */
static const char *url_of(const bytes *url) {
  if (!url->data || strcmp((char *)url->data, "$OPA") != 0) return (char *)url->data;
  return getenv("SARK_TEST_OPA_URL");
}

static uint32_t mode_of(const cJSON *args) {
  static const char *const names[] = {"dial", "local", "remote", "remote_first"};
  static const uint32_t modes[] = {SARK_MODE_DIAL, SARK_MODE_LOCAL, SARK_MODE_REMOTE, SARK_MODE_REMOTE_FIRST};
  bytes wanted = args_bytes(args, "mode");
  uint32_t mode = SARK_MODE_DIAL;
  size_t at;
  for (at = 0; at < sizeof modes / sizeof modes[0]; at++)
    if (wanted.data && strcmp((char *)wanted.data, names[at]) == 0) mode = modes[at];
  free(wanted.data);
  return mode;
}

static outcome client_new(world *world, const cJSON *args, const char *last_revision) {
  bytes wanted = args_bytes(args, "opa_url"), feature = args_bytes(args, "feature");
  const char *url = url_of(&wanted);
  sark_client_options options;
  sark_error *error;
  int32_t status = SARK_OK;
  bool skipped = wanted.data && !url;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.metrics = world->metrics;
  options.decision_log = args_true(args, "decision_log") ? world->decision_log : NULL;
  options.mode = mode_of(args);
  options.shadow_rate = (uint32_t)args_count(args, "shadow_rate");
  if (!skipped) {
    sark_client_free(world->client);
    world->client = NULL;
    status = sark_client_new(world->engine, args_true(args, "cache") ? world->cache : NULL,
                             args_true(args, "flags") ? world->flags : NULL, url, url ? strlen(url) : 0,
                             (char *)feature.data, feature.length, &options, &world->client, &error);
  }
  free(wanted.data);
  free(feature.data);
  return skipped ? outcome_of(OUTCOME_SKIPPED) : done(status, error);
}

static void add_text(cJSON *object, const char *name, sark_str text) {
  char *copy = args_copy(text.data, text.length);
  cJSON_AddStringToObject(object, name, copy);
  free(copy);
}

static outcome decided(sark_decision *decision) {
  outcome made = outcome_of(OUTCOME_DECISION);
  bool undefined = sark_decision_status(decision) == SARK_UNDEFINED;
  sark_str result = sark_decision_result(decision);
  made.value = cJSON_CreateObject();
  cJSON_AddBoolToObject(made.value, "undefined", undefined);
  if (!undefined) cJSON_AddItemToObject(made.value, "result", cJSON_ParseWithLength(result.data, result.length));
  cJSON_AddBoolToObject(made.value, "allowed", sark_decision_allowed(decision));
  cJSON_AddBoolToObject(made.value, "cached", sark_decision_cached(decision));
  add_text(made.value, "implementation", sark_decision_implementation(decision));
  add_text(made.value, "fallback", sark_decision_fallback(decision));
  add_text(made.value, "revision", sark_decision_revision(decision));
  sark_decision_free(decision);
  return made;
}

/* What the info struct says has to be what the decision says. */
static bool agree(const sark_decide_info *info, int32_t status, const sark_decision *decision) {
  sark_str revision = sark_decision_revision(decision);
  return info->status == status && sark_decision_status(decision) == status &&
         (info->allowed != 0) == sark_decision_allowed(decision) &&
         (info->cached != 0) == sark_decision_cached(decision) &&
         strlen(info->id) == 36 && memcmp(info->id, sark_decision_id(decision).data, 36) == 0 &&
         info->duration_ns == sark_decision_duration_ns(decision) && strlen(info->revision) == revision.length &&
         memcmp(info->revision, revision.data, revision.length) == 0;
}

static outcome client_decide(world *world, const cJSON *args, const char *last_revision) {
  bytes policy = args_bytes(args, "policy"), input = args_json(args, "input"), user = args_bytes(args, "user");
  sark_decide_info info;
  sark_decision *decision = NULL;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  status = sark_client_decide(world->client, (char *)policy.data, policy.length, input.data, input.length, user.data,
                              user.length, NULL, &info, &decision, &error);
  free(policy.data);
  free(input.data);
  free(user.data);
  if (status < 0) return done(status, error);
  if (!decision) return outcome_broken("no decision");
  if (!agree(&info, status, decision)) {
    sark_decision_free(decision);
    return outcome_broken("the info and the decision disagree");
  }
  return decided(decision);
}

/* Begins, and completes the ticket where there is one as the case says: with a response, a failure, or by running it. */
static outcome client_begin(world *world, const cJSON *args, const char *last_revision) {
  bytes policy = args_bytes(args, "policy"), input = args_json(args, "input"), user = args_bytes(args, "user");
  bytes body = args_bytes(args, "body"), fail = args_bytes(args, "fail");
  sark_decision *decision = NULL;
  sark_ticket *ticket = NULL;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  status = sark_client_begin(world->client, (char *)policy.data, policy.length, input.data, input.length, user.data,
                             user.length, NULL, NULL, &decision, &ticket, &error);
  if (status == SARK_PENDING) {
    if (fail.data)
      status = sark_ticket_fail(ticket, strcmp((char *)fail.data, "timeout") == 0 ? SARK_FAIL_TIMEOUT : SARK_FAIL_CONNECTION,
                                NULL, &decision, &error);
    else if (cJSON_HasObjectItem(args, "status"))
      status = sark_ticket_complete(ticket, (uint32_t)args_count(args, "status"), body.data, body.length, NULL, &decision,
                                    &error);
    else
      status = sark_ticket_run(ticket, NULL, &decision, &error);
    sark_ticket_free(ticket);
  }
  free(policy.data);
  free(input.data);
  free(user.data);
  free(body.data);
  free(fail.data);
  return status < 0 ? done(status, error) : decided(decision);
}

static outcome client_status(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_client_status(world->client, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome client_set_mask(world *world, const cJSON *args, const char *last_revision) {
  bytes pointers = args_json(args, "pointers");
  sark_error *error;
  int32_t status = sark_client_set_mask(world->client, pointers.data, pointers.length, &error);
  (void)last_revision;
  free(pointers.data);
  return done(status, error);
}

static outcome client_next(world *world, const cJSON *args, const char *last_revision) {
  sark_error *error;
  int32_t status = sark_client_next(world->client, 0, world->buffer, &error);
  (void)args, (void)last_revision;
  return answered(world, status, error);
}

static outcome client_replay(world *world, const cJSON *args, const char *last_revision) {
  bytes log = args_bytes(args, "log");
  sark_error *error;
  int32_t status = sark_client_replay(world->client, log.data, log.length, world->buffer, &error);
  (void)last_revision;
  free(log.data);
  return answered(world, status, error);
}

static outcome client_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_client_close(world->client);
  return outcome_of(OUTCOME_DONE);
}

call client_call(const char *name) {
  static const verb verbs[] = {{"new", client_new},           {"decide", client_decide}, {"status", client_status},
                               {"set_mask", client_set_mask}, {"next", client_next},     {"replay", client_replay},
                               {"begin", client_begin},
                               {"close", client_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
