#ifndef SARK_INPUT_HPP
#define SARK_INPUT_HPP

#include "result.hpp"

namespace sark {

class engine;

/// An input that was parsed once (engine::parse_input) and can be given to many queries of that engine. Any thread.
class input {
public:
  input() noexcept = default;

  void close() const noexcept { ::sark_input_close(handle_.get()); }
  const ::sark_input *get() const noexcept { return handle_.get(); }

private:
  friend class engine;
  explicit input(::sark_input *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_input, ::sark_input_free> handle_;
};

} // namespace sark

#endif
