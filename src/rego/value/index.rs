//! A hash index over the string keys of an object: open addressing in a slice of positions.
//!
//! It has no seed. Where keys collide so much that a probe would pass [`MAX_PROBE`] slots, there is no index and keys are found by binary
//! search, so that whoever chooses the keys cannot make a look-up slow.

/// Objects up to this size are searched from the front.
const LINEAR: usize = 8;
/// The longest run of slots that a look-up passes.
const MAX_PROBE: usize = 16;
/// A slot without a key.
const EMPTY: u32 = u32::MAX;

/// The slots; none where the object is small or its keys collide too much.
#[derive(Debug, Clone, Copy)]
pub struct Index<'a>(&'a [u32]);

impl<'a> Index<'a> {
    /// An index of slots that [`Index::build`] made.
    pub(super) const fn of(slots: &'a [u32]) -> Self {
        Self(slots)
    }

    /// Slots for `keys`, empty where an index would not help. A key that is no string has none.
    #[inline]
    pub(super) fn build<'k, K>(keys: &'k [K], text: impl Fn(&'k K) -> Option<&'k [u8]>) -> Vec<u32> {
        if keys.len() <= LINEAR { Vec::new() } else { Self::slots(keys, text) }
    }

    fn slots<'k, K>(keys: &'k [K], text: impl Fn(&'k K) -> Option<&'k [u8]>) -> Vec<u32> {
        let mut slots = vec![EMPTY; (keys.len() * 2).next_power_of_two()];
        let mask = slots.len() - 1;
        for (position, key) in keys.iter().enumerate() {
            let Some(bytes) = text(key) else { continue };
            let start = hash(bytes);
            let free = (0..MAX_PROBE).map(|step| start.wrapping_add(step) & mask).find(|slot| slots.get(*slot) == Some(&EMPTY));
            let Some(slot) = free.and_then(|slot| slots.get_mut(slot)) else { return Vec::new() };
            *slot = u32::try_from(position).unwrap_or(EMPTY);
        }
        slots
    }

    /// Where the string `key` stands in `keys`, which are sorted; `search` finds it where there is no index.
    #[inline]
    pub(super) fn find<'k, K>(
        &self,
        keys: &'k [K],
        key: &[u8],
        text: impl Fn(&'k K) -> Option<&'k [u8]>,
        search: impl FnOnce() -> Option<usize>,
    ) -> Option<usize> {
        if keys.len() <= LINEAR {
            return keys.iter().position(|k| text(k).is_some_and(|text| same(text, key)));
        }
        if self.0.is_empty() {
            return search();
        }
        let mask = self.0.len() - 1;
        let start = hash(key);
        for step in 0..MAX_PROBE {
            let position = *self.0.get(start.wrapping_add(step) & mask)?;
            if position == EMPTY {
                return None;
            }
            if keys.get(position as usize).and_then(&text).is_some_and(|text| same(text, key)) {
                return Some(position as usize);
            }
        }
        None
    }
}

/// Whether two keys are equal: short ones, as most are, without a call.
#[inline]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // The first bytes and the last ones are all there are; in between they overlap.
    match a.len() {
        0..4 => a.iter().eq(b),
        4..=8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        9..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        _ => a == b,
    }
}

/// Eight bytes a step, multiplied and folded; good enough for a table that checks what it finds.
#[inline]
fn hash(bytes: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = bytes.len() as u64;
    let mut mix = |word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        #[allow(clippy::cast_possible_truncation, reason = "both halves of the product are wanted")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        state = folded;
    };
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    mix(u64::from_le_bytes(last));
    #[allow(clippy::cast_possible_truncation, reason = "a slot's number needs the low bits alone")]
    let slot = state as usize;
    slot
}
