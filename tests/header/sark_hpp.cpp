// The C++ header, twice, and all of it used: what nobody instantiates nobody has compiled.
#include <sark.hpp>
#include <sark.hpp>

#include <type_traits>
#include <utility>

namespace {

template <class Noun>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<Noun> && std::is_nothrow_move_assignable_v<Noun> &&
                            !std::is_copy_constructible_v<Noun> && !std::is_copy_assignable_v<Noun>;
static_assert(moves_only<sark::engine> && moves_only<sark::query> && moves_only<sark::input> &&
              moves_only<sark::update> && moves_only<sark::cache> && moves_only<sark::flags> &&
              moves_only<sark::source> && moves_only<sark::client> && moves_only<sark::decision> && moves_only<sark::metrics> &&
              moves_only<sark::buffer> && moves_only<sark::error>);

// A noun costs what its pointer costs.
static_assert(sizeof(sark::engine) == sizeof(void *) && sizeof(sark::query) == sizeof(void *) &&
              sizeof(sark::buffer) == sizeof(void *) && sizeof(sark::decision) == sizeof(void *));

// An answer is never mistaken for the success of the call.
static_assert(!std::is_convertible_v<sark::result<std::string_view>, bool>);

} // namespace

// Compiled, never run: the other translation unit has main().
bool use_everything() {
  using namespace std::chrono_literals;
  sark::buffer out;
  sark::error error;
  sark::metrics metrics = sark::metrics::make().value();

  sark::engine_options engine_options;
  engine_options.rego_version = sark::rego_version::v0;
  engine_options.timeout = 5ms;
  engine_options.metrics = &metrics;
  engine_options.evaluator = sark::evaluator::regorus;
  const sark::engine engine = sark::engine::make(engine_options).value();
  sark::revision_info revision;
  bool good = engine.load_policy("a", "package a", {sark::rego_version::v1}, &revision).ok();
  good &= engine.has_policy("a", &error) && engine.remove_policy("a").ok() && engine.clear_policies().ok();
  good &= engine.set_data("{}", &revision).ok() && engine.patch_data("/a", "1").ok();
  good &= engine.policy_names(out).ok() && engine.revision(out).ok();

  sark::evaluate_options options;
  options.timeout = sark::no_timeout;
  options.strict_builtin_errors = true;
  sark::evaluate_info info;
  good &= engine.evaluate("data.a", sark::no_input, out, options, &info).undefined();
  options.rego_version = sark::rego_version::v2;
  good &= engine.query("x := 1", sark::no_input, out, options, &info).value_or("") == R"([{"x":1}])";
  const sark::query query = engine.prepare("data.a").value();
  const sark::input input = engine.parse_input("{}").value();
  good &= query.evaluate(input, out).ok() && query.evaluate("{}", out, options, &info).value_or("x") != "x";
  good &= query.allows("{}", &error, options, &info) && query.get() != nullptr;
  sark::batch batch;
  batch.add("{}");
  good &= query.evaluate_batch(batch, options, &info).ok() && batch.answered() == batch.size();
  good &= batch.answer(0).status == sark::status::ok;
  batch.clear();

  sark::update update = engine.begin_update().value();
  good &= update.load_policy("a", "package a").ok() && update.remove_policy("a").ok() && update.set_data("{}").ok();
  good &= update.patch_data("/a", "1").ok() && update.clear_policies().ok() && update.commit("r", &revision).ok();

  const sark::source source = engine.follow("dir:/srv/policies", R"({"name":"p"})").value();
  good &= source.wait(1ms).failed() && source.trigger().ok() && source.next(out, 1ms).ok() && source.status(out).ok();
  good &= source.get() != nullptr && !engine.follow("ftp://host").ok();
  source.close();

  sark::cache_options cache_options;
  cache_options.default_ttl = sark::no_expiry;
  const sark::cache cache = sark::cache::make(cache_options).value();
  sark::cache_set_info evicted;
  good &= cache.set("k", "v", 1s, &evicted).ok() && cache.get("k", out).ok() && cache.remove("k").miss();
  good &= *cache.len() + *cache.bytes() + *cache.cleanup_expired() == 0 && cache.stats(out).ok() && cache.clear().ok();

  const sark::flags flags = sark::flags::make("memory:").value();
  good &= flags.set_rollout("f", 12.5).ok() && flags.is_enabled("f", "u", &error) && *flags.rollout("f") == 12.5;
  good &= sark::flags::bucket("f", "u").ok() && flags.rollback("f").ok() && flags.rollback_all().ok();
  good &= flags.set_rollout(out, "f", 12.5, {"ops", "why"}).ok() && flags.rollback(out, "f", {"ops", ""}).ok();
  good &= flags.rollback_all(out).ok() && flags.history(out, "f", 1).ok() && flags.status(out).ok();
  good &= flags.force(sark::side::local).ok() && flags.force(sark::side::none).ok() && flags.next(out, 1ms).ok();
  good &= flags.list(out).ok();

  sark::client_options client_options;
  client_options.cache = &cache;
  client_options.flags = &flags;
  client_options.opa_url = "http://127.0.0.1:8181";
  const sark::client client = sark::client::make(engine, client_options).value();
  sark::decide_info decided;
  if (auto decision = client.decide("a", "{}", "u", {1ms}, &decided)) {
    const sark::decision kept = std::move(decision).value();
    good &= kept.allowed() && !kept.undefined() && kept.cached() && kept.result() == "true";
    good &= kept.implementation() == "rust" && kept.fallback().empty() && kept.duration() > 0ns;
    good &= kept.revision() == decided.revision;
  } else {
    error = std::move(decision).error();
    good &= error.status() == sark::status::closed && error.status_name() == "CLOSED" && error.code().empty() &&
            !error.message().empty() && !error.json().empty();
  }

  sark::admin_options admin_options;
  admin_options.tokens = R"([{"name": "ops", "token": "0123456789abcdef", "role": "write"}])";
  admin_options.engine = &engine, admin_options.cache = &cache, admin_options.metrics = &metrics;
  admin_options.client = &client;
  const sark::admin admin = sark::admin::make(flags, admin_options).value();
  sark::buffer fields;
  if (auto response = admin.handle(fields, out, {"GET", "/admin/livez", {}, {}}))
    good &= response->status == 200 && !response->headers.empty() && !response->body.empty();
  admin.close();

  good &= metrics.render(out).ok() && metrics.render_openmetrics(out).ok() && metrics.gather(out).ok() &&
          !sark::metrics::make_shared("/dev/null/metrics").ok() && sark::version().size() > 0 && sark::abi_version() == SARK_ABI_VERSION;
  client.close(), flags.close(), cache.close(), query.close(), input.close(), engine.close(), metrics.close();
  return good;
}
