//! Where known keys stand in objects of a shape: the objects of a list have the same, and a rule asks each of them for the same key.

use crate::rego::value::{Arena, DocObject, Document, Value};

/// So many keys are remembered, by their numbers.
const PLACES: usize = 16;

/// The place of a key in the objects of the shape that it was last asked of.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// 0 for none.
    shape: usize,
    key: u32,
    at: u32,
}

/// The places, for one evaluation: a shape lives as long as the data that it reads. Made when they are asked first, which many evaluations
/// never do.
#[derive(Debug, Default)]
pub(super) struct Places<'a>(&'a mut [Place]);

impl<'a> Places<'a> {
    /// The value under the constant of that number, which is `text`.
    #[inline]
    pub(super) fn get(&mut self, arena: &'a Arena, object: &'a DocObject, key: u32, text: &[u8]) -> Option<Value<'a>> {
        if self.0.is_empty() {
            self.0 = arena.alloc_slice_fill_copy(PLACES, Place::default());
        }
        let shape = object.shape();
        let place = self.0.get_mut(key as usize % PLACES)?;
        if place.shape != shape || place.key != key {
            let at = u32::try_from(object.place_of(text)?).ok()?;
            *place = Place { shape, key, at };
        }
        object.values().get(place.at as usize).map(Document::view)
    }
}
