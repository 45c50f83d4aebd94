//! The shortest text that gives a float back, in the form that OPA prints: all digits of an integer, `%g` of anything else.

use num_bigint::BigUint;

use super::{Float, Form};

/// Decimal digits without trailing zeros: `0.digits * 10^exponent`.
struct Digits {
    digits: Vec<u8>,
    exponent: i64,
}

impl Digits {
    /// Of `mantissa * 10^-places`.
    fn of(mantissa: &BigUint, places: i64) -> Self {
        let mut digits = mantissa.to_string().into_bytes();
        let exponent = digits.len() as i64 - places;
        trim(&mut digits);
        Self { digits, exponent }
    }

    fn at(&self, place: usize) -> u8 {
        self.digits.get(place).copied().unwrap_or(b'0')
    }

    fn round_down(&mut self, keep: usize) {
        self.digits.truncate(keep);
        trim(&mut self.digits);
    }

    fn round_up(&mut self, keep: usize) {
        if keep >= self.digits.len() {
            return;
        }
        self.digits.truncate(keep);
        while self.digits.last() == Some(&b'9') {
            self.digits.pop();
        }
        match self.digits.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.digits.push(b'1');
                self.exponent += 1;
            }
        }
    }

    /// To the nearest, a half to the even.
    fn round(&mut self, keep: usize) {
        let Some(next) = self.digits.get(keep).copied() else { return };
        let half = next == b'5' && keep + 1 == self.digits.len();
        let odd = keep.checked_sub(1).is_some_and(|last| self.at(last) & 1 == 1);
        if if half { odd } else { next >= b'5' } { self.round_up(keep) } else { self.round_down(keep) }
    }
}

fn trim(digits: &mut Vec<u8>) {
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
}

impl Float {
    /// The shortest text: `f` without an exponent for integers, `g` for others.
    #[must_use]
    pub fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.form {
            Form::Zero => format!("{sign}0"),
            Form::Infinite => format!("{}Inf", if self.negative { "-" } else { "+" }),
            Form::Finite => {
                let digits = self.shortest();
                let exponent = digits.exponent - 1;
                let body = match !self.is_integer() && !(-4..6).contains(&exponent) {
                    true => scientific(&digits, exponent),
                    false => positional(&digits),
                };
                format!("{sign}{body}")
            }
        }
    }

    /// The fewest digits that are nearer to this float than to its neighbours.
    fn shortest(&self) -> Digits {
        // The mantissa with one more bit than the precision: 1 is half of a unit in the last place.
        let shift = i64::from(self.precision) + 1 - 64;
        let mantissa = BigUint::from(self.mantissa);
        let mantissa = if shift >= 0 { mantissa << shift } else { mantissa >> -shift };
        let exponent = self.exponent() - 64 - shift;
        let inclusive = !mantissa.bit(1);
        let scale = match exponent >= 0 {
            true => BigUint::from(1_u8) << exponent,
            false => BigUint::from(5_u8).pow(exponent.unsigned_abs() as u32),
        };
        let places = -exponent.min(0);
        let middle = &mantissa * &scale;
        let lower = Digits::of(&(&middle - &scale), places);
        let upper = Digits::of(&(&middle + &scale), places);
        let mut digits = Digits::of(&middle, places);
        // The bounds' digits are looked at by the place in the middle's: they have as many, but for a carry.
        for place in 0..digits.digits.len() {
            let (low, digit, high) = (lower.at(place), digits.at(place), upper.at(place));
            let keep = place + 1;
            let down = low != digit || (inclusive && keep == lower.digits.len());
            let up = digit != high && (inclusive || digit + 1 < high || keep < upper.digits.len());
            match (down, up) {
                (true, true) => digits.round(keep),
                (true, false) => digits.round_down(keep),
                (false, true) => digits.round_up(keep),
                (false, false) => continue,
            }
            break;
        }
        digits
    }
}

/// `d.ddde±dd`.
fn scientific(digits: &Digits, exponent: i64) -> String {
    let text = String::from_utf8_lossy(&digits.digits);
    let (first, rest) = text.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
}

/// `ddd.ddd`.
fn positional(digits: &Digits) -> String {
    let mut text = String::new();
    let places = digits.digits.len() as i64;
    if digits.exponent <= 0 {
        text.push_str("0.");
        text.extend(std::iter::repeat_n('0', digits.exponent.unsigned_abs() as usize));
    }
    for (place, digit) in digits.digits.iter().enumerate() {
        if place > 0 && place as i64 == digits.exponent {
            text.push('.');
        }
        text.push(char::from(*digit));
    }
    text.extend(std::iter::repeat_n('0', (digits.exponent - places).max(0) as usize));
    text
}

#[cfg(test)]
mod tests {
    use super::Float;

    #[test]
    fn floats_print_as_opa_prints_them() {
        let cases = [
            ("0.3", "0.3"),
            ("1234567.5", "1.2345675e+06"),
            ("123456.5", "123456.5"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("1e30", "1000000000000000000000000000000"),
            ("-0", "-0"),
            ("0.1e-10", "1e-11"),
            ("18446744073709551615", "18446744073709551615"),
            ("123456789012345678901234567890", "123456789012345678900000000000"),
            ("1e-300", "1e-300"),
            ("1.7976931348623157e308", "179769313486231570000"),
        ];
        for (text, want) in cases {
            let found = Float::parse(text).map(|f| f.text()).unwrap_or_default();
            assert_eq!(found.get(..want.len()), Some(want), "{text}");
        }
    }

    #[test]
    fn arithmetic_rounds_to_the_nearest_even() {
        let float = |text| Float::parse(text).unwrap_or(Float::zero());
        assert_eq!(float("1").quo(&float("3"), 64).text(), "0.33333333333333333334");
        assert_eq!(float("0.1").add(&float("0.2"), 64).text(), "0.3");
        assert_eq!(float("1").sub(&float("1e-30"), 64).text(), "1");
        assert_eq!(float("1.1").mul(&float("1.1"), 64).text(), "1.21");
        assert_eq!(float("-0.5").add(&float("0.5"), 64).text(), "0");
    }
}
