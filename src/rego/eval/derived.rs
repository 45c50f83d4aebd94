//! Documents that rules derive from data alone: evaluated once for all decisions over the same data.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;

use crate::rego::value::{Document, Value};

/// What the documents of one program may take, about.
const MAX_BYTES: usize = 16 << 20;

/// What is left of it. All plans of a program share it: many may derive the same documents.
#[derive(Debug, Clone)]
pub(in crate::rego) struct Room(Arc<AtomicUsize>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(MAX_BYTES)))
    }
}

impl Room {
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

type Places = Box<[OnceBox<Option<Document>>]>;

/// The documents of a plan over some data, by the numbers of routines. Written once each, by whoever finds a document first; whoever reads
/// takes no lock.
#[derive(Debug)]
pub(in crate::rego) struct Derived {
    routines: usize,
    /// Made with the first document: most plans have none.
    places: OnceBox<Places>,
    room: Room,
    /// What of the room these documents take.
    taken: AtomicUsize,
}

/// Programs come and go over the same data, and share its room.
impl Drop for Derived {
    fn drop(&mut self) {
        self.room.give_back(*self.taken.get_mut());
    }
}

impl Derived {
    /// None yet, for a plan of so many routines.
    pub(in crate::rego) const fn new(routines: usize, room: Room) -> Self {
        Self { routines, places: OnceBox::new(), room, taken: AtomicUsize::new(0) }
    }

    /// What is known of a routine; the inner `None` is undefined.
    #[inline]
    pub(super) fn get(&self, routine: u32) -> Option<Option<Value<'_>>> {
        let known = self.places.get()?.get(routine as usize)?.get()?;
        Some(known.as_ref().map(Document::view))
    }

    /// How many are known.
    #[cfg(test)]
    pub(in crate::rego) fn count(&self) -> usize {
        self.places.get().map_or(0, |places| places.iter().filter(|place| place.get().is_some()).count())
    }

    /// Keeps what was found, where there is room.
    #[cold]
    pub(super) fn keep(&self, routine: u32, value: Option<Value<'_>>) {
        let Some(bytes) = value.map_or(Some(0), |value| size(&value)) else { return };
        let places = self.places.get_or_init(|| Box::new((0..self.routines).map(|_| OnceBox::new()).collect()));
        let Some(place) = places.get(routine as usize).filter(|place| place.get().is_none()) else { return };
        if self.room.take(bytes) {
            // Whoever comes second has found the same.
            match place.set(Box::new(value.map(|value| Document::copy(&value)))) {
                Ok(()) => drop(self.taken.fetch_add(bytes, Ordering::Relaxed)),
                Err(_) => self.room.give_back(bytes),
            }
        }
    }
}

/// About the bytes of a document; `None` where it is too large to be kept.
fn size(value: &Value<'_>) -> Option<usize> {
    let mut rest = vec![*value];
    let mut bytes = 0;
    while let Some(value) = rest.pop() {
        bytes += size_of::<Document>() + value.as_bytes().map_or(0, <[u8]>::len);
        if let Some(entries) = value.as_object() {
            rest.extend(entries.keys().iter());
            rest.extend(entries.values().iter());
        } else if let Some(elements) = value.as_array().or_else(|| value.as_set()) {
            rest.extend(elements.iter());
        }
        if bytes + rest.len() * size_of::<Document>() > MAX_BYTES {
            return None;
        }
    }
    Some(bytes)
}
