#ifndef SARK_BUFFER_HPP
#define SARK_BUFFER_HPP

#include "detail.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sark {

/// Where a call writes JSON or text. Give the same buffer to the next call and its memory is used again: what was
/// in it, and every view of it, is gone then. Empty after a call that failed. One thread at a time.
class buffer {
public:
  buffer() noexcept : handle_(::sark_buffer_new()) {}

  std::string_view view() const noexcept {
    if (!handle_) return {};
    return {reinterpret_cast<const char *>(handle_->data), static_cast<std::size_t>(handle_->length)};
  }
  std::size_t size() const noexcept { return handle_ ? static_cast<std::size_t>(handle_->length) : 0; }
  bool empty() const noexcept { return size() == 0; }

  /// The handle, still owned by this object.
  ::sark_buffer *get() const noexcept { return handle_.get(); }

private:
  detail::owned<::sark_buffer, ::sark_buffer_free> handle_;
};

} // namespace sark

#endif
