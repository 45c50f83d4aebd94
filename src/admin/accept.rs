//! Which format a scraper asks for, as the Prometheus client for Go reads `Accept`: the highest `q` decides, the first of equals.

use super::request::Request;
use crate::metrics::Format;

/// The format that is answered; plain text where the request says nothing that is offered.
pub(super) fn format(request: &Request<'_>) -> Format {
    let wanted = request.header("Accept").flat_map(|field| field.split(|byte| *byte == b',')).filter_map(wish);
    let best = wanted.reduce(|best, wish| if wish.1 > best.1 { wish } else { best });
    best.filter(|(_, weight)| *weight > 0).map_or(Format::Text, |(format, _)| format)
}

/// A media range and its weight in thousandths; `None` for what is not offered.
fn wish(range: &[u8]) -> Option<(Format, u32)> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let kind = parts.next()?.to_ascii_lowercase();
    let (mut version, mut weight) = (None, 1000);
    for part in parts {
        match super::request::split_once(part, b'=').map(|(name, value)| (name.to_ascii_lowercase(), unquoted(value))) {
            Some((name, value)) if name == b"version" => version = Some(value),
            Some((name, value)) if name == b"q" => weight = thousandths(value)?,
            _ => {}
        }
    }
    let format = match (kind.as_slice(), version) {
        (b"application/openmetrics-text", None | Some(b"1.0.0")) => Format::OpenMetrics,
        (b"text/plain", None | Some(b"0.0.4")) | (b"text/*" | b"*/*", _) => Format::Text,
        _ => return None,
    };
    Some((format, weight))
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// `1`, `0.5`, `0.123`.
fn thousandths(weight: &[u8]) -> Option<u32> {
    let (whole, fraction) = super::request::split_once(weight, b'.').unwrap_or((weight, b""));
    let digits = whole.iter().chain(fraction).chain(b"000").take(4).map(|byte| char::from(*byte).to_digit(10));
    let number = digits.collect::<Option<Vec<u32>>>()?.into_iter().fold(0, |number, digit| number * 10 + digit);
    (whole.len() == 1 && fraction.len() <= 3).then_some(number.min(1000))
}

#[cfg(test)]
mod tests {
    use super::{Format, Request, format};

    #[test]
    fn the_best_of_what_is_offered_is_answered() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, expected) in [
            (prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", Format::OpenMetrics),
            ("text/plain;q=0.4, application/openmetrics-text;q=0.5", Format::OpenMetrics),
            ("text/html, application/openmetrics-text;q=0.001", Format::OpenMetrics),
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html", Format::Text),
            ("text/plain, application/openmetrics-text", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.6", Format::Text),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("application/openmetrics-text;q=1e3", Format::Text),
            ("application/openmetrics-text;q=", Format::Text),
            (";;;,,q=1,=", Format::Text),
        ] {
            let headers = format!("Host: x\r\nAccept: {accept}\r\n");
            let request = Request { headers: headers.as_bytes(), ..Request::default() };
            assert_eq!(format(&request), expected, "{accept}");
        }
        assert_eq!(format(&Request::default()), Format::Text);
        let twice = b"Accept: text/html\r\naccept: application/openmetrics-text\r\n";
        assert_eq!(format(&Request { headers: twice, ..Request::default() }), Format::OpenMetrics);
    }
}
