#ifndef SARK_ENGINE_HPP
#define SARK_ENGINE_HPP

#include "buffer.hpp"
#include "input.hpp"
#include "metrics.hpp"
#include "query.hpp"
#include "rego.hpp"
#include "result.hpp"
#include "source.hpp"
#include "update.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sark {

/// Zero is the library's default in every field.
struct engine_options {
  sark::rego_version rego_version = sark::rego_version::unset;
  /// For one evaluation; no_timeout: none.
  std::chrono::nanoseconds timeout{0};
  std::uint64_t max_input_bytes = 0;
  std::uint64_t max_policy_bytes = 0;
  std::uint64_t max_data_bytes = 0;
  /// Borrowed for the call; the engine keeps what it needs of it alive.
  const sark::metrics *metrics = nullptr;
  sark::evaluator evaluator = sark::evaluator::unset;
  /// OPA's strict mode: what is unused, shadows or is deprecated does not compile.
  bool strict = false;
  /// Whether calls of print() are compiled: each line is an event, which engine::next() gives.
  bool print_statements = false;
  /// Whether types are checked by the schemas that annotations hold, and by those that they name and engine::set_schema() put there.
  bool schema_annotations = false;
};

/// Zero is the library's default in every field.
struct test_options {
  /// For one test; no_timeout: none.
  std::chrono::nanoseconds timeout{0};
  /// Whether the answer says as well what the tests covered.
  bool coverage = false;
};

/// How much of a decision is told.
enum class explain : std::uint32_t {
  unset = SARK_EXPLAIN_DEFAULT, ///< The same as full.
  notes = SARK_EXPLAIN_NOTES,   ///< The calls of `trace`, and what led there.
  fails = SARK_EXPLAIN_FAILS,   ///< The expressions without a solution, and what led there.
  full = SARK_EXPLAIN_FULL,     ///< Every step but which terms were made equal.
  debug = SARK_EXPLAIN_DEBUG,   ///< Every step.
};

/// Zero is the library's default in every field.
struct explain_options {
  sark::explain explain = sark::explain::unset;
  /// Lines, as OPA's `pretty` has them, instead of events.
  bool pretty = false;
  /// A builtin's error fails the decision; otherwise it is undefined there, as in OPA.
  bool strict_builtin_errors = false;
  /// no_timeout: none.
  std::chrono::nanoseconds timeout{0};
};

/// What bounds the requests of `http.send`. Zero is the library's default in every field.
struct network_options {
  /// The most that one request takes, redirects and its answer included. The library's default is 5 s.
  std::chrono::nanoseconds timeout{0};
  /// The largest answer in bytes, as it is after decompressing. The library's default is 16 MiB.
  std::uint64_t max_response_bytes = 0;
  /// The most bytes of answers that one evaluation leaves to later ones. The library's default is 64 MiB.
  std::uint64_t max_cache_bytes = 0;
};

/// Policies and data, and the decisions that follow from them. A change is taken whole or not at all, and an
/// evaluation that runs meanwhile sees the state before it. Any thread.
class engine {
public:
  /// An empty object; make() makes an engine.
  engine() noexcept = default;

  static result<engine> make(const engine_options &options = {}) noexcept {
    auto raw = detail::sized<::sark_engine_options>();
    raw.rego_version = static_cast<std::uint32_t>(options.rego_version);
    raw.timeout_ns = detail::ns(options.timeout);
    raw.max_input_bytes = options.max_input_bytes;
    raw.max_policy_bytes = options.max_policy_bytes;
    raw.max_data_bytes = options.max_data_bytes;
    raw.metrics = detail::get(options.metrics);
    raw.evaluator = static_cast<std::uint32_t>(options.evaluator);
    raw.strict = options.strict ? 1 : 0;
    raw.print_statements = options.print_statements ? 1 : 0;
    raw.schema_annotations = options.schema_annotations ? 1 : 0;
    ::sark_engine *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_engine_new(&raw, &made, slot.out());
    return detail::finish<engine>(status, slot, [&] { return engine(made); });
  }

  /// Later calls on this engine and on what was made from it answer status::closed.
  void close() const noexcept { ::sark_engine_close(handle_.get()); }

  /// Adds or replaces one policy. Where it does not compile (status::compilation_error), everything stays as it was.
  result<void> load_policy(std::string_view name, std::string_view rego, const load_options &options = {},
                           revision_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    return detail::finish(::sark_engine_load_policy(handle_.get(), detail::text(name), name.size(),
                                                    detail::text(rego), rego.size(), &raw, info, slot.out()),
                          slot);
  }

