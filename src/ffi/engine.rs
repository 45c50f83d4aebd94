//! `sark_engine`: policies and data.

use std::ffi::c_char;
use std::mem::{offset_of, size_of};
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{
    bytes, entry, free, give, handle, infallible, nanoseconds, optional_bytes, or_default, place, predicate, text, timeout,
};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::metrics::{metrics_of, sark_metrics};
use super::query::sark_query;
use super::status::{
    SARK_EVALUATOR_DEFAULT, SARK_EVALUATOR_REGORUS, SARK_EVALUATOR_SARK, SARK_MISS, SARK_OK, SARK_REGO_DEFAULT, SARK_REGO_V0,
    SARK_REGO_V1, SARK_REGO_V2, SARK_UNDEFINED,
};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::policy::{Engine, EngineOptions, EvaluateOptions, Evaluation, Evaluator, Query, Revision, Target};
use crate::rego::{Outcome, RegoVersion};

/// The room for a revision in an info struct: its text and a NUL.
pub const SARK_REVISION_SIZE: usize = 64;

/// Policies and data under one roof. Readers never wait for a change.
pub struct sark_engine {
    pub(super) engine: Arc<Engine>,
}

/// What bounds an engine. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_engine_options {
    /// `sizeof(sark_engine_options)`.
    pub struct_size: u32,
    /// `SARK_REGO_V0`, `SARK_REGO_V1` or `SARK_REGO_V2` for policies that do not name one; default v1.
    pub rego_version: u32,
    /// The time of one evaluation in nanoseconds; default 5 s; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
    /// The largest input in bytes of JSON; default 64 MiB.
    pub max_input_bytes: u64,
    /// The most bytes of all policies' sources together; default 64 MiB.
    pub max_policy_bytes: u64,
    /// The most bytes of data, as compact JSON; default 1 GiB.
    pub max_data_bytes: u64,
    /// Where to count, or NULL. The engine keeps it alive.
    pub metrics: *const sark_metrics,
    /// `SARK_EVALUATOR_SARK`, which decides as OPA does, or `SARK_EVALUATOR_REGORUS` where the build has it; default sark.
    pub evaluator: u32,
    /// 1: OPA's strict mode. Imports, parameters and assigned variables that nothing uses do not compile, nor, whatever the version,
    /// two imports of one name, rules and variables called `input` or `data`, and deprecated builtins. 0, OPA's default: they do.
    pub strict: u32,
    /// 1: calls of `print` are compiled, and each line is an event that `sark_engine_next` gives. 0, the default: they are taken out, and cost
    /// nothing. Tests are always run with them.
    pub print_statements: u32,
    /// 1: types are checked by the schemas that annotations hold, and by those that they name and `sark_engine_set_schema` put there, as
    /// `opa check` does. 0, the default: annotations say nothing about types.
    pub schema_annotations: u32,
}

/// How a policy is loaded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_load_options {
    /// `sizeof(sark_load_options)`.
    pub struct_size: u32,
    /// `SARK_REGO_V0`, `SARK_REGO_V1`, `SARK_REGO_V2`, or `SARK_REGO_DEFAULT` for the engine's.
    pub rego_version: u32,
}

/// How data is changed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_data_options {
    /// `sizeof(sark_data_options)`.
    pub struct_size: u32,
    /// None are defined yet: 0.
    pub flags: u32,
}

/// How a query is prepared.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_prepare_options {
    /// `sizeof(sark_prepare_options)`.
    pub struct_size: u32,
    /// None are defined yet: 0.
    pub flags: u32,
}

/// The revision after a change, or at which a query was prepared.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_revision_info {
    /// `sizeof(sark_revision_info)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The revision, opaque text that ends with a NUL.
    pub revision: [c_char; SARK_REVISION_SIZE],
}

/// What one evaluation may take.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_evaluate_options {
    /// `sizeof(sark_evaluate_options)`.
    pub struct_size: u32,
    /// 1: an error in a builtin is `SARK_EVALUATION_ERROR`. 0, OPA's default: it makes its expression undefined.
    pub strict_builtin_errors: u32,
    /// The time in nanoseconds; default the engine's; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
    /// Of a query's text: `SARK_REGO_V0`, `_V1`, `_V2`, or `SARK_REGO_DEFAULT` for the engine's.
    pub rego_version: u32,
    /// 0.
    pub reserved: u32,
    /// What `time.now_ns` gives, in nanoseconds since 1970; 0, the default, for the time that it is.
    pub time_ns: i64,
    /// What `rand.intn` and `uuid.rfc4122` draw from, so that equal seeds draw the same; 0, the default, for the system's randomness.
    pub seed: u64,
}

