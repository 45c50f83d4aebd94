// The same in C++17. Prints the library's version where all is well.
#include <sark.hpp>

#include <cstdio>

int main() {
  auto engine = sark::engine::make();
  if (!engine) return 1;
  if (auto loaded = engine->load_policy("authz", "package authz\n\nallow if input.role == \"admin\"\n"); !loaded) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(loaded.error().message().size()), loaded.error().message().data());
    return 1;
  }
  auto query = engine->prepare("data.authz.allow");
  if (!query || !query->allows(R"({"role": "admin"})") || query->allows(R"({"role": "guest"})")) return 1;
  std::printf("%.*s\n", static_cast<int>(sark::version().size()), sark::version().data());
}
