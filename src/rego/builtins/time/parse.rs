//! Text as a moment, by a layout. Go's `time.Parse` where the local zone is UTC.

use super::civil::{MONTHS, WEEKDAYS, days_in, is_leap, seconds};
use super::format::quote_plain;
use super::layout::{self, Offset, Part};

/// What was read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone: Option<Vec<u8>>,
}

/// Why a part is not read.
enum Bad {
    /// It does not fit the layout.
    Value,
    /// It is out of range: of what, and what is left to read.
    Range(&'static str),
}

type Read<T> = Result<T, Bad>;

/// Seconds since 1970 and nanoseconds of the moment that `text` is.
///
/// # Errors
/// Go's text.
pub(super) fn parse(layout: &[u8], text: &[u8]) -> Result<(i64, u32), String> {
    let says = |message: &str| format!("parsing time {}{message}", quote_plain(text));
    let cannot = |part: &[u8], value: &[u8]| {
        says(&format!(" as {}: cannot parse {} as {}", quote_plain(layout), quote_plain(value), quote_plain(part)))
    };
    let mut fields = Fields::default();
    let (mut rest, mut value) = (layout, text);
    loop {
        let (before, part, after) = layout::next(rest);
        value = skip(value, before).map_err(|value| cannot(before, value))?;
        let Some((part, shown)) = part else {
            if !value.is_empty() {
                return Err(says(&format!(": extra text: {}", quote_plain(value))));
            }
            break;
        };
        rest = after;
        let held = value;
        match fields.read(part, &mut value, rest) {
            Ok(()) => {}
            Err(Bad::Range(what)) => return Err(says(&format!(": {what} out of range"))),
            Err(Bad::Value) => return Err(cannot(shown, held)),
        }
    }
    fields.finish().map_err(|problem| says(&format!(": {problem}")))
}

/// `value` after the literal `prefix`, in which spaces stand for any number of them.
fn skip<'v>(mut value: &'v [u8], mut prefix: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    while let Some(first) = prefix.first() {
        if *first == b' ' {
            if value.first().is_some_and(|b| *b != b' ') {
                return Err(value);
            }
            prefix = cut_spaces(prefix);
            value = cut_spaces(value);
            continue;
        }
        if value.first() != Some(first) {
            return Err(value);
        }
        prefix = prefix.get(1..).unwrap_or_default();
        value = value.get(1..).unwrap_or_default();
    }
    Ok(value)
}

fn cut_spaces(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b" ") {
        text = rest;
    }
    text
}

/// Takes so many bytes.
fn take<'v>(value: &mut &'v [u8], count: usize) -> Read<&'v [u8]> {
    let (head, tail) = value.split_at_checked(count).ok_or(Bad::Value)?;
    *value = tail;
    Ok(head)
}

fn all_digits(text: &[u8]) -> Read<i64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Bad::Value);
    }
    Ok(text.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

/// Up to `most` digits; as many exactly, where it is `fixed`.
fn number(value: &mut &[u8], most: usize, fixed: bool) -> Read<i64> {
    let count = value.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || (fixed && count != most) {
        return Err(Bad::Value);
    }
    all_digits(take(value, count)?)
}

/// The place of a name at the head, in any case.
fn name(value: &mut &[u8], names: &[&str], length: Option<usize>) -> Read<i64> {
    for (at, name) in names.iter().enumerate() {
        let name = name.get(..length.unwrap_or(name.len())).unwrap_or(name).as_bytes();
        if value.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            take(value, name.len())?;
            return Ok(at as i64);
        }
    }
    Err(Bad::Value)
}

fn in_range(number: i64, range: std::ops::RangeInclusive<i64>, what: &'static str) -> Read<i64> {
    if range.contains(&number) { Ok(number) } else { Err(Bad::Range(what)) }
}

fn is_separator(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'.' | b','))
}

/// A separator and `count` digits, of which nine count.
fn nanoseconds(value: &mut &[u8], count: usize) -> Read<u32> {
    let text = take(value, count + 1)?;
    if !is_separator(text.first()) {
        return Err(Bad::Value);
    }
    let kept = text.get(1..(count + 1).min(10)).unwrap_or_default();
    // Go reads a sign there too.
    let (negative, digits) = match kept.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, kept),
    };
    let number = all_digits(digits)?;
    if negative && number > 0 {
        return Err(Bad::Range("fractional second"));
    }
    Ok((number as u32) * 10_u32.pow(9 - kept.len() as u32))
}

