//! Keys of the decision cache: exact bytes, so that two inputs that a policy can tell apart never share an entry.

use crate::policy::Revision;

/// Each part is preceded by its length, so that no two questions give the same bytes. `policy` is as the caller wrote it: a name is never
/// a path, and two spellings of one path have an entry each.
pub(super) fn local(revision: &Revision, policy: &str, input: Option<&[u8]>) -> Vec<u8> {
    let (kind, input) = (if input.is_some() { b'i' } else { b'-' }, input.unwrap_or_default());
    let mut key = Vec::with_capacity(1 + 16 + Revision::MAX_LENGTH + policy.len() + input.len());
    key.push(kind);
    for part in [revision.as_str().as_bytes(), policy.as_bytes()] {
        key.extend_from_slice(&(part.len() as u64).to_le_bytes());
        key.extend_from_slice(part);
    }
    key.extend_from_slice(input);
    key
}