/// What one evaluation took.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_evaluate_info {
    /// `sizeof(sark_evaluate_info)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Nanoseconds spent reading the input.
    pub read_ns: u64,
    /// Nanoseconds spent deciding and writing the result.
    pub evaluate_ns: u64,
    /// Both together.
    pub duration_ns: u64,
    /// The revision that decided, opaque text that ends with a NUL.
    pub revision: [c_char; SARK_REVISION_SIZE],
}

// SAFETY: for each, repr(C), `struct_size` first, integers and pointers only, no padding (checked by tests/surface), valid with any bytes.
unsafe impl Versioned for sark_engine_options {
    const FIRST_SIZE: usize = offset_of!(Self, evaluator);
}
// SAFETY: as above.
unsafe impl Versioned for sark_load_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for sark_data_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for sark_prepare_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for sark_revision_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for sark_evaluate_options {
    const FIRST_SIZE: usize = offset_of!(Self, rego_version);
    fn reserved(&self) -> u32 {
        self.reserved
    }
}
// SAFETY: as above.
unsafe impl Versioned for sark_evaluate_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// A version that the caller named, `None` for the default.
pub(super) fn rego_version(version: u32) -> Result<Option<RegoVersion>> {
    match version {
        SARK_REGO_DEFAULT => Ok(None),
        SARK_REGO_V0 => Ok(Some(RegoVersion::V0)),
        SARK_REGO_V1 => Ok(Some(RegoVersion::V1)),
        SARK_REGO_V2 => Ok(Some(RegoVersion::V2)),
        _ => Err(Error::invalid(
            "options.rego_version",
            format_args!("{version} is not one of SARK_REGO_DEFAULT, SARK_REGO_V0, SARK_REGO_V1, SARK_REGO_V2"),
        )),
    }
}

/// Refuses flags: none are defined yet, and one that is not known must not be ignored.
pub(super) fn no_flags(flags: u32) -> Result<()> {
    if flags == 0 { Ok(()) } else { Err(Error::invalid("options.flags", format_args!("{flags} is not defined in this release"))) }
}

/// What the caller's options say; all defaults for NULL.
///
/// # Safety
/// As `versioned::options`.
#[inline]
pub(super) unsafe fn given_options(options: *const sark_evaluate_options) -> Result<EvaluateOptions> {
    if options.is_null() {
        return Ok(EvaluateOptions::default());
    }
    // SAFETY: passed on from the caller.
    evaluate_options(&unsafe { versioned::options("options", options) }?)
}

pub(super) fn evaluate_options(options: &sark_evaluate_options) -> Result<EvaluateOptions> {
    let strict_builtin_errors = match options.strict_builtin_errors {
        0 => false,
        1 => true,
        other => return Err(Error::invalid("options.strict_builtin_errors", format_args!("{other} is not 0 or 1"))),
    };
    let rego_version = rego_version(options.rego_version)?;
    Ok(EvaluateOptions {
        timeout: timeout(options.timeout_ns),
        strict_builtin_errors,
        rego_version,
        time_ns: (options.time_ns != 0).then_some(options.time_ns),
        seed: (options.seed != 0).then_some(options.seed),
        ..EvaluateOptions::default()
    })
}

pub(super) fn revision_text(revision: &Revision) -> [c_char; SARK_REVISION_SIZE] {
    let mut text = [0; SARK_REVISION_SIZE];
    for (to, from) in text.iter_mut().zip(revision.as_str().bytes()) {
        *to = c_char::from_ne_bytes([from]);
    }
    text
}

pub(super) fn revision_info(revision: &Revision) -> sark_revision_info {
    sark_revision_info { struct_size: 0, reserved: 0, revision: revision_text(revision) }
}

pub(super) fn evaluate_info(evaluation: &Evaluation) -> sark_evaluate_info {
    sark_evaluate_info {
        struct_size: 0,
        reserved: 0,
        read_ns: nanoseconds(evaluation.read),
        evaluate_ns: nanoseconds(evaluation.evaluate),
        duration_ns: nanoseconds(evaluation.read.saturating_add(evaluation.evaluate)),
        revision: revision_text(&evaluation.revision),
    }
}

pub(super) const fn outcome_status(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Defined => SARK_OK,
        Outcome::Undefined => SARK_UNDEFINED,
    }
}