impl Fields {
    fn read(&mut self, part: Part, value: &mut &[u8], rest: &[u8]) -> Read<()> {
        match part {
            Part::Year => {
                let year = signed(take(value, 2)?)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Part::LongYear => {
                if !value.first().is_some_and(u8::is_ascii_digit) {
                    return Err(Bad::Value);
                }
                self.year = all_digits(take(value, 4)?)?;
            }
            Part::Month => self.month = Some(name(value, &MONTHS, Some(3))? + 1),
            Part::LongMonth => self.month = Some(name(value, &MONTHS, None)? + 1),
            Part::NumMonth | Part::ZeroMonth => {
                self.month = Some(in_range(number(value, 2, part == Part::ZeroMonth)?, 1..=12, "month")?);
            }
            Part::WeekDay => drop(name(value, &WEEKDAYS, Some(3))?),
            Part::LongWeekDay => drop(name(value, &WEEKDAYS, None)?),
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                if part == Part::UnderDay {
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                }
                self.day = Some(number(value, 2, part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                for _ in 0..2 {
                    if part == Part::UnderYearDay {
                        *value = value.strip_prefix(b" ").unwrap_or(value);
                    }
                }
                self.year_day = Some(number(value, 3, part == Part::ZeroYearDay)?);
            }
            Part::Hour => self.hour = in_range(number(value, 2, false)?, 0..=23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => self.hour = in_range(number(value, 2, part == Part::ZeroHour12)?, 0..=12, "hour")?,
            Part::Minute | Part::ZeroMinute => {
                self.minute = in_range(number(value, 2, part == Part::ZeroMinute)?, 0..=59, "minute")?
            }
            Part::Second | Part::ZeroSecond => self.seconds(part, value, rest)?,
            Part::Pm { small } => {
                self.afternoon = Some(match (take(value, 2)?, small) {
                    (b"PM", false) | (b"pm", true) => true,
                    (b"AM", false) | (b"am", true) => false,
                    _ => return Err(Bad::Value),
                });
            }
            Part::Name if value.starts_with(b"UTC") => {
                take(value, 3)?;
                self.utc = true;
            }
            Part::Name => {
                let length = zone_length(value).ok_or(Bad::Value)?;
                self.zone = Some(take(value, length)?.to_vec());
            }
            Part::Offset(form) => self.offset(form, value)?,
            Part::Fraction { digits, trim: false, .. } => self.nanos = nanoseconds(value, digits)?,
            Part::Fraction { .. } => {
                if is_separator(value.first()) && value.get(1).is_some_and(u8::is_ascii_digit) {
                    self.nanos = nanoseconds(value, value.iter().skip(1).take_while(|b| b.is_ascii_digit()).count())?;
                }
            }
        }
        Ok(())
    }

    /// Seconds may have a fraction that the layout does not have.
    fn seconds(&mut self, part: Part, value: &mut &[u8], rest: &[u8]) -> Read<()> {
        self.second = in_range(number(value, 2, part == Part::ZeroSecond)?, 0..=59, "second")?;
        if !is_separator(value.first()) || !value.get(1).is_some_and(u8::is_ascii_digit) {
            return Ok(());
        }
        if matches!(layout::next(rest).1, Some((Part::Fraction { .. }, _))) {
            return Ok(());
        }
        self.nanos = nanoseconds(value, value.iter().skip(1).take_while(|b| b.is_ascii_digit()).count())?;
        Ok(())
    }

    fn offset(&mut self, form: Offset, value: &mut &[u8]) -> Read<()> {
        if form.iso && value.starts_with(b"Z") {
            take(value, 1)?;
            self.utc = true;
            return Ok(());
        }
        let parts = 1 + usize::from(form.minutes) + usize::from(form.seconds);
        let length = 1 + parts * 2 + if form.colon { parts - 1 } else { 0 };
        let mut text = take(value, length)?;
        let sign = take(&mut text, 1)?;
        let mut numbers = [0; 3];
        let mut fits = true;
        for (at, place) in numbers.iter_mut().take(parts).enumerate() {
            if form.colon && at > 0 && take(&mut text, 1)? != b":" {
                return Err(Bad::Value);
            }
            // After a bad number no other is read.
            match take(&mut text, 2).and_then(all_digits) {
                Ok(number) if fits => *place = number,
                _ => fits = false,
            }
        }
        let [hours, minutes, seconds] = numbers;
        // Of what is out of range the last is reported, even before a bad number.
        in_range(seconds, 0..=60, "time zone offset second")?;
        in_range(minutes, 0..=60, "time zone offset minute")?;
        in_range(hours, 0..=24, "time zone offset hour")?;
        if !fits {
            return Err(Bad::Value);
        }
        let size = (hours * 60 + minutes) * 60 + seconds;
        self.offset = Some(match sign {
            b"+" => size,
            b"-" => -size,
            _ => return Err(Bad::Value),
        });
        Ok(())
    }

    fn finish(mut self) -> Result<(i64, u32), &'static str> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            self.apply_year_day(year_day)?;
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range");
        }
        let clock = (self.hour * 60 + self.minute) * 60 + self.second;
        let local = seconds(self.year, month, day) + clock;
        // -1 is Go's sign that no offset was read.
        let offset = if self.utc { 0 } else { self.offset.filter(|offset| *offset != -1).unwrap_or(0) };
        // A zone's name says nothing about its offset where the zone is not known, and only UTC is.
        Ok((local - offset, self.nanos))
    }

    fn apply_year_day(&mut self, year_day: i64) -> Result<(), &'static str> {
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        if self.month.is_some_and(|seen| seen != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|seen| seen != day) {
            return Err("day-of-year does not match day");
        }
        (self.month, self.day) = (Some(month), Some(day));
        Ok(())
    }
}

/// A number of two bytes, which may be a sign and a digit.
fn signed(text: &[u8]) -> Read<i64> {
    match text.split_first() {
        Some((b'-', digits)) => all_digits(digits).map(|n| -n),
        Some((b'+', digits)) => all_digits(digits),
        _ => all_digits(text),
    }
}

/// The length of what looks like a zone's abbreviation.
fn zone_length(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_length(rest));
    }
    if matches!(value.first(), Some(b'+' | b'-')) {
        return Some(signed_length(value)).filter(|length| *length > 0);
    }
    let upper = value.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
    match upper {
        5 if value.get(4) == Some(&b'T') => Some(5),
        4 if value.get(3) == Some(&b'T') || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and a number up to 23; 0 where there is none.
fn signed_length(value: &[u8]) -> usize {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let digits = value.iter().skip(1).take_while(|b| b.is_ascii_digit());
    let (count, number) =
        digits.fold((0, 0_u64), |(count, n), b| (count + 1, n.saturating_mul(10).saturating_add(u64::from(b - b'0'))));
    if count == 0 || number > 23 { 0 } else { count + 1 }
}
