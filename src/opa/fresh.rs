//! Whether a request got a connection of its own or one that was kept: only a kept one can have died before it was asked.

use std::cell::Cell;

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};

thread_local! {
    static CONNECTED: Cell<bool> = const { Cell::new(false) };
}

/// The usual connector, which notes that it was needed. The HTTP client connects on the caller's thread.
#[derive(Debug, Default)]
pub(super) struct Noting(DefaultConnector);

impl Connector for Noting {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        CONNECTED.set(true);
        self.0.connect(details, chained)
    }
}

/// What `ask` gives, and whether it had to connect.
pub(super) fn connects<T>(ask: impl FnOnce() -> T) -> (T, bool) {
    CONNECTED.set(false);
    (ask(), CONNECTED.get())
}