/// Makes an engine without policies, whose data is `{}`.
///
/// Ownership: the caller owns `*engine`; close it with `sark_engine_close` and free it with `sark_engine_free`.
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_new(
    options: *const sark_engine_options,
    engine: *mut *mut sark_engine,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("engine", engine)?;
            let given = versioned::options("options", options)?;
            let metrics = metrics_of(given.metrics);
            give(place, sark_engine { engine: Engine::new(engine_options(&given)?, metrics)? });
            Ok(SARK_OK)
        })
    }
}

fn engine_options(given: &sark_engine_options) -> Result<EngineOptions> {
    let default = EngineOptions::default();
    let evaluator = match given.evaluator {
        SARK_EVALUATOR_DEFAULT | SARK_EVALUATOR_SARK => Evaluator::Sark,
        SARK_EVALUATOR_REGORUS => Evaluator::Regorus,
        other => {
            let known = "SARK_EVALUATOR_DEFAULT, SARK_EVALUATOR_SARK, SARK_EVALUATOR_REGORUS";
            return Err(Error::invalid("options.evaluator", format_args!("{other} is not one of {known}")));
        }
    };
    Ok(EngineOptions {
        evaluator,
        strict: switch("options.strict", given.strict)?,
        rego_version: rego_version(given.rego_version)?.unwrap_or(default.rego_version),
        timeout: timeout(given.timeout_ns).unwrap_or(default.timeout),
        max_input_bytes: or_default(given.max_input_bytes, default.max_input_bytes),
        max_policy_bytes: or_default(given.max_policy_bytes, default.max_policy_bytes),
        max_data_bytes: or_default(given.max_data_bytes, default.max_data_bytes),
        print_statements: switch("options.print_statements", given.print_statements)?,
        schema_annotations: switch("options.schema_annotations", given.schema_annotations)?,
    })
}

/// Off or on.
fn switch(name: &str, given: u32) -> Result<bool> {
    match given {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::invalid(name, format_args!("{other} is not 0 or 1"))),
    }
}

/// Ends an engine for all its users: calls under way finish, later ones answer CLOSED, memory is given back. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_close(engine: *const sark_engine) {
    // SAFETY: NULL or an engine that is not freed during the call.
    let engine = unsafe { engine.as_ref() };
    infallible((), || {
        if let Some(engine) = engine {
            engine.engine.close();
        }
    });
}

/// Frees a handle; NULL is fine. What was made from it (queries, updates, clients) lives on.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_free(engine: *mut sark_engine) {
    // SAFETY: NULL or from `sark_engine_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(engine) });
}

/// Loads a policy under a name, or replaces it; on any error what was in force stays in force.
///
/// `name` is also the file name in errors; it must not be empty, `data`, or start with `data.` or `data[`.
///
/// Ownership: name and source are copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), COMPILATION_ERROR, CONFLICT (data at a rule's path), TOO_LARGE, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_load_policy(
    engine: *const sark_engine,
    name: *const c_char,
    name_length: u64,
    rego: *const c_char,
    rego_length: u64,
    options: *const sark_load_options,
    info: *mut sark_revision_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            let (name, rego) = (text("name", name, name_length)?, text("rego", rego, rego_length)?);
            let version = rego_version(versioned::options("options", options)?.rego_version)?;
            let info = versioned::info("info", info)?;
            info.fill(&revision_info(&engine.engine.load_policy(name, rego, version)?));
            Ok(SARK_OK)
        })
    }
}

/// Removes a policy.
///
/// Errors: POLICY_NOT_FOUND where none has that name, INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_remove_policy(
    engine: *const sark_engine,
    name: *const c_char,
    name_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            engine.engine.remove_policy(text("name", name, name_length)?)?;
            Ok(SARK_OK)
        })
    }
}

/// Removes all policies that were loaded by hand; data stays, and what sources brought.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_clear_policies(engine: *const sark_engine, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("engine", engine)?.engine.clear_policies()?;
            Ok(SARK_OK)
        })
    }
}

/// Whether a policy of that name is loaded; false with an error in `error` alone.
///
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_has_policy(
    engine: *const sark_engine,
    name: *const c_char,
    name_length: u64,
    error: *mut *mut sark_error,
) -> bool {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { predicate(error, || handle("engine", engine)?.engine.has_policy(text("name", name, name_length)?)) }
}

