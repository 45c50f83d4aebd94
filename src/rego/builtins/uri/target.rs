//! Where a request goes: a URL read once, so that what is checked is what is asked.

use super::super::super::value::quote;
use super::{cut, escape, host, parse};

/// An absolute URL of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rego) struct Target {
    pub(in crate::rego) scheme: String,
    /// Name and password, as they are; a password is there where a colon is.
    pub(in crate::rego) user: Option<(String, Option<String>)>,
    /// A name or an address, without brackets.
    pub(in crate::rego) host: String,
    /// Host and port as they stand in the URL.
    pub(in crate::rego) authority: String,
    /// Digits, or nothing.
    pub(in crate::rego) port: String,
    /// As it is sent.
    pub(in crate::rego) path: String,
    pub(in crate::rego) query: Option<String>,
    fragment: String,
}

impl Target {
    /// Reads a URL, or gives Go's words for why it is none.
    pub(in crate::rego) fn parse(text: impl AsRef<[u8]>) -> Result<Self, String> {
        let text = text.as_ref();
        let parsed = parse(text)?;
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (name, port) = host::split_port(&parsed.host);
        let query = (!parsed.query.is_empty() || parsed.rest.force_query).then(|| lossy(&parsed.query));
        Ok(Self {
            scheme: lossy(&parsed.scheme),
            user: if parsed.rest.has_user { user_of(text) } else { None },
            host: lossy(name),
            port: lossy(port),
            authority: lossy(&parsed.host),
            path: lossy(if parsed.rest.opaque.is_empty() { &parsed.sent_path } else { &parsed.rest.opaque }),
            query,
            fragment: lossy(&escape::fragment(&parsed.fragment)),
        })
    }

    /// What a `Location` means that came from here (RFC 3986, 5.2, as Go's `ResolveReference` has it).
    pub(in crate::rego) fn join(&self, location: &str) -> Result<Self, String> {
        let mut to = Self::parse(location)
            .map_err(|problem| format!("failed to parse Location header {}: {problem}", quote(location.as_bytes())))?;
        let is_absolute = !to.scheme.is_empty();
        if !is_absolute {
            to.scheme.clone_from(&self.scheme);
        }
        if is_absolute || !to.authority.is_empty() || to.user.is_some() {
            to.path = resolve_path(&to.path, "");
            return Ok(to);
        }
        if to.path.is_empty() && to.query.is_none() {
            to.query.clone_from(&self.query);
        }
        to.path = resolve_path(&self.path, &to.path);
        (to.host, to.port) = (self.host.clone(), self.port.clone());
        (to.authority, to.user) = (self.authority.clone(), self.user.clone());
        Ok(to)
    }

    /// The URL as Go shows it in errors: without the password.
    pub(in crate::rego) fn shown(&self) -> String {
        self.written(|name, password| match password {
            Some(_) => format!("{name}:***@"),
            None => format!("{name}@"),
        })
    }

    /// The URL without its user, as a `Referer` has it.
    pub(in crate::rego) fn without_user(&self) -> String {
        self.written(|_, _| String::new())
    }

    fn written(&self, user: impl Fn(&str, Option<&str>) -> String) -> String {
        let scheme = if self.scheme.is_empty() { String::new() } else { format!("{}:", self.scheme) };
        let user = self.user.as_ref().map(|(name, password)| {
            let escaped = String::from_utf8_lossy(&escape::user(name.as_bytes())).into_owned();
            user(&escaped, password.as_deref())
        });
        let slashes = if self.authority.is_empty() && user.is_none() { "" } else { "//" };
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let fragment = if self.fragment.is_empty() { String::new() } else { format!("#{}", self.fragment) };
        format!("{scheme}{slashes}{}{}{}{query}{fragment}", user.unwrap_or_default(), self.authority, self.path)
    }
}

/// The user of a URL that has one.
fn user_of(text: &[u8]) -> Option<(String, Option<String>)> {
    let start = memchr::memmem::find(text, b"//")?;
    let (authority, _) = cut(text.get(start + 2..)?, b'/');
    let user = authority.get(..memchr::memrchr(b'@', authority)?)?;
    let (name, password) = cut(user, b':');
    let plain = |part: &[u8]| {
        let part = super::unescape(part, super::Part::Other).ok()?;
        Some(String::from_utf8_lossy(&part).into_owned())
    };
    Some((plain(name)?, if user.contains(&b':') { Some(plain(password)?) } else { None }))
}

/// A path that is meant from another one, without dots.
fn resolve_path(base: &str, reference: &str) -> String {
    let full = match reference {
        "" => base.to_owned(),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("{}{relative}", base.rfind('/').and_then(|at| base.get(..=at)).unwrap_or_default()),
    };
    if full.is_empty() {
        return full;
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut last = "";
    for segment in full.split('/') {
        last = segment;
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    if matches!(last, "." | "..") {
        kept.push("");
    }
    let path = kept.join("/");
    if path.starts_with('/') { path } else { format!("/{path}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::Target;

    #[test]
    fn a_location_is_meant_from_where_it_came() {
        let from = Target::parse("http://a:b@host:8080/one/two?x=1#f").unwrap();
        for (location, expected) in [
            ("/three", "http://a:***@host:8080/three"),
            ("three", "http://a:***@host:8080/one/three"),
            ("../three/./four", "http://a:***@host:8080/three/four"),
            ("../../../..", "http://a:***@host:8080/"),
            ("?y=2", "http://a:***@host:8080/one/two?y=2"),
            ("", "http://a:***@host:8080/one/two?x=1"),
            ("//other/x", "http://other/x"),
            ("https://user@other:1?q", "https://user@other:1?q"),
        ] {
            assert_eq!(from.join(location).unwrap().shown(), expected, "{location}");
        }
        assert!(from.join(":").is_err());
        assert_eq!(from.without_user(), "http://host:8080/one/two?x=1#f");
    }

    #[test]
    fn what_is_checked_is_what_is_asked() {
        let host = |text| Target::parse(text).map(|target| (target.host, target.port));
        let is = |host: &str, port: &str| Ok((host.to_owned(), port.to_owned()));
        assert_eq!(host("http://evil@good/"), is("good", ""));
        assert_eq!(host("http://good:80@evil:81/"), is("evil", "81"));
        assert_eq!(host("http://[::1]:8080/"), is("::1", "8080"));
        assert!(host("http://good\\@evil/").is_err());
        assert!(host("http://good:8080:80/").is_err());
    }
}
