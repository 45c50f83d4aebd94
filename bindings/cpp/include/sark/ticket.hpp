#ifndef SARK_TICKET_HPP
#define SARK_TICKET_HPP

#include "decision.hpp"
#include "result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sark {

class client;

/// Why an HTTP request got no response.
enum class failure : std::uint32_t { connection = SARK_FAIL_CONNECTION, timeout = SARK_FAIL_TIMEOUT };

/// What is left to do for a decision: client::begin gives it. It gives one decision; the texts live until then. One thread
/// at a time.
class ticket {
public:
  ticket() noexcept = default;

  /// Where to POST; empty where there is nothing to send, and run() is the way.
  std::string_view url() const noexcept { return detail::view(::sark_ticket_url(handle_.get())); }
  /// The request's: "name: value" lines that end with CR and LF, a bearer token among them.
  std::string_view headers() const noexcept { return detail::view(::sark_ticket_headers(handle_.get())); }
  /// The request's, JSON.
  std::string_view body() const noexcept { return detail::view(::sark_ticket_body(handle_.get())); }
  /// What is left for the response; no_timeout for no bound.
  std::chrono::nanoseconds timeout() const noexcept {
    const auto left = ::sark_ticket_timeout_ns(handle_.get());
    return left == SARK_NO_TIMEOUT ? no_timeout : std::chrono::nanoseconds(static_cast<std::int64_t>(left));
  }

  /// The decision, from the response's status and body.
  result<decision> complete(std::uint32_t status, std::string_view body) noexcept {
    ::sark_decision *made = nullptr;
    detail::error_slot slot;
    const auto done = ::sark_ticket_complete(handle_.get(), status, detail::bytes_or_null(body), body.size(), nullptr,
                                             &made, slot.out());
    return decided(done, made, slot);
  }
  /// The decision where no response came: the local engine's, where the mode says so, or an error.
  result<decision> fail(failure why) noexcept {
    ::sark_decision *made = nullptr;
    detail::error_slot slot;
    const auto done =
        ::sark_ticket_fail(handle_.get(), static_cast<std::uint32_t>(why), nullptr, &made, slot.out());
    return decided(done, made, slot);
  }
  /// The decision, however long it takes, by the library's own HTTP client or engine. Blocks.
  result<decision> run() noexcept {
    ::sark_decision *made = nullptr;
    detail::error_slot slot;
    const auto done = ::sark_ticket_run(handle_.get(), nullptr, &made, slot.out());
    return decided(done, made, slot);
  }

private:
  friend class client;
  explicit ticket(::sark_ticket *handle) noexcept : handle_(handle) {}

  static result<decision> decided(std::int32_t status, ::sark_decision *made, detail::error_slot &slot) noexcept {
    return detail::finish<decision>(made ? SARK_OK : status, slot, [&] { return decision(made); });
  }

  detail::owned<::sark_ticket, ::sark_ticket_free> handle_;
};

/// What client::begin came to: one of the two.
struct begun {
  std::optional<sark::decision> decision;
  std::optional<sark::ticket> ticket;
};

} // namespace sark

#endif
