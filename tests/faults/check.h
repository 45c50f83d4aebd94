/* What the fault tests share: checks that say where they failed, and text literals with their lengths. */
#ifndef SARK_TESTS_CHECK_H
#define SARK_TESTS_CHECK_H

#include <sark.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A literal as the ABI's pair of pointer and length. */
#define TEXT(literal) (literal), (uint64_t)(sizeof(literal) - 1)
#define BYTES(literal) (const uint8_t *)(literal), (uint64_t)(sizeof(literal) - 1)
#define NONE NULL, 0

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                \
      abort();                                                                               \
    }                                                                                        \
  } while (0)

/* Checks a status; where it differs, prints what the library said. Frees the error. */
static inline void expect_status(int32_t got, int32_t expected, sark_error **error, const char *call, const char *file, int line) {
  sark_str message = sark_error_message(*error);
  if (got != expected) {
    fprintf(stderr, "%s:%d: %s answered %d (%.*s), expected %d\n", file, line, call, got, (int)message.length, message.data, expected);
    abort();
  }
  /* An error comes with an object, and nothing else does. */
  CHECK((got < 0) == (*error != NULL));
  CHECK(got >= 0 || sark_error_status(*error) == got);
  CHECK(got >= 0 || message.length > 0);
  sark_error_free(*error);
  *error = NULL;
}

#define EXPECT(status, call) expect_status((call), (status), &error, #call, __FILE__, __LINE__)
#define OK(call) EXPECT(SARK_OK, call)

static inline bool buffer_is(const sark_buffer *buffer, const char *text) {
  return buffer->length == strlen(text) && (buffer->length == 0 || memcmp(buffer->data, text, buffer->length) == 0);
}

#endif
