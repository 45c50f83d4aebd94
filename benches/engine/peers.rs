//! Who is measured.

use std::ffi::c_char;
use std::ptr;
use std::sync::OnceLock;
use std::time::Instant;

use libloading::Library;
use sark::ffi;

use crate::workloads::Workload;

/// Something that evaluates JSON to JSON.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;
    /// The answer, for comparing; undefined is empty.
    fn answer(&mut self, input: &[u8]) -> String;
    /// Evaluates `count` times, adding the nanoseconds of each.
    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>);
}

pub(crate) fn time_each(count: u64, times: &mut Vec<u64>, mut call: impl FnMut()) {
    for _ in 0..count {
        let start = Instant::now();
        call();
        times.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
}

/// sark through its C ABI.
pub(crate) struct Sark {
    name: &'static str,
    query: *mut ffi::sark_query,
    buffer: *mut ffi::sark_buffer,
}

impl Sark {
    pub(crate) fn own(workload: &Workload) -> Self {
        Self::new("sark", workload, ffi::SARK_EVALUATOR_SARK)
    }

    pub(crate) fn regorus(workload: &Workload) -> Self {
        Self::new("regorus interpreter", workload, ffi::SARK_EVALUATOR_REGORUS)
    }

    fn new(name: &'static str, workload: &Workload, evaluator: u32) -> Self {
        let text = |s: &str| (s.as_ptr().cast::<c_char>(), s.len() as u64);
        let mut options: ffi::sark_engine_options = unsafe { std::mem::zeroed() };
        options.struct_size = u32::try_from(size_of::<ffi::sark_engine_options>()).unwrap();
        options.evaluator = evaluator;
        options.rego_version = if workload.is_v0 { ffi::SARK_REGO_V0 } else { ffi::SARK_REGO_V1 };
        let (mut engine, mut query, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let buffer;
        unsafe {
            assert_eq!(ffi::sark_engine_new(&raw const options, &raw mut engine, &raw mut error), ffi::SARK_OK);
            let mut update = ptr::null_mut();
            assert_eq!(ffi::sark_update_new(engine, &raw mut update, &raw mut error), ffi::SARK_OK);
            for (number, policy) in workload.policies.iter().enumerate() {
                let name = format!("m{number}");
                let ((name, name_length), (rego, rego_length)) = (text(&name), text(policy));
                let status =
                    ffi::sark_update_load_policy(update, name, name_length, rego, rego_length, ptr::null(), &raw mut error);
                assert_eq!(status, ffi::SARK_OK);
            }
            let data = workload.data.as_bytes();
            assert_eq!(
                ffi::sark_update_set_data(update, data.as_ptr(), data.len() as u64, ptr::null(), &raw mut error),
                ffi::SARK_OK
            );
            let status = ffi::sark_update_commit(update, ptr::null(), 0, ptr::null_mut(), &raw mut error);
            assert_eq!(status, ffi::SARK_OK, "{}", workload.name);
            let (path, path_length) = text(workload.path);
            let status =
                ffi::sark_engine_prepare(engine, path, path_length, ptr::null(), ptr::null_mut(), &raw mut query, &raw mut error);
            assert_eq!(status, ffi::SARK_OK);
            buffer = ffi::sark_buffer_new();
        }
        Self { name, query, buffer }
    }

    fn call(&mut self, input: &[u8]) -> i32 {
        let mut error = ptr::null_mut();
        unsafe {
            ffi::sark_query_evaluate(
                self.query,
                input.as_ptr(),
                input.len() as u64,
                ptr::null(),
                ptr::null_mut(),
                self.buffer,
                &raw mut error,
            )
        }
    }
}

impl Peer for Sark {
    fn name(&self) -> &'static str {
        self.name
    }

    fn answer(&mut self, input: &[u8]) -> String {
        let status = self.call(input);
        if status != ffi::SARK_OK {
            return format!("status {status}");
        }
        let bytes = unsafe { std::slice::from_raw_parts((*self.buffer).data, usize::try_from((*self.buffer).length).unwrap()) };
        normal(bytes)
    }

    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>) {
        time_each(count, times, || {
            std::hint::black_box(self.call(input));
        });
    }
}

/// JSON with sorted keys.
fn normal(json: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(json).map_or_else(|e| e.to_string(), |value| value.to_string())
}

pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let path = std::env::var_os("SARK_BENCH_OPA").expect("SARK_BENCH_OPA names the library that `make bench-engine` builds");
        unsafe { Library::new(path) }.expect("OPA's library loads")
    })
}

type Prepare = unsafe extern "C" fn(*const u8, *const u8, *const u8, u64, u64, u64, i32) -> i32;
type Evaluate = unsafe extern "C" fn(i32, *const u8, u64, *mut u8, u64) -> i64;
type Measure = unsafe extern "C" fn(i32, *const u8, u64, *mut u64, u64);

