//! Addresses of mail, as RFC 2821 writes them and certificates do.

/// The part before the `@`, without quotes and escapes, and the domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mailbox {
    pub(super) local: Vec<u8>,
    pub(super) domain: Vec<u8>,
}

impl Mailbox {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (local, rest) = match text.strip_prefix(b"\"") {
            Some(rest) => quoted(rest)?,
            None => atoms(text)?,
        };
        let domain = rest.strip_prefix(b"@")?;
        is_domain(domain).then(|| Self { local, domain: domain.to_ascii_lowercase() })
    }
}

/// What is in quotes, and what follows.
fn quoted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    loop {
        let (byte, rest) = text.split_first()?;
        text = rest;
        match byte {
            b'"' => return Some((local, text)),
            b'\\' => {
                let (escaped, rest) = text.split_first()?;
                if !matches!(escaped, 1..=9 | 11 | 12 | 14..=127) {
                    return None;
                }
                local.push(*escaped);
                text = rest;
            }
            1..=8 | 11 | 12 | 14..=33 | 35..=91 | 93..=127 => local.push(*byte),
            _ => return None,
        }
    }
}

/// Words with periods between them, and what follows; a backslash takes any byte.
fn atoms(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    while let Some((byte, rest)) = text.split_first() {
        let (byte, rest) = match byte {
            b'\\' => rest.split_first()?,
            byte if byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(byte) => (byte, rest),
            _ => break,
        };
        local.push(*byte);
        text = rest;
    }
    let sound = !local.is_empty()
        && local.first() != Some(&b'.')
        && local.last() != Some(&b'.')
        && !local.windows(2).any(|pair| pair == b"..");
    sound.then_some((local, text))
}

/// Labels of visible bytes; none at all is one, too.
fn is_domain(domain: &[u8]) -> bool {
    domain.is_empty()
        || domain.split(|b| *b == b'.').all(|label| !label.is_empty() && label.iter().all(|b| matches!(b, 33..=126)))
}
