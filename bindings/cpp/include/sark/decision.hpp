#ifndef SARK_DECISION_HPP
#define SARK_DECISION_HPP

#include "result.hpp"

#include <chrono>
#include <string_view>

namespace sark {

class client;
class ticket;

/// What a client decided, and how. The texts live as long as this object. One thread at a time.
class decision {
public:
  /// An empty object: not allowed.
  decision() noexcept = default;

  /// True only where the result is exactly `true`, or an object whose `allow` (or, without one, `allowed`) is.
  bool allowed() const noexcept { return handle_ && ::sark_decision_allowed(handle_.get()); }
  bool undefined() const noexcept { return !handle_ || ::sark_decision_status(handle_.get()) == SARK_UNDEFINED; }
  /// JSON; empty where undefined.
  std::string_view result() const noexcept { return text<::sark_decision_result>(); }
  bool cached() const noexcept { return handle_ && ::sark_decision_cached(handle_.get()); }
  /// "rust" (decided here) or "http" (by the remote OPA).
  std::string_view implementation() const noexcept { return text<::sark_decision_implementation>(); }
  /// Why the other side decided than the one that was chosen: "", "evaluation", "serialization", "limit", "internal",
  /// "unsupported" (the remote decided), or "unavailable" (the local engine did).
  std::string_view fallback() const noexcept { return text<::sark_decision_fallback>(); }
  std::string_view revision() const noexcept { return text<::sark_decision_revision>(); }
  /// A random UUID, by which logs and events name the decision.
  std::string_view id() const noexcept { return text<::sark_decision_id>(); }
  std::chrono::nanoseconds duration() const noexcept {
    return std::chrono::nanoseconds(handle_ ? ::sark_decision_duration_ns(handle_.get()) : 0);
  }

private:
  friend class client;
  friend class ticket;
  explicit decision(::sark_decision *handle) noexcept : handle_(handle) {}

  template <auto Call> std::string_view text() const noexcept {
    return handle_ ? detail::view(Call(handle_.get())) : std::string_view{};
  }

  detail::owned<::sark_decision, ::sark_decision_free> handle_;
};

} // namespace sark

#endif
