/* Every function on a stack of 128 KiB. Policies here are small: regorus' parser and interpreter recurse, so what they need grows with
   how deep a policy nests. */
#define _GNU_SOURCE
#include "world.h"

#include <pthread.h>

enum { STACK_BYTES = 128 << 10 };

static int called;

#define STATUS(function, expected, call) EXPECT(expected, call); called++;
#define BOOL(function, expected, call) CHECK((call) == (expected)); CHECK(error == NULL); called++;
#define VALUE(function, check, call) { call; CHECK(check); called++; }
#define VOID(function, call) call; called++;

static void *prepare_on_a_large_stack(void *unused) {
  sark_engine **made = unused;
  OK(sark_engine_new(NULL, made, &error));
  return NULL;
}

static void *call_all(void *unused) {
#include "every_function.inc"
  return unused;
}

/* What the reader bears, it bears here: JSON at its depth limit, and far beyond. */
static void *read_deep(void *made) {
  enum { DEEP = 100000 };
  static uint8_t json[DEEP];
  memset(json, '[', DEEP);
  EXPECT(SARK_LIMIT_EXCEEDED, sark_input_parse(made, json, DEEP, &input, &error));
  memset(json + 127, ']', 127);
  OK(sark_input_parse(made, json, 254, &input, &error));
  sark_input_free(input);
  input = NULL;
  return NULL;
}

static void run(void *(*body)(void *), void *argument, size_t stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, stack) == 0);
  CHECK(pthread_create(&thread, &attributes, body, argument) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  pthread_attr_destroy(&attributes);
}

int main(void) {
  sark_engine *made = NULL;
  run(prepare_on_a_large_stack, &made, 8 << 20);
  run(read_deep, made, STACK_BYTES);
  sark_engine_free(made);
  run(call_all, NULL, STACK_BYTES);
  printf("stack: %d functions called on a stack of %d KiB\n", called, STACK_BYTES >> 10);
  return 0;
}
