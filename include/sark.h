// sark: a policy decision point inside your process. https://www.openpolicyagent.org/ describes the language it decides.
//
// Generated from src/ffi; change it there. What holds for every function stands in the README under "Conventions":
// who owns what, what may be NULL, which threads may call, and how errors come back.

#ifndef SARK_H
#define SARK_H

#include <stdbool.h>
#include <stdint.h>

/* How a function of the library is marked. SARK_STATIC: the program links the static library. */
#if defined(_WIN32) && !defined(SARK_STATIC)
#define SARK_API __declspec(dllimport)
#elif defined(__GNUC__)
#define SARK_API __attribute__((visibility("default")))
#else
#define SARK_API
#endif

// The version of the ABI that the header describes. It grows when functions are added; none is ever removed or changed.
#define SARK_ABI_VERSION 1

// The call succeeded.
#define SARK_OK 0

// The document has no value. Not an error.
#define SARK_UNDEFINED 1

// There is no such entry. Not an error.
#define SARK_MISS 2

// The answer comes later. Not an error.
#define SARK_PENDING 3

// An argument is missing, malformed or out of range; the message names it.
#define SARK_INVALID_ARGUMENT -1

// No policy of that name is loaded.
#define SARK_POLICY_NOT_FOUND -2

// A policy does not parse or compile.
#define SARK_COMPILATION_ERROR -3

// A decision failed.
#define SARK_EVALUATION_ERROR -4

// JSON or UTF-8 that cannot be read.
#define SARK_SERIALIZATION_ERROR -5

// A deadline, a depth or a size was exceeded.
#define SARK_LIMIT_EXCEEDED -6

// A store or the remote OPA did not answer.
#define SARK_UNAVAILABLE -7

// A thing that exists but that this build cannot do.
#define SARK_UNSUPPORTED -8

// The change does not fit the present state.
#define SARK_CONFLICT -9

// A value that fits no budget.
#define SARK_TOO_LARGE -10

// The caller cancelled.
#define SARK_CANCELLED -11

// The handle was closed.
#define SARK_CLOSED -12

// A defect in sark; also any negative status that the caller does not know.
#define SARK_INTERNAL_ERROR -13

// For a timeout in nanoseconds: none.
#define SARK_NO_TIMEOUT 18446744073709551615ull

// For a time to live in nanoseconds: for ever.
#define SARK_NO_EXPIRY 18446744073709551615ull

// The Rego version that the engine has; for an engine, v1.
#define SARK_REGO_DEFAULT 0

// Rego before OPA 1.0.
#define SARK_REGO_V0 1

// Rego since OPA 1.0.
#define SARK_REGO_V1 2

// Rego as `import rego.v2` has it, OPA 1.22.
#define SARK_REGO_V2 3

// sark's own evaluator.
#define SARK_EVALUATOR_DEFAULT 0

// sark's own evaluator: decides as OPA decides.
#define SARK_EVALUATOR_SARK 1

// Microsoft's regorus, where the build has it: a second opinion.
#define SARK_EVALUATOR_REGORUS 2

// The percentages say who is local.
#define SARK_FORCE_NONE 0

// Everyone takes the local path.
#define SARK_FORCE_LOCAL 1

// Everyone takes the remote path.
#define SARK_FORCE_REMOTE 2

// The dial chooses a side for each user; without flags, the local engine. The remote answers where the local engine fails.
#define SARK_MODE_DIAL 0

// The local engine alone; a remote, where there is one, is asked for comparison only.
#define SARK_MODE_LOCAL 1

// The remote alone.
#define SARK_MODE_REMOTE 2

// The remote; the local engine where it is away.
#define SARK_MODE_REMOTE_FIRST 3

// There was no connection to the remote, or it broke.
#define SARK_FAIL_CONNECTION 1

// The remote's response took too long.
#define SARK_FAIL_TIMEOUT 2

// The local engine decided.
#define SARK_IMPLEMENTATION_RUST 1

// The remote OPA decided.
#define SARK_IMPLEMENTATION_HTTP 2

// The side that was chosen decided.
#define SARK_FALLBACK_NONE 0

// The remote decided since the evaluation failed.
#define SARK_FALLBACK_EVALUATION 1

// The remote decided since the input or the result could not be represented.
#define SARK_FALLBACK_SERIALIZATION 2

// The remote decided since a limit was exceeded.
#define SARK_FALLBACK_LIMIT 3

// The remote decided since there is a defect in sark.
#define SARK_FALLBACK_INTERNAL 4

// The remote decided since the policy uses what the local engine lacks.
#define SARK_FALLBACK_UNSUPPORTED 5

// The local engine decided since the remote was away.
#define SARK_FALLBACK_UNAVAILABLE 6

// The room for a decision's id in an info struct: its text and NULs.
#define SARK_DECISION_ID_SIZE 40

// The room for a revision in an info struct: its text and a NUL.
#define SARK_REVISION_SIZE 64

// The same as `SARK_EXPLAIN_FULL`.
#define SARK_EXPLAIN_DEFAULT 0

// The calls of `trace`, each after the queries that led there.
#define SARK_EXPLAIN_NOTES 1

// The expressions that have no solution, each after the queries that led there.
#define SARK_EXPLAIN_FAILS 2

// Every step but which terms were made equal.
#define SARK_EXPLAIN_FULL 3

// Every step.
#define SARK_EXPLAIN_DEBUG 4

// Prometheus' text format, version 0.0.4: `text/plain; version=0.0.4; charset=utf-8`.
#define SARK_METRICS_TEXT 0

// OpenMetrics: `application/openmetrics-text; version=1.0.0; charset=utf-8`.
#define SARK_METRICS_OPENMETRICS 1

// Answers requests to administer: a function from a request to a response, without sockets.
typedef struct sark_admin sark_admin;

// Bytes under keys, each with a time to live, within a number of entries and of bytes.
typedef struct sark_cache sark_cache;

// Decides for a gateway: the dial, the cache, the local engine, and the remote OPA.
typedef struct sark_client sark_client;

// One decision. Immutable.
typedef struct sark_decision sark_decision;

// What clients decided, for a caller to drain or in a file.
typedef struct sark_decision_log sark_decision_log;

// Policies and data under one roof. Readers never wait for a change.
typedef struct sark_engine sark_engine;

// What went wrong in one call. Immutable.
typedef struct sark_error sark_error;

// The percentages of all features.
typedef struct sark_flags sark_flags;

// A parsed input.
typedef struct sark_input sark_input;

// Counters, shared by what it was given to.
typedef struct sark_metrics sark_metrics;

// A question that is asked many times.
typedef struct sark_query sark_query;

// A source that an engine follows.
typedef struct sark_source sark_source;

// What is left to do for a decision. One thread at a time.
typedef struct sark_ticket sark_ticket;

// A list of changes for one engine.
typedef struct sark_update sark_update;

// Borrowed UTF-8 text, not NUL-terminated. It lives as long as what it was taken from; `data` is never NULL.
typedef struct sark_str {
  // The text's bytes.
  const char *data;
  // Their number.
  uint64_t length;
} sark_str;

// What is administered, and by whom.
typedef struct sark_admin_options {
  // `sizeof(sark_admin_options)`.
  uint32_t struct_size;
  // 1 where everyone who reaches the admin may read and write, and no tokens are given; otherwise 0.
  uint32_t allow_anonymous;
  // The dial. Must be given. The admin keeps it, and what follows, alive.
  const struct sark_flags *flags;
  // The engine whose policies are shown, or NULL.
  const struct sark_engine *engine;
  // The cache whose figures are shown, or NULL.
  const struct sark_cache *cache;
  // The metrics that are shown, or NULL.
  const struct sark_metrics *metrics;
  // The client whose breaker is shown, or NULL.
  const struct sark_client *client;
} sark_admin_options;

// A result. Made by `sark_buffer_new` alone; its fields may be read and must not be written.
//
// Passing the same buffer again reuses its memory: `data` stays where it is until `capacity` grows. After an error, and after
// `SARK_UNDEFINED` or `SARK_MISS`, `length` is 0.
typedef struct sark_buffer {
  // The bytes; NULL while `capacity` is 0.
  const uint8_t *data;
  // Their number.
  uint64_t length;
  // The bytes that fit before `data` moves.
  uint64_t capacity;
} sark_buffer;

// What bounds a cache. Zero in a field is its default.
typedef struct sark_cache_options {
  // `sizeof(sark_cache_options)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // The most entries; default 10,000.
  uint64_t max_entries;
  // The most bytes of keys and values together; default 64 MiB.
  uint64_t max_bytes;
  // The time to live of entries that do not name one, in nanoseconds; default 300 s; `SARK_NO_EXPIRY` for ever.
  uint64_t default_ttl_ns;
  // How often expired entries are removed in the background, in nanoseconds; default 60 s.
  uint64_t sweep_interval_ns;
  // Where to count, or NULL. The cache keeps it alive.
  const struct sark_metrics *metrics;
} sark_cache_options;

// How an entry is stored.
typedef struct sark_cache_set_options {
  // `sizeof(sark_cache_set_options)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // The time to live in nanoseconds; default the cache's; `SARK_NO_EXPIRY` for ever.
  uint64_t ttl_ns;
} sark_cache_set_options;

