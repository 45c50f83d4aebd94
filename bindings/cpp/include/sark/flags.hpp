#ifndef SARK_FLAGS_HPP
#define SARK_FLAGS_HPP

#include "buffer.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sark {

/// Zero is the library's default in every field.
struct flags_options {
  /// Borrowed for the call.
  const sark::metrics *metrics = nullptr;
  /// How old the percentages of a store that is away may become before everyone takes the remote path; zero for no bound.
  std::chrono::nanoseconds max_age{0};
};

/// Who changes a dial, and why, for the history; either may be empty. Borrowed for the call.
struct by {
  std::string_view who, why;
};

/// A side that everyone is sent to.
enum class side : std::uint32_t { none = SARK_FORCE_NONE, local = SARK_FORCE_LOCAL, remote = SARK_FORCE_REMOTE };

/// Who takes the local path: for each feature a percentage of users, from 0 to 100 in steps of 0.01. Any thread.
class flags {
public:
  flags() noexcept = default;

  /// `url` names the store: "memory:", "file:PATH", "redis://…", "rediss://…" or "unix:PATH". A store that is away is no error.
  static result<flags> make(std::string_view url, const flags_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_flags_options>();
    raw.metrics = detail::get(options.metrics);
    raw.max_age_ns = static_cast<std::uint64_t>(options.max_age.count());
    ::sark_flags *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_flags_new(detail::text(url), url.size(), &raw, &made, slot.out());
    return detail::finish<flags>(status, slot, [&] { return flags(made); });
  }

  void close() const noexcept { ::sark_flags_close(handle_.get()); }

  /// Where a user stands, from 0 to 9999: a feature at P % is on below P * 100. The same in every process.
  static result<std::uint32_t> bucket(std::string_view feature, std::string_view user) noexcept {
    std::uint32_t value = 0;
    detail::error_slot slot;
    const auto status = ::sark_flags_bucket(detail::text(feature), feature.size(), detail::bytes(user), user.size(),
                                            &value, slot.out());
    return detail::finish<std::uint32_t>(status, slot, [&] { return value; });
  }

  /// An empty user is nobody: on only at 100 %.
  bool is_enabled(std::string_view feature, std::string_view user = {}, sark::error *error = nullptr) const noexcept {
    detail::error_slot slot;
    const bool yes = ::sark_flags_is_enabled(handle_.get(), detail::text(feature), feature.size(),
                                             detail::bytes_or_null(user), user.size(), slot.out());
    slot.give(error);
    return yes;
  }

  /// The change, a JSON object, in `out`.
  result<std::string_view> set_rollout(buffer &out, std::string_view feature, double percentage,
                                       const sark::by &by = {}) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_flags_set_rollout_by(handle_.get(), detail::text(feature), feature.size(), percentage,
                                                    detail::text(by.who), by.who.size(), detail::text(by.why),
                                                    by.why.size(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The same, for who does not want to know what it was.
  result<void> set_rollout(std::string_view feature, double percentage) const noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_flags_set_rollout(handle_.get(), detail::text(feature), feature.size(), percentage, slot.out()), slot);
  }

  /// The percentage; 0 where it was never set.
  result<double> rollout(std::string_view feature) const noexcept {
    double value = 0;
    detail::error_slot slot;
    auto status = ::sark_flags_rollout(handle_.get(), detail::text(feature), feature.size(), &value, slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<double>(status, slot, [&] { return value; });
  }

  /// To 0 %; the change, a JSON array of one, in `out`.
  result<std::string_view> rollback(buffer &out, std::string_view feature, const sark::by &by = {}) const noexcept {
    return roll_back(out, detail::text(feature), feature.size(), by);
  }

  /// All to 0 %, at once; the changes, a JSON array, in `out`.
  result<std::string_view> rollback_all(buffer &out, const sark::by &by = {}) const noexcept {
    return roll_back(out, nullptr, 0, by);
  }

  /// To 0 %, for who does not want to know what it was.
  result<void> rollback(std::string_view feature) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_flags_rollback(handle_.get(), detail::text(feature), feature.size(), slot.out()),
                          slot);
  }

  /// All to 0 %, at once, likewise.
  result<void> rollback_all() const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_flags_rollback_all(handle_.get(), slot.out()), slot);
  }

  /// The last changes, the newest first, a JSON array in `out`; of one feature, or, where it is empty, of all. At most `most`, or 1,000.
  result<std::string_view> history(buffer &out, std::string_view feature = {}, std::uint64_t most = 0) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_flags_history(handle_.get(), feature.empty() ? nullptr : feature.data(), feature.size(),
                                             most, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// How they are, a JSON object in `out`: store, known, age_seconds, too_old, problem, emptied, force.
  result<std::string_view> status(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_flags_status(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// Sends everyone to one side, in this process alone; `none` lets the percentages decide again.
  result<void> force(sark::side side) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_flags_force(handle_.get(), static_cast<std::uint32_t>(side), slot.out()), slot);
  }

  /// The next thing that happened, a JSON object in `out`, for a logger; empty where nothing did within `timeout`.
  result<std::string_view> next(buffer &out, std::chrono::nanoseconds timeout = {}) const noexcept {
    detail::error_slot slot;
    auto status =
        ::sark_flags_next(handle_.get(), static_cast<std::uint64_t>(timeout.count()), out.get(), slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// [{"feature": …, "percentage": …}], sorted, in `out`.
  result<std::string_view> list(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_flags_list(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_flags *get() const noexcept { return handle_.get(); }

private:
  result<std::string_view> roll_back(buffer &out, const char *feature, std::size_t length,
                                     const sark::by &by) const noexcept {
    detail::error_slot slot;
    const auto status =
        ::sark_flags_rollback_by(handle_.get(), feature, length, detail::text(by.who), by.who.size(),
                                 detail::text(by.why), by.why.size(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  explicit flags(::sark_flags *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_flags, ::sark_flags_free> handle_;
};

} // namespace sark

#endif
