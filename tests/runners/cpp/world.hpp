// What one case has made, and the calls of each noun.
#ifndef WORLD_HPP
#define WORLD_HPP

#include <sark.hpp>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "../common/harness.h"

struct world {
  sark::metrics metrics;
  sark::decision_log decision_log;
  bool has_metrics = false;
  sark::engine engine;
  sark::source source;
  sark::update update;
  sark::query query;
  sark::input input;
  sark::cache cache;
  sark::flags flags;
  sark::client client;
  sark::admin admin;
  sark::buffer buffer; // one for every call: reuse is part of what is tested

  const sark::metrics *metrics_or_null() const { return has_metrics ? &metrics : nullptr; }
};

using call = outcome (*)(world &world, const cJSON *args, const char *last_revision);

// Null where the noun has no such call.
call engine_call(std::string_view verb);
call query_call(std::string_view verb);
call input_call(std::string_view verb);
call update_call(std::string_view verb);
call cache_call(std::string_view verb);
call flags_call(std::string_view verb);
call admin_call(std::string_view verb);
call client_call(std::string_view verb);
call metrics_call(std::string_view verb);
call decision_log_call(std::string_view verb);
call source_call(std::string_view verb);

struct verb {
  std::string_view name;
  ::call call;
};
template <std::size_t Count> call find_call(const verb (&verbs)[Count], std::string_view name) {
  for (const auto &verb : verbs)
    if (verb.name == name) return verb.call;
  return nullptr;
}

// An argument's bytes; a view of null where it is absent.
class argument {
public:
  explicit argument(bytes owned) : owned_(owned) {}
  argument(const argument &) = delete;
  argument &operator=(const argument &) = delete;
  ~argument() { std::free(owned_.data); }
  std::string_view view() const { return {reinterpret_cast<const char *>(owned_.data), owned_.length}; }
  operator std::string_view() const { return view(); }

private:
  bytes owned_;
};

inline outcome failed(const sark::error &error) {
  const auto status = error.status_name(), code = error.code(), message = error.message(), json = error.json();
  return outcome_error(status.data(), status.size(), code.data(), code.size(), message.data(), message.size(),
                       json.data(), json.size());
}

// What is left where there is no value to give.
template <class T> outcome without_value(const sark::result<T> &result) {
  if (result.failed()) return failed(result.error());
  if (result.status() == sark::status::undefined) return outcome_of(OUTCOME_UNDEFINED);
  if (result.status() == sark::status::miss) return outcome_of(OUTCOME_MISS);
  return outcome_of(OUTCOME_DONE);
}

inline outcome done(const sark::result<void> &result) { return without_value(result); }

inline outcome answered(const sark::result<std::string_view> &result) {
  return result ? outcome_json(result->data(), result->size()) : without_value(result);
}

inline outcome told(const sark::result<std::string_view> &result) {
  return result ? outcome_text(result->data(), result->size()) : without_value(result);
}

template <class Number> outcome counted(const sark::result<Number> &result) {
  return result ? outcome_number(static_cast<double>(*result)) : without_value(result);
}

// Keeps what a make() gives.
template <class T> outcome kept(T &place, sark::result<T> made) {
  place = T();
  if (!made) return without_value(made);
  place = std::move(made).value();
  return outcome_of(OUTCOME_DONE);
}

inline outcome predicate(bool yes, const sark::error &error) {
  if (!error) return outcome_bool(yes);
  return yes ? outcome_broken("true and an error") : failed(error);
}

inline std::chrono::nanoseconds args_time(const cJSON *args, const char *name) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(args_number(args, name) * 1e6));
}

inline sark::rego_version rego_version(const cJSON *args) {
  const argument name(args_bytes(args, "rego_version"));
  if (!name.view().data()) return sark::rego_version::unset;
  if (name.view() == "v0") return sark::rego_version::v0;
  return name.view() == "v2" ? sark::rego_version::v2 : sark::rego_version::v1;
}

inline sark::evaluator evaluator(const cJSON *args) {
  const argument name(args_bytes(args, "evaluator"));
  if (!name.view().data()) return sark::evaluator::unset;
  return name.view() == "regorus" ? sark::evaluator::regorus : sark::evaluator::sark;
}

inline sark::evaluate_options evaluate_options(const cJSON *args) {
  sark::evaluate_options options;
  options.strict_builtin_errors = args_true(args, "strict");
  options.timeout = args_time(args, "timeout_ms");
  options.rego_version = rego_version(args);
  options.time = std::chrono::nanoseconds(static_cast<std::int64_t>(args_count(args, "time_ns")));
  options.seed = args_count(args, "seed");
  return options;
}

#endif
