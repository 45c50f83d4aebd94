//! Go's layouts: an example of a moment, whose parts say how to show others.

pub(super) const RFC3339: &[u8] = b"2006-01-02T15:04:05Z07:00";
pub(super) const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

/// The layout of a name that OPA knows, or `layout` itself.
pub(super) fn named(layout: &[u8]) -> &[u8] {
    match layout {
        b"ANSIC" => b"Mon Jan _2 15:04:05 2006",
        b"UnixDate" => b"Mon Jan _2 15:04:05 MST 2006",
        b"RubyDate" => b"Mon Jan 02 15:04:05 -0700 2006",
        b"RFC822" => b"02 Jan 06 15:04 MST",
        b"RFC822Z" => b"02 Jan 06 15:04 -0700",
        b"RFC850" => b"Monday, 02-Jan-06 15:04:05 MST",
        b"RFC1123" => b"Mon, 02 Jan 2006 15:04:05 MST",
        b"RFC1123Z" => b"Mon, 02 Jan 2006 15:04:05 -0700",
        b"RFC3339" => RFC3339,
        b"RFC3339Nano" => RFC3339_NANO,
        _ => layout,
    }
}

/// A part of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    /// `PM`, or `pm` where it is small.
    Pm {
        small: bool,
    },
    /// `MST`.
    Name,
    Offset(Offset),
    /// So many digits of a second after `separator`; without zeros at the end, where `trim` says so.
    Fraction {
        digits: usize,
        trim: bool,
        separator: u8,
    },
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` for none.
    pub(super) iso: bool,
    pub(super) colon: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// The text before a part, the part and its text, and the text after.
pub(super) type Step<'l> = (&'l [u8], Option<(Part, &'l [u8])>, &'l [u8]);

/// The first part of `layout`.
pub(super) fn next(layout: &[u8]) -> Step<'_> {
    for at in 0..layout.len() {
        let rest = layout.get(at..).unwrap_or_default();
        if let Some((skip, length, part)) = part_at(rest) {
            let (before, tail) = layout.split_at(at + skip);
            let (text, after) = tail.split_at(length - skip);
            return (before, Some((part, text)), after);
        }
    }
    (layout, None, b"")
}

/// The part at the head of `rest`, where there is one: what of it is literal, its length, and what it is.
fn part_at(rest: &[u8]) -> Option<(usize, usize, Part)> {
    let simple = |texts: &[(&[u8], Part)]| {
        texts.iter().find(|(text, _)| rest.starts_with(text)).map(|(text, part)| (0, text.len(), *part))
    };
    let word_ends = |length: usize| !rest.get(length).is_some_and(u8::is_ascii_lowercase);
    match rest.first()? {
        b'J' => simple(&[(b"January", Part::LongMonth)]).or_else(|| simple(&[(b"Jan", Part::Month)]).filter(|_| word_ends(3))),
        b'M' => simple(&[(b"Monday", Part::LongWeekDay)])
            .or_else(|| simple(&[(b"Mon", Part::WeekDay)]).filter(|_| word_ends(3)))
            .or_else(|| simple(&[(b"MST", Part::Name)])),
        b'0' => simple(&[
            (b"01", Part::ZeroMonth),
            (b"02", Part::ZeroDay),
            (b"03", Part::ZeroHour12),
            (b"04", Part::ZeroMinute),
            (b"05", Part::ZeroSecond),
            (b"06", Part::Year),
            (b"002", Part::ZeroYearDay),
        ]),
        b'1' => simple(&[(b"15", Part::Hour), (b"1", Part::NumMonth)]),
        b'2' => simple(&[(b"2006", Part::LongYear), (b"2", Part::Day)]),
        b'_' if rest.starts_with(b"_2006") => Some((1, 5, Part::LongYear)),
        b'_' => simple(&[(b"_2", Part::UnderDay), (b"__2", Part::UnderYearDay)]),
        b'3' => Some((0, 1, Part::Hour12)),
        b'4' => Some((0, 1, Part::Minute)),
        b'5' => Some((0, 1, Part::Second)),
        b'P' => simple(&[(b"PM", Part::Pm { small: false })]),
        b'p' => simple(&[(b"pm", Part::Pm { small: true })]),
        first @ (b'-' | b'Z') => offset(rest.get(1..)?, *first == b'Z'),
        separator @ (b'.' | b',') => fraction(rest, *separator),
        _ => None,
    }
}

fn offset(digits: &[u8], iso: bool) -> Option<(usize, usize, Part)> {
    let forms: [(&[u8], bool, bool, bool); 5] = [
        (b"070000", false, true, true),
        (b"07:00:00", true, true, true),
        (b"0700", false, true, false),
        (b"07:00", true, true, false),
        (b"07", false, false, false),
    ];
    let (text, colon, minutes, seconds) = forms.into_iter().find(|(text, ..)| digits.starts_with(text))?;
    Some((0, text.len() + 1, Part::Offset(Offset { iso, colon, minutes, seconds })))
}

/// Zeros or nines after a point, that no other digit follows.
fn fraction(rest: &[u8], separator: u8) -> Option<(usize, usize, Part)> {
    let digit = *rest.get(1).filter(|b| matches!(b, b'0' | b'9'))?;
    let digits = rest.iter().skip(1).take_while(|b| **b == digit).count();
    if rest.get(digits + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((0, digits + 1, Part::Fraction { digits, trim: digit == b'9', separator }))
}
