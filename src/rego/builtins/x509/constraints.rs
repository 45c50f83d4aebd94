//! Constraints of the names below an authority: read, and checked as Go 1.26 does, by sorted lists.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::super::super::value::quote;
use super::super::crypto::der::{Der, SEQUENCE};
use super::alternative::{Names, is_domain};
use super::certificate::Certificate;
use super::extensions::Extension;
use super::mailbox::Mailbox;

/// Addresses that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: Vec<u8>,
    pub(super) mask: Vec<u8>,
}

/// The names that are permitted, or those that are excluded.
#[derive(Debug, Clone, Default)]
pub(super) struct Subtrees {
    pub(super) dns: Vec<Vec<u8>>,
    pub(super) networks: Vec<Network>,
    pub(super) emails: Vec<Vec<u8>>,
    pub(super) urls: Vec<Vec<u8>>,
}

/// Both.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    pub(super) critical: bool,
    pub(super) permitted: Subtrees,
    pub(super) excluded: Subtrees,
}

impl Constraints {
    /// The constraints of an extension, and whether all kinds in it are known.
    pub(super) fn parse(extension: &Extension<'_>) -> Result<(Self, bool), String> {
        let read = || {
            let mut outer = Der(extension.value);
            let mut top = outer.sequence()?;
            let both = (top.optional(0xa0)?, top.optional(0xa1)?);
            (outer.is_empty() && top.is_empty()).then_some(both)
        };
        let (permitted, excluded) = read().ok_or("x509: invalid NameConstraints extension")?;
        let (permitted, excluded) = (permitted.unwrap_or_default(), excluded.unwrap_or_default());
        if permitted.is_empty() && excluded.is_empty() {
            return Err("x509: empty name constraints extension".to_owned());
        }
        let (permitted, whole) = Subtrees::parse(permitted)?;
        let (excluded, also) = Subtrees::parse(excluded)?;
        Ok((Self { critical: extension.critical, permitted, excluded }, whole && also))
    }
}

impl Subtrees {
    fn parse(bytes: &[u8]) -> Result<(Self, bool), String> {
        let (mut rest, mut found, mut whole) = (Der(bytes), Self::default(), true);
        while !rest.is_empty() {
            let one = rest.take(SEQUENCE).and_then(|contents| Der(contents).next());
            let (tag, value) = one.ok_or("x509: invalid NameConstraints extension")?;
            whole &= found.take(tag, value)?;
        }
        Ok((found, whole))
    }

