#ifndef SARK_SOURCE_HPP
#define SARK_SOURCE_HPP

#include "buffer.hpp"
#include "result.hpp"

#include <chrono>
#include <string_view>

namespace sark {

class engine;

/// A source that an engine follows (engine::follow). It is a view: the engine follows the source until close(), or its own end, and
/// destroying this object changes nothing of that. Any thread.
class source {
public:
  source() noexcept = default;

  /// Stops following. What is in force stays, and may be changed by hand or by another source from then on.
  void close() const noexcept { ::sark_source_close(handle_.get()); }

  /// Waits until something of the source is in force. The error is what keeps it from that once the time is over: that of what was
  /// refused (status::compilation_error, …), or status::unavailable.
  result<void> wait(std::chrono::nanoseconds timeout) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_source_wait(handle_.get(), detail::ns(timeout), slot.out()), slot);
  }

  /// Asks the source now, rather than when it is due, and does not wait for the answer.
  result<void> trigger() const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_source_trigger(handle_.get(), slot.out()), slot);
  }

  /// The next thing that happened, a JSON object in `out`: "activated", "refused", "unreachable", "reachable", "stale" or "not_kept";
  /// empty where nothing did within `timeout`. status::closed once the source is, also for one who waits.
  result<std::string_view> next(buffer &out, std::chrono::nanoseconds timeout = {}) const noexcept {
    detail::error_slot slot;
    auto status = ::sark_source_next(handle_.get(), detail::ns(timeout), out.get(), slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// How it is, a JSON object in `out`: name, ready, revision, engine_revision, age_seconds, stale, error (null where all is well), …
  /// Answers after close(), too.
  result<std::string_view> status(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_source_status(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_source *get() const noexcept { return handle_.get(); }

private:
  friend class engine;
  explicit source(::sark_source *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_source, ::sark_source_free> handle_;
};

} // namespace sark

#endif
