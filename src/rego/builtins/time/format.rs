//! Moments as text, by a layout.

use std::fmt::Write as _;

use super::Moment;
use super::civil::Civil;
use super::layout::{self, Offset, Part};

/// `moment` in the form of `layout`.
pub(super) fn format(moment: &Moment, layout: &[u8]) -> Vec<u8> {
    let (offset, name) = moment.zone.at(moment.seconds);
    let civil = moment.civil();
    let mut out = Vec::with_capacity(layout.len() + 10);
    let mut rest = layout;
    loop {
        let (before, part, after) = layout::next(rest);
        out.extend_from_slice(before);
        let Some((part, _)) = part else { return out };
        rest = after;
        out.extend_from_slice(shown(part, &civil, moment.nanos, offset, &name).as_bytes());
    }
}

fn short(name: &str) -> String {
    name.get(..3).unwrap_or(name).to_owned()
}

fn shown(part: Part, civil: &Civil, nanos: u32, offset: i64, name: &str) -> String {
    let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
    match part {
        Part::LongMonth => civil.month_name().to_owned(),
        Part::Month => short(civil.month_name()),
        Part::NumMonth => civil.month.to_string(),
        Part::ZeroMonth => padded(civil.month, 2),
        Part::LongWeekDay => civil.weekday().to_owned(),
        Part::WeekDay => short(civil.weekday()),
        Part::Day => civil.day.to_string(),
        Part::UnderDay => format!("{:>2}", civil.day),
        Part::ZeroDay => padded(civil.day, 2),
        Part::UnderYearDay => format!("{:>3}", civil.day_of_year()),
        Part::ZeroYearDay => padded(civil.day_of_year(), 3),
        Part::Hour => padded(civil.hour, 2),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroHour12 => padded(hour12, 2),
        Part::Minute => civil.minute.to_string(),
        Part::ZeroMinute => padded(civil.minute, 2),
        Part::Second => civil.second.to_string(),
        Part::ZeroSecond => padded(civil.second, 2),
        Part::LongYear => padded(civil.year, 4),
        Part::Year => padded(civil.year.abs() % 100, 2),
        Part::Pm { small } => match (civil.hour >= 12, small) {
            (true, false) => "PM",
            (false, false) => "AM",
            (true, true) => "pm",
            (false, true) => "am",
        }
        .to_owned(),
        Part::Name if name.is_empty() => shown_offset(offset, Offset { iso: false, colon: false, minutes: true, seconds: false }),
        Part::Name => name.to_owned(),
        Part::Offset(form) => shown_offset(offset, form),
        Part::Fraction { digits, trim, separator } => fraction(nanos, digits, trim, separator),
    }
}

/// The sign stands before the zeros.
fn padded(number: i64, width: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{:0>width$}", number.unsigned_abs())
}

fn shown_offset(offset: i64, form: Offset) -> String {
    if form.iso && offset == 0 {
        return "Z".to_owned();
    }
    let (minutes, size) = (offset / 60, offset.unsigned_abs());
    let mut text = format!("{}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60);
    let colon = if form.colon { ":" } else { "" };
    if form.minutes {
        let _ = write!(text, "{colon}{:02}", minutes.abs() % 60);
    }
    if form.seconds {
        let _ = write!(text, "{colon}{:02}", size % 60);
    }
    text
}

fn fraction(nanos: u32, digits: usize, trim: bool, separator: u8) -> String {
    let all = format!("{nanos:09}");
    let kept = all.get(..digits.min(9)).unwrap_or(&all);
    let kept = if trim { kept.trim_end_matches('0') } else { kept };
    if kept.is_empty() && trim { String::new() } else { format!("{}{kept}", char::from(separator)) }
}

/// As package `time` quotes: bytes beyond printable ASCII by their numbers.
pub(super) fn quote_plain(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=0x7f => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}
