//! A change of a dial, as history keeps it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::percentage::Percentage;

/// How many changes a store keeps; older ones are forgotten.
pub const MAX_HISTORY: usize = 1000;

/// Who changes a dial, and why; empty where nobody said.
#[derive(Debug, Clone, Copy, Default)]
pub struct By<'a> {
    /// The person, token or program.
    pub who: &'a str,
    /// The reason, for whoever reads the history.
    pub why: &'a str,
}

/// A change that a store has confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The feature.
    pub feature: String,
    /// The percentage before; `None` where the feature was not set, or held no percentage.
    pub from: Option<Percentage>,
    /// The percentage from now on.
    pub to: Percentage,
    /// Who changed it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When, by the clock of the process that changed it.
    pub when: Timestamp,
}

impl Change {
    pub(super) fn now(feature: &str, from: Option<Percentage>, to: Percentage, by: By<'_>) -> Self {
        Self { feature: feature.into(), from, to, who: by.who.into(), why: by.why.into(), when: Timestamp::now() }
    }

    /// `{"when": RFC 3339, "feature", "from": number or null, "to", "who", "why"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "when": self.when.to_string(),
            "feature": self.feature,
            "from": self.from.map(Value::from),
            "to": Value::from(self.to),
            "who": self.who,
            "why": self.why,
        })
    }

    /// Reads what `to_json` wrote; `None` for anything else.
    pub(super) fn from_json(json: &Value) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let percentage = |name: &str| json.get(name).and_then(Value::as_f64).and_then(|p| Percentage::new(p).ok());
        Some(Self {
            feature: text("feature")?.into(),
            from: percentage("from"),
            to: percentage("to")?,
            who: text("who").unwrap_or_default().into(),
            why: text("why").unwrap_or_default().into(),
            when: text("when")?.parse().ok()?,
        })
    }
}
