/// Conversions that the other headers share. Nothing here is for users.
#ifndef SARK_DETAIL_HPP
#define SARK_DETAIL_HPP

#include <sark.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

namespace sark {

/// No deadline at all, where an option takes a duration. (Zero means the default.)
inline constexpr std::chrono::nanoseconds no_timeout = (std::chrono::nanoseconds::max)();

namespace detail {

/// An owning pointer of the size of a pointer.
template <auto Free> struct freed_by {
  template <class Handle> void operator()(Handle *handle) const noexcept { Free(handle); }
};
template <class Handle, auto Free> using owned = std::unique_ptr<Handle, freed_by<Free>>;

inline std::string_view view(::sark_str text) noexcept {
  return {text.data, static_cast<std::size_t>(text.length)};
}

/// Text that has to be there: an empty std::string_view may hold a null pointer, which the ABI refuses.
inline const char *text(std::string_view value) noexcept { return value.data() ? value.data() : ""; }
inline const std::uint8_t *bytes(std::string_view value) noexcept {
  return reinterpret_cast<const std::uint8_t *>(text(value));
}

/// What may be absent: a null pointer says so.
inline const std::uint8_t *bytes_or_null(std::string_view value) noexcept {
  return reinterpret_cast<const std::uint8_t *>(value.data());
}

/// A time that has run out already must not turn into "default" or, unsigned, into for ever.
inline std::uint64_t ns(std::chrono::nanoseconds duration) noexcept {
  static_assert(SARK_NO_TIMEOUT == (std::numeric_limits<std::uint64_t>::max)() && SARK_NO_EXPIRY == SARK_NO_TIMEOUT);
  if (duration == no_timeout) return SARK_NO_TIMEOUT;
  return duration.count() < 0 ? 1 : static_cast<std::uint64_t>(duration.count());
}

/// A struct of the ABI with its size filled in and everything else at its default.
template <class Struct> Struct sized() noexcept {
  Struct made{};
  made.struct_size = static_cast<std::uint32_t>(sizeof(Struct));
  return made;
}

} // namespace detail
} // namespace sark

#endif
