/* Runs the cases of tests/cases in one language: the language says how a call is made, this file does the rest. */
#ifndef HARNESS_H
#define HARNESS_H

#include "args.h"
#include "outcome.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct language {
  void *(*begin)(void);
  /* last_revision is NULL where the case has asked for none yet. */
  outcome (*call)(void *world, const char *call, const cJSON *args, const char *last_revision);
  /* Closes and frees everything that the case has made. */
  void (*end)(void *world);
} language;

/* Runs the files of argv, prints what failed and a line `N passed, N failed, N skipped`; 0 where none failed. */
int harness_main(int argc, char **argv, const language *language);

#ifdef __cplusplus
}
#endif
#endif
