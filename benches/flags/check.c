/* One check of the dial in C: nanoseconds as JSON, one round a run (run.py takes medians of runs). */
#define _POSIX_C_SOURCE 200809L
#include <sark.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { USERS = 1024, CHECKS = 1 << 20 };

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

int main(void) {
  static char users[USERS][16];
  uint64_t lengths[USERS], enabled = 0;
  sark_flags *flags = NULL;
  double start;
  if (sark_flags_new("memory:", 7, NULL, &flags, NULL) != SARK_OK ||
      sark_flags_set_rollout(flags, "rust_opa", 8, 25, NULL) != SARK_OK)
    return 1;
  for (int i = 0; i < USERS; i++) lengths[i] = (uint64_t)snprintf(users[i], sizeof users[i], "user%d", i * 7919);
  start = now();
  for (int i = 0; i < CHECKS; i++) {
    int user = i % USERS;
    enabled += sark_flags_is_enabled(flags, "rust_opa", 8, (const uint8_t *)users[user], lengths[user], NULL);
  }
  printf("{\"sark\": %.2f}\n", (now() - start) / CHECKS);
  sark_flags_free(flags);
  return enabled == 0 || enabled == CHECKS;
}
