/* One decision in C: medians and 99th percentiles in nanoseconds as JSON, one round a run (run.py takes medians of runs).
 * Usage: decide POLICY INPUT PORT, the port of an OPA that has the policy. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sark.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOCAL = 20000, REMOTE = 2000 };

static char policy[4096], input[4096];
static uint64_t policy_length, input_length;
static double times[LOCAL];

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static uint64_t slurp(const char *path, char *into, size_t room) {
  FILE *file = fopen(path, "rb");
  size_t length = file ? fread(into, 1, room - 1, file) : 0;
  if (file) fclose(file);
  return length;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *name, int count, const char *end) {
  qsort(times, (size_t)count, sizeof times[0], ascending);
  printf("\"%s\": [%.0f, %.0f]%s", name, times[count / 2], times[count * 99 / 100], end);
}

static void decide(const char *name, const sark_client *client, const char *user) {
  for (int i = -1000; i < LOCAL; i++) {
    sark_decision *decision = NULL;
    double start = now();
    if (sark_client_decide(client, "data.authz.allow", 16, (const uint8_t *)input, input_length, (const uint8_t *)user,
                           strlen(user), NULL, NULL, &decision, NULL) != SARK_OK)
      exit(1);
    if (!sark_decision_allowed(decision)) exit(2);
    sark_decision_free(decision);
    if (i >= 0) times[i] = now() - start;
  }
  report(name, LOCAL, ", ");
}

static void evaluate(const sark_engine *engine) {
  sark_buffer *buffer = sark_buffer_new();
  for (int i = -1000; i < LOCAL; i++) {
    double start = now();
    if (sark_engine_evaluate(engine, "data.authz.allow", 16, (const uint8_t *)input, input_length, NULL, NULL, buffer,
                             NULL) != SARK_OK)
      exit(3);
    if (i >= 0) times[i] = now() - start;
  }
  report("engine", LOCAL, ", ");
  sark_buffer_free(buffer);
}

/* The least that a client of HTTP can do: one write, and reads until the body has ended. */
static void ask(int port) {
  static char request[8192], answer[8192];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int one = 1, socket_ = socket(AF_INET, SOCK_STREAM, 0);
  int length = snprintf(request, sizeof request,
                        "POST /v1/data/authz/allow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: %d\r\n\r\n{\"input\":%s}",
                        (int)input_length + 10, input);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, (struct sockaddr *)&address, sizeof address)) exit(4);
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (int i = -100; i < REMOTE; i++) {
    ssize_t got = 0;
    double start = now();
    if (write(socket_, request, (size_t)length) != length) exit(5);
    do {
      ssize_t part = read(socket_, answer + got, sizeof answer - 1 - (size_t)got);
      if (part <= 0) exit(6);
      answer[got += part] = 0;
    } while (!strstr(answer, "\"result\":true}"));
    if (i >= 0) times[i] = now() - start;
  }
  close(socket_);
  report("http", REMOTE, "");
}

int main(int count, char **arguments) {
  sark_engine *engine = NULL;
  sark_cache *cache = NULL;
  sark_flags *flags = NULL;
  sark_metrics *metrics = NULL;
  sark_client *client = NULL, *cached = NULL, *full = NULL;
  char url[64];
  if (count != 4) return 1;
  policy_length = slurp(arguments[1], policy, sizeof policy);
  input_length = slurp(arguments[2], input, sizeof input);
  while (input_length && input[input_length - 1] == '\n') input[--input_length] = 0;
  snprintf(url, sizeof url, "http://127.0.0.1:%s", arguments[3]);
  if (sark_engine_new(NULL, &engine, NULL) || sark_engine_load_policy(engine, "authz", 5, policy, policy_length, NULL, NULL, NULL) ||
      sark_cache_new(NULL, &cache, NULL) || sark_flags_new("memory:", 7, NULL, &flags, NULL) ||
      sark_flags_set_rollout(flags, "rust_opa", 8, 100, NULL) || sark_metrics_new(NULL, &metrics, NULL))
    return 1;
  sark_client_options options = {.struct_size = sizeof options, .metrics = metrics, .shadow_rate = 0};
  if (sark_client_new(engine, NULL, NULL, NULL, 0, NULL, 0, NULL, &client, NULL) ||
      sark_client_new(engine, cache, NULL, NULL, 0, NULL, 0, NULL, &cached, NULL) ||
      sark_client_new(engine, NULL, flags, url, strlen(url), NULL, 0, &options, &full, NULL))
    return 1;
  printf("{");
  decide("decide", client, "ada");
  decide("cached", cached, "ada");
  decide("flags, metrics, shadow 0 %", full, "ada");
  evaluate(engine);
  ask(atoi(arguments[3]));
  printf("}\n");
  sark_client_free(full), sark_client_free(cached), sark_client_free(client);
  sark_metrics_free(metrics), sark_flags_free(flags), sark_cache_free(cache), sark_engine_free(engine);
  return 0;
}