// What storing an entry took.
typedef struct sark_cache_set_info {
  // `sizeof(sark_cache_set_info)`.
  uint32_t struct_size;
  // How many entries had to go for it.
  uint32_t evicted;
} sark_cache_set_info;

// What bounds a client. Zero in a field is its default.
typedef struct sark_client_options {
  // `sizeof(sark_client_options)`.
  uint32_t struct_size;
  // How many decisions may fall back to the remote at the same time; further ones get their error. Default 16.
  uint32_t max_concurrent_fallbacks;
  // The time of one decision in nanoseconds, both sides together; default 5 s; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
  // The time to live of cached decisions in nanoseconds; default the cache's.
  uint64_t cache_ttl_ns;
  // The largest answer of the remote in bytes; default 16 MiB.
  uint64_t max_answer_bytes;
  // Where to count, or NULL. The client keeps it alive.
  const struct sark_metrics *metrics;
  // `SARK_MODE_…`: who decides; default the dial.
  uint32_t mode;
  // The share of local decisions that are compared with the remote's, in hundredths of a percent: 1 to 10,000; 0 is off.
  uint32_t shadow_rate;
  // How many decisions may wait to be compared; of more, the new ones are dropped and counted. Default 256.
  uint32_t shadow_max_waiting;
  // 1: the input of a differing answer is kept, without the masked places. 0: it is not.
  uint32_t shadow_keep_inputs;
  // The guard's sliding window in nanoseconds; 0 is off. With it, at least one threshold below.
  uint64_t guard_window_ns;
  // The dial goes back where the 95th percentile of the local decisions' time is longer, in nanoseconds; 0 is off.
  uint64_t guard_p95_ns;
  // The dial goes back at this share of local decisions that failed, in hundredths of a percent: 1 to 10,000; 0 is off.
  uint32_t guard_error_rate;
  // The dial goes back at so many answers that differ from the remote's (`shadow_rate` finds them); 0 is off.
  uint32_t guard_differing;
  // With fewer local decisions in the window, error rate and p95 say nothing; default 100.
  uint32_t guard_min_decisions;
  // 0.
  uint32_t reserved;
  // Where each decision is logged, or NULL. The client keeps it alive.
  const struct sark_decision_log *decision_log;
} sark_client_options;

// What one decision may take.
typedef struct sark_decide_options {
  // `sizeof(sark_decide_options)`.
  uint32_t struct_size;
  // The flags of the trace: W3C's `trace-flags`, 0 to 255.
  uint32_t trace_flags;
  // The time in nanoseconds; default the client's; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
  // The upper half of W3C's `trace-id`; both halves 0 for no trace. It goes to the remote as `traceparent`.
  uint64_t trace_id_high;
  // The lower half.
  uint64_t trace_id_low;
  // W3C's `parent-id`.
  uint64_t trace_parent_id;
} sark_decide_options;

// What a decision was, and where its time went.
typedef struct sark_decide_info {
  // `sizeof(sark_decide_info)`.
  uint32_t struct_size;
  // `SARK_OK` or `SARK_UNDEFINED`.
  int32_t status;
  // 1 where the result is exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`.
  uint32_t allowed;
  // `SARK_IMPLEMENTATION_RUST` or `SARK_IMPLEMENTATION_HTTP`.
  uint32_t implementation;
  // 1 where it was decided before, under this revision.
  uint32_t cached;
  // A `SARK_FALLBACK_…`.
  uint32_t fallback;
  // Nanoseconds at the dial.
  uint64_t flag_ns;
  // Nanoseconds at the cache.
  uint64_t cache_ns;
  // Nanoseconds in the local engine, without reading the input.
  uint64_t evaluate_ns;
  // Nanoseconds at the remote OPA.
  uint64_t remote_ns;
  // Nanoseconds in all.
  uint64_t duration_ns;
  // The local revision that decided, opaque text that ends with a NUL; empty for a remote decision.
  char revision[SARK_REVISION_SIZE];
  // Nanoseconds spent reading the input.
  uint64_t read_ns;
  // The decision's id: a random UUID, text that ends with NULs.
  char id[SARK_DECISION_ID_SIZE];
} sark_decide_info;

// What bounds a decision log. Zero in a field is its default.
typedef struct sark_decision_log_options {
  // `sizeof(sark_decision_log_options)`.
  uint32_t struct_size;
  // How many events may wait; of more, the oldest are dropped and counted. Default 10,000.
  uint32_t max_waiting;
  // How many bytes of inputs and results may wait; default 64 MiB.
  uint64_t max_waiting_bytes;
  // A larger input or result, in bytes, is left out of its event, which then names it in `erased`; default 1 MiB.
  uint64_t max_event_bytes;
  // Where to count, or NULL. The log keeps it alive.
  const struct sark_metrics *metrics;
} sark_decision_log_options;

// What bounds an engine. Zero in a field is its default.
typedef struct sark_engine_options {
  // `sizeof(sark_engine_options)`.
  uint32_t struct_size;
  // `SARK_REGO_V0`, `SARK_REGO_V1` or `SARK_REGO_V2` for policies that do not name one; default v1.
  uint32_t rego_version;
  // The time of one evaluation in nanoseconds; default 5 s; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
  // The largest input in bytes of JSON; default 64 MiB.
  uint64_t max_input_bytes;
  // The most bytes of all policies' sources together; default 64 MiB.
  uint64_t max_policy_bytes;
  // The most bytes of data, as compact JSON; default 1 GiB.
  uint64_t max_data_bytes;
  // Where to count, or NULL. The engine keeps it alive.
  const struct sark_metrics *metrics;
  // `SARK_EVALUATOR_SARK`, which decides as OPA does, or `SARK_EVALUATOR_REGORUS` where the build has it; default sark.
  uint32_t evaluator;
  // 1: OPA's strict mode. Imports, parameters and assigned variables that nothing uses do not compile, nor, whatever the version,
  // two imports of one name, rules and variables called `input` or `data`, and deprecated builtins. 0, OPA's default: they do.
  uint32_t strict;
  // 1: calls of `print` are compiled, and each line is an event that `sark_engine_next` gives. 0, the default: they are taken out, and cost
  // nothing. Tests are always run with them.
  uint32_t print_statements;
  // 1: types are checked by the schemas that annotations hold, and by those that they name and `sark_engine_set_schema` put there, as
  // `opa check` does. 0, the default: annotations say nothing about types.
  uint32_t schema_annotations;
} sark_engine_options;

// How a policy is loaded.
typedef struct sark_load_options {
  // `sizeof(sark_load_options)`.
  uint32_t struct_size;
  // `SARK_REGO_V0`, `SARK_REGO_V1`, `SARK_REGO_V2`, or `SARK_REGO_DEFAULT` for the engine's.
  uint32_t rego_version;
} sark_load_options;

// The revision after a change, or at which a query was prepared.
typedef struct sark_revision_info {
  // `sizeof(sark_revision_info)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // The revision, opaque text that ends with a NUL.
  char revision[SARK_REVISION_SIZE];
} sark_revision_info;

// How data is changed.
typedef struct sark_data_options {
  // `sizeof(sark_data_options)`.
  uint32_t struct_size;
  // None are defined yet: 0.
  uint32_t flags;
} sark_data_options;

// What one evaluation may take.
typedef struct sark_evaluate_options {
  // `sizeof(sark_evaluate_options)`.
  uint32_t struct_size;
  // 1: an error in a builtin is `SARK_EVALUATION_ERROR`. 0, OPA's default: it makes its expression undefined.
  uint32_t strict_builtin_errors;
  // The time in nanoseconds; default the engine's; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
  // Of a query's text: `SARK_REGO_V0`, `_V1`, `_V2`, or `SARK_REGO_DEFAULT` for the engine's.
  uint32_t rego_version;
  // 0.
  uint32_t reserved;
  // What `time.now_ns` gives, in nanoseconds since 1970; 0, the default, for the time that it is.
  int64_t time_ns;
  // What `rand.intn` and `uuid.rfc4122` draw from, so that equal seeds draw the same; 0, the default, for the system's randomness.
  uint64_t seed;
} sark_evaluate_options;

// What one evaluation took.
typedef struct sark_evaluate_info {
  // `sizeof(sark_evaluate_info)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // Nanoseconds spent reading the input.
  uint64_t read_ns;
  // Nanoseconds spent deciding and writing the result.
  uint64_t evaluate_ns;
  // Both together.
  uint64_t duration_ns;
  // The revision that decided, opaque text that ends with a NUL.
  char revision[SARK_REVISION_SIZE];
} sark_evaluate_info;

// How a query is prepared.
typedef struct sark_prepare_options {
  // `sizeof(sark_prepare_options)`.
  uint32_t struct_size;
  // None are defined yet: 0.
  uint32_t flags;
} sark_prepare_options;