    fn take(&mut self, tag: u8, value: &[u8]) -> Result<bool, String> {
        let ascii = || match value.is_ascii() {
            true => Ok(()),
            false => Err(format!("x509: invalid constraint value: x509: {} cannot be encoded as an IA5String", quote(value))),
        };
        let failed = |what: &str| Err(format!("x509: failed to parse {what} constraint {}", quote(value)));
        match tag {
            0x82 => {
                ascii()?;
                if !is_domain(value, true) {
                    return failed("dnsName");
                }
                self.dns.push(value.to_vec());
            }
            0x87 => self.networks.push(network(value)?),
            0x81 => {
                ascii()?;
                let valid = if value.contains(&b'@') { Mailbox::parse(value).is_some() } else { is_domain(value, true) };
                if !valid {
                    return failed("rfc822Name");
                }
                self.emails.push(value.to_vec());
            }
            0x86 => {
                ascii()?;
                let text = std::str::from_utf8(value).unwrap_or_default();
                if text.parse::<std::net::IpAddr>().is_ok() {
                    let quoted = quote(value);
                    return Err(format!("x509: failed to parse URI constraint {quoted}: cannot be IP address"));
                }
                if !is_domain(value, true) {
                    return failed("URI");
                }
                self.urls.push(value.to_vec());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn network(value: &[u8]) -> Result<Network, String> {
    if !matches!(value.len(), 8 | 32) {
        return Err(format!("x509: IP constraint contained value of length {}", value.len()));
    }
    let (address, mask) = value.split_at_checked(value.len() / 2).unwrap_or_default();
    let ones = mask.iter().take_while(|byte| **byte == 0xff).count();
    let rest = mask.get(ones..).unwrap_or_default();
    let contiguous = rest.first().is_none_or(|first| first.leading_ones() + first.trailing_zeros() == 8 || *first == 0);
    if !contiguous || rest.iter().skip(1).any(|byte| *byte != 0) {
        let hex: String = mask.iter().map(|byte| format!("{byte:02x}")).collect();
        return Err(format!("x509: IP constraint contained invalid mask {hex}"));
    }
    Ok(Network { address: address.to_vec(), mask: mask.to_vec() })
}

impl Network {
    /// Whether an address is in it; one of IPv4 that is mapped into IPv6 is one of IPv4.
    fn contains(&self, address: &[u8]) -> bool {
        let own = unmapped(&self.address);
        let mask = if own.len() < self.mask.len() { self.mask.get(12..).unwrap_or_default() } else { &self.mask };
        let address = unmapped(address);
        own.len() == address.len() && own.iter().zip(mask).zip(address).all(|((own, mask), other)| own & mask == other & mask)
    }

    fn covers(&self, other: &Self) -> bool {
        let last: Vec<u8> = other.address.iter().zip(&other.mask).map(|(byte, mask)| byte | !mask).collect();
        self.contains(&other.address) && self.contains(&last)
    }
}

fn unmapped(address: &[u8]) -> &[u8] {
    address.strip_prefix(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]).filter(|rest| rest.len() == 4).unwrap_or(address)
}

/// A sorted list without those that an earlier one covers.
fn pruned<T>(mut all: Vec<T>, order: impl Fn(&T, &T) -> Ordering, covers: impl Fn(&T, &T) -> bool) -> Vec<T> {
    all.sort_by(order);
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all {
        if !kept.last().is_some_and(|last| covers(last, &one)) {
            kept.push(one);
        }
    }
    kept
}

/// Whether the last of the sorted constraints that are not after a name is one of it.
fn is_found<T>(sorted: &[T], order: impl Fn(&T) -> Ordering, meets: impl Fn(&T) -> bool) -> bool {
    match sorted.binary_search_by(order) {
        Ok(_) => true,
        Err(at) => sorted.get(at.saturating_sub(1)).is_some_and(meets),
    }
}

/// From the end, without case; a period is before all else, so that what is below a domain follows it.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |byte: &u8| if *byte == b'.' { 0 } else { byte.to_ascii_lowercase() };
    a.iter().rev().map(weight).cmp(b.iter().rev().map(weight))
}

/// Whether a name is a domain's or below it; below it alone, where the constraint begins with a period.
fn is_below(domain: &[u8], name: &[u8]) -> bool {
    let Some(before) = name.len().checked_sub(domain.len()) else { return false };
    let (head, tail) = name.split_at_checked(before).unwrap_or_default();
    tail.eq_ignore_ascii_case(domain) && (domain.first() == Some(&b'.') || head.last().is_none_or(|last| *last == b'.'))
}

/// Constraints of domains.
struct Domains {
    all: bool,
    sorted: Vec<Vec<u8>>,
    /// For names with a wildcard: excluded ones without their first label.
    parents: HashSet<Vec<u8>>,
}

fn without_label(name: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b'.', name).and_then(|at| name.get(at..))
}

impl Domains {
    fn new(all: &[Vec<u8>], permitted: bool) -> Option<Self> {
        if all.is_empty() {
            return None;
        }
        if all.iter().any(Vec::is_empty) {
            return Some(Self { all: true, sorted: Vec::new(), parents: HashSet::new() });
        }
        let sorted = pruned(all.to_vec(), |a, b| compare(a, b), |a, b| is_below(a, b));
        let parents = sorted.iter().filter(|_| !permitted).filter_map(|name| Some(without_label(name)?.to_ascii_lowercase()));
        Some(Self { all: false, parents: parents.collect(), sorted })
    }

    fn has(&self, name: &[u8]) -> bool {
        let wild = || {
            name.first() == Some(&b'*')
                && without_label(name).is_some_and(|rest| self.parents.contains(&rest.to_ascii_lowercase()))
        };
        self.all || is_found(&self.sorted, |one| compare(one, name), |one| is_below(one, name)) || wild()
    }
}

/// Constraints of mail: addresses, and domains.
struct Mail {
    mailboxes: HashSet<Mailbox>,
    domains: Option<Domains>,
}

impl Mail {
    fn new(all: &[Vec<u8>], permitted: bool) -> Option<Self> {
        if all.is_empty() {
            return None;
        }
        let (whole, domains): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|one| one.contains(&b'@'));
        let mailboxes = whole.iter().filter_map(|one| Mailbox::parse(one)).collect();
        Some(Self { mailboxes, domains: Domains::new(&domains, permitted) })
    }

    fn has(&self, mailbox: &Mailbox) -> bool {
        self.mailboxes.contains(mailbox) || self.domains.as_ref().is_some_and(|domains| domains.has(&mailbox.domain))
    }
}

/// Constraints of addresses, by their lengths.
struct Networks(HashMap<usize, Vec<Network>>);

impl Networks {
    fn new(all: &[Network]) -> Option<Self> {
        let order = |a: &Network, b: &Network| (&a.address, &a.mask).cmp(&(&b.address, &b.mask));
        let of = |len: usize| {
            let same: Vec<Network> = all.iter().filter(|one| one.address.len() == len).cloned().collect();
            (len, pruned(same, order, Network::covers))
        };
        (!all.is_empty()).then(|| Self(HashMap::from([of(4), of(16)])))
    }

