/// sark for C++17: an embedded policy decision point. Header-only, over the C ABI of <sark.h>.
///
///     #include <sark.hpp>
///
///     auto engine = sark::engine::make().value();
///     engine.load_policy("authz", "package authz\nallow if input.role == \"admin\"").value();
///     auto query = engine.prepare("data.authz.allow").value();
///     bool yes = query.allows(R"({"role":"admin"})");
///
/// What holds for every class here:
/// - Move-only RAII over one C handle; a moved-from or default-made object is empty, and a call on it fails with
///   status::invalid_argument. The destructor frees; `close()` makes later calls on any thread answer status::closed.
/// - Nothing throws and nothing needs RTTI: a call that can fail returns sark::result, a predicate returns plain
///   `bool` that is true only on a certain yes.
/// - Text and bytes come in as std::string_view and are only read during the call. JSON leaves in a sark::buffer;
///   pass the same one again to reuse its memory.
/// - Threads: engine, query, input, source, cache, flags, client, decision_log, admin and metrics may be used from many threads at once
///   (but not while being moved or destroyed). buffer, update, decision, ticket, error and batch belong to one thread at a time.
#ifndef SARK_HPP
#define SARK_HPP

#include "sark/admin.hpp"
#include "sark/buffer.hpp"
#include "sark/cache.hpp"
#include "sark/client.hpp"
#include "sark/decision.hpp"
#include "sark/decision_log.hpp"
#include "sark/engine.hpp"
#include "sark/error.hpp"
#include "sark/flags.hpp"
#include "sark/input.hpp"
#include "sark/metrics.hpp"
#include "sark/query.hpp"
#include "sark/rego.hpp"
#include "sark/result.hpp"
#include "sark/source.hpp"
#include "sark/ticket.hpp"
#include "sark/update.hpp"
#include "sark/version.hpp"

#endif