// How a decision is explained. Zero in a field is its default.
typedef struct sark_explain_options {
  // `sizeof(sark_explain_options)`.
  uint32_t struct_size;
  // How much is told: `SARK_EXPLAIN_*`.
  uint32_t explain;
  // 1: lines, as OPA's `pretty` has them. 0: events.
  uint32_t pretty;
  // 1: an error in a builtin is `SARK_EVALUATION_ERROR`. 0, OPA's default: it makes its expression undefined.
  uint32_t strict_builtin_errors;
  // The time in nanoseconds; default the engine's; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
} sark_explain_options;

// How flags are kept.
typedef struct sark_flags_options {
  // `sizeof(sark_flags_options)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // Where to count, or NULL. The flags keep it alive.
  const struct sark_metrics *metrics;
  // How old the percentages of a store that is away may become, in nanoseconds; from then on everyone takes the remote path. 0 for no bound.
  uint64_t max_age_ns;
} sark_flags_options;

// How metrics are kept.
typedef struct sark_metrics_options {
  // `sizeof(sark_metrics_options)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
} sark_metrics_options;

// What bounds the requests of `http.send`. Zero in a field is its default.
typedef struct sark_network_options {
  // `sizeof(sark_network_options)`.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // The most that one request takes in nanoseconds, redirects and its answer included; default 5 s. A request's own `timeout` counts where
  // it is shorter, and so does the evaluation's.
  uint64_t timeout_ns;
  // The largest answer in bytes, as it is after decompressing; default 16 MiB.
  uint64_t max_response_bytes;
  // The most bytes of answers that one evaluation leaves to later ones (`cache`, `force_cache`); default 64 MiB. The oldest go first.
  uint64_t max_cache_bytes;
} sark_network_options;

// One answer of a batch.
typedef struct sark_batch_result {
  // `SARK_OK`, `SARK_UNDEFINED`, or an error's status.
  int32_t status;
  // 0.
  uint32_t reserved;
  // Where the answer starts in the buffer: the result, or the error's JSON.
  uint64_t offset;
  // Its bytes; 0 where undefined.
  uint64_t length;
} sark_batch_result;

// How tests are run. Zero in a field is its default.
typedef struct sark_test_options {
  // `sizeof(sark_test_options)`.
  uint32_t struct_size;
  // 1: says as well what the tests covered. Default: 0.
  uint32_t coverage;
  // The time of one test in nanoseconds; default 5 s; `SARK_NO_TIMEOUT` for none.
  uint64_t timeout_ns;
} sark_test_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the ABI that the loaded library has: no smaller than `SARK_ABI_VERSION` of a header that fits it.
//
// Threads: any.
SARK_API
uint32_t sark_abi_version(void);

// The library's version, such as `0.1.0`.
//
// Ownership: the text is static.
// Threads: any.
SARK_API struct sark_str sark_version(void);

// The name of a status without its prefix, such as `POLICY_NOT_FOUND`; `INTERNAL_ERROR` for an unknown negative one, `OK` for an unknown positive one.
//
// Ownership: the text is static.
// Threads: any.
SARK_API
struct sark_str sark_status_name(int32_t status);

// Makes an admin for the bearers of tokens, a JSON array: `[{"name": "ops", "token": "…", "role": "write"}]`. A name stands in the
// history of what its bearer changes. A token has at least 16 bytes, all of them visible ASCII characters; only its digest is kept. A
// role is `read` or `write`. Without tokens (NULL, 0, or `[]`) `allow_anonymous` must be 1.
//
// Ownership: the caller owns `*admin`; it keeps flags, engine, cache, metrics and client alive.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (the tokens' JSON; no message has a token).
// Threads: any.
SARK_API
int32_t sark_admin_new(const uint8_t *tokens,
                       uint64_t tokens_length,
                       const struct sark_admin_options *options,
                       struct sark_admin **admin,
                       struct sark_error **error);

// Answers one request as a remote client sent it. The status is OK for every such request, however malformed: what is wrong with it
// stands in the response, for which `*status` is the HTTP status, `response_headers` gets the header fields, `Name: value` and CR LF each,
// and `response_body` the body (none for HEAD). The server adds the length.
//
// `method` is such as `GET`. `target` is the path and query as they stood in the request line, under `/admin`: what mounts an admin
// elsewhere puts `/admin` in place of its own prefix. `headers` are the fields as they came, `Name: value` and a line end each, at least
// Host, Origin, Sec-Fetch-Site, Authorization and Content-Type where there are any. What is empty may
// be NULL, 0.
//
// Errors: INVALID_ARGUMENT (also for one buffer in both places), CLOSED.
// Threads: any. Blocks as long as the flags' store takes to confirm a change, or to read the history.
SARK_API
int32_t sark_admin_handle(const struct sark_admin *admin,
                          const uint8_t *method,
                          uint64_t method_length,
                          const uint8_t *target,
                          uint64_t target_length,
                          const uint8_t *headers,
                          uint64_t headers_length,
                          const uint8_t *body,
                          uint64_t body_length,
                          uint32_t *status,
                          struct sark_buffer *response_headers,
                          struct sark_buffer *response_body,
                          struct sark_error **error);

// Ends an admin: later calls answer CLOSED. Its flags, engine, cache and metrics go on. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_admin_close(const struct sark_admin *admin);

// Frees a handle; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_admin_free(struct sark_admin *admin);

// Makes an empty buffer; NULL only after a defect.
//
// Ownership: the caller owns it, and frees it with `sark_buffer_free`.
// Threads: one at a time.
SARK_API struct sark_buffer *sark_buffer_new(void);

// Frees a buffer; NULL is fine.
//
// Ownership: ends the buffer and its bytes.
// Threads: one at a time.
SARK_API void sark_buffer_free(struct sark_buffer *buffer);

// Makes an empty cache.
//
// Ownership: the caller owns `*cache`.
// Errors: INVALID_ARGUMENT.
// Threads: any. The first `sark_cache_set` starts a thread of the cache's own, which ends with it.
SARK_API
int32_t sark_cache_new(const struct sark_cache_options *options,
                       struct sark_cache **cache,
                       struct sark_error **error);

// Writes the value under a key; MISS where there is none that has not expired.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_cache_get(const struct sark_cache *cache,
                       const uint8_t *key,
                       uint64_t key_length,
                       struct sark_buffer *buffer,
                       struct sark_error **error);

// Stores a value under a key, in place of what was there.
//
// Ownership: key and value are copied.
// Errors: TOO_LARGE for an entry larger than the cache (what was under the key is removed), INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_cache_set(const struct sark_cache *cache,
                       const uint8_t *key,
                       uint64_t key_length,
                       const uint8_t *value,
                       uint64_t value_length,
                       const struct sark_cache_set_options *options,
                       struct sark_cache_set_info *info,
                       struct sark_error **error);

// Removes the entry under a key; MISS where there was none that had not expired.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_cache_remove(const struct sark_cache *cache,
                          const uint8_t *key,
                          uint64_t key_length,
                          struct sark_error **error);

// Removes all entries.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API int32_t sark_cache_clear(const struct sark_cache *cache, struct sark_error **error);

// Writes the number of entries, expired ones that were not yet removed included.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API int32_t sark_cache_len(const struct sark_cache *cache, uint64_t *entries, struct sark_error **error);

// Writes the bytes of all keys and values.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API int32_t sark_cache_bytes(const struct sark_cache *cache, uint64_t *bytes, struct sark_error **error);

// Removes expired entries now, and writes how many there were.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_cache_cleanup_expired(const struct sark_cache *cache,
                                   uint64_t *removed,
                                   struct sark_error **error);

// Writes what the cache did and holds, a JSON object of whole numbers: `hits`, `misses`, `sets`, `removals`, `evictions`, `expirations`,
// `entries`, `bytes`.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_cache_stats(const struct sark_cache *cache,
                         struct sark_buffer *buffer,
                         struct sark_error **error);

// Ends a cache for all its users: entries are dropped, later calls answer CLOSED. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_cache_close(const struct sark_cache *cache);

// Frees a handle; NULL is fine. Clients made from it live on.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_cache_free(struct sark_cache *cache);

// Makes a client.
//
// `cache` may be NULL: nothing is remembered. `flags` may be NULL: everyone is decided locally. `opa_url`, such as
// `http://127.0.0.1:8181`, may be left out (NULL, 0): then there is no fallback, and `flags` must be NULL. `feature`, the dial's
// name, may be left out: `rust_opa`.
//
// The URL's own parameters, percent-encoded, say how the remote is asked: `https://opa:8181?ca_file=PATH` trusts that file alone, else
// whom the machine trusts; `cert_file=PATH&key_file=PATH` say who we are (all PEM, read once); `token_file=PATH` holds a bearer token,
// read again at most every second, and over plain `http` anyone between can read it; `connect_timeout_ms=2000` bounds connecting.
//
// Ownership: the caller owns `*client`; it keeps engine, cache and flags alive.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8).
// Threads: any.
SARK_API
int32_t sark_client_new(const struct sark_engine *engine,
                        const struct sark_cache *cache,
                        const struct sark_flags *flags,
                        const char *opa_url,
                        uint64_t opa_url_length,
                        const char *feature,
                        uint64_t feature_length,
                        const struct sark_client_options *options,
                        struct sark_client **client,
                        struct sark_error **error);

