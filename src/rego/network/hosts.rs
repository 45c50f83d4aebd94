//! Whom policies may reach: names and addresses, as OPA's `allow_net` lists them, and beyond it which addresses a name may stand for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Result};

/// Who may be reached.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    names: Vec<String>,
    networks: Vec<Network>,
    any: bool,
}

/// Addresses whose first bits are these.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Hosts {
    /// Reads a JSON array of names, addresses, networks (`10.0.0.0/8`) and `*`.
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        let entries: Vec<String> = serde_json::from_slice(json)
            .map_err(|e| bad(format_args!("it must be a JSON array of strings, like [\"api.example.com\"]: {e}")))?;
        let mut hosts = Self::default();
        for entry in entries {
            hosts.add(entry)?;
        }
        Ok(hosts)
    }

    fn add(&mut self, entry: String) -> Result<()> {
        if entry == "*" {
            self.any = true;
        } else if let Ok(address) = entry.parse() {
            self.networks.push(Network { address: plain(address), bits: 128 });
        } else if let Some((address, bits)) = entry.split_once('/') {
            self.networks.push(
                network(address, bits).ok_or_else(|| bad(format_args!("{entry:?} is no network; write it like 10.0.0.0/8")))?,
            );
        } else if entry.is_empty() || entry.contains(|c: char| c.is_whitespace() || c.is_control() || "*:@?#[]\\".contains(c)) {
            return Err(bad(format_args!(
                "{entry:?} is no host; write a name (api.example.com), an address, a network (10.0.0.0/8) or *, without scheme and port"
            )));
        } else {
            self.names.push(entry);
        }
        Ok(())
    }

    /// Whether a request may name this host. Compared byte for byte, as in OPA.
    pub(super) fn allow(&self, host: &str) -> bool {
        let address = || host.parse().is_ok_and(|address| self.lists(address));
        self.any || self.names.iter().any(|name| name == host) || address()
    }

    /// Whether a host that may be named may stand for this address: of those that are not the internet's, what is listed alone. A name that
    /// somebody else gives out (or changes in between) leads into nobody's network.
    pub(super) fn allow_address(&self, host: &str, address: IpAddr) -> bool {
        let address = plain(address);
        is_public(address)
            || self.lists(address)
            || address.is_loopback() && self.names.iter().any(|name| name == "localhost" && name == host)
    }

    fn lists(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.networks.iter().any(|network| network.has(address))
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u32::from(own).into(), u32::from(other).into(), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (u128::from(own), u128::from(other), 128),
            _ => return false,
        };
        let free = width - self.bits.min(width);
        (own ^ other).checked_shr(free).unwrap_or(0) == 0
    }
}

fn network(address: &str, bits: &str) -> Option<Network> {
    let address: IpAddr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    (bits <= width).then_some(Network { address, bits })
}

/// An address of IPv4 within one of IPv6 is that of IPv4.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whether an address is one of the internet's (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _) | (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 0, 0 | 2) | (192, 168, _)
    );
    special_tests(a, b, c) && !special && a < 224
}

/// Networks for documentation and for measuring.
const fn special_tests(a: u8, b: u8, c: u8) -> bool {
    !matches!((a, b, c), (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match segments {
        // Translated to IPv4, by NAT64 and by 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo and documentation; all else that is given out begins with the bits 001.
        [0x2001, 0 | 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn bad(problem: impl std::fmt::Display) -> Error {
    Error::invalid("hosts", problem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::Hosts;

    fn hosts(json: &str) -> Hosts {
        Hosts::parse(json.as_bytes()).unwrap()
    }

    fn reaches(json: &str, host: &str, address: &str) -> bool {
        let hosts = hosts(json);
        hosts.allow(host) && hosts.allow_address(host, address.parse().unwrap())
    }

    #[test]
    fn a_listed_name_may_stand_for_public_addresses() {
        assert!(reaches(r#"["api.example.com"]"#, "api.example.com", "93.184.216.34"));
        assert!(reaches(r#"["api.example.com"]"#, "api.example.com", "2606:2800:220:1::1"));
        assert!(!reaches(r#"["api.example.com"]"#, "API.example.com", "93.184.216.34"), "as OPA compares");
        assert!(!reaches(r#"["api.example.com"]"#, "example.com", "93.184.216.34"));
        assert!(!reaches("[]", "api.example.com", "93.184.216.34"));
    }

    #[test]
    fn other_addresses_are_listed_themselves() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "2001::1",
            "198.51.100.1",
            "203.0.113.1",
            "192.0.2.1",
        ] {
            assert!(!reaches(r#"["a"]"#, "a", private), "{private}");
            assert!(!reaches(r#"["*"]"#, "a", private), "{private}");
            assert!(reaches(r#"["a", "0.0.0.0/0", "::/0"]"#, "a", private), "{private}");
        }
        assert!(reaches(r#"["a", "10.0.0.0/8"]"#, "a", "10.255.0.1"));
        assert!(!reaches(r#"["a", "10.0.0.0/16"]"#, "a", "10.1.0.1"));
        assert!(reaches(r#"["a", "fd00::/8"]"#, "a", "fd12::1"));
        assert!(!reaches(r#"["a", "fd00::/8"]"#, "a", "fc12::1"));
        assert!(reaches(r#"["10.0.0.7"]"#, "10.0.0.7", "10.0.0.7"));
        assert!(!reaches(r#"["10.0.0.7"]"#, "10.0.0.8", "10.0.0.8"));
        assert!(reaches(r#"["::1"]"#, "::1", "::1"));
        assert!(reaches(r#"["localhost"]"#, "localhost", "127.0.0.1"));
        assert!(!reaches(r#"["localhost"]"#, "localhost", "10.0.0.1"));
        assert!(!reaches(r#"["localhost", "a"]"#, "a", "127.0.0.1"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in [
            r#"["http://a"]"#,
            r#"["a:80"]"#,
            r#"[""]"#,
            r#"["*.a"]"#,
            r#"["10.0.0.0/33"]"#,
            r#"["a/8"]"#,
            "null",
            "{}",
            "[1]",
            "",
        ] {
            assert!(Hosts::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
