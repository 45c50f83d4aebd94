#ifndef SARK_CLIENT_HPP
#define SARK_CLIENT_HPP

#include "cache.hpp"
#include "decision.hpp"
#include "engine.hpp"
#include "flags.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sark {

/// What a client is made of; all of it is borrowed for the call of client::make only.
struct client_options {
  /// None: every answer is worked out.
  const sark::cache *cache = nullptr;
  /// None: everyone is decided locally.
  const sark::flags *flags = nullptr;
  /// The remote OPA, "http://HOST:PORT". None: local only, and then flags must be none too.
  std::string_view opa_url{};
  /// The feature that `flags` is asked for. None: "rust_opa".
  std::string_view feature{};
  std::uint32_t max_concurrent_fallbacks = 0;
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds cache_ttl{0};
  std::uint64_t max_answer_bytes = 0;
  const sark::metrics *metrics = nullptr;
};

struct decide_options {
  /// For the whole decision. Zero: the client's own. no_timeout: none.
  std::chrono::nanoseconds timeout{0};
};

/// Filled by client::decide: status, allowed, implementation, cached, fallback (numbers, as <sark.h> has them), the
/// time of each phase (flag_ns, cache_ns, evaluate_ns, remote_ns, duration_ns) and revision (text).
struct decide_info : ::sark_decide_info {
  decide_info() noexcept : ::sark_decide_info(detail::sized<::sark_decide_info>()) {}
};

/// Decides here or by a remote OPA, as the flags say, and falls back to the remote where it cannot here. Any thread.
class client {
public:
  client() noexcept = default;

  static result<client> make(const sark::engine &engine, const client_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_client_options>();
    raw.max_concurrent_fallbacks = options.max_concurrent_fallbacks;
    raw.timeout_ns = detail::ns(options.timeout);
    raw.cache_ttl_ns = detail::ns(options.cache_ttl);
    raw.max_answer_bytes = options.max_answer_bytes;
    raw.metrics = detail::get(options.metrics);
    ::sark_client *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_client_new(
        engine.get(), options.cache ? options.cache->get() : nullptr, options.flags ? options.flags->get() : nullptr,
        options.opa_url.data(), options.opa_url.size(), options.feature.data(), options.feature.size(), &raw, &made,
        slot.out());
    return detail::finish<client>(status, slot, [&] { return client(made); });
  }

  void close() const noexcept { ::sark_client_close(handle_.get()); }

  /// A decision (which may be undefined: see decision::undefined) or an error, which is never an allow.
  result<decision> decide(std::string_view policy, std::string_view input, std::string_view user = {},
                          const decide_options &options = {}, decide_info *info = nullptr) const noexcept {
    auto raw = detail::sized<::sark_decide_options>();
    raw.timeout_ns = detail::ns(options.timeout);
    ::sark_decision *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_client_decide(handle_.get(), detail::text(policy), policy.size(),
                                             detail::bytes_or_null(input), input.size(), detail::bytes_or_null(user),
                                             user.size(), &raw, info, &made, slot.out());
    // Undefined comes with a decision too, so that how it came about is known.
    return detail::finish<decision>(made ? SARK_OK : status, slot, [&] { return decision(made); });
  }

  const ::sark_client *get() const noexcept { return handle_.get(); }

private:
  explicit client(::sark_client *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_client, ::sark_client_free> handle_;
};

} // namespace sark

#endif
