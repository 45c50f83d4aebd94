//! NIST's P-224, which certificates may have and RustCrypto's current curves do not.
//!
//! Over `BigUint`, whose time depends on its numbers. What is verified is public; a private key of this curve is only ever parsed, once,
//! by a policy that prints it.

use num_bigint::BigUint;

/// A coordinate's bytes.
const SIZE: usize = 28;

/// In Jacobian coordinates: `x / z²`, `y / z³`; at infinity where `z` is 0.
#[derive(Clone)]
struct Point {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

/// The field, the order of the group, and its generator.
struct Group {
    p: BigUint,
    n: BigUint,
    b: BigUint,
    generator: Point,
}

fn number(hex: &[u8]) -> BigUint {
    BigUint::parse_bytes(hex, 16).unwrap_or_default()
}

impl Group {
    fn new() -> Self {
        let generator = Point {
            x: number(b"b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21"),
            y: number(b"bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34"),
            z: BigUint::from(1_u8),
        };
        Self {
            p: number(b"ffffffffffffffffffffffffffffffff000000000000000000000001"),
            n: number(b"ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d"),
            b: number(b"b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4"),
            generator,
        }
    }

    fn mul(&self, a: &BigUint, b: &BigUint) -> BigUint {
        a * b % &self.p
    }

    fn sub(&self, a: &BigUint, b: &BigUint) -> BigUint {
        (a + &self.p - b) % &self.p
    }

    /// The point that the bytes are, uncompressed.
    fn read(&self, bytes: &[u8]) -> Option<Point> {
        let (first, rest) = bytes.split_first()?;
        let (x, y) = rest.split_at_checked(SIZE)?;
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        if *first != 4 || bytes.len() != 1 + 2 * SIZE || x >= self.p || y >= self.p {
            return None;
        }
        let three_x = BigUint::from(3_u8) * &x;
        let right = self.sub(&(self.mul(&self.mul(&x, &x), &x) + &self.b), &(three_x % &self.p));
        (self.mul(&y, &y) == right).then(|| Point { x, y, z: BigUint::from(1_u8) })
    }

    fn double(&self, point: &Point) -> Point {
        let (delta, gamma) = (self.mul(&point.z, &point.z), self.mul(&point.y, &point.y));
        let beta = self.mul(&point.x, &gamma);
        let alpha = self.mul(&self.sub(&point.x, &delta), &(&point.x + &delta)) * 3_u8 % &self.p;
        let x = self.sub(&self.mul(&alpha, &alpha), &(&beta * 8_u8 % &self.p));
        let sum = &point.y + &point.z;
        let z = self.sub(&self.mul(&sum, &sum), &((&gamma + &delta) % &self.p));
        let eight = self.mul(&gamma, &gamma) * 8_u8 % &self.p;
        let y = self.sub(&self.mul(&alpha, &self.sub(&(&beta * 4_u8 % &self.p), &x)), &eight);
        Point { x, y, z }
    }

    fn add(&self, one: &Point, other: &Point) -> Point {
        if one.z == BigUint::ZERO {
            return other.clone();
        }
        if other.z == BigUint::ZERO {
            return one.clone();
        }
        let (z1, z2) = (self.mul(&one.z, &one.z), self.mul(&other.z, &other.z));
        let (u1, u2) = (self.mul(&one.x, &z2), self.mul(&other.x, &z1));
        let (s1, s2) = (self.mul(&self.mul(&one.y, &z2), &other.z), self.mul(&self.mul(&other.y, &z1), &one.z));
        let (h, r) = (self.sub(&u2, &u1), self.sub(&s2, &s1));
        if h == BigUint::ZERO && r == BigUint::ZERO {
            return self.double(one);
        }
        let squared = self.mul(&h, &h);
        let (cubed, v) = (self.mul(&squared, &h), self.mul(&u1, &squared));
        let x = self.sub(&self.sub(&self.mul(&r, &r), &cubed), &(&v * 2_u8 % &self.p));
        let y = self.sub(&self.mul(&r, &self.sub(&v, &x)), &self.mul(&s1, &cubed));
        Point { x, y, z: self.mul(&self.mul(&one.z, &other.z), &h) }
    }

    fn times(&self, scalar: &BigUint, point: &Point) -> Point {
        let infinity = Point { x: BigUint::from(1_u8), y: BigUint::from(1_u8), z: BigUint::ZERO };
        (0..scalar.bits()).rev().fold(infinity, |sum, bit| {
            let doubled = self.double(&sum);
            if scalar.bit(bit) { self.add(&doubled, point) } else { doubled }
        })
    }

    /// Both coordinates; none at infinity.
    fn affine(&self, point: &Point) -> Option<(BigUint, BigUint)> {
        let inverse = point.z.modinv(&self.p)?;
        let squared = self.mul(&inverse, &inverse);
        Some((self.mul(&point.x, &squared), self.mul(&point.y, &self.mul(&squared, &inverse))))
    }
}

fn padded(number: &BigUint) -> Option<Vec<u8>> {
    super::verify::sized(&number.to_bytes_be(), SIZE)
}

/// Whether the bytes are a point, uncompressed.
pub(super) fn is_point(bytes: &[u8]) -> bool {
    Group::new().read(bytes).is_some()
}

/// The public key of a scalar, which is less than the order and not 0.
pub(super) fn public(scalar: &[u8]) -> Option<Vec<u8>> {
    let (group, scalar) = (Group::new(), BigUint::from_bytes_be(scalar));
    if scalar == BigUint::ZERO || scalar >= group.n {
        return None;
    }
    let (x, y) = group.affine(&group.times(&scalar, &group.generator))?;
    Some([vec![4], padded(&x)?, padded(&y)?].concat())
}

/// Whether a signature, both halves of a coordinate's size, is one of the digest, of which the first bytes count.
pub(super) fn verify(point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let group = Group::new();
    let key = group.read(point)?;
    let (r, s) = signature.split_at_checked(SIZE)?;
    let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
    if r == BigUint::ZERO || s == BigUint::ZERO || r >= group.n || s >= group.n {
        return Some(false);
    }
    let digest = BigUint::from_bytes_be(digest.get(..SIZE).unwrap_or(digest));
    let inverse = s.modinv(&group.n)?;
    let (one, other) = (&digest * &inverse % &group.n, &r * &inverse % &group.n);
    let sum = group.add(&group.times(&one, &group.generator), &group.times(&other, &key));
    let (x, _) = group.affine(&sum)?;
    Some(x % &group.n == r)
}
