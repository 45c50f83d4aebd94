#ifndef SARK_FLAGS_HPP
#define SARK_FLAGS_HPP

#include "buffer.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <cstdint>
#include <string_view>

namespace sark {

/// Zero is the library's default in every field.
struct flags_options {
  /// Borrowed for the call.
  const sark::metrics *metrics = nullptr;
};

/// Who takes the local path: for each feature a percentage of users, from 0 to 100 in steps of 0.01. Any thread.
class flags {
public:
  flags() noexcept = default;

  /// `url` names the store: "memory:".
  static result<flags> make(std::string_view url, const flags_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_flags_options>();
    raw.metrics = detail::get(options.metrics);
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

  /// To 0 %.
  result<void> rollback(std::string_view feature) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_flags_rollback(handle_.get(), detail::text(feature), feature.size(), slot.out()),
                          slot);
  }

  result<void> rollback_all() const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_flags_rollback_all(handle_.get(), slot.out()), slot);
  }

  /// [{"feature": …, "percentage": …}], sorted, in `out`.
  result<std::string_view> list(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_flags_list(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_flags *get() const noexcept { return handle_.get(); }

private:
  explicit flags(::sark_flags *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_flags, ::sark_flags_free> handle_;
};

} // namespace sark

#endif
