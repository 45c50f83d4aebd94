//! A thousand inputs in one call, beside the same one by one, and beside OPA's Go SDK, which has no batches.

use sark::ffi;
use serde_json::{Value, json};

use crate::engine::{Buffer, Engine, Query};
use crate::median;
use crate::peers::{Opa, OpaInside, Peer, time_each};
use crate::workloads::{self, Workload, workload};

const INPUTS: usize = 1000;
const ROUNDS: usize = 15;

/// Inputs, one after the other, and where each begins.
struct Inputs {
    bytes: Vec<u8>,
    offsets: Vec<u64>,
}

impl Inputs {
    /// The workload's, changed for each number.
    fn new(workload: &Workload, change: fn(&mut Value, usize)) -> Self {
        let (mut bytes, mut offsets) = (Vec::new(), vec![0]);
        for number in 0..INPUTS {
            let mut input: Value = serde_json::from_slice(&workload.input).unwrap();
            change(&mut input, number);
            bytes.extend_from_slice(input.to_string().as_bytes());
            offsets.push(bytes.len() as u64);
        }
        Self { bytes, offsets }
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        let at = |offset: u64| usize::try_from(offset).unwrap();
        self.offsets.windows(2).map(move |pair| &self.bytes[at(pair[0])..at(pair[1])])
    }
}

pub(crate) fn measure() {
    println!(
        "{:<26} {:>14} {:>14} {:>10} {:>14} {:>10}",
        "batch of 1,000", "one by one ns", "in a batch ns", "ratio", "OPA, Go SDK", "of batch"
    );
    measure_workload(&workloads::rbac("rbac-1000", 1000), |input, number| {
        input["user"] = json!(format!("user{number:04}"));
        input["action"] = json!(["read", "write", "delete", "list"][number % 4]);
    });
    measure_workload(&workloads::gateway(), |input, number| {
        input["user"]["id"] = json!(format!("user{number:04}"));
        input["tool"]["id"] = json!(format!("t-{}", number % 500));
        input["rate"]["used"] = json!(number % 120);
    });
    measure_workload(&data_alone(), |input, number| input["dept"] = json!(format!("d{}", number % 20)));
}

/// What costs depends on data alone: a set of the departments that have an item above their limit.
fn data_alone() -> Workload {
    let policy = "package p\n\ndefault out := false\n\nfull contains it.dept if {\n\tsome it in data.items\n\td := data.depts[it.dept]\n\td.active\n\t\
                  it.size > d.limit\n}\n\nout if {\n\tinput.dept in full\n\tinput.level > 1\n}\n";
    let data = json!({"items": workloads::items(), "depts": workloads::depts()});
    workload("data-alone", policy.to_owned(), &data, &json!({"dept": "d1", "level": 2}))
}

fn measure_workload(workload: &Workload, change: fn(&mut Value, usize)) {
    let inputs = Inputs::new(workload, change);
    let engine = Engine::new(ffi::SARK_EVALUATOR_SARK, false);
    engine.load(&workload.policies, &workload.data);
    let query = engine.prepare(workload.path);
    let mut opa = OpaInside::new(workload);
    check_answers(workload, &inputs, &query);
    let (mut buffer, mut results) = (Buffer::new(), no_results());
    let [mut single, mut batch, mut by_opa] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        time_each(1, &mut single, || inputs.each().for_each(|input| assert!(query.evaluate(input, &mut buffer) >= ffi::SARK_OK)));
        time_each(1, &mut batch, || {
            assert_eq!(query.evaluate_batch(&inputs.bytes, &inputs.offsets, &mut results, &mut buffer), ffi::SARK_OK);
        });
        // By each twentieth input: where sark takes milliseconds for all, OPA takes seconds.
        inputs.each().step_by(20).for_each(|input| opa.measure(input, 1, &mut by_opa));
    }
    report(workload, single, batch, by_opa);
}

fn no_results() -> Vec<ffi::sark_batch_result> {
    vec![ffi::sark_batch_result { status: 0, reserved: 0, offset: 0, length: 0 }; INPUTS]
}

/// What a batch answers is what sark and OPA answer one by one.
fn check_answers(workload: &Workload, inputs: &Inputs, query: &Query) {
    let (mut opa, mut buffer, mut results) = (Opa::new(workload), Buffer::new(), no_results());
    assert_eq!(query.evaluate_batch(&inputs.bytes, &inputs.offsets, &mut results, &mut buffer), ffi::SARK_OK);
    for (input, result) in inputs.each().zip(&results) {
        let at = usize::try_from(result.offset).unwrap();
        let answer = crate::engine::normal(&buffer.bytes()[at..at + usize::try_from(result.length).unwrap()]);
        let (single, by_opa) = (query.answer(input), opa.answer(input));
        if answer != single || answer != by_opa {
            println!("{:<26} answers {answer}, one by one {single}, OPA {by_opa}", workload.name);
            return;
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "ratios of nanoseconds")]
fn report(workload: &Workload, single: Vec<u64>, batch: Vec<u64>, by_opa: Vec<u64>) {
    let of_each = |times| median(times) as f64 / INPUTS as f64;
    let (single, batch, by_opa) = (of_each(single), of_each(batch), median(by_opa) as f64);
    let (ratio, beside) = (single / batch, by_opa / batch);
    println!("{:<26} {single:>14.0} {batch:>14.0} {ratio:>9.2}x {by_opa:>14.0} {beside:>9.1}x", workload.name);
}
