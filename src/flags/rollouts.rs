//! What is known of all features at one moment, made for checks that cost nothing.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::bucket::{FORMULA, FeatureHash};
use super::force::Force;
use super::percentage::Percentage;

/// How far a feature is rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// The percentage of users on the local path.
    pub percentage: Percentage,
    /// The version of the formula that assigns them. One that this release does not know puts everyone on the remote path.
    pub formula: u32,
}

impl Rollout {
    /// Under the formula of this release.
    #[must_use]
    pub const fn new(percentage: Percentage) -> Self {
        Self { percentage, formula: FORMULA }
    }

    /// The number of buckets on the local path.
    const fn threshold(self) -> u32 {
        if self.formula == FORMULA { self.percentage.hundredths() } else { 0 }
    }
}

/// All features by name.
pub type Rollouts = BTreeMap<Arc<str>, Rollout>;

/// What checks read. Immutable; a change makes a new one.
#[derive(Default)]
pub(super) struct Snapshot {
    pub(super) rollouts: Rollouts,
    /// A side that everyone takes.
    pub(super) force: Option<Force>,
    /// Whether the percentages came from the store, or from what was kept of it.
    pub(super) is_known: bool,
    /// Whether the store lost its contents: the last known percentages hold.
    pub(super) is_emptied: bool,
    /// By the bytes of the name: a name that is found needs no look at its UTF-8.
    index: HashMap<Box<[u8]>, Check, BuildHasherDefault<NameHasher>>,
}

/// What one check needs.
#[derive(Clone, Copy)]
struct Check {
    threshold: u32,
    hash: FeatureHash,
}

impl Snapshot {
    /// Without a feature.
    pub(super) fn empty(is_known: bool) -> Self {
        Self { is_known, ..Self::default() }
    }

    /// The same with percentages that are known from now on.
    pub(super) fn with_rollouts(&self, rollouts: Rollouts, is_emptied: bool) -> Self {
        let check = |name: &Arc<str>, r: &Rollout| Check { threshold: r.threshold(), hash: FeatureHash::new(name) };
        let index = rollouts.iter().map(|(name, rollout)| (name.as_bytes().into(), check(name, rollout))).collect();
        Self { rollouts, index, force: self.force, is_known: true, is_emptied }
    }

    /// The same with another side for everyone.
    pub(super) fn with_force(&self, force: Option<Force>) -> Self {
        let index = self.index.clone();
        Self { rollouts: self.rollouts.clone(), index, force, is_known: self.is_known, is_emptied: self.is_emptied }
    }

    /// Whether `user` takes the local path; without a user (or with an empty one) only where everyone does: hashing nothing would put
    /// all such requests on one side, and never taking the local path would keep the remote alive for them alone. `None` for a feature
    /// that was never set, whose name may be anything.
    pub(super) fn is_local(&self, feature: &[u8], user: &[u8]) -> Option<bool> {
        if let Some(force) = self.force {
            return std::str::from_utf8(feature).is_ok().then_some(force == Force::Local);
        }
        let check = self.index.get(feature)?;
        Some(if user.is_empty() {
            check.threshold == Percentage::FULL.hundredths()
        } else {
            check.hash.bucket(user) < check.threshold
        })
    }
}

/// Multiplies and rotates eight bytes at a time (rustc's FxHash). The names in the table are the operators', so none is made to collide.
#[derive(Default)]
struct NameHasher(u64);

impl NameHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        self.add(rest.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
    }

    fn write_usize(&mut self, _: usize) {
        // The length, which `write` takes in.
    }

    fn finish(&self) -> u64 {
        // The table takes its seven control bits from the top and the place from the bottom.
        self.0.rotate_left(26)
    }
}
