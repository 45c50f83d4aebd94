#ifndef SARK_CACHE_HPP
#define SARK_CACHE_HPP

#include "buffer.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sark {

/// For a time to live: the entry stays until it is removed or evicted.
inline constexpr std::chrono::nanoseconds no_expiry = no_timeout;

/// Zero is the library's default in every field.
struct cache_options {
  std::uint64_t max_entries = 0;
  std::uint64_t max_bytes = 0;
  std::chrono::nanoseconds default_ttl{0};
  std::chrono::nanoseconds sweep_interval{0};
  /// Borrowed for the call.
  const sark::metrics *metrics = nullptr;
};

/// Filled by cache::set: `evicted` is the number of entries that had to go.
struct cache_set_info : ::sark_cache_set_info {
  cache_set_info() noexcept : ::sark_cache_set_info(detail::sized<::sark_cache_set_info>()) {}
};

/// Bytes by bytes, within a number of entries and of bytes, each for a time. Any thread.
class cache {
public:
  cache() noexcept = default;

  static result<cache> make(const cache_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_cache_options>();
    raw.max_entries = options.max_entries;
    raw.max_bytes = options.max_bytes;
    raw.default_ttl_ns = detail::ns(options.default_ttl);
    raw.sweep_interval_ns = detail::ns(options.sweep_interval);
    raw.metrics = detail::get(options.metrics);
    ::sark_cache *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_cache_new(&raw, &made, slot.out());
    return detail::finish<cache>(status, slot, [&] { return cache(made); });
  }

  void close() const noexcept { ::sark_cache_close(handle_.get()); }

  /// The value, living in `out`; miss() where there is none.
  result<std::string_view> get(std::string_view key, buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_cache_get(handle_.get(), detail::bytes(key), key.size(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// `ttl`: zero is the cache's default. status::too_large where the entry fits no budget.
  result<void> set(std::string_view key, std::string_view value, std::chrono::nanoseconds ttl = {},
                   cache_set_info *info = nullptr) const noexcept {
    auto raw = detail::sized<::sark_cache_set_options>();
    raw.ttl_ns = detail::ns(ttl);
    detail::error_slot slot;
    return detail::finish(::sark_cache_set(handle_.get(), detail::bytes(key), key.size(), detail::bytes(value),
                                           value.size(), &raw, info, slot.out()),
                          slot);
  }

  /// miss() where it was not there.
  result<void> remove(std::string_view key) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_cache_remove(handle_.get(), detail::bytes(key), key.size(), slot.out()), slot);
  }

  result<void> clear() const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_cache_clear(handle_.get(), slot.out()), slot);
  }

  /// How many entries there are.
  result<std::uint64_t> len() const noexcept { return number<::sark_cache_len>(); }
  /// What they take, in bytes.
  result<std::uint64_t> bytes() const noexcept { return number<::sark_cache_bytes>(); }
  /// Removes what has expired now rather than at the next sweep; how many that were.
  result<std::uint64_t> cleanup_expired() const noexcept { return number<::sark_cache_cleanup_expired>(); }

  /// {"hits", "misses", "sets", "removals", "evictions", "expirations", "entries", "bytes"} in `out`.
  result<std::string_view> stats(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_cache_stats(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_cache *get() const noexcept { return handle_.get(); }

private:
  explicit cache(::sark_cache *handle) noexcept : handle_(handle) {}

  template <auto Call> result<std::uint64_t> number() const noexcept {
    std::uint64_t value = 0;
    detail::error_slot slot;
    const auto status = Call(handle_.get(), &value, slot.out());
    return detail::finish<std::uint64_t>(status, slot, [&] { return value; });
  }

  detail::owned<::sark_cache, ::sark_cache_free> handle_;
};

} // namespace sark

#endif