/// Writes the names of all policies, a sorted JSON array.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_policy_names(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let names = handle("engine", engine)?.engine.policy_names()?;
            let names: serde_json::Value = names.iter().map(|name| name.as_ref()).collect();
            output.bytes().extend_from_slice(names.to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Writes what `tell` says of the engine to the buffer.
///
/// # Safety
/// As for each function of the ABI that calls it.
unsafe fn told(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
    tell: impl FnOnce(&Engine) -> Result<String>,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let text = tell(&handle("engine", engine)?.engine)?;
            output.bytes().extend_from_slice(text.as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Writes how the sources are that the engine follows, a JSON array of what `sark_source_status` writes for each.
///
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_sources(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { told(engine, buffer, error, |engine| Ok(serde_json::Value::from(engine.sources()).to_string())) }
}

/// Writes what the policies offer, as JSON, for whoever deploys them: `policies` (`name`, `package`, `rego_version`, `bytes`); `documents`,
/// one for each path that rules define: `path`, `policies`, `rules`, `function`, `deterministic`, `nondeterministic` (the builtins that make it
/// otherwise), `reads` (references to the parts of the input and of base data that it can read, `input` or `data` alone where that can be
/// any), `network` (the builtins by which it reaches outside, where `sark_engine_allow_net` lets it) and `index`: by what its rules are found
/// (`by`), whether by a hash (`hashed`), how many there are (`rules`), and how many are looked at whatever the input is (`always`), and
/// `entrypoint`, whether an annotation calls it one; `entrypoints`, the paths of the documents and packages that annotations call so; and
/// `annotations`, what `# METADATA` says, as `opa inspect --annotations --format=json` has it: `path` (terms), `location`, `annotations`.
///
/// Errors: INVALID_ARGUMENT, UNSUPPORTED (another evaluator than sark's), CLOSED.
/// Threads: any. It plans each document, for seconds where there are thousands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_inspect(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { told(engine, buffer, error, Engine::inspect) }
}

/// Writes to the buffer which builtins policies may call, with their types and which are `nondeterministic`, and the features of the language:
/// a JSON object in the shape of `opa capabilities --current`, so that `opa build` and `opa check` can be held to it (`--capabilities`).
///
/// Ownership: the caller owns the buffer.
/// Errors: INVALID_ARGUMENT, UNSUPPORTED (by another evaluator than sark's), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_capabilities(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { told(engine, buffer, error, Engine::capabilities) }
}

/// Takes the next line that a policy printed, as JSON: `{"when", "level": "info", "event": "print", "message", "fields": {"policy", "row",
/// "col"}}`. There are none without `print_statements`. Of more than 256 that wait, the oldest are dropped and counted (`events_dropped`); a line
/// of more than 64 KiB is cut, and `fields` has its `bytes`. Waits up to `timeout_ns`; MISS where nothing was printed.
///
/// Ownership: the caller owns the buffer.
/// Errors: INVALID_ARGUMENT, CLOSED, also for one who waits.
/// Threads: any; each event is given once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_next(
    engine: *const sark_engine,
    timeout_ns: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            match handle("engine", engine)?.engine.next_event(Duration::from_nanos(timeout_ns))? {
                Some(event) => output.bytes().extend_from_slice(event.to_json().to_string().as_bytes()),
                None => return Ok(SARK_MISS),
            }
            Ok(SARK_OK)
        })
    }
}

/// Replaces all data by a JSON object.
///
/// Ownership: the JSON is copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, CONFLICT (data at a rule's path), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_set_data(
    engine: *const sark_engine,
    json: *const u8,
    json_length: u64,
    options: *const sark_data_options,
    info: *mut sark_revision_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            let json = bytes("json", json, json_length)?;
            no_flags(versioned::options("options", options)?.flags)?;
            let info = versioned::info("info", info)?;
            info.fill(&revision_info(&engine.engine.set_data(json)?));
            Ok(SARK_OK)
        })
    }
}

