#ifndef SARK_REGO_HPP
#define SARK_REGO_HPP

#include <sark.h>

#include <cstdint>

namespace sark {

/// Which Rego a policy or a query is written in. `unset` is v1 for an engine, and the engine's for a policy or a query.
enum class rego_version : std::uint32_t {
  unset = SARK_REGO_DEFAULT,
  v0 = SARK_REGO_V0,
  v1 = SARK_REGO_V1,
  v2 = SARK_REGO_V2,
};

/// Who evaluates. sark, the default, decides as OPA decides; regorus is a second opinion, where the library has it
/// (status::unsupported elsewhere).
enum class evaluator : std::uint32_t {
  unset = SARK_EVALUATOR_DEFAULT,
  sark = SARK_EVALUATOR_SARK,
  regorus = SARK_EVALUATOR_REGORUS,
};

} // namespace sark

#endif
