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
    index: HashMap<Arc<str>, Check, BuildHasherDefault<NameHasher>>,
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
        let index = rollouts.iter().map(|(name, rollout)| (Arc::clone(name), check(name, rollout))).collect();
        Self { rollouts, index, force: self.force, is_known: true, is_emptied }
    }

    /// The same with another side for everyone.
    pub(super) fn with_force(&self, force: Option<Force>) -> Self {
        let index = self.index.clone();
        Self { rollouts: self.rollouts.clone(), index, force, is_known: self.is_known, is_emptied: self.is_emptied }
    }

    /// Whether `user` takes the local path; without a user (or with an empty one) only where everyone does: hashing nothing would put
    /// all such requests on one side, and never taking the local path would keep the remote alive for them alone.
    pub(super) fn is_local(&self, feature: &str, user: &[u8]) -> bool {
        if let Some(force) = self.force {
            return force == Force::Local;
        }
        let Some(check) = self.index.get(feature) else { return false };
        if user.is_empty() {
            return check.threshold == Percentage::FULL.hundredths();
        }
        check.hash.bucket(user) < check.threshold
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

    fn write_u8(&mut self, _: u8) {
        // The mark that `str` puts after its bytes; the length is in already.
    }

    fn finish(&self) -> u64 {
        // The table takes its seven control bits from the top and the place from the bottom.
        self.0.rotate_left(26)
    }
}
