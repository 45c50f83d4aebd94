// The C++ header in a second translation unit, linked with the first: everything in it has to be inline.
#include <sark.hpp>

bool use_everything();

int main(int argc, char **) { return argc > 1 && !use_everything() ? 1 : static_cast<int>(sark::status::ok); }
