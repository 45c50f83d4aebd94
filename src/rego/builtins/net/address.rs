//! Addresses and networks as Go's package `net` has them: an IPv4 address mapped into IPv6 is one of IPv4.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first 96 bits of IPv4 addresses in IPv6.
const MAPPED: u128 = 0xffff << 32;

/// An address in the bits of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bits: u128,
}

/// A network: its first address, the bits of its mask that are set, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: Address,
    pub(super) ones: u32,
    /// 32 or 128.
    pub(super) size: u32,
}

impl Address {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Self::sized(text).map(|(address, _)| address)
    }

    /// The address, and how many bits it is written in.
    fn sized(text: &[u8]) -> Option<(Self, u32)> {
        let address = match parse_v4(text) {
            Some(bits) => IpAddr::V4(bits.into()),
            None => parse(text)?,
        };
        Some(match address {
            IpAddr::V4(address) => (Self { bits: MAPPED | u128::from(u32::from(address)) }, 32),
            IpAddr::V6(address) => (Self { bits: address.into() }, 128),
        })
    }

    /// Whether it is one of IPv4.
    pub(super) const fn is_v4(self) -> bool {
        self.bits >> 32 == 0xffff
    }
}

/// Four numbers without leading zeros, which most addresses are, in one pass.
fn parse_v4(text: &[u8]) -> Option<u32> {
    let (mut bits, mut number, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits == 0 || number > 0 => {
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
                if number > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 && dots < 3 => {
                bits = bits << 8 | number;
                (number, digits, dots) = (0, 0, dots + 1);
            }
            _ => return None,
        }
    }
    (digits > 0 && dots == 3).then_some(bits << 8 | number)
}

/// Go and Rust read the same texts as addresses; a zone is none of them.
fn parse(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_v4() { Ipv4Addr::from(self.bits as u32).fmt(f) } else { Ipv6Addr::from(self.bits).fmt(f) }
    }
}

const fn mask(ones: u32) -> u128 {
    if ones == 0 { 0 } else { u128::MAX << (128 - ones) }
}

impl Network {
    /// A network in CIDR notation; bits beyond the mask are cleared.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let slash = memchr::memchr(b'/', text)?;
        let (address, ones) = (text.get(..slash)?, text.get(slash + 1..)?);
        let (address, size) = Address::sized(address)?;
        if ones.is_empty() || !ones.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let ones = ones.iter().fold(0_u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')));
        if ones > size {
            return None;
        }
        let mut network = Self { address, ones, size };
        network.address.bits &= network.mask();
        Some(network)
    }

    /// The mask in the bits of IPv6.
    pub(super) const fn mask(&self) -> u128 {
        mask(self.ones + 128 - self.size)
    }

    pub(super) const fn host_bits(&self) -> u32 {
        self.size - self.ones
    }

    pub(super) const fn is_plain_v6(&self) -> bool {
        self.size == 128 && !self.address.is_v4()
    }

    /// Whether the bits of `address` that the mask leaves are the network's.
    pub(super) const fn contains_bits(&self, address: &Address) -> bool {
        address.bits & self.mask() == self.address.bits & self.mask()
    }

    /// Whether it contains an address, of the same family.
    pub(super) const fn contains(&self, address: &Address) -> bool {
        if self.address.is_v4() != address.is_v4() {
            return false;
        }
        // Of a mapped network only the last four bytes are looked at.
        if self.address.is_v4() {
            let mask = self.mask() as u32;
            return address.bits as u32 & mask == self.address.bits as u32 & mask;
        }
        self.contains_bits(address)
    }

    /// The last address.
    pub(super) const fn last(&self) -> Address {
        Address { bits: self.address.bits | !self.mask() }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ones = if self.address.is_v4() && self.size == 128 { self.ones.saturating_sub(96) } else { self.ones };
        write!(f, "{}/{ones}", self.address)
    }
}
