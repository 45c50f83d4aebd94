/* The header alone, twice, as strict C99. That it compiles is the test. */
#include <sark.h>
#include <sark.h>

/* Uses of it that a C program makes: constants in constant expressions, structs by initialiser. */
enum { undefined = SARK_UNDEFINED, closed = SARK_CLOSED };
static const sark_engine_options engine_options = {.struct_size = sizeof(sark_engine_options),
                                                   .timeout_ns = SARK_NO_TIMEOUT};

int main(void) {
  if (sark_abi_version() != SARK_ABI_VERSION) return 1;
  switch (sark_status_name(SARK_OK).length) {
  case undefined: return 2;
  default: return engine_options.struct_size == sizeof engine_options && closed < 0 ? 0 : 3;
  }
}
