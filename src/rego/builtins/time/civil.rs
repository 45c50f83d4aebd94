//! Days and seconds of the Gregorian calendar, before its time too.

const DAY: i64 = 86_400;

/// A date and a clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    /// Days since 1970.
    days: i64,
}

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month, which is from 1 to 12.
pub(super) const fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Go counts years from here, so that none that it has is negative.
const FIRST_YEAR: u64 = 292_277_022_400;
/// Seconds from the first of March of that year to 1970, modulo `2^64` as in Go.
const EPOCH: i64 = {
    let days = (FIRST_YEAR as i128 * 3_652_425 / 10_000 + 306) + (1969 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400);
    -(days * DAY as i128) as i64
};

/// Seconds since 1970 at the start of a day. Months and days out of range go on into the next, and what does not fit wraps, as in Go.
pub(super) const fn seconds(year: i64, month: i64, day: i64) -> i64 {
    let months = month.wrapping_sub(1);
    let year = year.wrapping_add(months.div_euclid(12));
    let month = months.rem_euclid(12) as u64 + 1;
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month < 3 { (year.wrapping_sub(1), month + 12) } else { (year, month) };
    let year = (year as u64).wrapping_add(FIRST_YEAR);
    let day_of_year = (979 * month - 2919) >> 5;
    let days_of_centuries = 146_097_u64.wrapping_mul(year / 100) / 4;
    let days_of_years = 1461 * (year % 100) / 4;
    let days = days_of_centuries.wrapping_add(days_of_years + day_of_year).wrapping_add(day as u64).wrapping_sub(1);
    (days as i64).wrapping_mul(DAY).wrapping_add(EPOCH)
}

impl Civil {
    /// The date and the clock at so many seconds since 1970.
    pub(super) fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            days,
        }
    }

    pub(super) const fn seconds_of_day(&self) -> i64 {
        (self.hour * 60 + self.minute) * 60 + self.second
    }

    pub(super) fn weekday(&self) -> &'static str {
        let at = (self.days + 4).rem_euclid(7) as usize;
        WEEKDAYS.get(at).copied().unwrap_or_default()
    }

    pub(super) fn month_name(&self) -> &'static str {
        MONTHS.get(self.month as usize - 1).copied().unwrap_or_default()
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        (1..self.month).map(|month| days_in(month, self.year)).sum::<i64>() + self.day
    }
}
