//! Who is measured.

use std::sync::OnceLock;
use std::time::Instant;

use libloading::Library;
use sark::ffi;

use crate::engine::{Buffer, Engine, Query, normal};
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
    query: Query,
    buffer: Buffer,
}

impl Sark {
    pub(crate) fn own(workload: &Workload) -> Self {
        Self::new("sark", workload, ffi::SARK_EVALUATOR_SARK)
    }

    pub(crate) fn regorus(workload: &Workload) -> Self {
        Self::new("regorus interpreter", workload, ffi::SARK_EVALUATOR_REGORUS)
    }

    fn new(name: &'static str, workload: &Workload, evaluator: u32) -> Self {
        let engine = Engine::new(evaluator, workload.is_v0);
        engine.load(&workload.policies, &workload.data);
        Self { name, query: engine.prepare(workload.path), buffer: Buffer::new() }
    }
}

impl Peer for Sark {
    fn name(&self) -> &'static str {
        self.name
    }

    fn answer(&mut self, input: &[u8]) -> String {
        self.query.answer(input)
    }

    fn measure(&mut self, input: &[u8], count: u64, times: &mut Vec<u64>) {
        time_each(count, times, || {
            std::hint::black_box(self.query.evaluate(input, &mut self.buffer));
        });
    }
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
type Forget = unsafe extern "C" fn(i32);
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
        Self::of(prepare(workload))
    }

    /// What a handle stands for.
    pub(crate) fn of(handle: i32) -> Self {
        assert!(handle >= 0, "OPA compiles it");
        Self { handle, output: vec![0; 1 << 20] }
    }

    fn call(&mut self, input: &[u8]) -> i64 {
        unsafe {
            let evaluate: libloading::Symbol<'_, Evaluate> = library().get(b"opa_evaluate").expect("opa_evaluate");
            evaluate(self.handle, input.as_ptr(), input.len() as u64, self.output.as_mut_ptr(), self.output.len() as u64)
        }
    }
}

impl Drop for Opa {
    fn drop(&mut self) {
        unsafe {
            let forget: libloading::Symbol<'_, Forget> = library().get(b"opa_forget").expect("opa_forget");
            forget(self.handle);
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
