//! `make bench-engine`: sark beside OPA and regorus, JSON bytes in and out, in one process, interleaved.
//!
//! Peers: OPA's Go SDK, a prepared query in its fastest store (`OptReturnASTValuesOnRead`), measured within Go; the same as a C shared
//! library, called from here; regorus' interpreter through sark's own ABI (an engine that chooses it); its RVM, directly. Every answer is compared
//! with OPA's before anything is measured. Beside builtins that verify a signature stands the bare verification, here and in Go, and what each
//! evaluation takes beyond it.
//!
//! What is no workload has a file of its own, and its name is an argument like theirs: `threads`, `batch`, `load` and `memory`.
//!
//! SARK_BENCH_OPA names the shared library of `benches/opa`, SARK_BENCH_LIB that of sark, SARK_BENCH_ACI the directory of OPA's confidential container policy. SARK_BENCH_ALONE
//! leaves sark alone, for a profiler. Arguments are names of workloads; all without.

#![allow(unsafe_code, reason = "calls C ABIs: sark's own and that of a library built of OPA")]
#![allow(
    missing_docs,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench: what fails, fails aloud"
)]

mod batch;
mod builtins;
mod engine;
mod loading;
mod memory;
mod modules;
mod peers;
mod scaling;
mod signed;
mod threads;
mod tokens;
mod workloads;

use peers::{Opa, OpaInside, Peer, Rvm, Sark};
use workloads::Workload;

const ROUNDS: usize = 7;
/// The time that a round spends on one peer.
const ROUND_NS: u64 = 60_000_000;
/// How often a round verifies a bare signature.
const BARE: u64 = 300;

fn main() {
    if memory::is_child() {
        return;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    let workloads: Vec<Workload> = workloads::all().into_iter().filter(|workload| is_wanted(workload.name)).collect();
    if !workloads.is_empty() {
        println!("{:<26} {:<22} {:>12} {:>12} {:>10} {:>10}", "workload", "peer", "p50 ns", "p99 ns", "p50 ratio", "p99 ratio");
    }
    workloads.iter().for_each(measure);
    let others: [(&str, fn()); 4] =
        [("threads", threads::measure), ("batch", batch::measure), ("load", loading::measure), ("memory", memory::measure)];
    for (_, measure) in others.iter().filter(|(name, _)| is_wanted(name)) {
        measure();
    }
}

/// The middle one.
fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_unstable_by(|a, b| a.partial_cmp(b).expect("no NaN"));
    values[values.len() / 2]
}

fn measure(workload: &Workload) {
    let mut peers: Vec<Box<dyn Peer>> =
        vec![Box::new(Sark::own(workload)), Box::new(OpaInside::new(workload)), Box::new(Opa::new(workload))];
    if std::env::var_os("SARK_BENCH_ALONE").is_some() {
        peers.truncate(1);
    } else if workload.regorus {
        peers.push(Box::new(Sark::regorus(workload)));
        peers.extend(Rvm::new(workload).map(|rvm| Box::new(rvm) as Box<dyn Peer>));
    }
    check_answers(workload, &mut peers);
    let mut times: Vec<Vec<u64>> = vec![Vec::new(); peers.len()];
    let counts: Vec<u64> = peers.iter_mut().map(|peer| calibrate(peer.as_mut(), workload)).collect();
    let mut bare = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((peer, times), count) in peers.iter_mut().zip(&mut times).zip(&counts) {
            peer.measure(&workload.input, *count, times);
        }
        if let (Some(signed), [_, _, ..]) = (workload.signed, peers.as_slice()) {
            signed.measure(BARE, &mut bare[0]);
            signed.measure_in_go(BARE, &mut bare[1]);
        }
    }
    let medians = report(workload, &peers, times);
    if !bare[0].is_empty() {
        report_beyond(workload, bare, &medians);
    }
}

/// How often a peer evaluates in a round.
fn calibrate(peer: &mut dyn Peer, workload: &Workload) -> u64 {
    let mut first = Vec::new();
    peer.measure(&workload.input, 20, &mut first);
    first.sort_unstable();
    (ROUND_NS / first[first.len() / 2].max(1)).clamp(10, 50_000)
}

fn check_answers(workload: &Workload, peers: &mut [Box<dyn Peer>]) {
    let Some(opa) = peers.get_mut(2).map(|opa| opa.answer(&workload.input)) else { return };
    for peer in peers.iter_mut() {
        let answer = peer.answer(&workload.input);
        if answer != opa {
            println!("{:<26} {:<22} answers {answer}, OPA {opa}", workload.name, peer.name());
        }
    }
}

/// Prints what each peer took, and gives their medians.
fn report(workload: &Workload, peers: &[Box<dyn Peer>], times: Vec<Vec<u64>>) -> Vec<u64> {
    let mut base = None;
    let mut medians = Vec::new();
    for (peer, mut times) in peers.iter().zip(times) {
        times.sort_unstable();
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        let (base50, base99) = *base.get_or_insert((p50, p99));
        #[allow(clippy::cast_precision_loss, reason = "ratios of nanoseconds")]
        let (r50, r99) = (p50 as f64 / base50 as f64, p99 as f64 / base99 as f64);
        println!("{:<26} {:<22} {p50:>12} {p99:>12} {r50:>9.1}x {r99:>9.1}x", workload.name, peer.name());
        medians.push(p50);
    }
    medians
}

/// What sark and OPA take beyond verifying the signature, each by its own library.
fn report_beyond(workload: &Workload, [here, in_go]: [Vec<u64>; 2], medians: &[u64]) {
    let beyond = [("sark", here, medians[0]), ("OPA, Go SDK", in_go, medians[1])].map(|(name, mut times, whole)| {
        times.sort_unstable();
        let bare = times[times.len() / 2];
        println!("{:<26} {:<22} {bare:>12} {:>12}", workload.name, format!("bare, {name}"), times[times.len() * 99 / 100]);
        whole.saturating_sub(bare)
    });
    let [sark, opa] = beyond;
    #[allow(clippy::cast_precision_loss, reason = "a ratio of nanoseconds")]
    let ratio = opa as f64 / sark.max(1) as f64;
    println!("{:<26} {:<22} {sark:>12} {opa:>12} {ratio:>9.1}x", workload.name, "beyond it: sark, OPA");
}
