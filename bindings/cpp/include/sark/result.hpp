#ifndef SARK_RESULT_HPP
#define SARK_RESULT_HPP

#include "error.hpp"

#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

namespace sark {

/// What a call gives: a value, nothing (status::undefined, status::miss), or an error.
///
/// `if (result)` asks whether there is a value; what the value says is another question, so there is no result<bool>:
/// predicates return bool itself. value() and error() end the program where there is none (std::abort): a decision
/// must not go on without one. Ask ok() or failed() first.
template <class T> class [[nodiscard]] result {
  static_assert(!std::is_same_v<T, bool>, "`if (result)` would read as the answer");

public:
  result(T value) noexcept : value_(std::move(value)) {}
  /// Nothing, and not because of an error: status::undefined or status::miss.
  explicit result(sark::status nothing) noexcept : status_(nothing) {}
  result(sark::error error) noexcept : status_(error.status()), error_(std::move(error)) {}

  explicit operator bool() const noexcept { return ok(); }
  sark::status status() const noexcept { return status_; }
  bool ok() const noexcept { return value_.has_value(); }
  bool undefined() const noexcept { return status_ == sark::status::undefined; }
  bool miss() const noexcept { return status_ == sark::status::miss; }
  bool failed() const noexcept { return static_cast<std::int32_t>(status_) < 0; }

  T &value() & noexcept { return ok() ? *value_ : (std::abort(), *value_); }
  const T &value() const & noexcept { return ok() ? *value_ : (std::abort(), *value_); }
  T value() && noexcept { return ok() ? std::move(*value_) : (std::abort(), std::move(*value_)); }
  template <class Other> T value_or(Other &&other) const & { return value_.value_or(std::forward<Other>(other)); }
  template <class Other> T value_or(Other &&other) && {
    return std::move(value_).value_or(std::forward<Other>(other));
  }
  T &operator*() & noexcept { return value(); }
  const T &operator*() const & noexcept { return value(); }
  T *operator->() noexcept { return &value(); }
  const T *operator->() const noexcept { return &value(); }

  const sark::error &error() const & noexcept { return failed() ? error_ : (std::abort(), error_); }
  sark::error error() && noexcept { return failed() ? std::move(error_) : (std::abort(), std::move(error_)); }

private:
  sark::status status_ = sark::status::ok;
  std::optional<T> value_;
  sark::error error_;
};

/// A call that has no value to give: done, or (status::miss) nothing was there to do, or an error.
template <> class [[nodiscard]] result<void> {
public:
  result() noexcept = default;
  explicit result(sark::status nothing) noexcept : status_(nothing) {}
  result(sark::error error) noexcept : status_(error.status()), error_(std::move(error)) {}

  explicit operator bool() const noexcept { return ok(); }
  sark::status status() const noexcept { return status_; }
  bool ok() const noexcept { return status_ == sark::status::ok; }
  bool miss() const noexcept { return status_ == sark::status::miss; }
  bool failed() const noexcept { return static_cast<std::int32_t>(status_) < 0; }

  void value() const noexcept {
    if (!ok()) std::abort();
  }
  const sark::error &error() const & noexcept { return failed() ? error_ : (std::abort(), error_); }
  sark::error error() && noexcept { return failed() ? std::move(error_) : (std::abort(), std::move(error_)); }

private:
  sark::status status_ = sark::status::ok;
  sark::error error_;
};

namespace detail {

/// The result of a call that answered `status`; `value` is asked for only after OK.
template <class T, class Value> result<T> finish(std::int32_t status, error_slot &slot, Value value) noexcept {
  if (status == SARK_OK) return result<T>(value());
  if (status > 0) return result<T>(static_cast<sark::status>(status));
  return result<T>(slot.take(status));
}

inline result<void> finish(std::int32_t status, error_slot &slot) noexcept {
  if (status >= 0) return result<void>(static_cast<sark::status>(status));
  return result<void>(slot.take(status));
}

} // namespace detail
} // namespace sark

#endif
