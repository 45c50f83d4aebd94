//! Thresholds, and what is forgotten.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::{BUCKETS, Guard, GuardOptions, Seen, bucket, upper_bound};
use crate::event::Events;
use crate::flags::{By, Flags, FlagsOptions, Percentage};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FEATURE: &str = "f";

fn guard(options: GuardOptions) -> (Guard, Arc<Flags>) {
    let flags = Flags::open("memory:", FlagsOptions::default()).expect("memory");
    flags.set_rollout(FEATURE, Percentage::new(50.0).expect("a percentage"), By::default()).expect("memory");
    (Guard::new(options, Arc::clone(&flags), FEATURE.into(), None, Arc::new(Events::default())), flags)
}

fn rollout(flags: &Flags) -> u32 {
    flags.rollout(FEATURE).expect("open").expect("set").hundredths()
}

#[test]
fn a_bucket_holds_what_is_at_most_a_quarter_apart() {
    for nanoseconds in (4..2000).chain([1 << 20, (1 << 30) + 7, (1 << 41) - 1]) {
        let time = Duration::from_nanos(nanoseconds);
        let bound = upper_bound(bucket(time));
        assert!(time <= bound && bound.as_nanos() <= u128::from(nanoseconds) * 5 / 4, "{nanoseconds} {bound:?}");
    }
    assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    assert_eq!(bucket(Duration::ZERO), 0);
}

#[test]
fn errors_roll_back_once_and_leave_the_reason() {
    let options =
        GuardOptions { window: Duration::from_secs(2), min_decisions: 10, error_rate: Some(1000), ..GuardOptions::default() };
    let (guard, flags) = guard(options);
    let now = guard.start;
    for _ in 0..9 {
        guard.decided(now, Duration::from_micros(1), true);
    }
    guard.look(now);
    assert_eq!(rollout(&flags), 5000, "too few decisions say nothing");
    guard.decided(now, Duration::from_micros(1), true);
    guard.look(now);
    assert_eq!(rollout(&flags), 0);
    let history = flags.history(Some(FEATURE), 10).expect("open");
    assert_eq!((history[0].who.as_str(), history[0].why.as_str()), ("sark guard", "10 of 10 local decisions failed within 2 s"));
    flags.set_rollout(FEATURE, Percentage::new(50.0).expect("a percentage"), By::default()).expect("memory");
    guard.look(now);
    assert_eq!(rollout(&flags), 5000, "what led to a rollback is forgotten");
}

#[test]
fn slow_decisions_roll_back_and_old_ones_are_forgotten() {
    let p95 = Some(Duration::from_millis(1));
    let (guard, flags) =
        guard(GuardOptions { window: Duration::from_secs(2), min_decisions: 10, p95, ..GuardOptions::default() });
    let now = guard.start;
    for _ in 0..100 {
        guard.decided(now, Duration::from_millis(2), false);
    }
    let later = now + Duration::from_secs(3);
    assert_eq!(guard.seen(later), Seen::default());
    guard.look(later);
    assert_eq!(rollout(&flags), 5000);
    guard.look(now + Duration::from_secs(1));
    assert_eq!(rollout(&flags), 0);
}

#[test]
fn one_differing_answer_may_be_enough() {
    let (guard, flags) = guard(GuardOptions { window: Duration::from_secs(2), differing: Some(1), ..GuardOptions::default() });
    guard.look(Instant::now());
    assert_eq!(rollout(&flags), 5000);
    guard.differed(Instant::now());
    guard.look(Instant::now());
    assert_eq!(rollout(&flags), 0);
}

#[test]
fn a_guard_that_could_do_nothing_is_refused() {
    let window = Duration::from_secs(1);
    let on = GuardOptions { window, error_rate: Some(1), ..GuardOptions::default() };
    assert!(GuardOptions::default().check(false, false).is_ok());
    assert!(on.check(true, false).is_ok());
    assert!(on.check(false, false).is_err());
    assert!(GuardOptions { window, ..GuardOptions::default() }.check(true, true).is_err());
    assert!(GuardOptions { error_rate: Some(1), ..GuardOptions::default() }.check(true, true).is_err());
    assert!(GuardOptions { window, differing: Some(1), ..GuardOptions::default() }.check(true, false).is_err());
    assert!(GuardOptions { error_rate: Some(10_001), ..on }.check(true, true).is_err());
}
