#ifndef SARK_ERROR_HPP
#define SARK_ERROR_HPP

#include "detail.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace sark {

/// What a call answers. Zero is OK, positive is not an error, negative is one; treat a negative one that you
/// do not know as internal_error.
enum class status : std::int32_t {
  ok = SARK_OK,
  undefined = SARK_UNDEFINED,
  miss = SARK_MISS,
  pending = SARK_PENDING,
  invalid_argument = SARK_INVALID_ARGUMENT,
  policy_not_found = SARK_POLICY_NOT_FOUND,
  compilation_error = SARK_COMPILATION_ERROR,
  evaluation_error = SARK_EVALUATION_ERROR,
  serialization_error = SARK_SERIALIZATION_ERROR,
  limit_exceeded = SARK_LIMIT_EXCEEDED,
  unavailable = SARK_UNAVAILABLE,
  unsupported = SARK_UNSUPPORTED,
  conflict = SARK_CONFLICT,
  too_large = SARK_TOO_LARGE,
  cancelled = SARK_CANCELLED,
  closed = SARK_CLOSED,
  internal_error = SARK_INTERNAL_ERROR,
};

/// "POLICY_NOT_FOUND", …; lives for ever.
inline std::string_view status_name(status value) noexcept {
  return detail::view(::sark_status_name(static_cast<std::int32_t>(value)));
}

/// Why a call failed, or nothing (as after a call that did not). The texts live as long as this object.
class error {
public:
  error() noexcept = default;

  /// Takes over what a C call has written, NULL included.
  explicit error(::sark_error *raw) noexcept : raw_(raw) {}
  error(sark::status status, ::sark_error *raw) noexcept : status_(status), raw_(raw) {}

  /// True where there is an error.
  explicit operator bool() const noexcept { return status() != sark::status::ok; }

  sark::status status() const noexcept {
    return raw_ ? static_cast<sark::status>(::sark_error_status(raw_.get())) : status_;
  }
  std::string_view status_name() const noexcept { return sark::status_name(status()); }

  /// OPA's code ("rego_parse_error", "eval_conflict_error", …); empty where there is none.
  std::string_view code() const noexcept { return raw_ ? detail::view(::sark_error_code(raw_.get())) : ""; }
  std::string_view message() const noexcept { return raw_ ? detail::view(::sark_error_message(raw_.get())) : ""; }

  /// {"status", "code", "message", "offset"?, "errors"?: [{"code", "message", "location": {"file", "row", "col"}}]}
  std::string_view json() const noexcept { return raw_ ? detail::view(::sark_error_json(raw_.get())) : "{}"; }

private:
  sark::status status_ = sark::status::ok;
  detail::owned<::sark_error, ::sark_error_free> raw_;
};

namespace detail {

/// The place where one call writes its error; what nobody takes is freed.
class error_slot {
public:
  error_slot() noexcept = default;
  error_slot(const error_slot &) = delete;
  error_slot &operator=(const error_slot &) = delete;
  ~error_slot() { ::sark_error_free(raw_); }

  ::sark_error **out() noexcept { return &raw_; }
  sark::error take(std::int32_t status) noexcept {
    return sark::error(static_cast<sark::status>(status), std::exchange(raw_, nullptr));
  }
  /// For a predicate: `wanted` may be null.
  void give(sark::error *wanted) noexcept {
    if (wanted) *wanted = sark::error(std::exchange(raw_, nullptr));
  }

private:
  ::sark_error *raw_ = nullptr;
};

} // namespace detail
} // namespace sark

#endif
