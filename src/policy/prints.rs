//! What policies print: events that the caller takes, never text on a stream of the process.

use std::time::Duration;

use serde_json::json;

use super::Engine;
use crate::error::{Error, Location, Result};
use crate::event::{Event, Events, Level};
use crate::rego::Printer;

/// The most bytes of a line that are kept: 256 lines wait.
const MAX_LINE: usize = 64 << 10;

/// Lines that wait for the caller.
#[derive(Default)]
pub(super) struct Prints(Events);

impl Prints {
    /// Wakes everyone who waits for a line.
    pub(super) fn wake(&self) {
        self.0.wake();
    }
}

impl Printer for Prints {
    fn print(&self, line: &[u8], location: Option<Location>) {
        let kept = line.get(..MAX_LINE).unwrap_or(line);
        let place = location.unwrap_or_else(|| Location { file: String::new(), row: 0, col: 0, line: String::new() });
        let mut fields = json!({"policy": place.file, "row": place.row, "col": place.col});
        if let (true, Some(fields)) = (kept.len() < line.len(), fields.as_object_mut()) {
            fields.insert("bytes".to_owned(), line.len().into());
        }
        self.0.push(Event::new(Level::Info, "print", String::from_utf8_lossy(kept), fields));
    }
}

impl Engine {
    /// The oldest line that a policy printed, as an event; waits for one until `timeout` is over. 256 wait, of more the oldest are dropped and
    /// counted.
    ///
    /// # Errors
    /// `CLOSED`, also for one who waits.
    pub fn next_event(&self, timeout: Duration) -> Result<Option<Event>> {
        let is_closed = || self.closed.load(std::sync::atomic::Ordering::Acquire);
        if is_closed() {
            return Err(Error::closed("engine"));
        }
        let event = self.prints.0.next(timeout, is_closed);
        if is_closed() { Err(Error::closed("engine")) } else { Ok(event) }
    }
}
