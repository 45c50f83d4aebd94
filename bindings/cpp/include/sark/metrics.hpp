#ifndef SARK_METRICS_HPP
#define SARK_METRICS_HPP

#include "buffer.hpp"
#include "result.hpp"

#include <string_view>

namespace sark {

/// Counters and histograms of whatever is made with a pointer to this object in its options. Any thread.
class metrics {
public:
  metrics() noexcept = default;

  static result<metrics> make() noexcept {
    ::sark_metrics *made = nullptr;
    detail::error_slot slot;
    const auto options = detail::sized<::sark_metrics_options>();
    const auto status = ::sark_metrics_new(&options, &made, slot.out());
    return detail::finish<metrics>(status, slot, [&] { return metrics(made); });
  }

  /// Shared by all processes with this directory, which is made where there is none: what any of them renders is of all of them. A
  /// forked child counts by itself from its first count on.
  static result<metrics> make_shared(std::string_view directory) noexcept {
    ::sark_metrics *made = nullptr;
    detail::error_slot slot;
    const auto options = detail::sized<::sark_metrics_options>();
    const auto status = ::sark_metrics_new_shared(detail::text(directory), directory.size(), &options, &made, slot.out());
    return detail::finish<metrics>(status, slot, [&] { return metrics(made); });
  }

  void close() const noexcept { ::sark_metrics_close(handle_.get()); }

  /// Prometheus' text format 0.0.4; the view lives in `out`.
  result<std::string_view> render(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_metrics_render(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// OpenMetrics 1.0.0; the view lives in `out`.
  result<std::string_view> render_openmetrics(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_metrics_render_as(handle_.get(), SARK_METRICS_OPENMETRICS, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The families as JSON, for a collector of another metrics library; the view lives in `out`. See sark.h for its members.
  result<std::string_view> gather(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_metrics_gather(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  const ::sark_metrics *get() const noexcept { return handle_.get(); }

private:
  explicit metrics(::sark_metrics *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_metrics, ::sark_metrics_free> handle_;
};

namespace detail {
inline const ::sark_metrics *get(const metrics *object) noexcept { return object ? object->get() : nullptr; }
} // namespace detail
} // namespace sark

#endif
