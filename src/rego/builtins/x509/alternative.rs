//! Alternative names of the subject.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::super::value::{Arena, Value, quote};
use super::super::crypto::der::Der;
use super::super::uri::{normal_url, url_struct};
use super::show::{list, text, texts};

/// A URL among the names.
#[derive(Debug, Clone)]
pub(super) struct Url<'a> {
    pub(super) shown: Value<'a>,
    /// As Go writes it.
    pub(super) text: String,
    pub(super) host: Vec<u8>,
}

/// The names, by their kinds.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'a> {
    pub(super) dns: Vec<Vec<u8>>,
    pub(super) emails: Vec<Vec<u8>>,
    pub(super) addresses: Vec<Vec<u8>>,
    pub(super) urls: Vec<Url<'a>>,
}

impl<'a> Names<'a> {
    /// The names in an extension.
    pub(super) fn parse(arena: &'a Arena, value: &[u8]) -> Result<Self, String> {
        let mut rest = Der(value).sequence().ok_or("x509: invalid subject alternative names")?;
        let mut names = Self::default();
        while !rest.is_empty() {
            let (tag, name) = rest.next().ok_or("x509: invalid subject alternative name")?;
            names.take(arena, tag ^ 0x80, name)?;
        }
        Ok(names)
    }

    fn take(&mut self, arena: &'a Arena, kind: u8, name: &[u8]) -> Result<(), String> {
        let ascii = |what: &str| if name.is_ascii() { Ok(()) } else { Err(format!("x509: SAN {what} is malformed")) };
        match kind {
            1 => {
                ascii("rfc822Name")?;
                self.emails.push(name.to_vec());
            }
            2 => {
                ascii("dNSName")?;
                self.dns.push(name.to_vec());
            }
            6 => {
                ascii("uniformResourceIdentifier")?;
                self.urls.push(url(arena, name)?);
            }
            7 if matches!(name.len(), 4 | 16) => self.addresses.push(name.to_vec()),
            7 => return Err(format!("x509: cannot parse IP address of length {}", name.len())),
            _ => {}
        }
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.emails.is_empty() && self.addresses.is_empty() && self.urls.is_empty()
    }

    /// As fields of Go's structs.
    pub(super) fn shown(&self, arena: &'a Arena) -> [(&'static str, Value<'a>); 4] {
        let addresses: Vec<Value<'a>> = self.addresses.iter().map(|ip| text(arena, address(ip).as_bytes())).collect();
        let urls: Vec<Value<'a>> = self.urls.iter().map(|url| url.shown).collect();
        [
            ("DNSNames", texts(arena, &self.dns)),
            ("EmailAddresses", texts(arena, &self.emails)),
            ("IPAddresses", list(arena, &addresses)),
            ("URIs", list(arena, &urls)),
        ]
    }
}

fn url<'a>(arena: &'a Arena, name: &[u8]) -> Result<Url<'a>, String> {
    let problem = |why: &str| format!("x509: cannot parse URI {}: {why}", quote(name));
    let (shown, host) = url_struct(arena, name).map_err(|why| problem(&why))?;
    if !is_domain(&host, false) {
        return Err(problem("invalid domain"));
    }
    let text = normal_url(name).map_err(|why| problem(&why))?;
    Ok(Url { shown, text, host })
}

/// An address as Go writes it: one of IPv4 that is mapped into IPv6 is one of IPv4.
pub(super) fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ipv4Addr::from(four).to_string();
    }
    let six = <[u8; 16]>::try_from(bytes).map(Ipv6Addr::from).unwrap_or(Ipv6Addr::UNSPECIFIED);
    six.to_ipv4_mapped().map_or_else(|| six.to_string(), |four| four.to_string())
}

/// Whether Go takes a domain: one of a constraint may begin with a period. An empty one is taken.
pub(super) fn is_domain(domain: &[u8], constraint: bool) -> bool {
    if domain.is_empty() {
        return true;
    }
    let rest = if constraint { domain.strip_prefix(b".").unwrap_or(domain) } else { domain };
    // A first label is empty only where there is nothing but the period.
    let labels = rest.split(|b| *b == b'.');
    domain.last() != Some(&b'.')
        && rest.iter().all(|b| matches!(b, 33..=126))
        && labels.into_iter().all(|label| !label.is_empty())
}
