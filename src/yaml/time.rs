//! Timestamps: the four forms that go-yaml takes, read as Go's `time.Parse` reads them.

/// The moment that `text` is, as JSON has it (RFC 3339); none where it is no timestamp.
pub(super) fn parse(text: &str) -> Option<String> {
    let mut rest = Rest(text);
    let year = rest.exactly(4)?;
    rest.skip('-')?;
    let month = rest.one_or_two(1, 12)?;
    rest.skip('-')?;
    let day = rest.one_or_two(1, days(year, month))?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    match rest.next() {
        None => Some(format!("{date}T00:00:00Z")),
        Some('T' | 't') => Some(format!("{date}T{}{}", rest.clock()?, rest.zone()?)),
        Some(' ') => {
            rest.0 = rest.0.trim_start_matches(' ');
            let clock = rest.clock()?;
            rest.0.is_empty().then(|| format!("{date}T{clock}Z"))
        }
        Some(_) => None,
    }
}

/// Whether JSON can hold a moment that has been parsed: a zone may be a day off the mark, and more, in Go, but not in RFC 3339.
pub(super) fn has_json(moment: &str) -> bool {
    moment.ends_with('Z') || moment.rsplit_once(['+', '-']).is_some_and(|(_, zone)| zone < "24")
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What of a timestamp is still to be read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }

    fn skip(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    fn exactly(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }

    fn one_or_two(&mut self, least: u32, most: u32) -> Option<u32> {
        let number = self.exactly(2).or_else(|| self.exactly(1))?;
        (least..=most).contains(&number).then_some(number)
    }

    /// `15:4:5.999999999`, all but the digits' number optional after the seconds; nanoseconds are the most that is kept.
    fn clock(&mut self) -> Option<String> {
        let hour = self.one_or_two(0, 23)?;
        self.skip(':')?;
        let minute = self.one_or_two(0, 59)?;
        self.skip(':')?;
        let second = self.one_or_two(0, 59)?;
        let mut clock = format!("{hour:02}:{minute:02}:{second:02}");
        if let Some(after) = self.0.strip_prefix(['.', ','])
            && after.starts_with(|c: char| c.is_ascii_digit())
        {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = after.get(..after.len() - rest.len())?;
            let kept = digits.get(..9).unwrap_or(digits).trim_end_matches('0');
            self.0 = rest;
            if !kept.is_empty() {
                clock.push('.');
                clock.push_str(kept);
            }
        }
        Some(clock)
    }

    /// `Z`, or `+01:00`, at the end.
    fn zone(&mut self) -> Option<String> {
        let zone = match self.next()? {
            'Z' => "Z".to_owned(),
            sign @ ('+' | '-') => {
                let hour = self.exactly(2)?;
                self.skip(':')?;
                let minutes = hour * 60 + self.exactly(2).filter(|minute| hour <= 24 && *minute <= 60)?;
                let (hour, minute) = (minutes / 60, minutes % 60);
                if minutes == 0 { "Z".to_owned() } else { format!("{sign}{hour:02}:{minute:02}") }
            }
            _ => return None,
        };
        self.0.is_empty().then_some(zone)
    }
}
