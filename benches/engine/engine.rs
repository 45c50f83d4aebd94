//! An engine of sark's, through its C ABI.

use std::ffi::c_char;
use std::ptr;

use sark::ffi;

/// Policies and data. What was prepared lives on without it.
pub(crate) struct Engine(*mut ffi::sark_engine);

/// A prepared query.
pub(crate) struct Query(*mut ffi::sark_query);

/// Where answers are written; one thread at a time.
pub(crate) struct Buffer(*mut ffi::sark_buffer);

// SAFETY: the header: any thread may use an engine and a query.
unsafe impl Send for Engine {}
unsafe impl Sync for Engine {}
unsafe impl Send for Query {}
unsafe impl Sync for Query {}

fn text(s: &str) -> (*const c_char, u64) {
    (s.as_ptr().cast::<c_char>(), s.len() as u64)
}

impl Engine {
    pub(crate) fn new(evaluator: u32, is_v0: bool) -> Self {
        let mut options: ffi::sark_engine_options = unsafe { std::mem::zeroed() };
        options.struct_size = u32::try_from(size_of::<ffi::sark_engine_options>()).unwrap();
        options.evaluator = evaluator;
        options.rego_version = if is_v0 { ffi::SARK_REGO_V0 } else { ffi::SARK_REGO_V1 };
        let (mut engine, mut error) = (ptr::null_mut(), ptr::null_mut());
        let status = unsafe { ffi::sark_engine_new(&raw const options, &raw mut engine, &raw mut error) };
        assert_eq!(status, ffi::SARK_OK);
        Self(engine)
    }

    /// Loads policies, named by their numbers, and data in one update.
    pub(crate) fn load(&self, policies: &[String], data: &str) {
        let (mut update, mut error) = (ptr::null_mut(), ptr::null_mut());
        unsafe {
            assert_eq!(ffi::sark_update_new(self.0, &raw mut update, &raw mut error), ffi::SARK_OK);
            for (number, policy) in policies.iter().enumerate() {
                let name = format!("m{number}");
                let ((name, name_length), (rego, rego_length)) = (text(&name), text(policy));
                let status =
                    ffi::sark_update_load_policy(update, name, name_length, rego, rego_length, ptr::null(), &raw mut error);
                assert_eq!(status, ffi::SARK_OK);
            }
            let (data, length) = (data.as_ptr(), data.len() as u64);
            assert_eq!(ffi::sark_update_set_data(update, data, length, ptr::null(), &raw mut error), ffi::SARK_OK);
            let status = ffi::sark_update_commit(update, ptr::null(), 0, ptr::null_mut(), &raw mut error);
            assert_eq!(status, ffi::SARK_OK, "the policies compile");
            ffi::sark_update_free(update);
        }
    }

    /// Replaces the policy of a number.
    pub(crate) fn replace(&self, number: usize, policy: &str) {
        let name = format!("m{number}");
        let ((name, name_length), (rego, rego_length)) = (text(&name), text(policy));
        let mut error = ptr::null_mut();
        let status = unsafe {
            let (options, info) = (ptr::null(), ptr::null_mut());
            ffi::sark_engine_load_policy(self.0, name, name_length, rego, rego_length, options, info, &raw mut error)
        };
        assert_eq!(status, ffi::SARK_OK, "the policy compiles");
    }

    pub(crate) fn prepare(&self, path: &str) -> Query {
        let (mut query, mut error) = (ptr::null_mut(), ptr::null_mut());
        let (path, length) = text(path);
        let status = unsafe {
            ffi::sark_engine_prepare(self.0, path, length, ptr::null(), ptr::null_mut(), &raw mut query, &raw mut error)
        };
        assert_eq!(status, ffi::SARK_OK);
        Query(query)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        unsafe { ffi::sark_engine_free(self.0) }
    }
}

impl Query {
    /// The status.
    pub(crate) fn evaluate(&self, input: &[u8], buffer: &mut Buffer) -> i32 {
        let (length, mut error) = (input.len() as u64, ptr::null_mut());
        let (options, info) = (ptr::null(), ptr::null_mut());
        unsafe { ffi::sark_query_evaluate(self.0, input.as_ptr(), length, options, info, buffer.0, &raw mut error) }
    }

    /// Decides all inputs, which lie one after the other, in one call.
    pub(crate) fn evaluate_batch(
        &self,
        inputs: &[u8],
        offsets: &[u64],
        results: &mut [ffi::sark_batch_result],
        buffer: &mut Buffer,
    ) -> i32 {
        let (mut error, options, info) = (ptr::null_mut(), ptr::null(), ptr::null_mut());
        let (offsets, count, results) = (offsets.as_ptr(), results.len() as u64, results.as_mut_ptr());
        let (inputs, length) = (inputs.as_ptr(), inputs.len() as u64);
        unsafe {
            ffi::sark_query_evaluate_batch(
                self.0,
                inputs,
                length,
                offsets,
                count,
                options,
                info,
                results,
                buffer.0,
                &raw mut error,
            )
        }
    }

    /// The answer, for comparing.
    pub(crate) fn answer(&self, input: &[u8]) -> String {
        let mut buffer = Buffer::new();
        match self.evaluate(input, &mut buffer) {
            ffi::SARK_OK => normal(buffer.bytes()),
            status => format!("status {status}"),
        }
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        unsafe { ffi::sark_query_free(self.0) }
    }
}

impl Buffer {
    pub(crate) fn new() -> Self {
        Self(ffi::sark_buffer_new())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        unsafe { std::slice::from_raw_parts((*self.0).data, usize::try_from((*self.0).length).unwrap()) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        unsafe { ffi::sark_buffer_free(self.0) }
    }
}

/// JSON with sorted keys.
pub(crate) fn normal(json: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(json).map_or_else(|e| e.to_string(), |value| value.to_string())
}