  /// status::policy_not_found where it is not loaded.
  result<void> remove_policy(std::string_view name) const noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_engine_remove_policy(handle_.get(), detail::text(name), name.size(), slot.out()), slot);
  }

  result<void> clear_policies() const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_engine_clear_policies(handle_.get(), slot.out()), slot);
  }

  bool has_policy(std::string_view name, sark::error *error = nullptr) const noexcept {
    detail::error_slot slot;
    const bool yes = ::sark_engine_has_policy(handle_.get(), detail::text(name), name.size(), slot.out());
    slot.give(error);
    return yes;
  }

  /// A sorted JSON array, living in `out`.
  result<std::string_view> policy_names(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_engine_policy_names(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// How the sources are that the engine follows: a JSON array, living in `out`.
  result<std::string_view> sources(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_engine_sources(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The builtins that policies may call, with their types, and the features of the language, in the shape of `opa capabilities --current`:
  /// a JSON object, living in `out`.
  result<std::string_view> capabilities(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_engine_capabilities(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// What the policies offer, annotations among it, for whoever deploys them: a JSON object, living in `out`.
  result<std::string_view> inspect(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_engine_inspect(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// Runs the tests among the policies, and gives their results as `opa test --format=json` does: a JSON array, living in `out`, or with
  /// coverage an object of `results` and `coverage`. `run` is a regular expression in Go's syntax for the tests' names with their packages;
  /// empty: all. What goes wrong in a test is in its result (docs/testing.md).
  result<std::string_view> run_tests(std::string_view run, buffer &out, const test_options &options = {}) const noexcept {
    auto raw = detail::sized<::sark_test_options>();
    raw.timeout_ns = detail::ns(options.timeout);
    raw.coverage = options.coverage ? 1 : 0;
    detail::error_slot slot;
    const auto status =
        ::sark_engine_run_tests(handle_.get(), detail::text(run), run.size(), &raw, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The next line that a policy printed, a JSON object in `out` ("print"); empty where none was within `timeout`. status::closed once the
  /// engine is, also for one who waits.
  result<std::string_view> next(buffer &out, std::chrono::nanoseconds timeout = {}) const noexcept {
    detail::error_slot slot;
    auto status = ::sark_engine_next(handle_.get(), detail::ns(timeout), out.get(), slot.out());
    if (status == SARK_MISS) status = SARK_OK;
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// Replaces all data by `json`, an object.
  result<void> set_data(std::string_view json, revision_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    return detail::finish(
        ::sark_engine_set_data(handle_.get(), detail::bytes(json), json.size(), nullptr, info, slot.out()), slot);
  }

  /// Puts `json` at `path`, as OPA's PUT /v1/data does: "/users/alice". status::conflict where a parent is not an
  /// object.
  result<void> patch_data(std::string_view path, std::string_view json, revision_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_engine_patch_data(handle_.get(), detail::text(path), path.size(),
                                                   detail::bytes(json), json.size(), nullptr, info, slot.out()),
                          slot);
  }

  /// Puts a JSON schema at `path`, such as "schema.user", or takes away what is there where it is left out: all policies are checked by it,
  /// their input by the one at "schema", and what annotations name with schema_annotations.
  result<void> set_schema(std::string_view path, std::optional<std::string_view> json,
                          revision_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto *bytes = json ? detail::bytes(*json) : nullptr;
    return detail::finish(::sark_engine_set_schema(handle_.get(), detail::text(path), path.size(), bytes,
                                                   json ? json->size() : 0, info, slot.out()),
                          slot);
  }

  /// Lets `http.send` and `net.lookup_ip_addr` reach `hosts`, a JSON array of names, addresses, networks ("10.0.0.0/8") and "*" for every
  /// name; "[]" closes the engine for good. Private addresses are reached where they are listed themselves (docs/network.md). `ca_file` is
  /// a PEM file of certificates to trust; left out, whom the machine trusts. status::invalid_argument for what is no such list, or no file.
  result<void> allow_net(std::string_view hosts, std::string_view ca_file = {},
                         const network_options &options = {}) const noexcept {
    auto raw = detail::sized<::sark_network_options>();
    raw.timeout_ns = detail::ns(options.timeout);
    raw.max_response_bytes = options.max_response_bytes;
    raw.max_cache_bytes = options.max_cache_bytes;
    detail::error_slot slot;
    return detail::finish(::sark_engine_allow_net(handle_.get(), detail::bytes(hosts), hosts.size(), ca_file.data(),
                                                  ca_file.size(), &raw, slot.out()),
                          slot);
  }

  /// Says what `opa.runtime()` gives: a JSON object, such as {"env": {"REGION": "eu"}}. Without it that is an empty one.
  result<void> set_runtime(std::string_view json) const noexcept {
    detail::error_slot slot;
    return detail::finish(::sark_engine_set_runtime(handle_.get(), detail::bytes(json), json.size(), slot.out()), slot);
  }

  /// Opaque text that differs whenever policies or data do; lives in `out`.
  result<std::string_view> revision(buffer &out) const noexcept {
    detail::error_slot slot;
    const auto status = ::sark_engine_revision(handle_.get(), out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The document of a policy's package (by the policy's name) or of a path that starts with `data.`, as JSON in
  /// `out`; undefined() where there is none.
  result<std::string_view> evaluate(std::string_view policy_or_path, std::string_view input, buffer &out,
                                    const evaluate_options &options = {},
                                    evaluate_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const auto status =
        ::sark_engine_evaluate(handle_.get(), detail::text(policy_or_path), policy_or_path.size(),
                               detail::bytes_or_null(input), input.size(), &raw, info, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// evaluate(), and how it came about: a JSON object in `out` of `explanation`, an array of OPA's events or with `pretty` of lines, and
  /// `result`, left out where the document is undefined. For people, not for traffic; it is not counted. status::limit_exceeded also where
  /// there is too much to tell (docs/explain.md).
  result<std::string_view> explain(std::string_view policy_or_path, std::string_view input, buffer &out,
                                   const explain_options &options = {}, evaluate_info *info = nullptr) const noexcept {
    auto raw = detail::sized<::sark_explain_options>();
    raw.explain = static_cast<std::uint32_t>(options.explain);
    raw.pretty = options.pretty ? 1 : 0;
    raw.strict_builtin_errors = options.strict_builtin_errors ? 1 : 0;
    raw.timeout_ns = detail::ns(options.timeout);
    detail::error_slot slot;
    const auto status =
        ::sark_engine_explain(handle_.get(), detail::text(policy_or_path), policy_or_path.size(),
                              detail::bytes_or_null(input), input.size(), &raw, info, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  /// The answer to a query in Rego, such as `x := data.roles[input.user]`: a JSON array in `out`, with an object of
  /// bindings for each result. `[]` where there is none; `[{}]` for a query that is satisfied and has no variables.
  /// Compiled at each call: prepare() what is asked often. status::compilation_error for the text.
  result<std::string_view> query(std::string_view text, std::string_view input, buffer &out,
                                 const evaluate_options &options = {}, evaluate_info *info = nullptr) const noexcept {
    detail::error_slot slot;
    const auto raw = detail::raw(options);
    const auto status = ::sark_engine_query(handle_.get(), detail::text(text), text.size(), detail::bytes_or_null(input),
                                            input.size(), &raw, info, out.get(), slot.out());
    return detail::finish<std::string_view>(status, slot, [&] { return out.view(); });
  }

  result<sark::query> prepare(std::string_view policy_or_path, revision_info *info = nullptr) const noexcept {
    ::sark_query *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_engine_prepare(handle_.get(), detail::text(policy_or_path), policy_or_path.size(),
                                              nullptr, info, &made, slot.out());
    return detail::finish<sark::query>(status, slot, [&] { return sark::query(made); });
  }

  result<input> parse_input(std::string_view json) const noexcept {
    ::sark_input *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_input_parse(handle_.get(), detail::bytes(json), json.size(), &made, slot.out());
    return detail::finish<input>(status, slot, [&] { return input(made); });
  }

  /// Starts a collection of changes; nothing happens before its commit().
  result<update> begin_update() const noexcept {
    ::sark_update *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_update_new(handle_.get(), &made, slot.out());
    return detail::finish<update>(status, slot, [&] { return update(made); });
  }

  /// Follows a source of policies and data: what is new there comes into force, whole or not at all. `url` is "dir:PATH", "bundle:PATH",
  /// "https://…" (a bundle that a server has) or "opa:http://…" (what a running OPA has); `config` a JSON object with the names of OPA's
  /// configuration, or nothing. Waits up to 3 s for the first answer. A source that is away, or has what is refused, is no error:
  /// source::wait() and source::status() say it. status::unsupported for another kind of source, status::conflict for a name that
  /// another source of the engine has.
  result<source> follow(std::string_view url, std::string_view config = {}) const noexcept {
    ::sark_source *made = nullptr;
    detail::error_slot slot;
    const auto status = ::sark_source_new(handle_.get(), detail::text(url), url.size(), config.data(), config.size(), &made,
                                          slot.out());
    return detail::finish<source>(status, slot, [&] { return source(made); });
  }

  const ::sark_engine *get() const noexcept { return handle_.get(); }

private:
  explicit engine(::sark_engine *handle) noexcept : handle_(handle) {}
  detail::owned<::sark_engine, ::sark_engine_free> handle_;
};

} // namespace sark

#endif
