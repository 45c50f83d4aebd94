//! What the HTTP client does not do, or say, of a request: gzip; whether it got a connection of its own or one that was kept (only a kept one can have died
//! before it was asked), and its answer's status with the words beside the number.

use std::cell::{Cell, RefCell};
use std::io::Read;

use flate2::read::MultiGzDecoder;
use ureq::http::Response;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Body, Error};

/// So many bytes of a status are kept.
const MAX_STATUS: usize = 1024;

thread_local! {
    static CONNECTED: Cell<bool> = const { Cell::new(false) };
    static STATUS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A connector, by default the usual one, which notes that it was needed. The HTTP client connects, and reads, on the caller's thread.
#[derive(Debug, Default)]
pub(crate) struct Noting<C = DefaultConnector>(pub(crate) C);

impl<C: Connector<Out = Box<dyn Transport>>> Connector for Noting<C> {
    type Out = Listening;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Listening>, Error> {
        CONNECTED.set(true);
        Ok(self.0.connect(details, chained)?.map(Listening))
    }
}

/// A connection that notes the status of answers.
#[derive(Debug)]
pub(crate) struct Listening(Box<dyn Transport>);

impl Transport for Listening {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let came = self.0.await_input(timeout)?;
        // Nothing of an answer's head is taken out before it is there as a whole.
        if let Some(status) = status(self.0.buffers().input()) {
            STATUS.with_borrow_mut(|kept| {
                kept.clear();
                kept.extend_from_slice(status);
            });
        }
        Ok(came)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// What stands after the version in the first line of an answer.
fn status(input: &[u8]) -> Option<&[u8]> {
    let rest = input.strip_prefix(b"HTTP/1.")?;
    let line = rest.get(..memchr::memchr(b'\n', rest)?)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.get(..line.len().min(MAX_STATUS))?;
    line.get(memchr::memchr(b' ', line)?..).map(<[u8]>::trim_ascii_start)
}

/// What `ask` gives, and whether it had to connect.
pub(crate) fn connects<T>(ask: impl FnOnce() -> T) -> (T, bool) {
    CONNECTED.set(false);
    (ask(), CONNECTED.get())
}

/// The status of this thread's last answer, such as `200 OK`.
pub(crate) fn last_status() -> Vec<u8> {
    STATUS.with_borrow(Clone::clone)
}

/// The body as it was before it was compressed by gzip, where it was.
pub(crate) fn unzipped(answer: &mut Response<Body>) -> Box<dyn Read + '_> {
    let is_zipped = is_zipped(answer);
    let body = answer.body_mut().as_reader();
    if is_zipped { Box::new(MultiGzDecoder::new(body)) } else { Box::new(body) }
}

/// Whether a body is compressed by gzip.
pub(crate) fn is_zipped(answer: &Response<Body>) -> bool {
    answer.headers().get("content-encoding").is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"))
}

/// Whether the connection ended before an answer began.
pub(crate) fn is_dead(error: &Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    let Error::Io(error) = error else { return false };
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn the_status_has_words() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\nA: b\r\n"), Some(b"200 OK".as_slice()));
        assert_eq!(status(b"HTTP/1.0  404 Not here\n"), Some(b"404 Not here".as_slice()));
        assert_eq!(status(b"HTTP/1.1 204\r\n"), Some(b"204".as_slice()));
        assert_eq!(status(b"HTTP/1.1 200 O"), None);
        assert_eq!(status(b"{}"), None);
    }
}
