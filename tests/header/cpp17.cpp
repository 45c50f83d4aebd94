// The C header alone, twice, as strict C++17. That it compiles is the test.
#include <sark.h>
#include <sark.h>

static_assert(SARK_OK == 0 && SARK_UNDEFINED > 0 && SARK_CLOSED < 0);

int main() { return sark_status_name(SARK_OK).length > 0 ? 0 : 1; }