fn prepare(workload: &Workload) -> i32 {
    let policies = workload.policies.join("\n%%\n");
    let (data, path) = (&workload.data, workload.path);
    let handle = unsafe {
        let prepare: libloading::Symbol<'_, Prepare> = library().get(b"opa_prepare").expect("opa_prepare");
        prepare(
            policies.as_ptr(),
            data.as_ptr(),
            path.as_ptr(),
            policies.len() as u64,
            data.len() as u64,
            path.len() as u64,
            i32::from(workload.is_v0),
        )
    };
    assert!(handle >= 0, "OPA takes {}", workload.name);
    handle
}

/// OPA as a C shared library.
pub(crate) struct Opa {
    handle: i32,
    output: Vec<u8>,
}

impl Opa {
    pub(crate) fn new(workload: &Workload) -> Self {
        Self { handle: prepare(workload), output: vec![0; 1 << 20] }
    }

    fn call(&mut self, input: &[u8]) -> i64 {
        unsafe {
            let evaluate: libloading::Symbol<'_, Evaluate> = library().get(b"opa_evaluate").expect("opa_evaluate");
            evaluate(self.handle, input.as_ptr(), input.len() as u64, self.output.as_mut_ptr(), self.output.len() as u64)
        }
    }
}

impl Peer for Opa {
    fn name(&self) -> &'static str {
        "OPA, C shared library"
    }

    fn answer(&mut self, input: &[u8]) -> String {
        let length = usize::try_from(self.call(input)).unwrap_or(0);
        normal(&self.output[..length])
    }

    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>) {
        let evaluate: libloading::Symbol<'_, Evaluate> = unsafe { library().get(b"opa_evaluate").expect("opa_evaluate") };
        let (handle, output) = (self.handle, &mut self.output);
        time_each(count, times, || unsafe {
            std::hint::black_box(evaluate(handle, input.as_ptr(), input.len() as u64, output.as_mut_ptr(), output.len() as u64));
        });
    }
}

/// OPA's Go SDK, measured within Go.
pub(crate) struct OpaInside(Opa);

impl OpaInside {
    pub(crate) fn new(workload: &Workload) -> Self {
        Self(Opa::new(workload))
    }
}

impl Peer for OpaInside {
    fn name(&self) -> &'static str {
        "OPA, Go SDK"
    }

    fn answer(&mut self, input: &[u8]) -> String {
        self.0.answer(input)
    }

    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>) {
        let start = times.len();
        times.resize(start + usize::try_from(count).unwrap(), 0);
        unsafe {
            let measure: libloading::Symbol<'_, Measure> = library().get(b"opa_measure").expect("opa_measure");
            measure(self.0.handle, input.as_ptr(), input.len() as u64, times[start..].as_mut_ptr(), count);
        }
    }
}

/// regorus' register machine.
pub(crate) struct Rvm {
    vm: regorus::rvm::vm::RegoVM,
}

impl Rvm {
    /// `None` where it cannot compile the policy.
    pub(crate) fn new(workload: &Workload) -> Option<Self> {
        let mut engine = regorus::Engine::new();
        engine.set_strict_builtin_errors(false);
        engine.set_rego_v0(workload.is_v0);
        for (number, policy) in workload.policies.iter().enumerate() {
            engine.add_policy(format!("m{number}"), policy.clone()).ok()?;
        }
        let data = regorus::Value::from_json_str(&workload.data).ok()?;
        engine.add_data(data.clone()).ok()?;
        let compiled = engine.compile_with_entrypoint(&workload.path.into()).ok()?;
        let program = regorus::languages::rego::compiler::Compiler::compile_from_policy(&compiled, &[workload.path]).ok()?;
        let mut vm = regorus::rvm::vm::RegoVM::new();
        vm.load_program(program);
        vm.set_data(data).ok()?;
        vm.set_max_instructions(1_000_000_000);
        Some(Self { vm })
    }

    fn call(&mut self, input: &[u8]) -> String {
        let text = std::str::from_utf8(input).unwrap_or_default();
        let Ok(value) = regorus::Value::from_json_str(text) else { return String::new() };
        self.vm.set_input(value);
        self.vm.execute().ok().and_then(|value| value.to_json_str().ok()).unwrap_or_default()
    }
}

impl Peer for Rvm {
    fn name(&self) -> &'static str {
        "regorus RVM"
    }

    fn answer(&mut self, input: &[u8]) -> String {
        let answer = self.call(input);
        normal(answer.as_bytes())
    }

    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>) {
        time_each(count, times, || {
            std::hint::black_box(self.call(input));
        });
    }
}
