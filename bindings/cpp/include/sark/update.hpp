#ifndef SARK_UPDATE_HPP
#define SARK_UPDATE_HPP

#include "rego.hpp"
#include "result.hpp"

#include <cstdint>
#include <string_view>

namespace sark {

class engine;

struct load_options {
  sark::rego_version rego_version = sark::rego_version::unset;
};

/// Filled by a call that changes an engine: `revision` is its revision afterwards (text).
struct revision_info : ::sark_revision_info {
  revision_info() noexcept : ::sark_revision_info(detail::sized<::sark_revision_info>()) {}
};

namespace detail {
inline ::sark_load_options raw(const load_options &options) noexcept {
  auto made = sized<::sark_load_options>();
  made.rego_version = static_cast<std::uint32_t>(options.rego_version);
  return made;
}
} // namespace detail

/// Changes that an engine takes all at once or not at all (engine::update). One thread at a time.
class update {
public:
  update() noexcept = default;

  result<void> load_policy(std::string_view name, std::string_view rego, const load_options &options = {}) noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    return detail::finish(::sark_update_load_policy(handle_.get(), detail::text(name), name.size(),
                                                    detail::text(rego), rego.size(), &raw, slot.out()),
                          slot);
  }

  result<void> remove_policy(std::string_view name) noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_update_remove_policy(handle_.get(), detail::text(name), name.size(), slot.out()), slot);
  }

  result<void> clear_policies() noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_update_clear_policies(handle_.get(), slot.out()), slot);
  }

  result<void> set_data(std::string_view json) noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_update_set_data(handle_.get(), detail::bytes(json), json.size(), nullptr, slot.out()), slot);
  }

  /// `path` as in OPA's PUT /v1/data: "/users/alice".
  result<void> patch_data(std::string_view path, std::string_view json) noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_update_patch_data(handle_.get(), detail::text(path), path.size(),
                                                   detail::bytes(json), json.size(), nullptr, slot.out()),
                          slot);
  }

  /// Puts the changes in force; status::conflict where `expected`, if given, is no longer the engine's revision.
  /// After a success this object is empty again and can collect the next changes.
  result<void> commit(std::string_view expected = {}, revision_info *info = nullptr) noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_update_commit(handle_.get(), expected.data(), expected.size(), info, slot.out()), slot);
  }

private:
  friend class engine;
  explicit update(::sark_update *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_update, ::sark_update_free> handle_;
};

} // namespace sark

#endif
