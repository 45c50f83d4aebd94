#ifndef SARK_QUERY_HPP
#define SARK_QUERY_HPP

#include "buffer.hpp"
#include "input.hpp"
#include "rego.hpp"
#include "result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sark {

class engine;

/// For an `input` parameter: the query runs without one (`input` is undefined, which is not `null`).
inline constexpr std::string_view no_input{};

struct evaluate_options {
  /// Zero: the engine's own. no_timeout: none. What has run out already: status::limit_exceeded.
  std::chrono::nanoseconds timeout{0};
  /// A builtin's error fails the query; otherwise it is undefined there, as in OPA.
  bool strict_builtin_errors = false;
  /// Of the text of engine::query(); nothing else has one.
  sark::rego_version rego_version = sark::rego_version::unset;
  /// What `time.now_ns` gives, since 1970; zero for the time that it is.
  std::chrono::nanoseconds time{0};
  /// What `rand.intn` and `uuid.rfc4122` draw from, so that equal seeds draw the same; zero for the system's randomness.
  std::uint64_t seed = 0;
};

/// Filled by an evaluation: read_ns, evaluate_ns, duration_ns (nanoseconds) and revision (text).
struct evaluate_info : ::sark_evaluate_info {
  evaluate_info() noexcept : ::sark_evaluate_info(detail::sized<::sark_evaluate_info>()) {}
};

namespace detail {
inline ::sark_evaluate_options raw(const evaluate_options &options) noexcept {
  auto made = sized<::sark_evaluate_options>();
  made.timeout_ns = ns(options.timeout);
  made.strict_builtin_errors = options.strict_builtin_errors ? 1 : 0;
  made.rego_version = static_cast<std::uint32_t>(options.rego_version);
  made.time_ns = options.time.count();
  made.seed = options.seed;
  return made;
}
} // namespace detail

/// One answer of a batch: `json` is the result after status::ok, the error's JSON after an error, else empty.
struct batch_answer {
  sark::status status;
  std::string_view json;
};

/// Inputs packed as the library takes them, and their answers. Keeps its memory from one use to the next.
class batch {
public:
  /// Appends one input; the answers of an earlier use are gone.
  void add(std::string_view json) {
    packed_.insert(packed_.end(), json.begin(), json.end());
    offsets_.push_back(packed_.size());
  }
  void clear() noexcept {
    packed_.clear();
    offsets_.resize(1);
    answers_.clear();
  }
  std::size_t size() const noexcept { return offsets_.size() - 1; }

  /// How many answers there are: none before query::evaluate_batch, or after it failed.
  std::size_t answered() const noexcept { return answers_.size(); }
  /// `index` < answered(); the view lives until the next use of this batch.
  batch_answer answer(std::size_t index) const noexcept {
    const auto &slot = answers_[index];
    return {static_cast<sark::status>(slot.status),
            out_.view().substr(static_cast<std::size_t>(slot.offset), static_cast<std::size_t>(slot.length))};
  }

private:
  friend class query;
  std::vector<char> packed_;
  std::vector<std::uint64_t> offsets_ = {0};
  std::vector<::sark_batch_result> answers_;
  buffer out_;
};

/// A policy or path, prepared once (engine::prepare), evaluated many times, always on the engine's present
/// policies and data. Any thread.
class query {
public:
  query() noexcept = default;

  void close() const noexcept { ::sark_query_close(handle_.get()); }

  /// The result as JSON, living in `out`; undefined() where there is none.
  result<std::string_view> evaluate(std::string_view input, buffer &out, const evaluate_options &options = {},
                                    evaluate_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const auto status = ::sark_query_evaluate(handle_.get(), detail::bytes_or_null(input), input.size(), &raw, info,
                                              out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The same for an input that is parsed already.
  result<std::string_view> evaluate(const sark::input &input, buffer &out, const evaluate_options &options = {},
                                    evaluate_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const auto status =
        ::sark_query_evaluate_input(handle_.get(), input.get(), &raw, info, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// True only where the result is exactly `true`: false, too, for undefined and for any error, which `error`
  /// tells apart where it is wanted.
  bool allows(std::string_view input, sark::error *error = nullptr, const evaluate_options &options = {},
              evaluate_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const bool yes =
        ::sark_query_allows(handle_.get(), detail::bytes_or_null(input), input.size(), &raw, info, slot.out());
    slot.give(error);
    return yes;
  }

  /// Evaluates every input of `inputs` on one snapshot; one that fails does not fail the others.
  result<void> evaluate_batch(batch &inputs, const evaluate_options &options = {},
                              evaluate_info *info = nullptr) const {
    const std::size_t count = inputs.size();
    inputs.answers_.resize(count);
    // A batch of no inputs still has to give pointers: the ABI refuses null.
    ::sark_batch_result unused{};
    const char empty = 0;
    const auto *packed = inputs.packed_.empty() ? &empty : inputs.packed_.data();
    auto *answers = inputs.answers_.empty() ? &unused : inputs.answers_.data();

    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const auto status = ::sark_query_evaluate_batch(
        handle_.get(), reinterpret_cast<const std::uint8_t *>(packed), inputs.packed_.size(), inputs.offsets_.data(),
        count, &raw, info, answers, inputs.out_.get(), slot.out());
    if (status < 0) inputs.answers_.clear();
    return detail::finish(status, slot);
  }

  const ::sark_query *get() const noexcept { return handle_.get(); }

private:
  friend class engine;
  explicit query(::sark_query *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_query, ::sark_query_free> handle_;
};

} // namespace sark

#endif