// Decides: the dial chooses the side, the cache is asked before the local engine, and the remote answers where the local engine fails.
// Blocks until then. The status is OK or UNDEFINED, both with a decision, or an error without one: never an allow.
//
// Without an input (NULL, 0), `input` is undefined. Without a user (NULL, 0), the remote decides unless the dial stands at 100 %.
//
// Ownership: the caller owns `*decision`, and frees it with `sark_decision_free`.
// Errors: POLICY_NOT_FOUND, INVALID_ARGUMENT, SERIALIZATION_ERROR, EVALUATION_ERROR, LIMIT_EXCEEDED, UNAVAILABLE, CLOSED.
// Threads: any.
SARK_API
int32_t sark_client_decide(const struct sark_client *client,
                           const char *policy,
                           uint64_t policy_length,
                           const uint8_t *input,
                           uint64_t input_length,
                           const uint8_t *user,
                           uint64_t user_length,
                           const struct sark_decide_options *options,
                           struct sark_decide_info *info,
                           struct sark_decision **decision,
                           struct sark_error **error);

// Leaves places out of whatever the client keeps of inputs and results from now on: differing answers, events, decision logs.
//
// `pointers` is a JSON array of JSON pointers that start with `/input` or `/result`, such as `["/input/password"]`; `[]` for none.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_client_set_mask(const struct sark_client *client,
                             const uint8_t *pointers,
                             uint64_t pointers_length,
                             struct sark_error **error);

// Writes how the client is, as JSON: `breaker` (`state`, `failures`, `retry_in_seconds`), `shadow` (`rate`, `outcomes` by name,
// `dropped`, `waiting`, and `differences`, the last ones, the newest first), `guard` (what its window holds, `rollbacks`, `withheld`),
// null where there is none, and `fallbacks`, how many are under way.
//
// Ownership: the caller owns the buffer.
// Errors: CLOSED.
// Threads: any.
SARK_API
int32_t sark_client_status(const struct sark_client *client,
                           struct sark_buffer *buffer,
                           struct sark_error **error);

// Takes the next thing that happened, for a logger: JSON with `when`, `level` (`info`, `warning` or `error`), `event`, `message` and
// `fields`. Events: `fallback`, `shadow_differs`, `guard_rolled_back`, `guard_withheld`, `guard_failed`, `events_dropped`. None has an
// input or a result. Up to 256 wait; older ones are dropped and counted.
//
// Waits up to `timeout_ns` for one; MISS where none came. `sark_client_close` ends the wait with CLOSED.
//
// Ownership: the caller owns the buffer.
// Errors: CLOSED.
// Threads: any; each event is given once.
SARK_API
int32_t sark_client_next(const struct sark_client *client,
                         uint64_t timeout_ns,
                         struct sark_buffer *buffer,
                         struct sark_error **error);

// Decides a decision log again, by the local engine alone, and writes what came of it as JSON.
//
// `log` is JSON lines, each one an event of OPA's format (`EventV1`, OPA's own or sark's) or an array of them. The report:
// `events`, `equal`, `differing`, `skipped` (`erased`: a part was masked; `nondeterministic`: time, randomness or the network is reached;
// `failed`: a side had no answer; `unreadable`), and `differences`, at most 100: `decision_id`, `path`, `logged` and `local`, each
// `{"result": …}`, `{"undefined": true}` or `{"error": true}`. Takes as long as the decisions do; give a long log in parts.
//
// Ownership: the caller owns the buffer.
// Errors: CLOSED, also while it runs.
// Threads: any.
SARK_API
int32_t sark_client_replay(const struct sark_client *client,
                           const uint8_t *log,
                           uint64_t log_length,
                           struct sark_buffer *buffer,
                           struct sark_error **error);

// Ends a client for all its users; later calls answer CLOSED. Its engine, cache and flags go on. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API
void sark_client_close(const struct sark_client *client);

// Frees a client; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_client_free(struct sark_client *client);

// `SARK_OK`, or `SARK_UNDEFINED`; for NULL, `SARK_INTERNAL_ERROR`.
//
// Threads: one at a time.
SARK_API int32_t sark_decision_status(const struct sark_decision *decision);

// Whether the decision allows: exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`. False for NULL.
//
// Threads: one at a time.
SARK_API
bool sark_decision_allowed(const struct sark_decision *decision);

// Whether it was decided before, under this revision. False for NULL.
//
// Threads: one at a time.
SARK_API bool sark_decision_cached(const struct sark_decision *decision);

// The result as compact JSON with sorted keys; empty where undefined, and for NULL.
//
// Ownership: the text belongs to the decision.
// Threads: one at a time.
SARK_API struct sark_str sark_decision_result(const struct sark_decision *decision);

// The side that decided: `rust` for the local engine, `http` for the remote OPA. Empty for NULL.
//
// Ownership: the text is static.
// Threads: one at a time.
SARK_API struct sark_str sark_decision_implementation(const struct sark_decision *decision);

// Why the other side decided than the one that was chosen: the remote for `evaluation`, `serialization`, `limit`, `internal` and
// `unsupported`, for `unavailable` the one that was there. Empty where the chosen one decided.
//
// Ownership: the text is static.
// Threads: one at a time.
SARK_API
struct sark_str sark_decision_fallback(const struct sark_decision *decision);

// The local revision that decided; empty for a remote decision.
//
// Ownership: the text belongs to the decision.
// Threads: one at a time.
SARK_API struct sark_str sark_decision_revision(const struct sark_decision *decision);

// The decision's id, a random UUID, by which logs and events name it. Empty for NULL.
//
// Ownership: the text belongs to the decision.
// Threads: one at a time.
SARK_API struct sark_str sark_decision_id(const struct sark_decision *decision);

// Nanoseconds that the decision took.
//
// Threads: one at a time.
SARK_API uint64_t sark_decision_duration_ns(const struct sark_decision *decision);

// Frees a decision; NULL is fine.
//
// Ownership: ends the decision and every text taken from it.
// Threads: one at a time.
SARK_API void sark_decision_free(struct sark_decision *decision);

// Opens a decision log, to be given to clients in their options. Its events are OPA's (`EventV1`): one JSON object for each decision, or
// error, with the input and the result, without the places that the client's mask names. `custom` has what OPA's format has no field
// for: `implementation`, `fallback`, `cached`, `revision`.
//
// `location` is `queue:`, and events are taken with `sark_decision_log_next`; or `file:PATH?max_bytes=100000000&keep=5`, JSON lines that
// a thread writes. A file that would grow beyond `max_bytes` is renamed to `PATH.1`, and of the renamed ones `keep` stay. Several
// processes may write one file. It is made so that its owner alone may read it.
//
// Ownership: the caller owns `*log`; a client keeps it alive.
// Errors: INVALID_ARGUMENT, UNAVAILABLE (the file cannot be written), SERIALIZATION_ERROR (UTF-8).
// Threads: any.
SARK_API
int32_t sark_decision_log_new(const char *location,
                              uint64_t location_length,
                              const struct sark_decision_log_options *options,
                              struct sark_decision_log **log,
                              struct sark_error **error);

// Takes the oldest event of a log whose location is `queue:`. Waits up to `timeout_ns` for one; MISS where none came. What waits at
// `sark_decision_log_close` may still be taken; then the answer is CLOSED, also for one who waits.
//
// Ownership: the caller owns the buffer.
// Errors: UNSUPPORTED for a log in a file, CLOSED.
// Threads: any; each event is given once.
SARK_API
int32_t sark_decision_log_next(const struct sark_decision_log *log,
                               uint64_t timeout_ns,
                               struct sark_buffer *buffer,
                               struct sark_error **error);

// Waits up to `timeout_ns` until all events so far are written to the file, or taken from the queue: MISS where some still wait then.
//
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_decision_log_flush(const struct sark_decision_log *log,
                                uint64_t timeout_ns,
                                struct sark_error **error);

// Writes how the log is, as JSON: `location`, `waiting`, `waiting_bytes`, `events` (written, or given to callers), `dropped` (lost, since
// too many waited or the file could not be written), and `failing`, why the file cannot be written now, or null. In a forked child, of the
// child alone. Answers after the close, too.
//
// Ownership: the caller owns the buffer.
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_decision_log_status(const struct sark_decision_log *log,
                                 struct sark_buffer *buffer,
                                 struct sark_error **error);

// Ends a log for all its users, after it wrote what waits for its file, for up to 2 s. Later decisions are not logged, and counted as
// dropped. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API
void sark_decision_log_close(const struct sark_decision_log *log);

// Frees a log; NULL is fine. The last of its users, clients included, closes it.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_decision_log_free(struct sark_decision_log *log);

// Makes an engine without policies, whose data is `{}`.
//
// Ownership: the caller owns `*engine`; close it with `sark_engine_close` and free it with `sark_engine_free`.
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_engine_new(const struct sark_engine_options *options,
                        struct sark_engine **engine,
                        struct sark_error **error);

// Ends an engine for all its users: calls under way finish, later ones answer CLOSED, memory is given back. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API
void sark_engine_close(const struct sark_engine *engine);

// Frees a handle; NULL is fine. What was made from it (queries, updates, clients) lives on.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_engine_free(struct sark_engine *engine);

