//! The times of certificates.

use super::super::crypto::der::Der;
use super::super::time;

const UTC_TIME: u8 = 23;
const GENERALIZED_TIME: u8 = 24;

/// So long are a hundred years that begin between 1950 and 1969.
const CENTURY: i64 = 36_525 * 86_400;

/// 2050 in seconds since 1970: where two digits of a year mean the century before.
const YEAR_2050: i64 = 2_524_608_000;

/// A moment, and where on earth it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    /// Seconds east of Greenwich.
    offset: i64,
}

impl Moment {
    /// The moment that comes next.
    pub(super) fn next(der: &mut Der<'_>) -> Result<Self, &'static str> {
        if der.at(UTC_TIME) {
            let read =
                der.take(UTC_TIME).and_then(|text| of(text, b"060102150405Z0700").or_else(|| of(text, b"0601021504Z0700")));
            let moment = read.ok_or("x509: malformed UTCTime")?;
            let late = moment.seconds.saturating_add(moment.offset) >= YEAR_2050;
            return Ok(if late { Self { seconds: moment.seconds - CENTURY, ..moment } } else { moment });
        }
        if der.at(GENERALIZED_TIME) {
            let read = der.take(GENERALIZED_TIME).and_then(|text| of(text, b"20060102150405Z0700"));
            return read.ok_or("x509: malformed GeneralizedTime");
        }
        Err("x509: unsupported time format")
    }

    /// As JSON has it; Go has none for offsets of a day and more.
    pub(super) fn json(self) -> Result<String, String> {
        if self.offset.abs() >= 86_400 {
            let problem = "Time.MarshalJSON: timezone hour outside of range [0,23]";
            return Err(format!("json: error calling MarshalJSON for type time.Time: {problem}"));
        }
        Ok(time::rfc3339(self.seconds, self.offset))
    }
}

/// The moment of a text in that layout and in no other way of writing it.
fn of(text: &[u8], layout: &[u8]) -> Option<Moment> {
    let (digits, zone) = text.split_at_checked(layout.len().checked_sub(5)?)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 4 && rest.iter().all(u8::is_ascii_digit) => {
            let digit = |at: usize| rest.get(at).map_or(0, |b| i64::from(b - b'0'));
            let (hours, minutes) = (digit(0) * 10 + digit(1), digit(2) * 10 + digit(3));
            let seconds = (hours * 60 + minutes) * 60;
            if minutes > 59 || seconds == 0 {
                return None;
            }
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(Moment { seconds: time::seconds_by(layout, text).ok()?, offset })
}

/// A time among the values of a request, as JSON has it. Go also takes fractions of seconds there.
pub(super) fn any(tag: u32, text: &[u8]) -> Result<String, String> {
    let layouts: [&[u8]; 2] =
        if tag == u32::from(UTC_TIME) { [b"0601021504Z0700", b"060102150405Z0700"] } else { [b"20060102150405Z0700"; 2] };
    let read = layouts.iter().find_map(|layout| of(text, layout));
    let Some(moment) = read else {
        let layout: &[u8] = if tag == u32::from(UTC_TIME) { b"060102150405Z0700" } else { b"20060102150405.999999999Z0700" };
        time::seconds_by(layout, text)?;
        return Err("asn1: time did not serialize back to the original value and may be invalid".to_owned());
    };
    let early = tag == u32::from(UTC_TIME) && moment.seconds.saturating_add(moment.offset) >= YEAR_2050;
    if early { Moment { seconds: moment.seconds - CENTURY, ..moment }.json() } else { moment.json() }
}
