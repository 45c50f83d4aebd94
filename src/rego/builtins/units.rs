//! Amounts with units: `10Ki`, `1.5GB`.

use super::super::value::Value;
use super::super::value::number::{self, Float, Integer};
use super::arithmetic::from_integer;
use super::operand::{charge_digits, fail, string};
use super::strings::lowered;
use super::{Context, Failure, Outcome, utf8};

/// The double nearest to 0.001, exactly: a mantissa and the power of two that divides it.
const THOUSANDTH: (u64, u32) = (1_152_921_504_606_847, 60);

/// Exponents have no more digits.
const MAX_EXPONENT_DIGITS: usize = 6;

/// Splits `10.2GB` into the number and the unit; `None` for an exponent that is too large.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // Bytes above ASCII are looked at as code points, none of which is a digit.
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'e' | b'E' => {
                let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
                if !signed && !is_digit(at + 1) {
                    break;
                }
                at += usize::from(signed);
                if (at + 1..).take_while(|at| is_digit(*at)).count() > MAX_EXPONENT_DIGITS {
                    return None;
                }
            }
            b'0'..=b'9' | b'.' | b'+' | b'-' => {}
            _ => break,
        }
        at += 1;
    }
    Some(text.split_at(at))
}

/// The number's text and the unit, or OPA's error under the name of the builtin.
fn amount<'t>(name: &str, text: &'t [u8], none: &str) -> Result<(std::borrow::Cow<'t, str>, &'t [u8]), Failure> {
    if text.contains(&b' ') {
        return Err(fail(format!("{name}: spaces not allowed in resource strings")));
    }
    let (number, unit) = split(text).ok_or_else(|| fail(format!("{name}: exponent too large")))?;
    if number.is_empty() {
        return Err(fail(format!("{name}: {none}")));
    }
    Ok((utf8::lossy(number), unit))
}

fn power(base: u64, exponent: u32) -> u64 {
    base.pow(exponent)
}

fn unquoted<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<Vec<u8>, Failure> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 8 + 1)?;
    ctx.reserve(text.len())?;
    charge_digits(ctx, text.len())?;
    Ok(text.iter().copied().filter(|b| *b != b'"').collect())
}

/// Charges the digits that an exponent stands for.
fn charge_exponent(ctx: &mut Context<'_>, number: &str) -> Result<(), Failure> {
    super::operand::charge_number(ctx, number)
}

/// An amount of up to nine digits and nothing else: what most are, and what needs no number without a bound.
fn short(number: &str) -> Option<u64> {
    let plain = number == "0" || (number.len() <= 9 && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit()));
    if plain { number.parse().ok() } else { None }
}

/// So many times the factor, where that is a small integer.
fn product<'a>(amount: u64, factor: u64) -> Option<Value<'a>> {
    amount.checked_mul(factor).and_then(|total| i64::try_from(total).ok()).map(Value::Int)
}

pub(super) fn parse_bytes<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    const NAME: &str = "units.parse_bytes";
    let text = unquoted(ctx, operands)?;
    let text = lowered(&text);
    let (number, unit) = amount(NAME, &text, "no byte amount provided")?;
    let factor = match unit {
        b"" => 1,
        b"kb" | b"k" => power(1000, 1),
        b"kib" | b"ki" => power(1024, 1),
        b"mb" | b"m" => power(1000, 2),
        b"mib" | b"mi" => power(1024, 2),
        b"gb" | b"g" => power(1000, 3),
        b"gib" | b"gi" => power(1024, 3),
        b"tb" | b"t" => power(1000, 4),
        b"tib" | b"ti" => power(1024, 4),
        b"pb" | b"p" => power(1000, 5),
        b"pib" | b"pi" => power(1024, 5),
        b"eb" | b"e" => power(1000, 6),
        b"eib" | b"ei" => power(1024, 6),
        _ => return Err(fail(format!("{NAME}: byte unit {} not recognized", utf8::lossy(unit)))),
    };
    if let Some(total) = short(&number).and_then(|amount| product(amount, factor)) {
        return Ok(total);
    }
    charge_exponent(ctx, &number)?;
    let Some(amount) = Float::parse(&number) else {
        return Err(fail(format!("{NAME}: could not parse byte amount to a number")));
    };
    let total = amount.mul(&Float::from_i64(factor as i64), 64);
    charge_digits(ctx, (total.exponent().max(0) / 3) as usize)?;
    from_integer(ctx, &total.truncate())
}

