#ifndef SARK_DECISION_LOG_HPP
#define SARK_DECISION_LOG_HPP

#include "buffer.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sark {

/// Zero in a field is its default.
struct decision_log_options {
  /// Events that may wait; of more, the oldest are dropped and counted.
  std::uint32_t max_waiting = 0;
  /// Bytes of inputs and results that may wait.
  std::uint64_t max_waiting_bytes = 0;
  /// A larger input or result is left out of its event, which then names it in "erased".
  std::uint64_t max_event_bytes = 0;
  /// Borrowed for the call.
  const sark::metrics *metrics = nullptr;
};

/// What clients decided, in the format of OPA's decision log (EventV1): inputs too, without the places that the clients'
/// masks name. Any thread.
class decision_log {
public:
  decision_log() noexcept = default;

  /// "queue:", for next(), or "file:PATH?max_bytes=100000000&keep=5": JSON lines, the full file renamed to PATH.1, of which
  /// so many stay. Several processes may write one file.
  static result<decision_log> make(std::string_view location, const decision_log_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_decision_log_options>();
    raw.max_waiting = options.max_waiting;
    raw.max_waiting_bytes = options.max_waiting_bytes;
    raw.max_event_bytes = options.max_event_bytes;
    raw.metrics = detail::get(options.metrics);
    ::sark_decision_log *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_decision_log_new(detail::text(location), location.size(), &raw, &made, slot.out());
    return detail::finish<decision_log>(status, slot, [&] { return decision_log(made); });
  }

  /// Writes what waits for the file, for up to 2 s, and ends the log. What waits in a queue may still be taken.
  void close() const noexcept { ::sark_decision_log_close(handle_.get()); }

  /// The oldest event of a queue, a JSON object in `out`; empty where none came within `timeout`.
  result<std::string_view> next(buffer &out, std::chrono::nanoseconds timeout = {}) const noexcept {
    detail::error_slot slot;
    auto status =
        ::sark_decision_log_next(handle_.get(), static_cast<std::uint64_t>(timeout.count()), out.get(), slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// Waits until all events so far are written, or taken; miss() where some still wait after `timeout`.
  result<void> flush(std::chrono::nanoseconds timeout) const noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_decision_log_flush(handle_.get(), static_cast<std::uint64_t>(timeout.count()), slot.out()), slot);
  }

  /// How it is, a JSON object in `out`: location, waiting, waiting_bytes, events, dropped, failing.
  result<std::string_view> status(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_decision_log_status(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_decision_log *get() const noexcept { return handle_.get(); }

private:
  explicit decision_log(::sark_decision_log *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_decision_log, ::sark_decision_log_free> handle_;
};

namespace detail {
inline const ::sark_decision_log *get(const decision_log *object) noexcept { return object ? object->get() : nullptr; }
} // namespace detail
} // namespace sark

#endif
