//! `sark_update`: changes that come into force together or not at all.

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary::{bytes, entry, free, give, handle, handle_mut, infallible, optional_text, place, text};
use super::engine::{
    no_flags, rego_version, revision_info, sark_data_options, sark_engine, sark_load_options, sark_revision_info,
};
use super::error::sark_error;
use super::status::SARK_OK;
use super::versioned;
use crate::policy::Update;

/// A list of changes for one engine.
pub struct sark_update {
    update: Update,
}

/// Begins an update without changes.
///
/// Ownership: the caller owns `*update`; it keeps the engine alive.
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_new(
    engine: *const sark_engine,
    update: *mut *mut sark_update,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("update", update)?;
            let engine = handle("engine", engine)?;
            give(place, sark_update { update: Update::new(Arc::clone(&engine.engine))? });
            Ok(SARK_OK)
        })
    }
}

/// Adds: load or replace a policy. Whether it compiles is said by the commit.
///
/// Ownership: name and source are copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), TOO_LARGE.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_load_policy(
    update: *mut sark_update,
    name: *const c_char,
    name_length: u64,
    rego: *const c_char,
    rego_length: u64,
    options: *const sark_load_options,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let update = handle_mut("update", update)?;
            let (name, rego) = (text("name", name, name_length)?, text("rego", rego, rego_length)?);
            let version = rego_version(versioned::options("options", options)?.rego_version)?;
            update.update.load_policy(name, rego, version)?;
            Ok(SARK_OK)
        })
    }
}

/// Adds: remove a policy. The commit answers POLICY_NOT_FOUND where none has that name by then.
///
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8).
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_remove_policy(
    update: *mut sark_update,
    name: *const c_char,
    name_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle_mut("update", update)?.update.remove_policy(text("name", name, name_length)?)?;
            Ok(SARK_OK)
        })
    }
}

/// Adds: remove all policies.
///
/// Errors: INVALID_ARGUMENT.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_clear_policies(update: *mut sark_update, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle_mut("update", update)?.update.clear_policies()?;
            Ok(SARK_OK)
        })
    }
}

/// Adds: replace all data by a JSON object.
///
/// Ownership: the JSON is copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_set_data(
    update: *mut sark_update,
    json: *const u8,
    json_length: u64,
    options: *const sark_data_options,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let update = handle_mut("update", update)?;
            let json = bytes("json", json, json_length)?;
            no_flags(versioned::options("options", options)?.flags)?;
            update.update.set_data(json)?;
            Ok(SARK_OK)
        })
    }
}

/// Adds: replace the document at a path such as `/users/alice`.
///
/// Ownership: path and JSON are copied.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_patch_data(
    update: *mut sark_update,
    path: *const c_char,
    path_length: u64,
    json: *const u8,
    json_length: u64,
    options: *const sark_data_options,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let update = handle_mut("update", update)?;
            let (path, json) = (text("path", path, path_length)?, bytes("json", json, json_length)?);
            no_flags(versioned::options("options", options)?.flags)?;
            update.update.patch_data(path, json)?;
            Ok(SARK_OK)
        })
    }
}

/// Brings all changes into force, or none. Afterwards the update is empty and can be used again; after an error it is as before.
///
/// With `expected_revision` (NULL, 0 for any), only if the engine still has that revision.
///
/// Errors: CONFLICT, COMPILATION_ERROR, POLICY_NOT_FOUND, TOO_LARGE, INVALID_ARGUMENT, CLOSED.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_commit(
    update: *mut sark_update,
    expected_revision: *const c_char,
    expected_revision_length: u64,
    info: *mut sark_revision_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let update = handle_mut("update", update)?;
            let expected = optional_text("expected_revision", expected_revision, expected_revision_length)?;
            let info = versioned::info("info", info)?;
            info.fill(&revision_info(&update.update.commit(expected)?));
            Ok(SARK_OK)
        })
    }
}

/// Frees an update, and drops what was not committed; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_update_free(update: *mut sark_update) {
    // SAFETY: NULL or from `sark_update_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(update) });
}
