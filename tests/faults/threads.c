/* Eight threads load, decide and free while another replaces policies and data together: each answer belongs to one revision, and
   none is older than the thread's last. Then handles are closed under threads that use them, over and over: each call is answered in
   full or says CLOSED; among them are sources, which may go before or after their engine. Run under valgrind: nothing is lost.
   Usage: threads [ROUNDS] */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 8 };

static sark_engine *engine;
static sark_cache *cache;
static sark_client *client;
static sark_source *source;
static char directory[] = "/tmp/sark-threads-XXXXXX";
static atomic_int replaced_until;
static int rounds = 2000;

/* Both numbers change in one update, so an answer that holds two different ones mixes two revisions. */
static void replace(int round) {
  char rego[128], data[64];
  sark_error *error = NULL;
  sark_update *update = NULL;
  int rego_length = snprintf(rego, sizeof rego, "package pair\npolicy := %d\nboth := [policy, data.number]", round);
  int data_length = snprintf(data, sizeof data, "{\"number\": %d}", round);
  OK(sark_update_new(engine, &update, &error));
  OK(sark_update_load_policy(update, TEXT("pair"), rego, (uint64_t)rego_length, NULL, &error));
  OK(sark_update_set_data(update, (const uint8_t *)data, (uint64_t)data_length, NULL, &error));
  OK(sark_update_commit(update, NONE, NULL, &error));
  sark_update_free(update);
}

static void *replace_all(void *unused) {
  (void)unused;
  for (int round = 2; round <= rounds; round++) {
    replace(round);
    atomic_store(&replaced_until, round);
  }
  return NULL;
}

/* The pair in `[a,b]`; a wrong pair ends the test. */
static int number_of(const char *data, uint64_t length) {
  char text[64];
  int policy = 0, number = 0;
  CHECK(length < sizeof text);
  memcpy(text, data, length);
  text[length] = 0;
  CHECK(sscanf(text, "[%d,%d]", &policy, &number) == 2);
  CHECK(policy == number);
  return policy;
}

static void *decide(void *unused) {
  (void)unused;
  sark_error *error = NULL;
  sark_buffer *buffer = sark_buffer_new();
  int last = 0;
  while (atomic_load(&replaced_until) < rounds) {
    sark_query *query = NULL;
    sark_input *input = NULL;
    sark_decision *decision = NULL;
    int before = atomic_load(&replaced_until);
    OK(sark_engine_prepare(engine, TEXT("data.pair.both"), NULL, NULL, &query, &error));
    OK(sark_input_parse(engine, BYTES("{\"a\":[1,2,3]}"), &input, &error));
    OK(sark_query_evaluate_input(query, input, NULL, NULL, buffer, &error));
    int now = number_of((const char *)buffer->data, buffer->length);
    CHECK(now >= last && now >= before);
    last = now;
    OK(sark_client_decide(client, TEXT("data.pair.both"), BYTES("{\"b\":1}"), BYTES("u"), NULL, NULL, &decision, &error));
    sark_str result = sark_decision_result(decision);
    now = number_of(result.data, result.length);
    CHECK(now >= last);
    last = now;
    /* Frees go in any order. */
    sark_input_free(input);
    sark_decision_free(decision);
    sark_query_free(query);
  }
  sark_buffer_free(buffer);
  return NULL;
}

/* Without a time limit: on a busy machine, or under valgrind, which runs one thread at a time, a thread may stand still for longer than
   any limit while it evaluates. */
static void make(void) {
  sark_error *error = NULL;
  sark_engine_options of_engine = {.struct_size = sizeof of_engine, .timeout_ns = SARK_NO_TIMEOUT};
  sark_client_options of_client = {.struct_size = sizeof of_client, .timeout_ns = SARK_NO_TIMEOUT};
  OK(sark_engine_new(&of_engine, &engine, &error));
  OK(sark_cache_new(NULL, &cache, &error));
  OK(sark_client_new(engine, cache, NULL, NONE, NONE, &of_client, &client, &error));
  replace(1);
}

static void end(void) {
  sark_cache_free(cache);
  sark_engine_free(engine);
  sark_client_free(client);
}