// Loads a policy under a name, or replaces it; on any error what was in force stays in force.
//
// `name` is also the file name in errors; it must not be empty, `data`, or start with `data.` or `data[`.
//
// Ownership: name and source are copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), COMPILATION_ERROR, CONFLICT (data at a rule's path), TOO_LARGE, CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_load_policy(const struct sark_engine *engine,
                                const char *name,
                                uint64_t name_length,
                                const char *rego,
                                uint64_t rego_length,
                                const struct sark_load_options *options,
                                struct sark_revision_info *info,
                                struct sark_error **error);

// Removes a policy.
//
// Errors: POLICY_NOT_FOUND where none has that name, INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_remove_policy(const struct sark_engine *engine,
                                  const char *name,
                                  uint64_t name_length,
                                  struct sark_error **error);

// Removes all policies that were loaded by hand; data stays, and what sources brought.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API int32_t sark_engine_clear_policies(const struct sark_engine *engine, struct sark_error **error);

// Whether a policy of that name is loaded; false with an error in `error` alone.
//
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
bool sark_engine_has_policy(const struct sark_engine *engine,
                            const char *name,
                            uint64_t name_length,
                            struct sark_error **error);

// Writes the names of all policies, a sorted JSON array.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_policy_names(const struct sark_engine *engine,
                                 struct sark_buffer *buffer,
                                 struct sark_error **error);

// Writes how the sources are that the engine follows, a JSON array of what `sark_source_status` writes for each.
//
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_engine_sources(const struct sark_engine *engine,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Writes what the policies offer, as JSON, for whoever deploys them: `policies` (`name`, `package`, `rego_version`, `bytes`); `documents`,
// one for each path that rules define: `path`, `policies`, `rules`, `function`, `deterministic`, `nondeterministic` (the builtins that make it
// otherwise), `reads` (references to the parts of the input and of base data that it can read, `input` or `data` alone where that can be
// any), `network` (the builtins by which it reaches outside, where `sark_engine_allow_net` lets it) and `index`: by what its rules are found
// (`by`), whether by a hash (`hashed`), how many there are (`rules`), and how many are looked at whatever the input is (`always`), and
// `entrypoint`, whether an annotation calls it one; `entrypoints`, the paths of the documents and packages that annotations call so; and
// `annotations`, what `# METADATA` says, as `opa inspect --annotations --format=json` has it: `path` (terms), `location`, `annotations`.
//
// Errors: INVALID_ARGUMENT, UNSUPPORTED (another evaluator than sark's), CLOSED.
// Threads: any. It plans each document, for seconds where there are thousands.
SARK_API
int32_t sark_engine_inspect(const struct sark_engine *engine,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Writes to the buffer which builtins policies may call, with their types and which are `nondeterministic`, and the features of the language:
// a JSON object in the shape of `opa capabilities --current`, so that `opa build` and `opa check` can be held to it (`--capabilities`).
//
// Ownership: the caller owns the buffer.
// Errors: INVALID_ARGUMENT, UNSUPPORTED (by another evaluator than sark's), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_capabilities(const struct sark_engine *engine,
                                 struct sark_buffer *buffer,
                                 struct sark_error **error);

// Takes the next line that a policy printed, as JSON: `{"when", "level": "info", "event": "print", "message", "fields": {"policy", "row",
// "col"}}`. There are none without `print_statements`. Of more than 256 that wait, the oldest are dropped and counted (`events_dropped`); a line
// of more than 64 KiB is cut, and `fields` has its `bytes`. Waits up to `timeout_ns`; MISS where nothing was printed.
//
// Ownership: the caller owns the buffer.
// Errors: INVALID_ARGUMENT, CLOSED, also for one who waits.
// Threads: any; each event is given once.
SARK_API
int32_t sark_engine_next(const struct sark_engine *engine,
                         uint64_t timeout_ns,
                         struct sark_buffer *buffer,
                         struct sark_error **error);

// Replaces all data by a JSON object.
//
// Ownership: the JSON is copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, CONFLICT (data at a rule's path), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_set_data(const struct sark_engine *engine,
                             const uint8_t *json,
                             uint64_t json_length,
                             const struct sark_data_options *options,
                             struct sark_revision_info *info,
                             struct sark_error **error);

// Puts a JSON schema at a path such as `schema.user`, or with NULL takes away what is there: all policies are compiled anew, and checked by
// it. `schema` alone is that of the input; another one is what `# METADATA` means by its name where `schema_annotations` is on. A schema
// that the policies contradict does not come into force. Nothing that a schema refers to is fetched.
//
// Ownership: path and JSON are copied.
// Errors: INVALID_ARGUMENT (no path of a schema, or no schema), SERIALIZATION_ERROR, LIMIT_EXCEEDED, TOO_LARGE (schemas count as policies
// do), COMPILATION_ERROR, UNSUPPORTED (another evaluator than sark's), CLOSED.
// Threads: any. Waits for another change under way.
SARK_API
int32_t sark_engine_set_schema(const struct sark_engine *engine,
                               const char *path,
                               uint64_t path_length,
                               const uint8_t *json,
                               uint64_t json_length,
                               struct sark_revision_info *info,
                               struct sark_error **error);

// Replaces the document at a path such as `/users/alice`, as OPA's `PUT /v1/data/users/alice`; objects above it are made.
//
// Ownership: path and JSON are copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, TOO_LARGE, CONFLICT (a document above is not an object; data at a rule's path), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_patch_data(const struct sark_engine *engine,
                               const char *path,
                               uint64_t path_length,
                               const uint8_t *json,
                               uint64_t json_length,
                               const struct sark_data_options *options,
                               struct sark_revision_info *info,
                               struct sark_error **error);

// Writes the present revision: opaque text that changes with every change and that no other engine or process has.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_revision(const struct sark_engine *engine,
                             struct sark_buffer *buffer,
                             struct sark_error **error);

// Decides: a policy's name answers the document of its package, a path that starts with `data.` the document at that path. The result is
// written as compact JSON with sorted keys. A path that nothing defines is UNDEFINED.
//
// Without an input (NULL, 0), `input` is undefined.
//
// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND, SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_evaluate(const struct sark_engine *engine,
                             const char *policy_or_path,
                             uint64_t policy_or_path_length,
                             const uint8_t *input,
                             uint64_t input_length,
                             const struct sark_evaluate_options *options,
                             struct sark_evaluate_info *info,
                             struct sark_buffer *buffer,
                             struct sark_error **error);

// Answers a query in Rego, such as `x := data.roles[input.user]; x != "guest"`: a JSON array with an object of bindings for each
// result, `[{"x":"admin"}]`. A query without results is OK with `[]`; one without variables gives an empty object for each result.
//
// It is compiled at each call; prepare what is asked often. Without an input (NULL, 0), `input` is undefined.
//
// Errors: INVALID_ARGUMENT, COMPILATION_ERROR (the query's text), SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, UNSUPPORTED (regorus), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_query(const struct sark_engine *engine,
                          const char *query,
                          uint64_t query_length,
                          const uint8_t *input,
                          uint64_t input_length,
                          const struct sark_evaluate_options *options,
                          struct sark_evaluate_info *info,
                          struct sark_buffer *buffer,
                          struct sark_error **error);

// Prepares a query for many evaluations. It always asks the engine's present policies.
//
// Ownership: the caller owns `*query`; it keeps the engine alive.
// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_prepare(const struct sark_engine *engine,
                            const char *policy_or_path,
                            uint64_t policy_or_path_length,
                            const struct sark_prepare_options *options,
                            struct sark_revision_info *info,
                            struct sark_query **query,
                            struct sark_error **error);

// The error's status, negative; `SARK_OK` for NULL.
//
// Threads: one at a time.
SARK_API int32_t sark_error_status(const struct sark_error *error);

// OPA's code, such as `rego_parse_error`; empty where there is none, and for NULL.
//
// Ownership: the text belongs to the error.
// Threads: one at a time.
SARK_API struct sark_str sark_error_code(const struct sark_error *error);

// The message, for a person; empty for NULL.
//
// Ownership: the text belongs to the error.
// Threads: one at a time.
SARK_API struct sark_str sark_error_message(const struct sark_error *error);

// The whole error as a JSON object: `status` and `message`; where known `code`, `offset` (bytes), and `errors`, an array of `code`, `message`,
// `location` (`file`, `row`, `col`, from 1) and `line`. Empty for NULL.
//
// Ownership: the text belongs to the error.
// Threads: one at a time.
SARK_API
struct sark_str sark_error_json(const struct sark_error *error);

// Frees an error; NULL is fine.
//
// Ownership: ends the error and every text taken from it.
// Threads: one at a time.
SARK_API void sark_error_free(struct sark_error *error);