    fn has(&self, address: &[u8]) -> bool {
        let sorted = self.0.get(&address.len()).map(Vec::as_slice).unwrap_or_default();
        is_found(sorted, |one| one.address.as_slice().cmp(address), |one| one.contains(address))
    }
}

/// Permitted and excluded ones of a kind.
struct Both<T> {
    permitted: Option<T>,
    excluded: Option<T>,
}

impl<T> Both<T> {
    fn allows(&self, has: impl Fn(&T) -> bool) -> bool {
        self.permitted.as_ref().is_none_or(&has) && !self.excluded.as_ref().is_some_and(has)
    }
}

/// The constraints of a certificate of a chain, sorted.
struct Link {
    at: usize,
    networks: Both<Networks>,
    dns: Both<Domains>,
    urls: Both<Domains>,
    mail: Both<Mail>,
}

impl Link {
    fn new(at: usize, constraints: &Constraints) -> Self {
        let Constraints { permitted, excluded, .. } = constraints;
        Self {
            at,
            networks: Both { permitted: Networks::new(&permitted.networks), excluded: Networks::new(&excluded.networks) },
            dns: Both { permitted: Domains::new(&permitted.dns, true), excluded: Domains::new(&excluded.dns, false) },
            urls: Both { permitted: Domains::new(&permitted.urls, true), excluded: Domains::new(&excluded.urls, false) },
            mail: Both { permitted: Mail::new(&permitted.emails, true), excluded: Mail::new(&excluded.emails, false) },
        }
    }

    fn allows(&self, names: &Names<'_>, hosts: &[Vec<u8>], mailboxes: &[Mailbox]) -> bool {
        let domain = |name: &[u8], both: &Both<Domains>| is_domain(name, false) && both.allows(|domains| domains.has(name));
        names.addresses.iter().all(|address| self.networks.allows(|networks| networks.has(address)))
            && names.dns.iter().all(|name| domain(name, &self.dns))
            && hosts.iter().all(|host| domain(host, &self.urls))
            && mailboxes.iter().all(|one| is_domain(&one.domain, false) && self.mail.allows(|mail| mail.has(one)))
    }
}

/// The host of a URL, which constraints can be compared with: a name.
fn host(url: &[u8]) -> Option<Vec<u8>> {
    let lower = url.to_ascii_lowercase();
    if lower.is_empty() {
        return None;
    }
    let name = match memchr::memchr(b':', &lower) {
        Some(_) if lower.last() != Some(&b']') => without_port(&lower)?,
        _ => &lower,
    };
    let is_address = std::str::from_utf8(name).ok().is_some_and(is_address);
    if is_address || name.first() == Some(&b'[') && name.last() == Some(&b']') { None } else { Some(name.to_vec()) }
}

/// An address, though it may have a zone.
fn is_address(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    match zone {
        None => address.parse::<std::net::IpAddr>().is_ok(),
        Some(zone) => !zone.is_empty() && address.parse::<std::net::Ipv6Addr>().is_ok(),
    }
}

/// The name of `name:port`, as Go splits them.
fn without_port(host: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memrchr(b':', host)?;
    let name = host.get(..colon)?;
    if let Some(rest) = name.strip_prefix(b"[") {
        let inner = rest.strip_suffix(b"]")?;
        return (!inner.iter().any(|b| matches!(b, b'[' | b']'))).then_some(inner);
    }
    (!name.contains(&b':') && !host.iter().any(|b| matches!(b, b'[' | b']'))).then_some(name)
}

/// Whether every name in a chain, from the leaf up, is allowed by the authorities above it.
pub(super) fn allow(chain: &[&Certificate<'_, '_>]) -> bool {
    let links: Vec<Link> = chain
        .iter()
        .enumerate()
        .filter(|(_, one)| one.extensions.value_of(&[2, 5, 29, 30]).is_some())
        .map(|(at, one)| Link::new(at, &one.extensions.constraints))
        .collect();
    chain.iter().enumerate().all(|(at, one)| {
        let above = links.iter().filter(|link| link.at > at).collect::<Vec<_>>();
        if above.is_empty() || one.names_value().is_none() {
            return true;
        }
        let names = &one.extensions.names;
        let hosts: Option<Vec<Vec<u8>>> = names.urls.iter().map(|url| host(&url.host)).collect();
        let mailboxes: Option<Vec<Mailbox>> = names.emails.iter().map(|email| Mailbox::parse(email)).collect();
        let (Some(hosts), Some(mailboxes)) = (hosts, mailboxes) else { return false };
        above.iter().all(|link| link.allows(names, &hosts, &mailboxes))
    })
}
