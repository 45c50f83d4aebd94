#ifndef SARK_CLIENT_HPP
#define SARK_CLIENT_HPP

#include "buffer.hpp"
#include "cache.hpp"
#include "decision.hpp"
#include "decision_log.hpp"
#include "engine.hpp"
#include "flags.hpp"
#include "metrics.hpp"
#include "result.hpp"
#include "ticket.hpp"

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
  /// "https://HOST?ca_file=…&cert_file=…&key_file=…&token_file=…&connect_timeout_ms=…" says how it is asked.
  std::string_view opa_url{};
  /// The feature that `flags` is asked for. None: "rust_opa".
  std::string_view feature{};
  std::uint32_t max_concurrent_fallbacks = 0;
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds cache_ttl{0};
  std::uint64_t max_answer_bytes = 0;
  const sark::metrics *metrics = nullptr;
  /// Who decides: a SARK_MODE_….
  std::uint32_t mode = SARK_MODE_DIAL;
  /// The share of local decisions that are compared with the remote's, in hundredths of a percent. 0: none.
  std::uint32_t shadow_rate = 0;
  /// How many may wait to be compared; of more, the new ones are dropped and counted.
  std::uint32_t shadow_max_waiting = 0;
  /// Whether the input of a differing answer is kept, for client::status.
  bool shadow_keep_inputs = false;
  /// The dial goes back by itself where, within this time, one of the thresholds is reached. Zero is off, for each.
  std::chrono::nanoseconds guard_window{0};
  /// The 95th percentile of the local decisions' time is longer.
  std::chrono::nanoseconds guard_p95{0};
  /// Such a share of the local decisions failed, in hundredths of a percent.
  std::uint32_t guard_error_rate = 0;
  /// So many answers differ from the remote's.
  std::uint32_t guard_differing = 0;
  /// With fewer local decisions, error rate and p95 say nothing.
  std::uint32_t guard_min_decisions = 0;
  /// Where each decision is logged. None: nowhere.
  const sark::decision_log *decision_log = nullptr;
};

/// The trace that a request belongs to, as W3C's traceparent has it. Zero ids: none.
struct trace_parent {
  std::uint64_t id_high = 0, id_low = 0, parent_id = 0;
  std::uint8_t flags = 0;
};

struct decide_options {
  /// For the whole decision. Zero: the client's own. no_timeout: none.
  std::chrono::nanoseconds timeout{0};
  /// Passed on to the remote.
  trace_parent trace{};
};

/// Filled by client::decide: status, allowed, implementation, cached, fallback (numbers, as <sark.h> has them), the
/// time of each phase (flag_ns, cache_ns, read_ns, evaluate_ns, remote_ns, duration_ns), revision and id (text).
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
    raw.mode = options.mode;
    raw.shadow_rate = options.shadow_rate;
    raw.shadow_max_waiting = options.shadow_max_waiting;
    raw.shadow_keep_inputs = options.shadow_keep_inputs;
    raw.guard_window_ns = detail::ns(options.guard_window);
    raw.guard_p95_ns = detail::ns(options.guard_p95);
    raw.guard_error_rate = options.guard_error_rate;
    raw.guard_differing = options.guard_differing;
    raw.guard_min_decisions = options.guard_min_decisions;
    raw.decision_log = detail::get(options.decision_log);
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
    const auto raw = raw_of(options);
    ::sark_decision *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_client_decide(handle_.get(), detail::text(policy), policy.size(),
                                             detail::bytes_or_null(input), input.size(), detail::bytes_or_null(user),
                                             user.size(), &raw, info, &made, slot.out());
    // Undefined comes with a decision too, so that how it came about is known.
    return detail::finish<decision>(made ? SARK_OK : status, slot, [&] { return decision(made); });
  }

  /// decide() without blocking: the decision, where flags, cache and engine come to it within a millisecond; otherwise a
  /// ticket for the rest.
  result<begun> begin(std::string_view policy, std::string_view input, std::string_view user = {},
                      const decide_options &options = {}, decide_info *info = nullptr) const noexcept {
    const auto raw = raw_of(options);
    ::sark_decision *made = nullptr;
    ::sark_ticket *left = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_client_begin(handle_.get(), detail::text(policy), policy.size(),
                                            detail::bytes_or_null(input), input.size(), detail::bytes_or_null(user),
                                            user.size(), &raw, info, &made, &left, slot.out());
    return detail::finish<begun>(made || left ? SARK_OK : status, slot, [&] {
      begun came;
      if (made) came.decision = decision(made);
      if (left) came.ticket = ticket(left);
      return came;
    });
  }

  /// Leaves places out of whatever is kept of inputs and results: a JSON array of pointers, ["/input/password"].
  result<void> set_mask(std::string_view pointers) const noexcept {
    detail::error_slot slot;
    const auto status =
        ::sark_client_set_mask(handle_.get(), detail::bytes_or_null(pointers), pointers.size(), slot.out());
    return detail::finish(status, slot);
  }

  /// How it is, a JSON object in `out`: the breaker, what shadow and guard found, the fallbacks under way.
  result<std::string_view> status(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_client_status(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// Decides events of a decision log (JSON lines, OPA's format) again, by the engine alone; what came of it, a JSON object in `out`.
  result<std::string_view> replay(std::string_view log, buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status =
        ::sark_client_replay(handle_.get(), detail::bytes_or_null(log), log.size(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The next thing that happened, a JSON object in `out`, for a logger; empty where nothing did within `timeout`.
  result<std::string_view> next(buffer &out, std::chrono::nanoseconds timeout = {}) const noexcept {
    detail::error_slot slot;
    auto status =
        ::sark_client_next(handle_.get(), static_cast<std::uint64_t>(timeout.count()), out.get(), slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_client *get() const noexcept { return handle_.get(); }

private:
  static ::sark_decide_options raw_of(const decide_options &options) noexcept {
    auto raw = detail::sized<::sark_decide_options>();
    raw.timeout_ns = detail::ns(options.timeout);
    raw.trace_id_high = options.trace.id_high;
    raw.trace_id_low = options.trace.id_low;
    raw.trace_parent_id = options.trace.parent_id;
    raw.trace_flags = options.trace.flags;
    return raw;
  }

  explicit client(::sark_client *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_client, ::sark_client_free> handle_;
};

} // namespace sark

#endif
