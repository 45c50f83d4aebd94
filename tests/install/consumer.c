/* A user's first program: installed header, installed library. Prints the library's version where all is well. */
#include <sark.h>
#include <stdio.h>
#include <string.h>

static const char policy[] = "package authz\n\nallow if input.role == \"admin\"\n";
static const char input[] = "{\"role\": \"admin\"}";

static int fail(const char *what, sark_error *error) {
  sark_str message = sark_error_message(error);
  fprintf(stderr, "%s: %.*s\n", what, (int)message.length, message.data);
  sark_error_free(error);
  return 1;
}

int main(void) {
  sark_engine *engine = NULL;
  sark_error *error = NULL;
  sark_buffer *answer = sark_buffer_new();
  sark_str version = sark_version();

  if (sark_engine_new(NULL, &engine, &error) != SARK_OK) return fail("new", error);
  if (sark_engine_load_policy(engine, "authz", 5, policy, strlen(policy), NULL, NULL, &error) != SARK_OK)
    return fail("load", error);
  if (sark_engine_evaluate(engine, "data.authz.allow", 16, (const uint8_t *)input, strlen(input), NULL, NULL, answer,
                           &error) != SARK_OK)
    return fail("evaluate", error);
  if (answer->length != 4 || memcmp(answer->data, "true", 4) != 0) return fail("answer", NULL);

  printf("%.*s\n", (int)version.length, version.data);
  sark_buffer_free(answer);
  sark_engine_close(engine);
  sark_engine_free(engine);
  return 0;
}
