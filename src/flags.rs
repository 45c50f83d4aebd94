//! The dial: which users take the local path of a feature.
//!
//! Assignment is Unleash's gradual rollout at whole percentages (its `normalizedStrategyValue`: murmur3 of `feature:user`), refined
//! to hundredths of a percent so that no user changes sides when the step gets finer. In integers throughout.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;

/// The number of buckets; a bucket is a hundredth of a percent.
pub const BUCKETS: u32 = 10_000;

/// A percentage from 0 to 100 in steps of 0.01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Percentage {
    hundredths: u16,
}

impl Percentage {
    /// Nobody.
    pub const ZERO: Self = Self { hundredths: 0 };
    /// Everybody.
    pub const FULL: Self = Self { hundredths: 10_000 };

    /// Reads a number.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is not a number from 0 to 100 in steps of 0.01.
    pub fn new(percentage: f64) -> Result<Self> {
        if !(0.0..=100.0).contains(&percentage) {
            return Err(Error::invalid("percentage", format_args!("{percentage} is not a number from 0 to 100")));
        }
        let hundredths = (percentage * 100.0).round();
        // 0.29 * 100 is 28.999999999999996 in binary: the nearest step counts, if it is the number that was written.
        if (percentage - hundredths / 100.0).abs() > 1e-9 {
            return Err(Error::invalid("percentage", format_args!("{percentage} is not a multiple of 0.01")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 10,000")]
        Ok(Self { hundredths: hundredths as u16 })
    }

    /// The number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }
}

/// Plain decimal text: `25`, `12.5`, `0.01`; never `25.0`.
impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

/// The bucket of a user under a feature, from 0 to 9,999: stable in every process, language and version.
#[must_use]
pub fn bucket(feature: &str, user: &[u8]) -> u32 {
    let mut key = Vec::with_capacity(feature.len() + 1 + user.len());
    key.extend_from_slice(feature.as_bytes());
    key.push(b':');
    key.extend_from_slice(user);
    let hash = murmur3_x86_32(&key);
    // The hundred of Unleash first, so that whole percentages are its own; the next two digits refine it.
    (hash % 100) * 100 + hash / 100 % 100
}

/// MurmurHash3_x86_32 with seed 0 (Austin Appleby, public domain).
fn murmur3_x86_32(bytes: &[u8]) -> u32 {
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0_u32, |hash, block| {
        (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let last = tail.iter().rev().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    #[expect(clippy::cast_possible_truncation, reason = "the hash takes the length modulo 2^32")]
    {
        hash ^= scramble(last) ^ bytes.len() as u32;
    }
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

type Rollouts = BTreeMap<Arc<str>, Percentage>;

/// The percentages of all features, in memory. Usable from many threads at once; a check takes no lock.
pub struct Flags {
    rollouts: ArcSwap<Rollouts>,
    closed: AtomicBool,
    metrics: Option<Arc<Metrics>>,
}

impl Flags {
    /// Opens the store at `url`.
    ///
    /// # Errors
    /// `UNSUPPORTED` for a store other than `memory:`; `INVALID_ARGUMENT` for what is not a URL.
    pub fn open(url: &str, metrics: Option<Arc<Metrics>>) -> Result<Arc<Self>> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Arc::new(Self { rollouts: ArcSwap::default(), closed: AtomicBool::new(false), metrics })),
            Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                // The rest of a URL may hold a password.
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("url: stores of scheme \"{scheme}:\" are not supported; use \"memory:\""),
                ))
            }
            _ => Err(Error::invalid("url", "not a store's URL; use \"memory:\"")),
        }
    }