/// Puts a JSON schema at a path such as `schema.user`, or with NULL takes away what is there: all policies are compiled anew, and checked by
/// it. `schema` alone is that of the input; another one is what `# METADATA` means by its name where `schema_annotations` is on. A schema
/// that the policies contradict does not come into force. Nothing that a schema refers to is fetched.
///
/// Ownership: path and JSON are copied.
/// Errors: INVALID_ARGUMENT (no path of a schema, or no schema), SERIALIZATION_ERROR, LIMIT_EXCEEDED, TOO_LARGE (schemas count as policies
/// do), COMPILATION_ERROR, UNSUPPORTED (another evaluator than sark's), CLOSED.
/// Threads: any. Waits for another change under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_set_schema(
    engine: *const sark_engine,
    path: *const c_char,
    path_length: u64,
    json: *const u8,
    json_length: u64,
    info: *mut sark_revision_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            let path = text("path", path, path_length)?;
            let json = optional_bytes("json", json, json_length)?;
            let info = versioned::info("info", info)?;
            info.fill(&revision_info(&engine.engine.set_schema(path, json)?));
            Ok(SARK_OK)
        })
    }
}

/// Replaces the document at a path such as `/users/alice`, as OPA's `PUT /v1/data/users/alice`; objects above it are made.
///
/// Ownership: path and JSON are copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, TOO_LARGE, CONFLICT (a document above is not an object; data at a rule's path), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_patch_data(
    engine: *const sark_engine,
    path: *const c_char,
    path_length: u64,
    json: *const u8,
    json_length: u64,
    options: *const sark_data_options,
    info: *mut sark_revision_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            let (path, json) = (text("path", path, path_length)?, bytes("json", json, json_length)?);
            no_flags(versioned::options("options", options)?.flags)?;
            let info = versioned::info("info", info)?;
            info.fill(&revision_info(&engine.engine.patch_data(path, json)?));
            Ok(SARK_OK)
        })
    }
}

/// Writes the present revision: opaque text that changes with every change and that no other engine or process has.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_revision(
    engine: *const sark_engine,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let revision = handle("engine", engine)?.engine.revision()?;
            output.bytes().extend_from_slice(revision.as_str().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Decides: a policy's name answers the document of its package, a path that starts with `data.` the document at that path. The result is
/// written as compact JSON with sorted keys. A path that nothing defines is UNDEFINED.
///
/// Without an input (NULL, 0), `input` is undefined.
///
/// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND, SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_evaluate(
    engine: *const sark_engine,
    policy_or_path: *const c_char,
    policy_or_path_length: u64,
    input: *const u8,
    input_length: u64,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let engine = handle("engine", engine)?;
            let target = Target::known(text("policy_or_path", policy_or_path, policy_or_path_length)?)?;
            let input = optional_bytes("input", input, input_length)?;
            output.refuse_overlap(input)?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            let evaluation = output.fill(|bytes| engine.engine.evaluate(&target, input, &options, bytes))?;
            info.fill_with(|| evaluate_info(&evaluation));
            Ok(outcome_status(evaluation.outcome))
        })
    }
}

/// Answers a query in Rego, such as `x := data.roles[input.user]; x != "guest"`: a JSON array with an object of bindings for each
/// result, `[{"x":"admin"}]`. A query without results is OK with `[]`; one without variables gives an empty object for each result.
///
/// It is compiled at each call; prepare what is asked often. Without an input (NULL, 0), `input` is undefined.
///
/// Errors: INVALID_ARGUMENT, COMPILATION_ERROR (the query's text), SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, UNSUPPORTED (regorus), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_query(
    engine: *const sark_engine,
    query: *const c_char,
    query_length: u64,
    input: *const u8,
    input_length: u64,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let engine = handle("engine", engine)?;
            let query = text("query", query, query_length)?;
            let input = optional_bytes("input", input, input_length)?;
            output.refuse_overlap(input)?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            let evaluation = output.fill(|bytes| engine.engine.query(query, input, &options, bytes))?;
            info.fill_with(|| evaluate_info(&evaluation));
            Ok(SARK_OK)
        })
    }
}

/// Prepares a query for many evaluations. It always asks the engine's present policies.
///
/// Ownership: the caller owns `*query`; it keeps the engine alive.
/// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_prepare(
    engine: *const sark_engine,
    policy_or_path: *const c_char,
    policy_or_path_length: u64,
    options: *const sark_prepare_options,
    info: *mut sark_revision_info,
    query: *mut *mut sark_query,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("query", query)?;
            let engine = handle("engine", engine)?;
            let target = Target::parse(text("policy_or_path", policy_or_path, policy_or_path_length)?)?;
            no_flags(versioned::options("options", options)?.flags)?;
            let info = versioned::info("info", info)?;
            let (query, revision) = Query::new(Arc::clone(&engine.engine), target)?;
            give(place, sark_query { query: Arc::new(query) });
            info.fill(&revision_info(&revision));
            Ok(SARK_OK)
        })
    }
}
