//! A request as it came: bytes that a remote client chose.

/// A request. Nothing in it needs to be well-formed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a [u8],
    /// The path and query as they stood in the request line: `/admin/history?limit=10`. Also with scheme and host, as to a proxy.
    pub target: &'a [u8],
    /// The header fields, each `Name: value` with a line end.
    pub headers: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The target's path, and what follows the question mark.
    pub(super) fn path_and_query(&self) -> (&'a [u8], Option<&'a [u8]>) {
        match split_once(self.origin_form(), b'?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.origin_form(), None),
        }
    }

    fn origin_form(&self) -> &'a [u8] {
        let Some(at) = self.target.windows(3).position(|w| w == b"://").filter(|_| !self.target.starts_with(b"/")) else {
            return self.target;
        };
        let after = self.target.get(at + 3..).unwrap_or_default();
        after.iter().position(|b| *b == b'/').and_then(|slash| after.get(slash..)).unwrap_or_default()
    }

    /// The values of all header fields of that name, without the space around them.
    pub(super) fn header(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.headers.split(|b| *b == b'\n').filter_map(|line| split_once(line, b':'));
        fields.filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.trim_ascii())
    }
}

/// What stands before and after the first `mark`.
pub(super) fn split_once(bytes: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}
