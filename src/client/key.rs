//! Keys of the decision cache: exact bytes, so that two inputs that a policy can tell apart never share an entry.

use crate::policy::{Revision, Target};

/// Each part is preceded by its length, so that no two questions give the same bytes.
pub(super) fn local(revision: &Revision, target: &Target, input: Option<&[u8]>) -> Vec<u8> {
    let (kind, text) = match target {
        Target::Name(_) => (b'n', target.to_string()),
        Target::Path(_) => (b'p', target.to_string()),
    };
    let input_kind = if input.is_some() { b'i' } else { b'-' };
    let input = input.unwrap_or_default();
    let mut key = Vec::with_capacity(2 + 16 + Revision::MAX_LENGTH + text.len() + input.len());
    key.extend_from_slice(&[kind, input_kind]);
    for part in [revision.as_str().as_bytes(), text.as_bytes()] {
        key.extend_from_slice(&(part.len() as u64).to_le_bytes());
        key.extend_from_slice(part);
    }
    key.extend_from_slice(input);
    key
}
