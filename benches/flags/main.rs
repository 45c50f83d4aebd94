//! One check of the dial in Rust, and the same while the dial turns: nanoseconds as JSON, one round a run (run.py takes medians of runs).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that prints, and ends where something is wrong"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sark::flags::{By, Flags, FlagsOptions, Percentage};

const FEATURES: usize = 100;
const CHECKS: usize = 1 << 20;
const CHANGE_EVERY: Duration = Duration::from_millis(100);

fn main() {
    let flags = Flags::open("memory:", FlagsOptions::default()).expect("memory is there");
    let names: Vec<String> = (0..FEATURES).map(|n| format!("feature-{n}")).collect();
    let users: Vec<String> = (0..1024).map(|n| format!("user{}", n * 7919)).collect();
    set(&flags, "rust_opa", 25.0);
    let one = checks(&flags, &["rust_opa".to_owned()], &users);
    for name in &names {
        set(&flags, name, 50.0);
    }
    let idle = on_two_threads(&flags, &names, &users, false);
    let turning = on_two_threads(&flags, &names, &users, true);
    println!("{{\"one\": {one}, \"idle\": {idle}, \"turning\": {turning}}}");
}

fn set(flags: &Flags, name: &str, percentage: f64) {
    let percentage = Percentage::new(percentage).expect("a percentage");
    flags.set_rollout(name, percentage, By::default()).expect("it is set");
}

/// Nanoseconds for one check.
fn checks(flags: &Flags, names: &[String], users: &[String]) -> f64 {
    let start = Instant::now();
    for number in 0..CHECKS {
        let enabled = flags.is_enabled(&names[number % names.len()], users[number % users.len()].as_bytes());
        let _ = black_box(enabled);
    }
    start.elapsed().as_secs_f64() * 1e9 / CHECKS as f64
}

/// Two threads check; where `turning`, a third changes one percentage ten times a second.
fn on_two_threads(flags: &Arc<Flags>, names: &[String], users: &[String], turning: bool) -> f64 {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        if turning {
            scope.spawn(|| {
                for number in (0..).take_while(|_| !done.load(Ordering::Relaxed)) {
                    set(flags, &names[number % names.len()], f64::from(u8::try_from(number % 100).expect("small")));
                    thread::sleep(CHANGE_EVERY);
                }
            });
        }
        let checkers: Vec<_> =
            (0..2).map(|_| scope.spawn(|| (0..12).map(|_| checks(flags, names, users)).sum::<f64>() / 12.0)).collect();
        let times: Vec<f64> = checkers.into_iter().map(|c| c.join().expect("it ends")).collect();
        done.store(true, Ordering::Relaxed);
        times.iter().sum::<f64>() / times.len() as f64
    })
}
