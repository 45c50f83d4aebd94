/* Forks under load, with the cache's sweep running, a directory followed and a kept-alive connection to a real OPA open: no child
   hangs, and no answer crosses processes. Usage: fork OPA_URL [FORKS]; the OPA has `package echo` with `id := input.id`. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Entries that never expire keep the sweep busy, so that most forks come in the middle of one. */
enum { LOADERS = 3, QUESTIONS = 10, PERMANENT = 30000, PATIENCE_SECONDS = 30 };
/* Every so many forks the directory changes, which takes the files some time of quiet. */
enum { FORKS_FOR_A_CHANGE = 10 };

static const char *opa_url;
static sark_engine *engine;
static sark_source *source;
static char directory[] = "/tmp/sark-fork-XXXXXX";
static atomic_bool stop;

/* A client whose dial stands at 0 %: the remote decides everything. */
static sark_client *remote_client(sark_flags *flags, sark_cache *cache) {
  sark_error *error = NULL;
  sark_client *client = NULL;
  OK(sark_client_new(engine, cache, flags, opa_url, strlen(opa_url), NONE, NULL, &client, &error));
  return client;
}

/* Asks the remote for an id that only this process asks for, and the engine for a number. */
static void ask(sark_client *client, sark_buffer *buffer, int i) {
  sark_error *error = NULL;
  sark_decision *decision = NULL;
  char input[64], expected[64];
  int length = snprintf(input, sizeof input, "{\"id\":\"%d-%d\"}", (int)getpid(), i);
  snprintf(expected, sizeof expected, "\"%d-%d\"", (int)getpid(), i);
  OK(sark_client_decide(client, TEXT("data.echo.id"), (const uint8_t *)input, (uint64_t)length, BYTES("u"), NULL, NULL, &decision, &error));
  sark_str result = sark_decision_result(decision);
  sark_str side = sark_decision_implementation(decision);
  CHECK(side.length == 4 && memcmp(side.data, "http", 4) == 0);
  if (result.length != strlen(expected) || memcmp(result.data, expected, result.length) != 0) {
    fprintf(stderr, "an answer crossed processes: asked %s, got %.*s\n", expected, (int)result.length, result.data);
    abort();
  }
  sark_decision_free(decision);
  OK(sark_engine_evaluate(engine, TEXT("data.local.number"), NONE, NULL, NULL, buffer, &error));
  CHECK(buffer_is(buffer, "7"));
}

static void *load(void *flags) {
  sark_error *error = NULL;
  sark_cache *cache = NULL;
  sark_buffer *buffer = sark_buffer_new();
  OK(sark_cache_new(NULL, &cache, &error));
  sark_client *client = remote_client(flags, cache);
  for (int i = 0; !atomic_load(&stop); i++) {
    ask(client, buffer, 1000 + i);
    OK(sark_cache_set(cache, (const uint8_t *)&i, sizeof i, BYTES("value"), NULL, NULL, &error));
  }
  sark_client_free(client);
  sark_cache_free(cache);
  sark_buffer_free(buffer);
  return NULL;
}

/* In the child: everything that the parent had open between two calls still works, and its own threads start anew. */
static void live_on(sark_client *client, sark_cache *cache, sark_buffer *buffer) {
  sark_error *error = NULL;
  uint64_t entries = 0;
  for (int i = 0; i < QUESTIONS; i++) ask(client, buffer, i);
  sark_cache_set_options brief = {sizeof brief, 0, 1};
  OK(sark_cache_set(cache, BYTES("child"), BYTES("v"), &brief, NULL, &error));
  /* The sweep of this process removes it: the parent's thread does not exist here. */
  for (int i = 0; i < 2000; i++) {
    OK(sark_cache_len(cache, &entries, &error));
    if (entries <= PERMANENT) break;
    usleep(1000);
  }
  CHECK(entries <= PERMANENT);
}

static void file_name(char *path, size_t room, const char *name) { snprintf(path, room, "%s/%s", directory, name); }

/* At once, as a whole. */
static void write_number(int number) {
  char path[64], written[64];
  file_name(path, sizeof path, "data.json");
  file_name(written, sizeof written, ".written");
  FILE *file = fopen(written, "w");
  CHECK(file != NULL && fprintf(file, "{\"followed\": %d}", number) > 0 && fclose(file) == 0 && rename(written, path) == 0);
}