// Decides as `sark_engine_evaluate` does, and says how it came to the decision: JSON in the shape of OPA's reply to `explain`, an object of
// `explanation` and `result`, which is left out where the document is undefined. An explanation is an array of events (`op`, `query_id`,
// `parent_id`, `type`, `node`, `locals`, `message`, and beside what OPA gives `location`: `file`, `row`, `col`) or, with `pretty`, of lines.
// The order of events is that of OPA's evaluation, its indexes, caches and early exits included; docs/explain.md has the whole of it.
//
// It evaluates step by step and remembers each: for people, not for traffic. It is not counted among the engine's evaluations, and what
// `print` says in it goes nowhere. Without an input (NULL, 0), `input` is undefined.
//
// Errors: those of `sark_engine_evaluate`, a document that is undefined apart; LIMIT_EXCEEDED also for more than 500,000 events, or 64 MiB of
// them; UNSUPPORTED (another evaluator than sark's).
// Threads: any.
SARK_API
int32_t sark_engine_explain(const struct sark_engine *engine,
                            const char *policy_or_path,
                            uint64_t policy_or_path_length,
                            const uint8_t *input,
                            uint64_t input_length,
                            const struct sark_explain_options *options,
                            struct sark_evaluate_info *info,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Opens the store at a URL: `memory:`, `file:PATH`, `redis://…`, `rediss://…` or `unix:PATH` (docs/flags.md says what each does). A
// store that is away is no error: what was kept of it holds, or 0 %, until it is reached. The environment's `SARK_FORCE`, `local` or
// `remote`, sends everyone to one side.
//
// Ownership: the caller owns `*flags`.
// Errors: INVALID_ARGUMENT (also for a `SARK_FORCE` that is no side), UNSUPPORTED, SERIALIZATION_ERROR (UTF-8).
// Threads: any. Waits up to 3 s for the first contact with the store, and starts a thread that follows it (none for `memory:`).
SARK_API
int32_t sark_flags_new(const char *url,
                       uint64_t url_length,
                       const struct sark_flags_options *options,
                       struct sark_flags **flags,
                       struct sark_error **error);

// The bucket of a user under a feature, from 0 to 9,999, a hundredth of a percent each: the same in every process, language and version.
// Whole percentages are Unleash's gradual rollout.
//
// Errors: INVALID_ARGUMENT, also for a user without bytes; SERIALIZATION_ERROR (UTF-8).
// Threads: any.
SARK_API
int32_t sark_flags_bucket(const char *feature,
                          uint64_t feature_length,
                          const uint8_t *user,
                          uint64_t user_length,
                          uint32_t *bucket,
                          struct sark_error **error);

// Whether a user takes the local path of a feature; without a user (NULL, or no bytes) only at 100 %. False with an error in `error` alone.
//
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
bool sark_flags_is_enabled(const struct sark_flags *flags,
                           const char *feature,
                           uint64_t feature_length,
                           const uint8_t *user,
                           uint64_t user_length,
                           struct sark_error **error);

// Sets a feature's percentage, from 0 to 100 in steps of 0.01.
//
// Errors: INVALID_ARGUMENT (nothing is stored), UNAVAILABLE (the store did not confirm it), TOO_LARGE (10,000 features), SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_set_rollout(const struct sark_flags *flags,
                               const char *feature,
                               uint64_t feature_length,
                               double percentage,
                               struct sark_error **error);

// Writes a feature's percentage; MISS, and 0, where it was never set.
//
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_rollout(const struct sark_flags *flags,
                           const char *feature,
                           uint64_t feature_length,
                           double *percentage,
                           struct sark_error **error);

// Sets a feature to 0 %: everyone takes the remote path.
//
// Errors: INVALID_ARGUMENT, UNAVAILABLE, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_rollback(const struct sark_flags *flags,
                            const char *feature,
                            uint64_t feature_length,
                            struct sark_error **error);

// Sets every feature to 0 %, at once.
//
// Errors: INVALID_ARGUMENT, UNAVAILABLE, CLOSED.
// Threads: any.
SARK_API int32_t sark_flags_rollback_all(const struct sark_flags *flags, struct sark_error **error);

// Writes all features that were ever set, a JSON array sorted by name: `[{"feature":"rust_opa","percentage":25}]`.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_list(const struct sark_flags *flags,
                        struct sark_buffer *buffer,
                        struct sark_error **error);

// Sets a feature's percentage as `sark_flags_set_rollout` does, remembers who did it and why (each may be left out), and writes the
// change, a JSON object: `{"when":"2026-01-31T12:00:00Z","feature":"rust_opa","from":10,"to":25,"who":"…","why":"…"}`; `from` is null
// where the feature was not set.
//
// Errors: as `sark_flags_set_rollout`.
// Threads: any.
SARK_API
int32_t sark_flags_set_rollout_by(const struct sark_flags *flags,
                                  const char *feature,
                                  uint64_t feature_length,
                                  double percentage,
                                  const char *who,
                                  uint64_t who_length,
                                  const char *why,
                                  uint64_t why_length,
                                  struct sark_buffer *buffer,
                                  struct sark_error **error);

// Sets a feature to 0 %, or, where it is left out (NULL), all of them at once; remembers who did it and why, and writes the changes, a
// JSON array of what `sark_flags_set_rollout_by` writes.
//
// Errors: as `sark_flags_rollback`.
// Threads: any.
SARK_API
int32_t sark_flags_rollback_by(const struct sark_flags *flags,
                               const char *feature,
                               uint64_t feature_length,
                               const char *who,
                               uint64_t who_length,
                               const char *why,
                               uint64_t why_length,
                               struct sark_buffer *buffer,
                               struct sark_error **error);

// Writes the last changes, the newest first, a JSON array of what `sark_flags_set_rollout_by` writes; of one feature, or, where it is
// left out (NULL), of all. At most `most`, 0 for all that the store keeps, which are the last 1,000.
//
// Errors: INVALID_ARGUMENT, UNAVAILABLE, SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_history(const struct sark_flags *flags,
                           const char *feature,
                           uint64_t feature_length,
                           uint64_t most,
                           struct sark_buffer *buffer,
                           struct sark_error **error);

// Writes how the flags are, a JSON object: `store` (its URL without secrets), `known` (whether the percentages came from the store, or
// from what was kept of it), `age_seconds` (since the store was last reached; null for never), `too_old`, `problem` (text or null),
// `emptied` (whether the store lost its contents), `force` (`"local"`, `"remote"` or null).
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_status(const struct sark_flags *flags,
                          struct sark_buffer *buffer,
                          struct sark_error **error);

// Sends everyone to one side, in this process alone, whatever the percentages say: `SARK_FORCE_LOCAL` or `SARK_FORCE_REMOTE`;
// `SARK_FORCE_NONE` lets the percentages decide again. Replaces what the environment's `SARK_FORCE` said.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_flags_force(const struct sark_flags *flags,
                         uint32_t side,
                         struct sark_error **error);

// Writes the next thing that happened, for a logger, a JSON object: `when` (RFC 3339), `level` (`info`, `warning`, `error`), `event`
// (`rollout_updated`, `rollout_rolled_back`, `rollout_changed`, `flags_forced`, `store_away`, `store_back`, `store_garbage`,
// `store_emptied`, `store_polled`, …), `message`, `fields` (an object). Waits for `timeout_ns`; MISS where nothing happened. 256 events
// wait; of more, the oldest are dropped, and an event says how many.
//
// Errors: INVALID_ARGUMENT, CLOSED (also while waiting).
// Threads: any; each event is given once.
SARK_API
int32_t sark_flags_next(const struct sark_flags *flags,
                        uint64_t timeout_ns,
                        struct sark_buffer *buffer,
                        struct sark_error **error);

// Ends flags for all their users; later calls answer CLOSED. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_flags_close(const struct sark_flags *flags);

// Frees a handle; NULL is fine. Clients made from it live on.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_flags_free(struct sark_flags *flags);

// Reads an input once, within the engine's limits, for queries of that engine.
//
// Ownership: the JSON is copied; the caller owns `*input`.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, CLOSED.
// Threads: any.
SARK_API
int32_t sark_input_parse(const struct sark_engine *engine,
                         const uint8_t *json,
                         uint64_t json_length,
                         struct sark_input **input,
                         struct sark_error **error);

// Ends an input for all its users; later calls answer CLOSED. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_input_close(const struct sark_input *input);

// Frees an input; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_input_free(struct sark_input *input);

// Makes an empty set of metrics, to be given to engines, caches, flags and clients in their options.
//
// Ownership: the caller owns `*metrics`; what it was given to keeps it alive.
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_metrics_new(const struct sark_metrics_options *options,
                         struct sark_metrics **metrics,
                         struct sark_error **error);

// Makes metrics that processes share: what each counts is in a file of its own in `directory`, and what any of them renders is of all, those
// that ended included, however they ended. Gauges are of living processes: sizes are added, of everything else the largest counts.
//
// The directory is made where there is none (what it lies in has to be there), for its owner alone; it is for one service on one machine,
// and nothing else may write to it. A file takes 64 KiB of the disk, and more with many features; one of an ended process is added to
// those before it. A forked child counts in a file of its own from its first count on. Where it can make none, it counts in
// its parent's, and `sark_metrics_errors_total` says so.
//
// Ownership: the caller owns `*metrics`; what it was given to keeps it alive. The files stay, and so do the counts.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (no UTF-8), UNAVAILABLE (the directory cannot be made or written, or the disk is full).
// Threads: any.
SARK_API
int32_t sark_metrics_new_shared(const char *directory,
                                uint64_t directory_length,
                                const struct sark_metrics_options *options,
                                struct sark_metrics **metrics,
                                struct sark_error **error);

