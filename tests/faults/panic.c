/* A panic in every function: it answers INTERNAL_ERROR (or its neutral value), prints nothing, and the handle works on.
   Linked with the test build (feature test-panic), the only one that has sark_test_panic_next. */
#include "world.h"

void sark_test_panic_next(void);

static int provoked;

#define STATUS(function, expected, call)       \
  sark_test_panic_next();                      \
  EXPECT(SARK_INTERNAL_ERROR, call);           \
  EXPECT(expected, call);                      \
  provoked++;
#define BOOL(function, expected, call)                                                        \
  sark_test_panic_next();                                                                     \
  CHECK(!(call));                                                                             \
  CHECK(sark_error_status(error) == SARK_INTERNAL_ERROR);                                     \
  sark_error_free(error);                                                                     \
  CHECK((call) == (expected));                                                                \
  provoked++;
/* The neutral value is the type's empty one, so it need not meet the check; the next call does. */
#define VALUE(function, check, call) \
  sark_test_panic_next();            \
  { call; (void)value; }             \
  { call; CHECK(check); }            \
  provoked++;
/* The first call ends in the panic, before it has freed anything: the second one frees. */
#define VOID(function, call) \
  sark_test_panic_next();    \
  call;                      \
  call;                      \
  provoked++;

int main(void) {
#include "every_function.inc"
  printf("panic: %d entries panicked inside and worked on\n", provoked);
  return 0;
}
