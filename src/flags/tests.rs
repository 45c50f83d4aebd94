//! Checks against the snapshot, and the rules by which a store's contents become one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::store::{Found, Read};
use super::{BUCKETS, By, Flags, FlagsOptions, Percentage, Rollout, bucket};
use crate::error::{ErrorKind, Result};

fn memory() -> Result<Arc<Flags>> {
    Flags::open("memory:", FlagsOptions::default())
}

fn set(flags: &Flags, feature: &str, percentage: f64) -> Result<()> {
    flags.set_rollout(feature, Percentage::new(percentage)?, By::default()).map(|_| ())
}

#[test]
fn every_boundary_is_exact() -> Result<()> {
    let flags = memory()?;
    let names = (0..300_000_u32).map(|user| user.to_string());
    let users: BTreeMap<u32, String> = names.map(|name| (bucket("f", name.as_bytes()), name)).collect();
    assert_eq!(users.len(), BUCKETS as usize, "every bucket has a user");
    for (place, user) in &users {
        set(&flags, "f", f64::from(*place) / 100.0)?;
        assert!(!flags.is_enabled("f", user.as_bytes())?, "{place} hundredths");
        set(&flags, "f", f64::from(*place + 1) / 100.0)?;
        assert!(flags.is_enabled("f", user.as_bytes())?, "one more than {place} hundredths");
    }
    Ok(())
}

#[test]
fn raising_the_dial_never_removes_a_user() -> Result<()> {
    let flags = memory()?;
    let mut before = BTreeSet::new();
    for hundredths in (0..=10_000_u32).step_by(7) {
        set(&flags, "f", f64::from(hundredths) / 100.0)?;
        let users = (0..200_u32).map(|user| Ok((user, flags.is_enabled("f", &user.to_le_bytes())?)));
        let users = users.collect::<Result<Vec<_>>>()?;
        let now: BTreeSet<u32> = users.into_iter().filter(|(_, enabled)| *enabled).map(|(user, _)| user).collect();
        assert!(now.is_superset(&before), "at {hundredths} hundredths");
        before = now;
    }
    Ok(())
}

#[test]
fn a_request_without_a_user_is_local_only_at_full() -> Result<()> {
    let flags = memory()?;
    for (percentage, expected) in [(0.0, false), (99.99, false), (100.0, true)] {
        set(&flags, "f", percentage)?;
        assert_eq!(flags.is_enabled("f", b""), Ok(expected));
    }
    Ok(())
}

#[test]
fn a_formula_of_a_later_release_puts_everyone_on_the_remote_path() -> Result<()> {
    let flags = memory()?;
    let later = Rollout { percentage: Percentage::FULL, formula: super::FORMULA + 1 };
    flags.state.learn(&found(&[("f", Read::Rollout(later))], true));
    assert_eq!(flags.is_enabled("f", b"user"), Ok(false));
    assert_eq!(flags.is_enabled("f", b""), Ok(false));
    Ok(())
}

fn found(features: &[(&str, Read)], is_marked: bool) -> Found {
    Found { features: features.iter().map(|(name, read)| (Arc::from(*name), *read)).collect(), is_all: true, is_marked }
}

fn part(features: &[(&str, Read)], is_marked: bool) -> Found {
    Found { is_all: false, ..found(features, is_marked) }
}

fn at(percentage: f64) -> Read {
    Percentage::new(percentage).map_or(Read::Garbage, |percentage| Read::Rollout(Rollout::new(percentage)))
}

/// `name=percentage` of each feature, and whether the store is taken to have lost its contents.
fn known(flags: &Flags) -> Result<String> {
    let mut known: Vec<String> = flags.list()?.iter().map(|(name, r)| format!("{name}={}", r.percentage)).collect();
    if flags.status()?.is_emptied {
        known.push("emptied".into());
    }
    Ok(known.join(" "))
}

#[test]
fn what_is_removed_goes_and_what_is_lost_holds() -> Result<()> {
    let flags = memory()?;
    let steps = [
        (found(&[("a", at(10.0)), ("b", at(20.0))], true), "a=10 b=20"),
        (part(&[("a", at(11.0))], true), "a=11 b=20"),
        (part(&[("a", Read::Garbage), ("c", Read::Garbage)], true), "a=11 b=20"),
        (part(&[("b", Read::Absent)], true), "a=11"),
        (found(&[("a", at(12.0)), ("b", at(5.0))], true), "a=12 b=5"),
        (found(&[], false), "a=12 b=5 emptied"),
        (part(&[("a", at(13.0))], false), "a=13 b=5 emptied"),
        (found(&[("a", at(13.0))], false), "a=13 b=5 emptied"),
        (part(&[("b", at(6.0))], true), "a=13 b=6"),
        (found(&[("b", at(6.0))], true), "b=6"),
        (found(&[], true), ""),
    ];
    for (number, (found, expected)) in steps.into_iter().enumerate() {
        flags.state.learn(&found);
        assert_eq!(known(&flags)?, expected, "step {number}");
    }
    Ok(())
}

#[test]
fn names_and_schemes_are_checked() -> Result<()> {
    let flags = memory()?;
    let kind = |feature: &str| set(&flags, feature, 1.0).map_err(|e| e.kind());
    assert_eq!(kind(""), Err(ErrorKind::InvalidArgument));
    assert_eq!(kind(&"x".repeat(257)), Err(ErrorKind::InvalidArgument));
    assert_eq!(kind(&"x".repeat(256)), Ok(()));
    for (url, expected) in [
        ("etcd://host", ErrorKind::Unsupported),
        ("memory:x", ErrorKind::InvalidArgument),
        ("file:", ErrorKind::InvalidArgument),
        ("file://host/path", ErrorKind::InvalidArgument),
        ("nonsense", ErrorKind::InvalidArgument),
        ("redis://", ErrorKind::InvalidArgument),
    ] {
        assert_eq!(Flags::open(url, FlagsOptions::default()).err().map(|e| e.kind()), Some(expected), "{url}");
    }
    Ok(())
}

#[test]
fn after_close_every_call_answers_closed() -> Result<()> {
    let flags = memory()?;
    flags.close();
    let closed = Some(ErrorKind::Closed);
    assert_eq!(flags.is_enabled("f", b"u").err().map(|e| e.kind()), closed);
    assert_eq!(set(&flags, "f", 1.0).err().map(|e| e.kind()), closed);
    assert_eq!(flags.next_event(std::time::Duration::from_secs(60)).err().map(|e| e.kind()), closed);
    Ok(())
}
