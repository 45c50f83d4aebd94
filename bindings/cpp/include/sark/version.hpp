#ifndef SARK_VERSION_HPP
#define SARK_VERSION_HPP

#include "detail.hpp"

#include <cstdint>
#include <string_view>

namespace sark {

/// The ABI that the loaded library speaks; it only grows.
inline std::uint32_t abi_version() noexcept { return ::sark_abi_version(); }

/// The loaded library's version, "MAJOR.MINOR.PATCH"; lives for ever.
inline std::string_view version() noexcept { return detail::view(::sark_version()); }

} // namespace sark

#endif
