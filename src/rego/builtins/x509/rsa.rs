//! Private keys of RSA, and Go's checks that their numbers belong together.

use num_bigint::BigUint;

use super::private::Pkcs1;

/// Where a prime is longer, its inverse is found in another way than Go does, which takes a time that grows with its cube.
const MAX_BITS: u64 = 4096;

/// The numbers of a key, as Go's struct has them.
pub(super) struct Rsa {
    pub(super) n: BigUint,
    pub(super) e: i64,
    pub(super) d: BigUint,
    pub(super) primes: Vec<BigUint>,
    pub(super) dp: BigUint,
    pub(super) dq: BigUint,
    pub(super) inverse: BigUint,
    /// For each prime after the second: exponent, coefficient, and the product of the primes before.
    pub(super) more: Vec<[BigUint; 3]>,
}

type Checked<T> = Result<T, String>;

fn positive(number: &[u8]) -> bool {
    number.first().is_some_and(|first| *first < 0x80) && number != [0]
}

fn modulus(number: &BigUint) -> Checked<()> {
    if number.bits() > 1 { Ok(()) } else { Err("modulus must be > 1".to_owned()) }
}

/// Whether a number is less than the modulus, as Go says it: by words first.
fn below(number: &BigUint, modulus: &BigUint) -> Checked<()> {
    if number.bits().div_ceil(64) > modulus.bits().div_ceil(64) {
        return Err("input overflows the modulus size".to_owned());
    }
    if number >= modulus { Err("input overflows the modulus".to_owned()) } else { Ok(()) }
}

fn rsa<T>(problem: &str) -> Checked<T> {
    Err(format!("crypto/rsa: {problem}"))
}

fn one() -> BigUint {
    BigUint::from(1_u8)
}

impl Rsa {
    pub(super) fn of(read: &Pkcs1<'_>) -> Checked<Self> {
        if read.version > 1 {
            return Err("x509: unsupported private key version".to_owned());
        }
        if !read.numbers.iter().copied().all(positive) || !read.rest.iter().flatten().copied().all(positive) {
            return Err("x509: private key contains zero or negative value".to_owned());
        }
        if !read.primes.iter().copied().all(positive) {
            return Err("x509: private key contains zero or negative prime".to_owned());
        }
        let [n, d, p, q] = read.numbers.map(BigUint::from_bytes_be);
        let primes: Vec<BigUint> =
            [p, q].into_iter().chain(read.primes.iter().map(|prime| BigUint::from_bytes_be(prime))).collect();
        let zero = BigUint::ZERO;
        let mut key = Self { n, e: read.e, d, primes, dp: zero.clone(), dq: zero.clone(), inverse: zero, more: Vec::new() };
        if key.primes.len() > 2 {
            key.with_many()?;
            return Ok(key);
        }
        let rest: Vec<BigUint> = read.rest.iter().flatten().map(|number| BigUint::from_bytes_be(number)).collect();
        key.with_two(<[BigUint; 3]>::try_from(rest).ok())?;
        Ok(key)
    }

    fn two(&self) -> (BigUint, BigUint) {
        let mut primes = self.primes.iter().cloned();
        (primes.next().unwrap_or_default(), primes.next().unwrap_or_default())
    }

    fn check_public(&self) -> Checked<()> {
        match self.e {
            _ if !self.n.bit(0) => rsa("public modulus is even"),
            ..2 => rsa("public exponent too small or negative"),
            e if e % 2 == 0 => rsa("public exponent is even"),
            0x8000_0000.. => rsa("public exponent too large"),
            _ => Ok(()),
        }
    }

    /// Of several primes only the numbers that follow from them are checked.
    fn with_many(&mut self) -> Checked<()> {
        const APART: &str = "prime factors are not relatively prime";
        modulus(&self.n)?;
        below(&self.d, &self.n)?;
        self.check_public()?;
        if self.primes.iter().any(|prime| prime.bits() <= 1) {
            return rsa("prime factor is <= 1");
        }
        let (p, q) = self.two();
        self.dp = &self.d % (&p - one());
        self.dq = &self.d % (&q - one());
        let Some(inverse) = (&q % &p).modinv(&p) else { return rsa(APART) };
        self.inverse = inverse;
        let mut product = p * q;
        for prime in self.primes.iter().skip(2) {
            let Some(coefficient) = (&product % prime).modinv(prime) else { return rsa(APART) };
            self.more.push([&self.d % (prime - one()), coefficient, product.clone()]);
            product *= prime;
        }
        Ok(())
    }

    fn with_two(&mut self, given: Option<[BigUint; 3]>) -> Checked<()> {
        let (p, q) = self.two();
        modulus(&self.n)?;
        modulus(&p)?;
        modulus(&q)?;
        below(&self.d, &self.n)?;
        let (less_p, less_q) = (&p - one(), &q - one());
        match given {
            Some([dp, dq, inverse]) => {
                below(&inverse, &p)?;
                (self.dp, self.dq, self.inverse) = (dp, dq, inverse);
            }
            None => {
                modulus(&less_p)?;
                modulus(&less_q)?;
                (self.dp, self.dq) = (&self.d % &less_p, &self.d % &less_q);
                if !p.bit(0) {
                    return rsa("p is even");
                }
                self.inverse = inverse(&q, &p);
            }
        }
        self.check_public()?;
        self.check(&p, &q, &less_p, &less_q)
    }

    fn check(&self, p: &BigUint, q: &BigUint, less_p: &BigUint, less_q: &BigUint) -> Checked<()> {
        if *p >= self.n || *q >= self.n {
            return rsa("invalid prime");
        }
        if p * q % &self.n != BigUint::ZERO {
            return rsa("p * q != n");
        }
        let e = BigUint::from(self.e.unsigned_abs());
        for (less, exponent) in [(less_p, &self.dp), (less_q, &self.dq)] {
            if modulus(less).is_err() {
                return rsa("invalid prime");
            }
            if exponent >= less || &e * exponent % less != one() {
                return rsa("invalid CRT exponent");
            }
        }
        if q * &self.inverse % p != one() {
            return rsa("invalid CRT coefficient");
        }
        if &self.d % less_p != self.dp {
            return rsa("d does not match dP");
        }
        if &self.d % less_q != self.dq {
            return rsa("d does not match dQ");
        }
        if p == q {
            return rsa("p == q");
        }
        let apart = if p > q { p - q } else { q - p };
        let half = self.n.bits() / 2;
        if apart.bits() as i128 <= i128::from(half) - 100 {
            return rsa("|p - q| too small");
        }
        if self.d.bits() <= half { rsa("d too small") } else { Ok(()) }
    }
}

/// The inverse of `q`, by Fermat's little theorem as in Go, which finds something for what is no prime, too.
fn inverse(q: &BigUint, p: &BigUint) -> BigUint {
    if p.bits() > MAX_BITS {
        return (q % p).modinv(p).unwrap_or_default();
    }
    (q % p).modpow(&(p - BigUint::from(2_u8)), p)
}