// Writes everything as Prometheus text, version 0.0.4.
//
// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
// Threads: any.
SARK_API
int32_t sark_metrics_render(const struct sark_metrics *metrics,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Writes everything in a format of the caller's choice: `SARK_METRICS_TEXT`, as `sark_metrics_render`, or `SARK_METRICS_OPENMETRICS`.
//
// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
// Threads: any.
SARK_API
int32_t sark_metrics_render_as(const struct sark_metrics *metrics,
                               uint32_t format,
                               struct sark_buffer *buffer,
                               struct sark_error **error);

// Writes everything as JSON, for collectors of a language's own metrics library: an array of families,
// `{"name", "help", "type": "counter" | "gauge" | "histogram", "unit": text or null, "labels": [name, …], "samples": […]}`. A sample is
// `{"labels": [value, …], "value": number}`, one of a histogram `{"labels", "buckets": [[bound in seconds, how many up to it], …], "count", "sum"}`.
//
// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
// Threads: any.
SARK_API
int32_t sark_metrics_gather(const struct sark_metrics *metrics,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Ends metrics for all their users: rendering answers CLOSED. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_metrics_close(const struct sark_metrics *metrics);

// Frees a handle; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_metrics_free(struct sark_metrics *metrics);

// Lets `http.send` and `net.lookup_ip_addr` reach hosts, from the next evaluation on. `hosts` is a JSON array of names (`"api.example.com"`,
// compared byte for byte, as OPA's `allow_net`), addresses, networks (`"10.0.0.0/8"`), and `"*"` for every name. What a name stands for is
// checked, too: addresses that are not the internet's (private networks, link-local ones, this machine) are reached where they are listed
// themselves; `"localhost"` lists this machine's for that name. Redirects are checked like requests; proxies are not used.
//
// Until it is called, both answer OPA's error for a host that is not allowed (`disallowed host: …`); with a client that has a remote OPA, a
// decision that comes to one of them is the remote's. `[]` closes the engine for good: then the error is the answer, there too.
//
// `ca_file` names a PEM file of certificates to trust, read once; without it (NULL, 0), whom this machine trusts. A request's own `tls_ca_cert…`
// go before it.
//
// Ownership: everything is copied.
// Errors: INVALID_ARGUMENT (`hosts`, `ca_file`), UNSUPPORTED (another evaluator than sark's), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_allow_net(const struct sark_engine *engine,
                              const uint8_t *hosts,
                              uint64_t hosts_length,
                              const char *ca_file,
                              uint64_t ca_file_length,
                              const struct sark_network_options *options,
                              struct sark_error **error);

// Says what `opa.runtime()` gives, from the next evaluation on: a JSON object, such as `{"env": {"REGION": "eu"}, "config": {}}`. Without it
// that is an empty object: policies see nothing of this process.
//
// Ownership: the JSON is copied.
// Errors: INVALID_ARGUMENT (no object), SERIALIZATION_ERROR, LIMIT_EXCEEDED (as for inputs), CLOSED.
// Threads: any.
SARK_API
int32_t sark_engine_set_runtime(const struct sark_engine *engine,
                                const uint8_t *json,
                                uint64_t json_length,
                                struct sark_error **error);

// Decides, as `sark_engine_evaluate`.
//
// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND (removed meanwhile), SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, CLOSED (query or engine).
// Threads: any.
SARK_API
int32_t sark_query_evaluate(const struct sark_query *query,
                            const uint8_t *input,
                            uint64_t input_length,
                            const struct sark_evaluate_options *options,
                            struct sark_evaluate_info *info,
                            struct sark_buffer *buffer,
                            struct sark_error **error);

// Decides for an input that was parsed before.
//
// Errors: as `sark_query_evaluate`; CLOSED also for the input.
// Threads: any.
SARK_API
int32_t sark_query_evaluate_input(const struct sark_query *query,
                                  const struct sark_input *input,
                                  const struct sark_evaluate_options *options,
                                  struct sark_evaluate_info *info,
                                  struct sark_buffer *buffer,
                                  struct sark_error **error);

// Whether the result is exactly `true`; false with an error in `error` alone.
//
// Errors: as `sark_query_evaluate`.
// Threads: any.
SARK_API
bool sark_query_allows(const struct sark_query *query,
                       const uint8_t *input,
                       uint64_t input_length,
                       const struct sark_evaluate_options *options,
                       struct sark_evaluate_info *info,
                       struct sark_error **error);

// Decides `count` inputs that lie one after the other in `inputs`: input i is the bytes from `offsets[i]` to `offsets[i + 1]`, so there are
// `count + 1` offsets, none decreasing, the last at most `inputs_length`. Answer i is described by `results[i]`; one that failed does
// not end the batch, and has its error's JSON as its answer. The options hold for each input, the info for all together (its revision
// is the last input's).
//
// Errors: INVALID_ARGUMENT, CLOSED. Those of single inputs are in `results`.
// Threads: any.
SARK_API
int32_t sark_query_evaluate_batch(const struct sark_query *query,
                                  const uint8_t *inputs,
                                  uint64_t inputs_length,
                                  const uint64_t *offsets,
                                  uint64_t count,
                                  const struct sark_evaluate_options *options,
                                  struct sark_evaluate_info *info,
                                  struct sark_batch_result *results,
                                  struct sark_buffer *buffer,
                                  struct sark_error **error);

// Ends a query for all its users; later calls answer CLOSED. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API void sark_query_close(const struct sark_query *query);

// Frees a query; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_query_free(struct sark_query *query);

// Has an engine follow a source: a thread asks it from time to time, and brings into force what is new, whole or not at all. On any error
// the last good state stays. Until the first one, the engine answers UNAVAILABLE, and a client lets its remote OPA decide.
//
// `url` is one of
// - `dir:PATH`: Rego, JSON and YAML as `opa run PATH` reads them, without `*_test.rego`; read again when it changed and is quiet;
// - `bundle:PATH`: a bundle of OPA's, a tar.gz or its files;
// - `http://…`, `https://…`: a bundle that a server has, asked for by its ETag, and by long polling;
// - `opa:http://…`: what a running OPA has, by its own API; what follows `opa:` is as in `sark_client_new`.
//
// `config` is a JSON object with the names of OPA's configuration, or NULL. Settings that are not known are refused. `name` (by default the
// file's, as in `bundles/<name>`) stands in revisions and before the names of a bundle's policies (those of a directory are their paths); two sources of one engine have names and
// roots of their own. `keys` and `signing` verify bundles: with a key, nothing unsigned comes into force. `polling`, `credentials`, `tls`,
// `headers`, `size_limit_bytes`, `persistence_directory`, `rego_version`, `roots`, `ignore`, `max_staleness_seconds` and `when_stale`
// (`serve`, `remote` or `deny`) are described in `docs/sources.md`.
//
// Waits up to 3 s for the first answer. A source that is away, or has what is refused, is no error: `sark_source_wait` and
// `sark_source_status` say it.
//
// Ownership: the caller owns `*source`, which is a view: the engine follows the source until `sark_source_close` or its own end.
// Errors: INVALID_ARGUMENT, UNSUPPORTED (another kind of source), CONFLICT (a name that another source has), SERIALIZATION_ERROR (UTF-8), CLOSED.
// Threads: any.
SARK_API
int32_t sark_source_new(const struct sark_engine *engine,
                        const char *url,
                        uint64_t url_length,
                        const char *config,
                        uint64_t config_length,
                        struct sark_source **source,
                        struct sark_error **error);

// Waits up to `timeout_ns` until something of the source is in force.
//
// Errors: what keeps it from that once the time is over: that of what was refused, or UNAVAILABLE; CLOSED.
// Threads: any.
SARK_API
int32_t sark_source_wait(const struct sark_source *source,
                         uint64_t timeout_ns,
                         struct sark_error **error);

// Asks the source now, rather than when it is due, and does not wait for the answer.
//
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API int32_t sark_source_trigger(const struct sark_source *source, struct sark_error **error);

// Takes the next thing that happened, as JSON: `{"when", "level": "info", "warning" or "error", "event", "message", "fields": {…}}`. Events are
// `activated`, `refused`, `unreachable`, `reachable`, `stale` and `not_kept`; of more than 256 that wait, the oldest are dropped and counted.
// Waits up to `timeout_ns`; MISS where nothing happened.
//
// Ownership: the caller owns the buffer.
// Errors: INVALID_ARGUMENT, CLOSED, also for one who waits.
// Threads: any; each event is given once.
SARK_API
int32_t sark_source_next(const struct sark_source *source,
                         uint64_t timeout_ns,
                         struct sark_buffer *buffer,
                         struct sark_error **error);

// Writes how the source is, as JSON: `name`, `url` (without secrets), `ready`, `closed`, `revision` (the source's own), `engine_revision`,
// `type`, `from_disk`, `policies`, `bytes`, `activations`, `last_request`, `last_successful_request`, `last_successful_activation`,
// `age_seconds`, `max_staleness_seconds`, `when_stale`, `stale`, `outside_calls` (what its policies call that would reach outside, where
// `sark_engine_allow_net` was not called: `policy`, `builtin`, `row`, `col`) and `error` (what went wrong last, or null). Answers after the
// close, too.
//
// Ownership: the caller owns the buffer.
// Errors: INVALID_ARGUMENT.
// Threads: any.
SARK_API
int32_t sark_source_status(const struct sark_source *source,
                           struct sark_buffer *buffer,
                           struct sark_error **error);

// Stops following. What is in force stays, and may be changed by hand or by another source from then on. NULL is fine.
//
// Ownership: the handle must still be freed.
// Threads: any, at any time before the free.
SARK_API
void sark_source_close(const struct sark_source *source);

// Frees the view of a source, which the engine goes on following; NULL is fine.
//
// Ownership: ends the handle.
// Threads: the last owner, once.
SARK_API void sark_source_free(struct sark_source *source);

// Runs the tests among the engine's policies, the rules whose names begin with `test_`, over its present policies and data, and writes the
// results as `opa test --format=json` writes them: a JSON array, sorted by the policies' names, then as the rules stand there. Each has
// `location`, `package`, `name`, `duration` (nanoseconds), and where it is so `fail`, `skip`, `error` (`code`, `message`, `location`), `output`
// (what it printed, in base64) and `sub_results`. What OPA does not say stands in `failure` (`location` and `text` of the expression that kept
// the test, or a case of it, from a value) and `output_dropped` (bytes that were printed beyond 1 MiB). The tests are compiled aside, with
// `print`; what is in force stays as it is. docs/testing.md has the whole of it.
//
// `run` is a regular expression in Go's syntax: only tests run in whose name with its package, `data.a.test_b`, it matches. NULL: all. With
// `coverage`, the JSON is an object: `results`, and `coverage`, in the shape of `opa test --coverage`.
//
// Errors: INVALID_ARGUMENT, COMPILATION_ERROR (tests that do not go together, or `print` of what is not declared), LIMIT_EXCEEDED (results of
// more than 64 MiB), SERIALIZATION_ERROR (UTF-8), UNSUPPORTED (another evaluator than sark's), UNAVAILABLE, CLOSED. What goes wrong in a test
// is in its result.
// Threads: any. It takes as long as the tests take.
SARK_API
int32_t sark_engine_run_tests(const struct sark_engine *engine,
                              const char *run,
                              uint64_t run_length,
                              const struct sark_test_options *options,
                              struct sark_buffer *buffer,
                              struct sark_error **error);

// Decides without blocking: what the flags, the cache and the local engine decide within a millisecond comes as `*decision`, with the status
// OK or UNDEFINED, as from `sark_client_decide`. Otherwise the status is PENDING and `*ticket` says what is left: an HTTP request to
// send (`sark_ticket_url` is not empty), whose response goes to `sark_ticket_complete`; or work for a thread that may block, by
// `sark_ticket_run`, which is the way for any ticket.
//
// Ownership: the caller owns `*decision` or `*ticket`; the other is NULL. A ticket keeps the client alive.
// Errors: as `sark_client_decide`.
// Threads: any.
SARK_API
int32_t sark_client_begin(const struct sark_client *client,
                          const char *policy,
                          uint64_t policy_length,
                          const uint8_t *input,
                          uint64_t input_length,
                          const uint8_t *user,
                          uint64_t user_length,
                          const struct sark_decide_options *options,
                          struct sark_decide_info *info,
                          struct sark_decision **decision,
                          struct sark_ticket **ticket,
                          struct sark_error **error);

// Where the request of a ticket goes, by `POST`. Empty for NULL, and for a ticket that `sark_ticket_run` alone completes.
//
// Ownership: the text belongs to the ticket, until it is completed.
// Threads: one at a time.
SARK_API
struct sark_str sark_ticket_url(const struct sark_ticket *ticket);

// The request's header: `name: value` lines that end with CR and LF. A bearer token may be among them.
//
// Ownership: the text belongs to the ticket.
// Threads: one at a time.
SARK_API struct sark_str sark_ticket_headers(const struct sark_ticket *ticket);

// The request's body, JSON.
//
// Ownership: the text belongs to the ticket, until it is completed.
// Threads: one at a time.
SARK_API struct sark_str sark_ticket_body(const struct sark_ticket *ticket);

// Nanoseconds that are left for the response; `SARK_NO_TIMEOUT` for no bound. 0 for NULL.
//
// Threads: one at a time.
SARK_API uint64_t sark_ticket_timeout_ns(const struct sark_ticket *ticket);

// Makes the decision of the response's HTTP status and body. The status is OK or UNDEFINED, both with a decision, or an error without one:
// never an allow. In the mode `SARK_MODE_REMOTE_FIRST`, a remote that is away makes the local engine decide, within this call.
//
// Ownership: the caller owns `*decision`; the ticket must still be freed.
// Errors: as `sark_client_decide`; INVALID_ARGUMENT also for a ticket without a request, or that was completed.
// Threads: one at a time.
SARK_API
int32_t sark_ticket_complete(struct sark_ticket *ticket,
                             uint32_t status,
                             const uint8_t *body,
                             uint64_t body_length,
                             struct sark_decide_info *info,
                             struct sark_decision **decision,
                             struct sark_error **error);

// Makes the decision where no response came: `why` is `SARK_FAIL_CONNECTION` or `SARK_FAIL_TIMEOUT`. The error table says whether there is
// one; otherwise the status is the error's.
//
// Ownership: the caller owns `*decision`; the ticket must still be freed.
// Errors: as `sark_ticket_complete`.
// Threads: one at a time.
SARK_API
int32_t sark_ticket_fail(struct sark_ticket *ticket,
                         uint32_t why,
                         struct sark_decide_info *info,
                         struct sark_decision **decision,
                         struct sark_error **error);

// Makes the decision, however long it takes, up to its timeout: by sark's own HTTP client, or the local engine. Blocks.
//
// Ownership: the caller owns `*decision`; the ticket must still be freed.
// Errors: as `sark_client_decide`; INVALID_ARGUMENT also for a ticket that was completed.
// Threads: one at a time; a thread that may block.
SARK_API
int32_t sark_ticket_run(struct sark_ticket *ticket,
                        struct sark_decide_info *info,
                        struct sark_decision **decision,
                        struct sark_error **error);

// Frees a ticket; one that was not completed is given up. NULL is fine.
//
// Ownership: ends the ticket and every text taken from it.
// Threads: one at a time.
SARK_API void sark_ticket_free(struct sark_ticket *ticket);

// Begins an update without changes.
//
// Ownership: the caller owns `*update`; it keeps the engine alive.
// Errors: INVALID_ARGUMENT, CLOSED.
// Threads: any.
SARK_API
int32_t sark_update_new(const struct sark_engine *engine,
                        struct sark_update **update,
                        struct sark_error **error);

// Adds: load or replace a policy. Whether it compiles is said by the commit.
//
// Ownership: name and source are copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), TOO_LARGE.
// Threads: one at a time.
SARK_API
int32_t sark_update_load_policy(struct sark_update *update,
                                const char *name,
                                uint64_t name_length,
                                const char *rego,
                                uint64_t rego_length,
                                const struct sark_load_options *options,
                                struct sark_error **error);

// Adds: remove a policy. The commit answers POLICY_NOT_FOUND where none has that name by then.
//
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8).
// Threads: one at a time.
SARK_API
int32_t sark_update_remove_policy(struct sark_update *update,
                                  const char *name,
                                  uint64_t name_length,
                                  struct sark_error **error);

