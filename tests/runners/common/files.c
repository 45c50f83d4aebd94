#define _XOPEN_SOURCE 700
#include "files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "args.h"

static const char PLACE[] = "${dir}";
/* Empty while the case has none. */
static char directory[64];

static const char *made_directory(void) {
  if (!directory[0]) {
    strcpy(directory, "/tmp/sark-case-XXXXXX");
    if (!mkdtemp(directory)) abort();
  }
  return directory;
}

/* Makes the directories above a file. */
static void make_parents(char *path) {
  char *slash = path + strlen(directory) + 1;
  for (; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
}

/* Renamed into its place: whoever watches it never sees a half of it. */
static bool write_file(const char *name, const char *text) {
  size_t room = strlen(made_directory()) + strlen(name) + 2;
  char *path = args_allocate(room, 1), partial[sizeof directory + 16];
  FILE *file;
  bool written;
  snprintf(path, room, "%s/%s", directory, name);
  snprintf(partial, sizeof partial, "%s/.partial", directory);
  make_parents(path);
  file = fopen(partial, "wb");
  written = file && fputs(text, file) >= 0;
  if (file && fclose(file) != 0) written = false;
  written = written && rename(partial, path) == 0;
  free(path);
  return written;
}

outcome files_write(const cJSON *texts) {
  const cJSON *text;
  cJSON_ArrayForEach(text, texts) {
    if (!cJSON_IsString(text) || !write_file(text->string, text->valuestring)) return outcome_broken("a file that cannot be written");
  }
  return outcome_of(OUTCOME_DONE);
}

bytes files_text(const cJSON *args, const char *name) {
  bytes given = args_bytes(args, name), made;
  char *place = given.data ? strstr((char *)given.data, PLACE) : NULL;
  size_t before, room;
  if (!place) return given;
  before = (size_t)(place - (char *)given.data);
  room = given.length + strlen(made_directory()) + 1;
  made.data = args_allocate(room, 1);
  snprintf((char *)made.data, room, "%.*s%s%s", (int)before, (char *)given.data, directory, place + strlen(PLACE));
  made.length = strlen((char *)made.data);
  free(given.data);
  return made;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place) {
  (void)about, (void)kind, (void)place;
  return remove(path);
}

void files_remove(void) {
  if (directory[0]) nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  directory[0] = '\0';
}
