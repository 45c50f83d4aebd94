//! Checks against the snapshot, and the rules by which a store's contents become one.

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
    let mut users = vec![None; BUCKETS as usize];
    for user in 0..300_000_u32 {
        let name = user.to_string();
        let place = bucket("f", name.as_bytes());
        users[place as usize] = Some(name);
    }
    for (place, user) in users.iter().enumerate() {
        let user = user.as_deref().expect("every bucket has a user").as_bytes();
        let below = f64::from(u32::try_from(place).expect("small"));
        set(&flags, "f", below / 100.0)?;
        assert!(!flags.is_enabled("f", user)?, "{place} hundredths");
        set(&flags, "f", (below + 1.0) / 100.0)?;
        assert!(flags.is_enabled("f", user)?, "one more than {place} hundredths");
    }
    Ok(())
}

#[test]
fn raising_the_dial_never_removes_a_user() -> Result<()> {
    let flags = memory()?;
    let mut enabled = 0;
    for hundredths in (0..=10_000_u32).step_by(7) {
        set(&flags, "f", f64::from(hundredths) / 100.0)?;
        let now = (0..200_u32).map(|u| flags.is_enabled("f", &u.to_le_bytes())).collect::<Result<Vec<_>>>()?;
        let bits = now.iter().enumerate().fold([0_u128; 2], |mut bits, (i, yes)| {
            bits[i / 128] |= u128::from(*yes) << (i % 128);
            bits
        });
        let count = bits[0].count_ones() + bits[1].count_ones();
        assert!(count >= enabled, "at {hundredths} hundredths {count} users, before {enabled}");
        enabled = count;
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
    Read::Rollout(Rollout::new(Percentage::new(percentage).expect("valid")))
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
