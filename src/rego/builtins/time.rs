//! Time: nanoseconds since 1970, calendars and clocks in time zones, and Go's layouts.

mod civil;
mod duration;
mod format;
mod layout;
mod parse;
mod zone;

use super::super::value::Value;
use super::super::value::number::{Float, Form};
use super::arithmetic::float;
use super::operand::{any, fail, int, string, type_error};
use super::{Context, Failure, Outcome};
use civil::Civil;
use zone::Zone;

const BILLION: i128 = 1_000_000_000;

/// A moment in a zone.
struct Moment {
    /// Seconds since 1970 and nanoseconds of the second.
    seconds: i64,
    nanos: u32,
    zone: Zone,
}

impl Moment {
    fn of(nanos: i64, zone: Zone) -> Self {
        Self { seconds: nanos.div_euclid(1_000_000_000), nanos: nanos.rem_euclid(1_000_000_000) as u32, zone }
    }

    fn civil(&self) -> Civil {
        Civil::of(self.seconds.saturating_add(self.zone.offset(self.seconds)))
    }
}

/// The nanoseconds of a moment, which must fit an `i64`.
fn nanoseconds(seconds: i64, nanos: u32) -> Outcome<'static> {
    let total = i128::from(seconds) * BILLION + i128::from(nanos);
    i64::try_from(total).map(Value::Int).map_err(|_| fail("time outside of valid range"))
}

/// Operand 1 of most of these: nanoseconds, or an array of them with a zone, and with a layout.
fn moment<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<(Moment, &'a [u8]), Failure> {
    let value = any(operands, position);
    ctx.charge(4)?;
    let wrong = || type_error(1, &value, &["either number (ns) or [number (ns), string (tz)]"]);
    let (number, zone, layout) = match value.as_array() {
        None if value.is_number() => (value, Zone::utc(), b"".as_slice()),
        None => return Err(wrong()),
        Some(parts) => {
            let number = parts.get(0).ok_or_else(wrong)?;
            if !number.is_number() {
                return Err(type_error(1, &number, &["number"]));
            }
            let string = |at: usize| match parts.get(at) {
                None => Ok(b"".as_slice()),
                Some(Value::String(bytes)) => Ok(bytes),
                Some(other) => Err(type_error(1, &other, &["string"])),
            };
            let zone = Zone::load(ctx, string(1)?)?;
            (number, zone, string(2)?)
        }
    };
    let float = float(ctx, &number)?;
    let nanos = whole(&float).ok_or_else(|| fail("timestamp too big"))?;
    Ok((Moment::of(nanos, zone), layout))
}

/// The `i64` that a float is exactly.
fn whole(float: &Float) -> Option<i64> {
    if float.form() == Form::Infinite || !float.is_integer() || float.exponent() > 64 {
        return None;
    }
    i64::try_from(float.truncate()).ok()
}

pub(super) fn now_ns<'a>(ctx: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Int(ctx.clock.now_ns()))
}

/// A string that is parsed, and the charge for it.
fn text<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<&'a [u8], Failure> {
    let text = string(operands, position)?;
    ctx.charge(text.len() / 4 + 4)?;
    Ok(text)
}

pub(super) fn parse_rfc3339_ns<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = text(ctx, operands, 1)?;
    let (seconds, nanos) = parse::parse(layout::RFC3339, value).map_err(fail)?;
    nanoseconds(seconds, nanos)
}

/// Seconds since 1970 of a text by a layout.
pub(super) fn seconds_by(layout: &[u8], text: &[u8]) -> Result<i64, String> {
    parse::parse(layout, text).map(|(seconds, _)| seconds)
}

/// Nanoseconds of a duration as Go writes it.
pub(super) fn parse_duration(text: &[u8]) -> Result<i64, String> {
    duration::standard(text)
}

/// As RFC 3339 has a moment of whole seconds, seen so many seconds east of Greenwich.
pub(super) fn rfc3339(seconds: i64, offset: i64) -> String {
    let at = Civil::of(seconds.saturating_add(offset));
    let zone = match offset / 60 {
        0 => "Z".to_owned(),
        minutes => format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60),
    };
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}", at.year, at.month, at.day, at.hour, at.minute, at.second)
}

pub(super) fn parse_ns<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (format, value) = (text(ctx, operands, 1)?, text(ctx, operands, 2)?);
    let (seconds, nanos) = parse::parse(layout::named(format), value).map_err(fail)?;
    nanoseconds(seconds, nanos)
}

pub(super) fn parse_duration_ns<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = text(ctx, operands, 1)?;
    duration::parse(value).map(Value::Int).map_err(fail)
}

pub(super) fn format<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (moment, layout) = moment(ctx, operands, 1)?;
    let layout = if layout.is_empty() { layout::RFC3339_NANO } else { layout::named(layout) };
    ctx.charge(layout.len() / 2)?;
    ctx.reserve(layout.len() * 8)?;
    Ok(Value::string(ctx.arena, format::format(&moment, layout)))
}

fn ints<'a>(ctx: &Context<'a>, numbers: &[i64]) -> Value<'a> {
    Value::Array(ctx.arena.alloc_slice_fill_iter(numbers.iter().map(|n| Value::Int(*n))))
}

pub(super) fn date<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let civil = moment(ctx, operands, 1)?.0.civil();
    Ok(ints(ctx, &[civil.year, civil.month, civil.day]))
}

pub(super) fn clock<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let civil = moment(ctx, operands, 1)?.0.civil();
    Ok(ints(ctx, &[civil.hour, civil.minute, civil.second]))
}

pub(super) fn weekday<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let civil = moment(ctx, operands, 1)?.0.civil();
    Ok(Value::String(civil.weekday().as_bytes()))
}

pub(super) fn add_date<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (moment, _) = moment(ctx, operands, 1)?;
    let (years, months, days) = (int(operands, 2)?, int(operands, 3)?, int(operands, 4)?);
    let civil = moment.civil();
    let (year, month, day) = (civil.year.wrapping_add(years), civil.month.wrapping_add(months), civil.day.wrapping_add(days));
    let local = civil::seconds(year, month, day).wrapping_add(civil.seconds_of_day());
    nanoseconds(moment.zone.to_utc(local), moment.nanos)
}

/// Years, months, days, hours, minutes and seconds between two moments, in the first one's zone.
pub(super) fn diff<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (first, _) = moment(ctx, operands, 1)?;
    let (second, _) = moment(ctx, operands, 2)?;
    let order = (first.seconds, first.nanos).cmp(&(second.seconds, second.nanos));
    let second = Moment { zone: first.zone.clone(), ..second };
    let (a, b) = if order.is_gt() { (second.civil(), first.civil()) } else { (first.civil(), second.civil()) };
    let (mut year, mut month, mut day) = (b.year - a.year, b.month - a.month, b.day - a.day);
    let (mut hour, mut minute, mut second) = (b.hour - a.hour, b.minute - a.minute, b.second - a.second);
    let borrow = |part: &mut i64, next: &mut i64, size: i64| {
        if *part < 0 {
            *part += size;
            *next -= 1;
        }
    };
    borrow(&mut second, &mut minute, 60);
    borrow(&mut minute, &mut hour, 60);
    borrow(&mut hour, &mut day, 24);
    borrow(&mut day, &mut month, civil::days_in(a.month, a.year));
    borrow(&mut month, &mut year, 12);
    Ok(ints(ctx, &[year, month, day, hour, minute, second]))
}