// Adds: remove all policies.
//
// Errors: INVALID_ARGUMENT.
// Threads: one at a time.
SARK_API int32_t sark_update_clear_policies(struct sark_update *update, struct sark_error **error);

// Adds: replace all data by a JSON object.
//
// Ownership: the JSON is copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED.
// Threads: one at a time.
SARK_API
int32_t sark_update_set_data(struct sark_update *update,
                             const uint8_t *json,
                             uint64_t json_length,
                             const struct sark_data_options *options,
                             struct sark_error **error);

// Adds: replace the document at a path such as `/users/alice`.
//
// Ownership: path and JSON are copied.
// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED.
// Threads: one at a time.
SARK_API
int32_t sark_update_patch_data(struct sark_update *update,
                               const char *path,
                               uint64_t path_length,
                               const uint8_t *json,
                               uint64_t json_length,
                               const struct sark_data_options *options,
                               struct sark_error **error);

// Brings all changes into force, or none. Afterwards the update is empty and can be used again; after an error it is as before.
//
// With `expected_revision` (NULL, 0 for any), only if the engine still has that revision.
//
// Errors: CONFLICT, COMPILATION_ERROR, POLICY_NOT_FOUND, TOO_LARGE, INVALID_ARGUMENT, CLOSED.
// Threads: one at a time.
SARK_API
int32_t sark_update_commit(struct sark_update *update,
                           const char *expected_revision,
                           uint64_t expected_revision_length,
                           struct sark_revision_info *info,
                           struct sark_error **error);

// Frees an update, and drops what was not committed; NULL is fine.
//
// Ownership: ends the handle.
// Threads: one at a time.
SARK_API void sark_update_free(struct sark_update *update);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SARK_H */