/// Decimal and binary units; `m` is a thousandth.
pub(super) fn parse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    const NAME: &str = "units.parse";
    let text = unquoted(ctx, operands)?;
    let (number, unit) = amount(NAME, &text, "no amount provided")?;
    // The first letter keeps its case, so that `m` and `M` differ.
    let unit = match unit.split_first() {
        Some((first, rest)) if !rest.is_empty() => [&[*first], lowered(rest).as_slice()].concat(),
        _ => unit.to_vec(),
    };
    let factor = match unit.as_slice() {
        b"m" | b"" => 1,
        b"k" | b"K" => power(1000, 1),
        b"ki" | b"Ki" => power(1024, 1),
        b"M" => power(1000, 2),
        b"mi" | b"Mi" => power(1024, 2),
        b"g" | b"G" => power(1000, 3),
        b"gi" | b"Gi" => power(1024, 3),
        b"t" | b"T" => power(1000, 4),
        b"ti" | b"Ti" => power(1024, 4),
        b"p" | b"P" => power(1000, 5),
        b"pi" | b"Pi" => power(1024, 5),
        b"e" | b"E" => power(1000, 6),
        b"ei" | b"Ei" => power(1024, 6),
        _ => return Err(fail(format!("{NAME}: unit {} not recognized", utf8::lossy(&unit)))),
    };
    if let Some(amount) = short(&number) {
        let total = if unit == b"m" { Some(thousandths(ctx, amount)) } else { product(amount, factor) };
        if let Some(total) = total {
            return Ok(total);
        }
    }
    charge_exponent(ctx, &number)?;
    let ratio = number::to_ratio(&number);
    let Some((mut numerator, mut denominator)) = ratio else {
        return Err(fail(format!("{NAME}: could not parse amount to a number")));
    };
    numerator *= factor;
    if unit == b"m" {
        numerator *= THOUSANDTH.0;
        denominator <<= THOUSANDTH.1;
    }
    charge_digits(ctx, ((numerator.bits() + denominator.bits()) / 3) as usize)?;
    let (whole, rest) = (&numerator / &denominator, &numerator % &denominator);
    if rest == Integer::ZERO {
        return from_integer(ctx, &whole);
    }
    let text = fraction(&numerator, &denominator);
    Ok(Value::number(ctx.arena, &text))
}

/// As [`fraction`] has it, of at most nine digits: all of it fits 128 bits.
fn thousandths<'a>(ctx: &Context<'a>, amount: u64) -> Value<'a> {
    let (mantissa, exponent) = THOUSANDTH;
    let one = 1_u128 << exponent;
    let total = u128::from(amount) * u128::from(mantissa);
    let (whole, rest) = (total >> exponent, total % one);
    if rest == 0 {
        return Value::number(ctx.arena, &whole.to_string());
    }
    let scale = 10_u128.pow(10);
    // Half of the last place rounds up, and may carry.
    let places = (rest * scale + one / 2) >> exponent;
    Value::number(ctx.arena, &format!("{}.{:010}", whole + places / scale, places % scale))
}

/// Ten decimal places, halves away from zero.
fn fraction(numerator: &Integer, denominator: &Integer) -> String {
    let negative = *numerator < Integer::ZERO;
    let size = Integer::from(numerator.magnitude().clone());
    let (mut whole, rest) = (&size / denominator, &size % denominator);
    let scale = Integer::from(10_u64.pow(10));
    let scaled = rest * &scale;
    let mut places = &scaled / denominator;
    if (&scaled % denominator) * 2_u8 >= *denominator {
        places += 1;
    }
    if places >= scale {
        whole += 1;
        places -= &scale;
    }
    format!("{}{whole}.{places:0>10}", if negative { "-" } else { "" })
}
