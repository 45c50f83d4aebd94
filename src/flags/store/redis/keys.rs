//! The keys that are used, all under one prefix, which is what an ACL has to allow: `~feature:*`.
//!
//! | key | holds |
//! |---|---|
//! | `feature:{feature}:rollout_pct` | decimal text, `25` or `12.5`: what the seed's programs read and write |
//! | `feature:{feature}:rollout_formula` | the version of the formula, `1`; missing means 1 |
//! | `feature::sark` | the mark: while it is there, what is missing was removed, not lost |
//! | `feature::history` | a list of changes as JSON, the newest first, at most 1,000 |

/// The prefix of all keys.
pub(super) const PREFIX: &str = "feature:";
pub(super) const MARK: &str = "feature::sark";
pub(super) const HISTORY: &str = "feature::history";
/// Matches the percentages of all features.
pub(super) const ALL_PERCENTAGES: &str = "feature:*:rollout_pct";

const PERCENTAGE: &str = ":rollout_pct";
const FORMULA: &str = ":rollout_formula";

pub(super) fn percentage(feature: &str) -> String {
    format!("{PREFIX}{feature}{PERCENTAGE}")
}

pub(super) fn formula(feature: &str) -> String {
    format!("{PREFIX}{feature}{FORMULA}")
}

/// The feature that a key is about; `None` for other keys. The names of sark's own keys have an empty feature.
pub(super) fn feature(key: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?;
    let name = name.strip_suffix(PERCENTAGE).or_else(|| name.strip_suffix(FORMULA))?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_key_names_its_feature() {
        for name in ["rust_opa", "a:b", ":rollout_pct", "*", "имя"] {
            assert_eq!(super::feature(super::percentage(name).as_bytes()), Some(name));
            assert_eq!(super::feature(super::formula(name).as_bytes()), Some(name));
        }
        for other in [super::MARK, super::HISTORY, "feature::rollout_pct", "feature:x", "other:x:rollout_pct", ""] {
            assert_eq!(super::feature(other.as_bytes()), None, "{other}");
        }
    }
}
