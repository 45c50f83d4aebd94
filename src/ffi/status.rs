//! Numbers that cross the ABI.

use super::boundary::infallible;
use super::error::sark_str;

/// The call succeeded.
pub const SARK_OK: i32 = 0;
/// The document has no value. Not an error.
pub const SARK_UNDEFINED: i32 = 1;
/// There is no such entry. Not an error.
pub const SARK_MISS: i32 = 2;
/// The answer comes later. Not an error.
pub const SARK_PENDING: i32 = 3;
/// An argument is missing, malformed or out of range; the message names it.
pub const SARK_INVALID_ARGUMENT: i32 = -1;
/// No policy of that name is loaded.
pub const SARK_POLICY_NOT_FOUND: i32 = -2;
/// A policy does not parse or compile.
pub const SARK_COMPILATION_ERROR: i32 = -3;
/// A decision failed.
pub const SARK_EVALUATION_ERROR: i32 = -4;
/// JSON or UTF-8 that cannot be read.
pub const SARK_SERIALIZATION_ERROR: i32 = -5;
/// A deadline, a depth or a size was exceeded.
pub const SARK_LIMIT_EXCEEDED: i32 = -6;
/// A store or the remote OPA did not answer.
pub const SARK_UNAVAILABLE: i32 = -7;
/// A thing that exists but that this build cannot do.
pub const SARK_UNSUPPORTED: i32 = -8;
/// The change does not fit the present state.
pub const SARK_CONFLICT: i32 = -9;
/// A value that fits no budget.
pub const SARK_TOO_LARGE: i32 = -10;
/// The caller cancelled.
pub const SARK_CANCELLED: i32 = -11;
/// The handle was closed.
pub const SARK_CLOSED: i32 = -12;
/// A defect in sark; also any negative status that the caller does not know.
pub const SARK_INTERNAL_ERROR: i32 = -13;

/// For a timeout in nanoseconds: none.
pub const SARK_NO_TIMEOUT: u64 = 18_446_744_073_709_551_615;
/// For a time to live in nanoseconds: for ever.
pub const SARK_NO_EXPIRY: u64 = 18_446_744_073_709_551_615;

/// The Rego version that the engine has; for an engine, v1.
pub const SARK_REGO_DEFAULT: u32 = 0;
/// Rego before OPA 1.0.
pub const SARK_REGO_V0: u32 = 1;
/// Rego since OPA 1.0.
pub const SARK_REGO_V1: u32 = 2;
/// Rego as `import rego.v2` has it, OPA 1.22.
pub const SARK_REGO_V2: u32 = 3;

/// sark's own evaluator.
pub const SARK_EVALUATOR_DEFAULT: u32 = 0;
/// sark's own evaluator: decides as OPA decides.
pub const SARK_EVALUATOR_SARK: u32 = 1;
/// Microsoft's regorus, where the build has it: a second opinion.
pub const SARK_EVALUATOR_REGORUS: u32 = 2;

/// The percentages say who is local.
pub const SARK_FORCE_NONE: u32 = 0;
/// Everyone takes the local path.
pub const SARK_FORCE_LOCAL: u32 = 1;
/// Everyone takes the remote path.
pub const SARK_FORCE_REMOTE: u32 = 2;

/// The dial chooses a side for each user; without flags, the local engine. The remote answers where the local engine fails.
pub const SARK_MODE_DIAL: u32 = 0;
/// The local engine alone; a remote, where there is one, is asked for comparison only.
pub const SARK_MODE_LOCAL: u32 = 1;
/// The remote alone.
pub const SARK_MODE_REMOTE: u32 = 2;
/// The remote; the local engine where it is away.
pub const SARK_MODE_REMOTE_FIRST: u32 = 3;

/// There was no connection to the remote, or it broke.
pub const SARK_FAIL_CONNECTION: u32 = 1;
/// The remote's response took too long.
pub const SARK_FAIL_TIMEOUT: u32 = 2;

/// The local engine decided.
pub const SARK_IMPLEMENTATION_RUST: u32 = 1;
/// The remote OPA decided.
pub const SARK_IMPLEMENTATION_HTTP: u32 = 2;

/// The side that was chosen decided.
pub const SARK_FALLBACK_NONE: u32 = 0;
/// The remote decided since the evaluation failed.
pub const SARK_FALLBACK_EVALUATION: u32 = 1;
/// The remote decided since the input or the result could not be represented.
pub const SARK_FALLBACK_SERIALIZATION: u32 = 2;
/// The remote decided since a limit was exceeded.
pub const SARK_FALLBACK_LIMIT: u32 = 3;
/// The remote decided since there is a defect in sark.
pub const SARK_FALLBACK_INTERNAL: u32 = 4;
/// The remote decided since the policy uses what the local engine lacks.
pub const SARK_FALLBACK_UNSUPPORTED: u32 = 5;
/// The local engine decided since the remote was away.
pub const SARK_FALLBACK_UNAVAILABLE: u32 = 6;

/// The name of a status without its prefix, such as `POLICY_NOT_FOUND`; `INTERNAL_ERROR` for an unknown negative one, `OK` for an unknown positive one.
///
/// Ownership: the text is static.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn sark_status_name(status: i32) -> sark_str {
    infallible(sark_str::EMPTY, || {
        sark_str::new(match status {
            SARK_UNDEFINED => "UNDEFINED",
            SARK_MISS => "MISS",
            SARK_PENDING => "PENDING",
            SARK_INVALID_ARGUMENT => "INVALID_ARGUMENT",
            SARK_POLICY_NOT_FOUND => "POLICY_NOT_FOUND",
            SARK_COMPILATION_ERROR => "COMPILATION_ERROR",
            SARK_EVALUATION_ERROR => "EVALUATION_ERROR",
            SARK_SERIALIZATION_ERROR => "SERIALIZATION_ERROR",
            SARK_LIMIT_EXCEEDED => "LIMIT_EXCEEDED",
            SARK_UNAVAILABLE => "UNAVAILABLE",
            SARK_UNSUPPORTED => "UNSUPPORTED",
            SARK_CONFLICT => "CONFLICT",
            SARK_TOO_LARGE => "TOO_LARGE",
            SARK_CANCELLED => "CANCELLED",
            SARK_CLOSED => "CLOSED",
            ..=-1 => "INTERNAL_ERROR",
            0.. => "OK",
        })
    })
}
