//! One thread beside two on one engine, with the query they share, while another thread replaces the policy they ask ten times a second.
//!
//! Two threads are never twice as fast: the machine clocks down, shares its caches, and others use it. Beside each ratio stands that of a loop
//! which computes and touches no memory, at the same moment; what sark loses is their quotient.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use sark::ffi;

use crate::engine::{Buffer, Engine};
use crate::median;
use crate::modules;
use crate::workloads::{self, Workload};

const ROUNDS: usize = 31;
/// How long one arm of a round runs: two replacements.
const ARM: Duration = Duration::from_millis(200);
/// The time between replacements; the first of an arm comes after half of it.
const PERIOD: Duration = Duration::from_millis(100);
/// Policies beside the one that is asked.
const OTHERS: usize = 20;

pub(crate) fn measure() {
    println!("{:<26} {:>14} {:>14} {:>8} {:>8} {:>8}", "threads", "1 thread /s", "2 threads /s", "ratio", "spin", "of spin");
    for workload in [workloads::rbac("rbac-1000", 1000), workloads::gateway()] {
        measure_workload(&workload);
    }
}

fn measure_workload(workload: &Workload) {
    let engine = Engine::new(ffi::SARK_EVALUATOR_SARK, false);
    let others = (0..OTHERS).map(modules::typical);
    engine.load(&workload.policies.iter().cloned().chain(others).collect::<Vec<_>>(), &workload.data);
    let query = engine.prepare(workload.path);
    let answer = query.answer(&workload.input);
    let decide = || {
        let mut buffer = Buffer::new();
        let query = &query;
        move || assert_eq!(query.evaluate(&workload.input, &mut buffer), ffi::SARK_OK)
    };
    let decisions = |threads| replacing(&engine, &workload.policies[0], || per_second(threads, decide));
    let spins = |threads| per_second(threads, || spin);
    let rounds: Vec<[f64; 4]> = (0..ROUNDS).map(|round| in_turn(round, &decisions, &spins)).collect();
    assert_eq!(query.answer(&workload.input), answer, "what replaced the policy decides as it did");
    let of = |value: fn(&[f64; 4]) -> f64| median(rounds.iter().map(value).collect());
    let (one, two) = (of(|r| r[0]), of(|r| r[1]));
    let (ratio, spun, beside) = (of(|r| r[1] / r[0]), of(|r| r[3] / r[2]), of(|r| r[1] / r[0] / (r[3] / r[2])));
    println!("{:<26} {one:>14.0} {two:>14.0} {ratio:>8.3} {spun:>8.3} {beside:>8.3}", workload.name);
}

/// Decisions on one and two threads, spins on one and two; every other round in the other order, since machines drift.
fn in_turn(round: usize, decisions: &dyn Fn(usize) -> f64, spins: &dyn Fn(usize) -> f64) -> [f64; 4] {
    let mut result = [0.0; 4];
    let mut order = [(0, 1), (2, 1), (3, 2), (1, 2)];
    if round % 2 == 1 {
        order.reverse();
    }
    for (place, threads) in order {
        result[place] = if place < 2 { decisions(threads) } else { spins(threads) };
    }
    result
}

/// Calls of all threads together in a second.
fn per_second<F: FnMut()>(threads: usize, call: impl Fn() -> F + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let (barrier, call) = (&barrier, &call);
        let run = move || {
            let mut call = call();
            barrier.wait();
            calls_per_second(&mut call)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(|thread| thread.join().expect("it does not panic")).sum()
    })
}

fn calls_per_second(call: &mut impl FnMut()) -> f64 {
    /// The clock is looked at once in so many calls.
    const CALLS: u32 = 64;
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ARM {
        (0..CALLS).for_each(|_| call());
        calls += CALLS;
    }
    f64::from(calls) / start.elapsed().as_secs_f64()
}

/// About two microseconds of arithmetic.
fn spin() {
    let mut x = black_box(88_172_645_463_325_252_u64);
    for _ in 0..1000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    black_box(x);
}

/// Runs something while the first policy is replaced by one with another text, again and again.
fn replacing<T>(engine: &Engine, policy: &str, run: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (running, ended) = mpsc::channel::<()>();
        scope.spawn(move || {
            let (mut version, mut wait) = (0, PERIOD / 2);
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                engine.replace(0, &format!("{policy}\nversion := {version}\n"));
                (version, wait) = (version + 1, PERIOD);
            }
        });
        let result = run();
        drop(running);
        result
    })
}
