#include <stdlib.h>
#include <string.h>

#include "world.h"

static outcome admin_new(world *world, const cJSON *args, const char *last_revision) {
  bytes tokens = args_json(args, "tokens");
  sark_admin_options options;
  sark_error *error;
  int32_t status;
  (void)last_revision;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.allow_anonymous = args_true(args, "allow_anonymous");
  options.flags = world->flags;
  options.engine = world->engine;
  options.cache = world->cache;
  options.metrics = world->metrics;
  options.client = world->client;
  sark_admin_free(world->admin);
  world->admin = NULL;
  status = sark_admin_new(tokens.data, tokens.length, &options, &world->admin, &error);
  free(tokens.data);
  return done(status, error);
}

/* {"status", "headers": text, "body": JSON or, where it is none, text} */
static outcome response(uint32_t status, const sark_buffer *head, const sark_buffer *body) {
  cJSON *answer = cJSON_CreateObject();
  char *headers = args_copy((const char *)head->data, head->length);
  char *text = args_copy((const char *)body->data, body->length);
  cJSON *json = cJSON_Parse(text);
  cJSON_AddNumberToObject(answer, "status", status);
  cJSON_AddStringToObject(answer, "headers", headers);
  cJSON_AddItemToObject(answer, "body", json ? json : cJSON_CreateString(text));
  free(headers);
  free(text);
  return outcome_value(answer);
}

static outcome admin_handle(world *world, const cJSON *args, const char *last_revision) {
  bytes method = args_bytes(args, "method"), target = args_bytes(args, "target");
  bytes headers = args_bytes(args, "headers"), body = args_bytes(args, "body");
  sark_buffer *second = sark_buffer_new();
  uint32_t code = 0;
  sark_error *error;
  int32_t status = sark_admin_handle(world->admin, method.data, method.length, target.data, target.length, headers.data,
                                     headers.length, body.data, body.length, &code, second, world->buffer, &error);
  outcome answer = status == SARK_OK ? response(code, second, world->buffer) : done(status, error);
  (void)last_revision;
  sark_buffer_free(second);
  free(method.data);
  free(target.data);
  free(headers.data);
  free(body.data);
  return answer;
}

static outcome admin_close(world *world, const cJSON *args, const char *last_revision) {
  (void)args, (void)last_revision;
  sark_admin_close(world->admin);
  return outcome_of(OUTCOME_DONE);
}

call admin_call(const char *name) {
  static const verb verbs[] = {{"new", admin_new}, {"handle", admin_handle}, {"close", admin_close}};
  return find_call(verbs, sizeof verbs / sizeof verbs[0], name);
}
