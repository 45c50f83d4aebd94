//! Which bucket a user is in: Unleash's gradual rollout at whole percentages (its `normalizedStrategyValue`: murmur3 of
//! `feature:user`, modulo 100), refined to hundredths of a percent so that no user changes sides when the step gets finer.

/// The number of buckets; a bucket is a hundredth of a percent.
pub const BUCKETS: u32 = 10_000;

/// The version of the formula in this file. It is stored with each percentage, so that a later one reshuffles nobody.
pub const FORMULA: u32 = 1;

/// The bucket of a user under a feature, from 0 to 9,999: stable in every process, language and version.
#[must_use]
pub fn bucket(feature: &str, user: &[u8]) -> u32 {
    FeatureHash::new(feature).bucket(user)
}

/// The hash of `feature:`, ready to go on with a user: a check hashes the user alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FeatureHash {
    /// The state after the whole blocks of `feature:`.
    state: u32,
    /// The bytes after those blocks, in their place in the next block.
    pending: u32,
    /// How many bits of `pending` are taken: 0, 8, 16 or 24.
    shift: u32,
    length: usize,
}

impl FeatureHash {
    pub(super) fn new(feature: &str) -> Self {
        let empty = Self { state: 0, pending: 0, shift: 0, length: 0 };
        empty.with(feature.as_bytes()).with(b":")
    }

    pub(super) fn bucket(self, user: &[u8]) -> u32 {
        let hash = self.with(user).finish();
        // The hundred of Unleash first, so that whole percentages are its own; the next two digits refine it.
        (hash % 100) * 100 + hash / 100 % 100
    }

    /// MurmurHash3_x86_32 with seed 0 (Austin Appleby, public domain), taken up in the middle of a block.
    fn with(self, bytes: &[u8]) -> Self {
        let (blocks, tail) = bytes.as_chunks::<4>();
        let (mut state, mut pending) = (self.state, self.pending);
        for block in blocks {
            let joined = u64::from(u32::from_le_bytes(*block)) << self.shift | u64::from(pending);
            let (low, high) = halves(joined);
            state = mix(state, low);
            pending = high;
        }
        let last = tail.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let (low, high) = halves(last << self.shift | u64::from(pending));
        let length = self.length.wrapping_add(bytes.len());
        let bits = self.shift + 8 * (bytes.len() % 4) as u32;
        if bits >= 32 {
            Self { state: mix(state, low), pending: high, shift: bits - 32, length }
        } else {
            Self { state, pending: low, shift: bits, length }
        }
    }

    fn finish(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the hash takes the length modulo 2^32")]
        let mut hash = self.state ^ scramble(self.pending) ^ self.length as u32;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

const fn mix(state: u32, block: u32) -> u32 {
    (state ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

const fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, FeatureHash, bucket};

    const EMPTY: FeatureHash = FeatureHash { state: 0, pending: 0, shift: 0, length: 0 };

    /// From the reference implementation's own verification values and Unleash's client specification.
    #[test]
    fn the_hash_is_murmur3_and_whole_percentages_are_unleash() {
        for (text, hash) in [("", 0), ("test", 0xba6b_d213), ("Hello, world!", 0xc036_3e43)] {
            assert_eq!(EMPTY.with(text.as_bytes()).finish(), hash, "{text}");
        }
        // Unleash counts from 1.
        assert_eq!(bucket("gr1", b"123") / 100 + 1, 73);
        assert_eq!(bucket("groupX", b"999") / 100 + 1, 25);
    }

    #[test]
    fn a_hash_may_be_taken_up_anywhere() {
        let bytes: Vec<u8> = (0..40_u32).map(|i| (i * 37 % 251) as u8).collect();
        for end in 0..=bytes.len() {
            let (bytes, _) = bytes.split_at(end);
            let whole = EMPTY.with(bytes).finish();
            for (first, second) in (0..=end).flat_map(|i| (i..=end).map(move |j| (i, j))) {
                let ((start, _), (_, rest)) = (bytes.split_at(first), bytes.split_at(second));
                let middle = bytes.iter().copied().take(second).skip(first).collect::<Vec<u8>>();
                let parts = EMPTY.with(start).with(&middle).with(rest);
                assert_eq!(parts.finish(), whole, "{first} {second} {end}");
            }
        }
    }

    /// Pearson's chi-square over the buckets: with 9,999 degrees of freedom it stays under 10,597 in all but one of 100,000 fair draws
    /// (Wilson and Hilferty's approximation at z = 4.26).
    #[test]
    fn a_million_users_are_spread_fairly() {
        for feature in ["rust_opa", "f", "новая"] {
            let mut counts = std::collections::HashMap::new();
            for user in 0..1_000_000_u32 {
                *counts.entry(bucket(feature, format!("user{user}").as_bytes())).or_default() += 1;
            }
            let count = |place: u32| counts.get(&place).copied().unwrap_or(0_u32);
            let chi_square: f64 = (0..BUCKETS).map(|place| (f64::from(count(place)) - 100.0).powi(2) / 100.0).sum();
            assert!((9_400.0..10_620.0).contains(&chi_square), "{feature}: {chi_square}");
        }
    }
}
