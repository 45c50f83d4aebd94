//! Whether a certificate is one of a host.

use std::net::IpAddr;

use super::alternative::Names;

/// Whether one of the names is that of the host: a name, or an address that may be in brackets.
pub(super) fn is_named(names: &Names<'_>, host: &[u8]) -> bool {
    let bare = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).filter(|bare| !bare.is_empty()).unwrap_or(host);
    if let Some(address) = std::str::from_utf8(bare).ok().and_then(|text| text.parse::<IpAddr>().ok()) {
        return names.addresses.iter().any(|own| canonical(own) == Some(address.to_canonical()));
    }
    let host = host.to_ascii_lowercase();
    let sound = is_hostname(host.strip_suffix(b".").unwrap_or(&host), false);
    names.dns.iter().any(|name| if sound && is_hostname(name, true) { matches(name, &host) } else { is_same(name, &host) })
}

fn canonical(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|address| address.to_canonical())
}

/// Labels of letters, digits and underscores, with hyphens that begin none; a pattern's first may be an asterisk.
fn is_hostname(host: &[u8], pattern: bool) -> bool {
    let label = |(at, label): (usize, &[u8])| {
        let byte = |(at, byte): (usize, &u8)| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-' && at != 0;
        pattern && at == 0 && label == b"*" || !label.is_empty() && label.iter().enumerate().all(byte)
    };
    !host.is_empty() && host != b"*" && host.split(|b| *b == b'.').enumerate().all(label)
}

fn matches(pattern: &[u8], host: &[u8]) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let (pattern, host) = (pattern.split(|b| *b == b'.'), host.strip_suffix(b".").unwrap_or(host).split(|b| *b == b'.'));
    pattern.clone().count() == host.clone().count()
        && pattern.zip(host).enumerate().all(|(at, (pattern, label))| at == 0 && pattern == b"*" || pattern == label)
}

/// What is no host name is compared as it is.
fn is_same(name: &[u8], host: &[u8]) -> bool {
    let is_none = |name: &[u8]| name.is_empty() || name == b".";
    !is_none(name) && !is_none(host) && name.eq_ignore_ascii_case(host)
}