    /// Ends the store; later calls answer `CLOSED`.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether `user` takes the local path of `feature`. Without a user (or with an empty one) only at 100 %: hashing nothing would
    /// put all such requests on one side.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn is_enabled(&self, feature: &str, user: &[u8]) -> Result<bool> {
        let percentage = self.rollouts()?.get(feature).copied().unwrap_or_default();
        if user.is_empty() {
            return Ok(percentage == Percentage::FULL);
        }
        Ok(bucket(feature, user) < u32::from(percentage.hundredths))
    }

    /// Sets a feature's percentage.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an empty name; `CLOSED`.
    pub fn set_rollout(&self, feature: &str, percentage: Percentage) -> Result<()> {
        if feature.is_empty() {
            return Err(Error::invalid("feature", "a feature's name must not be empty"));
        }
        drop(self.rollouts()?);
        let name: Arc<str> = feature.into();
        self.rollouts.rcu(|old| {
            let mut new = Rollouts::clone(old);
            new.insert(Arc::clone(&name), percentage);
            new
        });
        self.report(feature, percentage);
        Ok(())
    }

    /// A feature's percentage; `None` where it was never set, which counts as 0.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn rollout(&self, feature: &str) -> Result<Option<Percentage>> {
        Ok(self.rollouts()?.get(feature).copied())
    }

    /// Sets a feature to 0 %.
    ///
    /// # Errors
    /// As [`Flags::set_rollout`].
    pub fn rollback(&self, feature: &str) -> Result<()> {
        self.set_rollout(feature, Percentage::ZERO)
    }

    /// Sets every feature to 0 %, at once.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn rollback_all(&self) -> Result<()> {
        drop(self.rollouts()?);
        let before = self.rollouts.rcu(|old| old.keys().map(|name| (Arc::clone(name), Percentage::ZERO)).collect::<Rollouts>());
        for name in before.keys() {
            self.report(name, Percentage::ZERO);
        }
        Ok(())
    }

    /// All features that were ever set, sorted by name.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn list(&self) -> Result<Vec<(Arc<str>, Percentage)>> {
        Ok(self.rollouts()?.iter().map(|(name, percentage)| (Arc::clone(name), *percentage)).collect())
    }

    fn rollouts(&self) -> Result<Guard<Arc<Rollouts>>> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("flags")) } else { Ok(self.rollouts.load()) }
    }

    fn report(&self, feature: &str, percentage: Percentage) {
        if let Some(metrics) = &self.metrics {
            metrics.rollout_set(feature, percentage.as_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Percentage, bucket, murmur3_x86_32};

    /// From the reference implementation's own verification values and Unleash's client specification.
    #[test]
    fn the_hash_is_murmur3_and_whole_percentages_are_unleash() {
        for (text, hash) in [("", 0), ("test", 0xba6b_d213), ("Hello, world!", 0xc036_3e43)] {
            assert_eq!(murmur3_x86_32(text.as_bytes()), hash, "{text}");
        }
        // Unleash counts from 1.
        assert_eq!(bucket("gr1", b"123") / 100 + 1, 73);
        assert_eq!(bucket("groupX", b"999") / 100 + 1, 25);
    }

    #[test]
    fn percentages_are_read_exactly_at_every_step() {
        for step in 0..=10_000_u32 {
            let text = format!("{}.{:02}", step / 100, step % 100);
            let percentage = text.parse().ok().and_then(|p| Percentage::new(p).ok());
            assert_eq!(percentage.map(|p| u32::from(p.hundredths)), Some(step), "{text}");
        }
        for bad in [-1.0, 100.01, f64::NAN, f64::INFINITY, 12.345, -0.001, 1e-7] {
            assert!(Percentage::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Percentage::new(25.0).map(|p| p.to_string()).as_deref(), Ok("25"));
    }

    #[test]
    fn raising_the_dial_never_removes_a_user_and_every_boundary_is_exact() -> crate::error::Result<()> {
        let flags = Flags::open("memory:", None)?;
        for user in 0..500_u32 {
            let user = user.to_string();
            let boundary = bucket("f", user.as_bytes());
            for (hundredths, expected) in [(boundary, false), (boundary + 1, true)] {
                let set = Percentage::new(f64::from(hundredths) / 100.0).and_then(|p| flags.set_rollout("f", p));
                assert_eq!(set.and_then(|()| flags.is_enabled("f", user.as_bytes())), Ok(expected));
            }
        }
        Ok(())
    }

    #[test]
    fn a_request_without_a_user_is_local_only_at_full() -> crate::error::Result<()> {
        let flags = Flags::open("memory:", None)?;
        for (percentage, expected) in [(0.0, false), (99.99, false), (100.0, true)] {
            let set = Percentage::new(percentage).and_then(|p| flags.set_rollout("f", p));
            assert_eq!(set.and_then(|()| flags.is_enabled("f", b"")), Ok(expected));
        }
        Ok(())
    }
}