static void follow(void) {
  sark_error *error = NULL;
  char url[64];
  CHECK(mkdtemp(directory) != NULL);
  write_number(-1);
  int length = snprintf(url, sizeof url, "dir:%s", directory);
  OK(sark_source_new(engine, url, (uint64_t)length, TEXT("{\"roots\":[\"followed\"]}"), &source, &error));
  OK(sark_source_wait(source, SARK_NO_TIMEOUT, &error));
}

static void stop_following(void) {
  char path[64];
  sark_source_free(source);
  file_name(path, sizeof path, "data.json");
  CHECK(unlink(path) == 0 && rmdir(directory) == 0);
}

/* In the child: its own thread follows the source, as the parent's does not exist here. */
static void follow_on(int number, sark_buffer *buffer) {
  sark_error *error = NULL;
  char expected[32];
  snprintf(expected, sizeof expected, "%d", number);
  write_number(number);
  OK(sark_source_trigger(source, &error));
  for (int i = 0; i < PATIENCE_SECONDS * 1000; i++) {
    OK(sark_engine_evaluate(engine, TEXT("data.followed"), NONE, NULL, NULL, buffer, &error));
    if (buffer_is(buffer, expected)) return;
    usleep(1000);
  }
  CHECK(!"the child's source brought nothing new");
}

static void wait_for(pid_t child) {
  int status = 0;
  for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited++) {
    if (waited > PATIENCE_SECONDS * 1000) {
      fprintf(stderr, "child %d hangs\n", (int)child);
      kill(child, SIGKILL);
      abort();
    }
    usleep(1000);
  }
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
  sark_error *error = NULL;
  sark_flags *flags = NULL;
  sark_cache *cache = NULL;
  pthread_t loaders[LOADERS];
  CHECK(argc > 1);
  opa_url = argv[1];
  int forks = argc > 2 ? atoi(argv[2]) : 200;
  OK(sark_engine_new(NULL, &engine, &error));
  OK(sark_engine_load_policy(engine, TEXT("local"), TEXT("package local\nnumber := 7"), NULL, NULL, &error));
  follow();
  OK(sark_flags_new(TEXT("memory:"), NULL, &flags, &error));
  sark_cache_options options = {.struct_size = sizeof options, .max_entries = 2 * PERMANENT, .sweep_interval_ns = 100000, .default_ttl_ns = 500000};
  OK(sark_cache_new(&options, &cache, &error));
  sark_client *client = remote_client(flags, cache);
  sark_buffer *buffer = sark_buffer_new();
  sark_cache_set_options permanent = {sizeof permanent, 0, SARK_NO_EXPIRY};
  for (int k = 0; k < PERMANENT; k++) OK(sark_cache_set(cache, (const uint8_t *)&k, sizeof k, BYTES("value"), &permanent, NULL, &error));
  for (int i = 0; i < LOADERS; i++) CHECK(pthread_create(&loaders[i], NULL, load, flags) == 0);
  for (int i = 0; i < forks; i++) {
    for (int k = 0; k < 50; k++) OK(sark_cache_set(cache, (const uint8_t *)&k, sizeof k - 1, BYTES("value"), NULL, NULL, &error));
    ask(client, buffer, i);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      live_on(client, cache, buffer);
      if (i % FORKS_FOR_A_CHANGE == 0) follow_on(i, buffer);
      /* Handles that no other thread was inside may be freed, too. */
      sark_client_free(client);
      sark_cache_free(cache);
      sark_source_free(source);
      _exit(0);
    }
    ask(client, buffer, i);
    wait_for(child);
  }
  atomic_store(&stop, true);
  for (int i = 0; i < LOADERS; i++) CHECK(pthread_join(loaders[i], NULL) == 0);
  sark_client_free(client);
  sark_cache_free(cache);
  sark_flags_free(flags);
  stop_following();
  sark_engine_free(engine);
  sark_buffer_free(buffer);
  printf("fork: %d forks under load: no child hung, no answer crossed processes\n", forks);
  return 0;
}
