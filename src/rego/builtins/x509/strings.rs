//! The strings of ASN.1, in UTF-8.

pub(super) const UTF8: u32 = 12;
pub(super) const NUMERIC: u32 = 18;
pub(super) const PRINTABLE: u32 = 19;
pub(super) const T61: u32 = 20;
pub(super) const IA5: u32 = 22;
pub(super) const BMP: u32 = 30;

/// Two readers of Go's differ in what they say of the same texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// That of certificates.
    Certificate,
    /// `encoding/asn1`, which reads requests.
    Asn1,
}

/// The text of a string of that kind; `None` where it is no string.
pub(super) fn read(tag: u32, contents: &[u8], reader: Reader) -> Option<Result<String, String>> {
    let certificate = reader == Reader::Certificate;
    let ascii = |valid: bool, name: &str| match valid {
        true => Ok(String::from_utf8_lossy(contents).into_owned()),
        false if certificate => Err(format!("invalid {name}")),
        false => Err(format!("asn1: syntax error: {name} contains invalid character")),
    };
    Some(match tag {
        T61 => Ok(contents.iter().copied().map(char::from).collect()),
        PRINTABLE => ascii(contents.iter().copied().all(is_printable), "PrintableString"),
        NUMERIC => ascii(contents.iter().all(|b| b.is_ascii_digit() || *b == b' '), "NumericString"),
        IA5 => ascii(contents.is_ascii(), "IA5String"),
        UTF8 => {
            let problem = if certificate { "invalid UTF-8 string" } else { "asn1: invalid UTF-8 string" };
            String::from_utf8(contents.to_vec()).map_err(|_| problem.to_owned())
        }
        BMP => bmp(contents).ok_or_else(|| "invalid BMPString".to_owned()),
        _ => return None,
    })
}

/// Asterisks and ampersands do not belong, and are found in certificates.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()*&+,-./:=?".contains(&byte)
}

fn bmp(contents: &[u8]) -> Option<String> {
    let contents = if contents.len().is_multiple_of(2) { contents } else { return None };
    let contents = contents.strip_suffix(&[0, 0]).unwrap_or(contents);
    let point = |pair: &[u8]| {
        let code = pair.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte));
        let reserved = matches!(code, 0xfffe | 0xffff | 0xfdd0..=0xfdef);
        char::from_u32(code).filter(|_| !reserved)
    };
    contents.chunks(2).map(point).collect()
}
