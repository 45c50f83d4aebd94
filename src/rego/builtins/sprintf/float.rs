//! Doubles in Go's formats (`strconv.FormatFloat`).

/// No double has more decimal places than this.
const MAX_PLACES: usize = 1100;

/// The digits of a double without trailing zeros: `0.digits * 10^point`.
struct Digits {
    digits: String,
    point: i64,
}

impl Digits {
    /// Of text such as `1.25e-3`.
    fn of(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let digits = mantissa.replace('.', "");
        let digits = digits.trim_end_matches('0').to_owned();
        let point = if digits.is_empty() { 0 } else { exponent.parse::<i64>().unwrap_or(0) + 1 };
        Self { digits, point }
    }

    fn len(&self) -> i64 {
        self.digits.len() as i64
    }

    fn at(&self, place: i64) -> char {
        usize::try_from(place).ok().and_then(|p| self.digits.as_bytes().get(p)).map_or('0', |b| char::from(*b))
    }
}

/// `value` in the format `form` (one of `eEfgGxXb`); without a precision, with as many digits as tell it from its neighbours.
pub(super) fn format(value: f64, form: char, precision: Option<usize>) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let size = value.abs();
    let body = match form {
        'x' | 'X' => hexadecimal(size, form, precision),
        'b' => binary(size),
        'f' => fixed(size, precision),
        'e' | 'E' => scientific(&rounded(size, precision.map(|p| p + 1)), precision, form),
        _ => general(size, form, precision),
    };
    format!("{sign}{body}")
}

/// The digits, rounded to so many; or as few as are needed.
fn rounded(size: f64, digits: Option<usize>) -> Digits {
    match digits {
        None => {
            // Of two that are as near, Go takes the even one; rounding to as many digits does so too.
            let shortest = format!("{size:e}");
            let places = shortest.split_once('e').map_or(0, |(mantissa, _)| mantissa.len().saturating_sub(2));
            let nearest = format!("{size:.places$e}");
            Digits::of(if nearest.parse() == Ok(size) { &nearest } else { &shortest })
        }
        Some(digits) => Digits::of(&format!("{size:.*e}", digits.clamp(1, MAX_PLACES) - 1)),
    }
}

fn fixed(size: f64, precision: Option<usize>) -> String {
    let Some(precision) = precision else { return format!("{size}") };
    let places = precision.min(MAX_PLACES);
    format!("{size:.places$}{}", "0".repeat(precision - places))
}

/// `d.ddde±dd`.
fn scientific(digits: &Digits, precision: Option<usize>, form: char) -> String {
    let precision = precision.map_or_else(|| (digits.len() - 1).max(0), |p| p as i64);
    let mut text = String::from(digits.at(0));
    if precision > 0 {
        text.push('.');
        text.extend((1..=precision).map(|place| digits.at(place)));
    }
    let exponent = if digits.digits.is_empty() { 0 } else { digits.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{text}{form}{sign}{:02}", exponent.unsigned_abs())
}

/// `%g`: scientific where the exponent is small or beyond the precision.
fn general(size: f64, form: char, precision: Option<usize>) -> String {
    let digits = rounded(size, precision.map(|p| p.max(1)));
    let shortest = precision.is_none();
    let mut precision = precision.map_or(digits.len(), |p| p.max(1) as i64);
    let limit = match precision {
        _ if shortest => 6,
        p if p > digits.len() && digits.len() >= digits.point => digits.len(),
        p => p,
    };
    let exponent = digits.point - 1;
    if exponent < -4 || exponent >= limit {
        precision = precision.min(digits.len());
        let form = if form == 'G' { 'E' } else { 'e' };
        return scientific(&digits, usize::try_from(precision - 1).ok(), form);
    }
    if precision > digits.point {
        precision = digits.len();
    }
    let places = (precision - digits.point).max(0);
    let mut text = String::new();
    if digits.point > 0 {
        text.extend((0..digits.point).map(|place| digits.at(place)));
    } else {
        text.push('0');
    }
    if places > 0 {
        text.push('.');
        text.extend((digits.point..digits.point + places).map(|place| digits.at(place)));
    }
    text
}

/// The mantissa as a number below `2^53`, and its exponent.
fn parts(size: f64) -> (u64, i64) {
    let bits = size.to_bits();
    let (mantissa, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as i64);
    if exponent == 0 { (mantissa, 1 - 1023) } else { (mantissa | 1 << 52, exponent - 1023) }
}

/// `ddddp±dd`.
fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{:+}", exponent - 52)
}

/// `0x1.hhhhp±dd`.
fn hexadecimal(size: f64, form: char, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // The leading 1 to bit 60.
        let shift = i64::from(mantissa.leading_zeros()) - 3;
        mantissa <<= shift;
        exponent -= shift - 8;
    }
    if let Some(precision) = precision.filter(|p| *p < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let lead = (mantissa >> 60) & 1;
    let digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let fraction = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(precision) => format!("{digits:0<precision$}").chars().take(precision).collect(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{lead}{point}{fraction}p{sign}{:02}", exponent.unsigned_abs());
    if form == 'X' { text.to_uppercase() } else { text }
}

/// What the sharp flag makes of a formatted number: a point always, and the zeros that `%g` leaves out.
pub(super) fn with_point(number: &str, form: char, precision: Option<usize>) -> String {
    let (sign, unsigned) = number.split_at(usize::from(number.starts_with('-')));
    let marker = unsigned.find(|c| matches!(c, 'p' | 'P') || (matches!(c, 'e' | 'E') && !matches!(form, 'x' | 'X')));
    let (body, tail) = unsigned.split_at(marker.unwrap_or(unsigned.len()));
    let mut missing = match form {
        'g' | 'G' | 'x' => precision.map_or(6, |p| p as i64),
        _ => 0,
    };
    // Digits from the first that is no zero.
    missing -= body.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count() as i64;
    let mut text = format!("{sign}{body}");
    if !body.contains('.') {
        if body == "0" {
            missing -= 1;
        }
        text.push('.');
    }
    text.extend(std::iter::repeat_n('0', missing.max(0) as usize));
    text + tail
}
