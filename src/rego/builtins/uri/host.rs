//! Users, hosts and ports.

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::{memchr, memmem, memrchr};

use super::super::super::value::quote;
use super::escape::{self, Part, unescape};

/// The host and port of an authority, whose user has to be one.
pub(super) fn authority(scheme: &[u8], authority: &[u8]) -> Result<Vec<u8>, String> {
    let at = memrchr(b'@', authority);
    let found = host(scheme, authority.get(at.map_or(0, |at| at + 1)..).unwrap_or_default())?;
    if let Some(user) = at.and_then(|at| authority.get(..at)) {
        let valid = |b: &u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b);
        if !user.iter().all(valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = super::cut(user, b':');
        unescape(name, Part::Other)?;
        unescape(password, Part::Other)?;
    }
    Ok(found)
}

/// The user of an authority, as Go writes it.
pub(super) fn user(authority: &[u8]) -> Option<Vec<u8>> {
    let user = authority.get(..memrchr(b'@', authority)?)?;
    let (name, password) = super::cut(user, b':');
    let mut written = escape::user(&unescape(name, Part::Other).ok()?);
    if user.contains(&b':') {
        written.push(b':');
        written.extend(escape::user(&unescape(password, Part::Other).ok()?));
    }
    Some(written)
}

fn is_port(text: &[u8]) -> bool {
    text.is_empty() || text.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn check_port(text: &[u8]) -> Result<(), String> {
    if is_port(text) { Ok(()) } else { Err(format!("invalid port {} after host", quote(text))) }
}

fn host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    match memrchr(b'[', host) {
        Some(0) => return literal(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // Several colons are taken where the scheme is not HTTP's.
    let colon = if matches!(scheme, b"http" | b"https") { memchr(b':', host) } else { memrchr(b':', host) };
    check_port(colon.and_then(|colon| host.get(colon..)).unwrap_or_default())?;
    unescape(host, Part::Host)
}

/// An address of IPv6 in brackets, and a port.
fn literal(host: &[u8]) -> Result<Vec<u8>, String> {
    let end = memrchr(b']', host).ok_or("missing ']' in host")?;
    let port = host.get(end + 1..).unwrap_or_default();
    check_port(port)?;
    let name = host.get(1..end).unwrap_or_default();
    let zone = memmem::find(name, b"%25").unwrap_or(name.len());
    let (address, zone) = name.split_at_checked(zone).unwrap_or((name, &[]));
    let name = [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat();
    check_address(&name)?;
    Ok([b"[", name.as_slice(), b"]", port].concat())
}

fn check_address(name: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(name);
    let (address, zone) = text.split_once('%').map_or((&*text, None), |(address, zone)| (address, Some(zone)));
    if zone.is_none() && address.parse::<Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    if address.parse::<Ipv6Addr>().is_ok() && zone != Some("") {
        return Ok(());
    }
    // Of Go's words for what is wrong with an address, these come where brackets are used.
    let problem = match zone {
        Some("") if address.contains(':') => "zone must be a non-empty string",
        Some(_) if address.is_empty() => "missing IPv6 address",
        _ => "unable to parse IP",
    };
    Err(format!("invalid host: ParseAddr({}): {problem}", quote(name)))
}

/// Host and port, without brackets and colon.
pub(super) fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    let colon = memrchr(b':', host).filter(|colon| host.get(*colon..).is_some_and(is_port));
    let (name, port) = match colon {
        Some(colon) => (host.get(..colon).unwrap_or_default(), host.get(colon + 1..).unwrap_or_default()),
        None => (host, &[][..]),
    };
    (name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name), port)
}