static void while_replacing(void) {
  pthread_t threads[THREADS], writer;
  make();
  atomic_store(&replaced_until, 1);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, decide, NULL) == 0);
  CHECK(pthread_create(&writer, NULL, replace_all, NULL) == 0);
  CHECK(pthread_join(writer, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  end();
}

/* Neither an answer nor "closed": prints what it was. */
static bool is_closed(int32_t status, sark_error **error) {
  sark_str message = sark_error_message(*error);
  if (status != SARK_OK && status != SARK_MISS && status != SARK_CLOSED) {
    fprintf(stderr, "a call while closing answered %d (%.*s)\n", status, (int)message.length, message.data);
    abort();
  }
  sark_error_free(*error);
  return status == SARK_CLOSED;
}

/* Uses everything until it is told that it was closed. */
static void *until_closed(void *unused) {
  (void)unused;
  sark_error *error = NULL;
  sark_buffer *buffer = sark_buffer_new();
  bool engine_closed = false, cache_closed = false, client_closed = false;
  while (!(engine_closed && cache_closed && client_closed)) {
    sark_decision *decision = NULL;
    engine_closed = is_closed(sark_engine_evaluate(engine, TEXT("pair"), NONE, NULL, NULL, buffer, &error), &error);
    is_closed(sark_engine_run_tests(engine, NONE, NULL, buffer, &error), &error);
    is_closed(sark_engine_next(engine, 1000000, buffer, &error), &error);
    cache_closed = is_closed(sark_cache_set(cache, BYTES("k"), BYTES("v"), NULL, NULL, &error), &error);
    client_closed = is_closed(sark_client_decide(client, TEXT("pair"), NONE, NONE, NULL, NULL, &decision, &error), &error);
    sark_decision_free(decision);
  }
  sark_buffer_free(buffer);
  return NULL;
}

static void while_closing(void) {
  pthread_t threads[THREADS];
  make();
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, until_closed, NULL) == 0);
  sark_engine_close(engine);
  sark_cache_close(cache);
  sark_client_close(client);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  end();
}

/* Asks a source, waits for it and decides by it, until it is told that it was closed. Its engine goes on, or answers CLOSED as well. */
static void *until_the_source_closed(void *unused) {
  (void)unused;
  enum { MILLISECOND = 1000000 };
  sark_error *error = NULL;
  sark_buffer *buffer = sark_buffer_new();
  for (bool closed = false; !closed;) {
    is_closed(sark_source_trigger(source, &error), &error);
    is_closed(sark_source_wait(source, MILLISECOND, &error), &error);
    closed = is_closed(sark_source_next(source, MILLISECOND, buffer, &error), &error);
    OK(sark_source_status(source, buffer, &error));
    if (!is_closed(sark_engine_evaluate(engine, TEXT("data.followed.x"), NONE, NULL, NULL, buffer, &error), &error)) CHECK(buffer_is(buffer, "1"));
  }
  sark_buffer_free(buffer);
  return NULL;
}

static void source_while_closing(bool engine_first) {
  pthread_t threads[THREADS];
  char url[64];
  sark_error *error = NULL;
  int length = snprintf(url, sizeof url, "dir:%s", directory);
  sark_engine_options options = {.struct_size = sizeof options, .timeout_ns = SARK_NO_TIMEOUT};
  OK(sark_engine_new(&options, &engine, &error));
  OK(sark_source_new(engine, url, (uint64_t)length, NONE, &source, &error));
  OK(sark_source_wait(source, SARK_NO_TIMEOUT, &error));
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, until_the_source_closed, NULL) == 0);
  if (engine_first) sark_engine_close(engine);
  else sark_source_close(source);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  if (engine_first) sark_engine_free(engine);
  sark_source_free(source);
  if (!engine_first) sark_engine_free(engine);
}

static void sources_while_closing(void) {
  char path[64];
  CHECK(mkdtemp(directory) != NULL);
  snprintf(path, sizeof path, "%s/p.rego", directory);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs("package followed\nx := 1\n", file) >= 0 && fclose(file) == 0);
  for (int i = 0; i < rounds / 20 + 2; i++) source_while_closing(i % 2 == 0);
  CHECK(unlink(path) == 0 && rmdir(directory) == 0);
}

/* Whether the library's own threads end once all handles are gone: within 20 s, on however slow a machine. */
static bool ends_alone(void) {
  for (int tries = 0; tries < 2000; tries++) {
    int tasks = 0;
    DIR *directory = opendir("/proc/self/task");
    CHECK(directory != NULL);
    while (readdir(directory) != NULL) tasks++;
    closedir(directory);
    /* "." and ".." are two. */
    if (tasks == 3) return true;
    usleep(10000);
  }
  return false;
}

int main(int argc, char **argv) {
  if (argc > 1) rounds = atoi(argv[1]);
  while_replacing();
  for (int i = 0; i < rounds / 10; i++) while_closing();
  sources_while_closing();
  CHECK(ends_alone());
  printf("threads: %d threads decided while policies and data were replaced %d times: no wrong answer; handles were closed under them %d times\n", THREADS, rounds, rounds / 10);
  return 0;
}
