#ifndef SARK_ADMIN_HPP
#define SARK_ADMIN_HPP

#include "buffer.hpp"
#include "cache.hpp"
#include "client.hpp"
#include "engine.hpp"
#include "flags.hpp"
#include "metrics.hpp"
#include "result.hpp"

#include <cstdint>
#include <string_view>

namespace sark {

/// What is administered, and by whom. All of it is borrowed for the call that makes an admin, which keeps the objects alive.
struct admin_options {
  /// A JSON array: [{"name": "ops", "token": "…", "role": "write"}]. Without tokens, `allow_anonymous` must be true.
  std::string_view tokens;
  /// Whoever reaches the admin may do everything.
  bool allow_anonymous = false;
  /// What is shown of them, where they are given.
  const sark::engine *engine = nullptr;
  const sark::cache *cache = nullptr;
  const sark::metrics *metrics = nullptr;
  const sark::client *client = nullptr;
};

/// A request as it came; what is empty may be left out.
struct admin_request {
  /// Such as "GET".
  std::string_view method;
  /// The path, under /admin, and query.
  std::string_view target;
  /// The fields, "Name: value" and a line end each.
  std::string_view headers;
  std::string_view body;
};

/// What to send back, in the buffers that the call was given.
struct admin_response {
  std::uint32_t status;
  /// The fields, "Name: value" and CR LF each.
  std::string_view headers;
  std::string_view body;
};

/// Answers requests that turn the dial, or ask how everything is. Any thread. docs/admin.md has the routes.
class admin {
public:
  admin() noexcept = default;

  static result<admin> make(const sark::flags &flags, const admin_options &options) noexcept {
    auto raw = detail::sized<::sark_admin_options>();
    raw.allow_anonymous = options.allow_anonymous ? 1 : 0;
    raw.flags = flags.get();
    raw.engine = options.engine ? options.engine->get() : nullptr;
    raw.cache = options.cache ? options.cache->get() : nullptr;
    raw.metrics = detail::get(options.metrics);
    raw.client = options.client ? options.client->get() : nullptr;
    ::sark_admin *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_admin_new(detail::bytes_or_null(options.tokens), options.tokens.size(), &raw, &made,
                                         slot.out());
    return detail::finish<admin>(status, slot, [&] { return admin(made); });
  }

  void close() const noexcept { ::sark_admin_close(handle_.get()); }

  /// Answers a request; two buffers, since the views of the response are into them. Blocks while the flags' store confirms a change.
  result<admin_response> handle(buffer &headers, buffer &body, const admin_request &request) const noexcept {
    std::uint32_t code = 0;
    detail::error_slot slot;
    const auto status = ::sark_admin_handle(
        handle_.get(), detail::bytes(request.method), request.method.size(), detail::bytes(request.target),
        request.target.size(), detail::bytes(request.headers), request.headers.size(), detail::bytes(request.body),
        request.body.size(), &code, headers.get(), body.get(), slot.out());
    return detail::finish<admin_response>(
        status, slot, [&] { return admin_response{code, headers.view(), body.view()}; });
  }

private:
  explicit admin(::sark_admin *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_admin, ::sark_admin_free> handle_;
};

} // namespace sark

#endif
