/* The files of a case, in a temporary directory of its own. Cases run one after the other, so there is one at a time. */
#ifndef FILES_H
#define FILES_H

#include "outcome.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes texts, by their paths. */
outcome files_write(const cJSON *texts);
/* An argument's text, owned, with "${dir}" replaced by the directory; nothing where it is absent. */
bytes files_text(const cJSON *args, const char *name);
/* Removes what the case has written. */
void files_remove(void);

#ifdef __cplusplus
}
#endif
#endif
