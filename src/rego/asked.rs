//! The plans that a program is asked for most: found by one look, without the debt that a shared map costs each decision.

use std::sync::Arc;

use once_cell::race::OnceBox;

use super::Path;

/// So many plans; what finds no place is looked for elsewhere.
const PLACES: usize = 16;

/// What was made for some paths. Each place is written once.
pub(super) struct Asked<T>([OnceBox<(Path, Arc<T>)>; PLACES]);

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceBox::new()))
    }
}

impl<T> Asked<T> {
    fn place(&self, path: &Path) -> Option<&OnceBox<(Path, Arc<T>)>> {
        self.0.get(path.number() % PLACES)
    }

    #[inline]
    pub(super) fn get(&self, path: &Path) -> Option<&T> {
        let (known, made) = self.place(path)?.get()?;
        (known == path).then_some(&**made)
    }

    /// Keeps it, where its place is free.
    pub(super) fn keep(&self, path: &Path, made: &Arc<T>) {
        if let Some(place) = self.place(path).filter(|place| place.get().is_none()) {
            // Whoever comes second finds the other.
            let _ = place.set(Box::new((path.clone(), Arc::clone(made))));
        }
    }
}
