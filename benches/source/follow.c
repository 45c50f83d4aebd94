/* Follows a source, decides beside it, and says what the driver asks: `vN` waits for that revision and gives the seconds of its activation;
 * `slowest` gives the longest that a decision took since it was last asked, in seconds, and `resident` the memory in MiB.
 *
 * follow URL [decide] */
#include <pthread.h>
#include <sark.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char CONFIG[] = "{\"name\":\"authz\",\"polling\":{\"min_delay_seconds\":0.05,\"max_delay_seconds\":0.05}}";
static const char QUESTION[] = "data.app.p7.allow";
static const char INPUT[] = "{\"method\":\"GET\",\"path\":[\"r7\"],\"user\":\"user7\"}";

static atomic_llong slowest;

static void check(int32_t status, sark_error *error) {
  if (status < 0) {
    sark_str message = sark_error_message(error);
    fprintf(stderr, "follow: %.*s\n", (int)message.length, message.data);
    exit(1);
  }
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}


/* One decision after another, without a pause: each is a chance to meet the moment of the swap. */
static void *decide(void *engine) {
  sark_buffer *buffer = sark_buffer_new();
  for (;;) {
    sark_error *error;
    long long start = now();
    int32_t status = sark_engine_evaluate(engine, QUESTION, strlen(QUESTION), (const uint8_t *)INPUT, strlen(INPUT), NULL, NULL, buffer, &error);
    long long took = now() - start;
    check(status, error);
    if (took > atomic_load(&slowest))
      atomic_store(&slowest, took);
  }
  return NULL;
}

static double resident(void) {
  char line[256];
  double kib = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    sscanf(line, "VmRSS: %lf", &kib);
  if (status)
    fclose(status);
  return kib / 1024;
}

/* Takes events until the one of that revision. */
static double activation(sark_source *source, sark_buffer *buffer, const char *revision) {
  char wanted[96];
  snprintf(wanted, sizeof wanted, "\"revision\":\"%s\"", revision);
  for (;;) {
    sark_error *error;
    int32_t status = sark_source_next(source, 1000000000, buffer, &error);
    check(status, error);
    if (status == SARK_MISS)
      continue;
    char *text = strndup((const char *)buffer->data, buffer->length);
    char *seconds = strstr(text, "\"seconds\":");
    double took = strstr(text, wanted) && seconds ? atof(seconds + strlen("\"seconds\":")) : -1;
    free(text);
    if (took >= 0)
      return took;
  }
}

int main(int count, char **arguments) {
  sark_error *error;
  sark_engine *engine;
  sark_source *source;
  check(sark_engine_new(NULL, &engine, &error), error);
  check(sark_source_new(engine, arguments[1], strlen(arguments[1]), CONFIG, strlen(CONFIG), &source, &error), error);
  check(sark_source_wait(source, 120000000000, &error), error);
  sark_buffer *buffer = sark_buffer_new();
  char line[64];
  pthread_t thread;
  if (count > 2)
    pthread_create(&thread, NULL, decide, engine);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "slowest") == 0)
      printf("%.9f\n", (double)atomic_exchange(&slowest, 0) / 1e9);
    else if (strcmp(line, "resident") == 0)
      printf("%.3f\n", resident());
    else
      printf("%.6f\n", activation(source, buffer, line));
    fflush(stdout);
  }
  return 0;
}
