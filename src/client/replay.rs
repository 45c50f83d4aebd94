//! Decides a log of decisions again, here, and says where the answers part.

use std::result;
use std::time::Instant;

use serde_json::{Value, json};

use super::Client;
use crate::error::{ErrorKind, Result};
use crate::policy::{EvaluateOptions, Target};
use crate::rego::value::{Arena, MAX_DEPTH, Style, read, write};
use crate::rego::{Limits, Outcome, Path};

/// So many differences are shown; all are counted.
const MAX_DIFFERENCES: usize = 100;

/// What came of a replay.
#[derive(Debug, Default)]
struct Report {
    events: u64,
    equal: u64,
    differing: u64,
    erased: u64,
    nondeterministic: u64,
    failed: u64,
    unreadable: u64,
    differences: Vec<Value>,
}

/// Why an event cannot be compared.
enum Skipped {
    /// A part of its input or result was masked.
    Erased,
    /// Its query reaches time, randomness or the network.
    Nondeterministic,
    /// One side had no answer: a limit, a remote that was away.
    Failed,
    /// It is no event of a decision log, or one of an ad hoc query.
    Unreadable,
}

/// What one side said.
#[derive(PartialEq, Eq)]
enum Answer {
    /// Compact JSON with sorted keys.
    Defined(Vec<u8>),
    Undefined,
    /// An evaluation failed; both sides' words for it may differ.
    Error,
}

/// One logged decision.
struct Logged {
    id: Value,
    path: Path,
    input: Option<Vec<u8>>,
    answer: Answer,
}

impl Client {
    /// Decides each event of `log` by the local engine: JSON lines, each an event of OPA's decision log (`EventV1`, ours or OPA's) or an array
    /// of them. Neither cache nor remote is asked.
    ///
    /// `{"events", "equal", "differing", "skipped": {"erased", "nondeterministic", "failed", "unreadable"}, "differences": […]}`: at most 100
    /// differences, `{"decision_id", "path", "logged", "local"}`, a side being `{"result"}`, `{"undefined": true}` or `{"error": true}`.
    ///
    /// # Errors
    /// `CLOSED`, also while it runs.
    pub fn replay(&self, log: &[u8]) -> Result<Value> {
        let mut report = Report::default();
        for line in log.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Value::Array(events)) => events.into_iter().try_for_each(|event| self.replay_event(event, &mut report))?,
                Ok(event) => self.replay_event(event, &mut report)?,
                Err(_) => report.count(Err(Skipped::Unreadable)),
            }
        }
        Ok(report.to_json())
    }

    fn replay_event(&self, event: Value, report: &mut Report) -> Result<()> {
        self.check_open()?;
        report.count(read_event(event).and_then(|logged| {
            let local = self.decide_again(&logged)?;
            Ok((logged, local))
        }));
        Ok(())
    }

    fn decide_again(&self, logged: &Logged) -> result::Result<Answer, Skipped> {
        let target = Target::Path(logged.path.clone());
        match self.engine.cacheable(&target, Instant::now()) {
            Ok((_, true)) => {}
            Ok((_, false)) => return Err(Skipped::Nondeterministic),
            Err(_) => return Err(Skipped::Failed),
        }
        let options = EvaluateOptions { timeout: Some(self.options.timeout), ..EvaluateOptions::default() };
        let mut result = Vec::new();
        match self.engine.evaluate(&target, logged.input.as_deref(), &options, &mut result) {
            Ok(evaluation) if evaluation.outcome == Outcome::Defined => Ok(Answer::Defined(result)),
            Ok(_) => Ok(Answer::Undefined),
            Err(error) if error.kind() == ErrorKind::EvaluationError => Ok(Answer::Error),
            Err(_) => Err(Skipped::Failed),
        }
    }
}

fn read_event(mut event: Value) -> result::Result<Logged, Skipped> {
    let is_erased = ["erased", "masked"].iter().any(|list| {
        let places = event.get(list).and_then(Value::as_array);
        places.is_some_and(|places| !places.is_empty())
    });
    let path = event.get("path").and_then(Value::as_str).ok_or(Skipped::Unreadable)?;
    let path = from_log(path).ok_or(Skipped::Unreadable)?;
    if is_erased {
        return Err(Skipped::Erased);
    }
    let answer = match (event.get("error").filter(|error| !error.is_null()), event.get("result")) {
        (Some(error), _) if is_evaluation_error(error) => Answer::Error,
        (Some(_), _) => return Err(Skipped::Failed),
        (None, Some(result)) => Answer::Defined(canonical(result).map_err(|_| Skipped::Unreadable)?),
        (None, None) => Answer::Undefined,
    };
    let input = event.get("input").map(|input| input.to_string().into_bytes());
    let id = event.get_mut("decision_id").map(Value::take).unwrap_or_default();
    Ok(Logged { id, path, input, answer })
}

/// `None` for a key that is badly escaped.
fn from_log(path: &str) -> Option<Path> {
    let keys = Path::from_slashes(path);
    keys.keys().iter().map(|key| percent_decoded(key)).collect::<Option<_>>().map(Path::new)
}

/// A percent sign that escapes nothing is itself: OPA's log has paths as they came.
fn percent_decoded(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// OPA's codes (`v1/topdown/errors.go`); sark names the kind beside its code.
fn is_evaluation_error(error: &Value) -> bool {
    let text = |key| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let code = text("code");
    text("message") == ErrorKind::EvaluationError.name() || code.starts_with("eval_") && code != "eval_cancel_error"
}

/// As the engine writes it.
fn canonical(result: &Value) -> Result<Vec<u8>> {
    let (arena, text) = (Arena::new(), result.to_string());
    let value = read(&arena, text.as_bytes(), Limits { max_bytes: u64::MAX, max_depth: MAX_DEPTH })?;
    let mut canonical = Vec::new();
    write(&value, Style::PLAIN, &mut canonical);
    Ok(canonical)
}

impl Report {
    fn count(&mut self, compared: result::Result<(Logged, Answer), Skipped>) {
        self.events += 1;
        let counter = match &compared {
            Ok((logged, local)) if logged.answer == *local => &mut self.equal,
            Ok((logged, local)) => {
                if self.differences.len() < MAX_DIFFERENCES {
                    self.differences.push(logged.difference(local));
                }
                &mut self.differing
            }
            Err(Skipped::Erased) => &mut self.erased,
            Err(Skipped::Nondeterministic) => &mut self.nondeterministic,
            Err(Skipped::Failed) => &mut self.failed,
            Err(Skipped::Unreadable) => &mut self.unreadable,
        };
        *counter += 1;
    }

    fn to_json(&self) -> Value {
        json!({
            "events": self.events, "equal": self.equal, "differing": self.differing, "differences": self.differences,
            "skipped": {
                "erased": self.erased, "nondeterministic": self.nondeterministic, "failed": self.failed, "unreadable": self.unreadable,
            },
        })
    }
}

impl Logged {
    fn difference(&self, local: &Answer) -> Value {
        json!({"decision_id": self.id, "path": self.path.to_slashes(), "logged": self.answer.to_json(), "local": local.to_json()})
    }
}

impl Answer {
    fn to_json(&self) -> Value {
        match self {
            Self::Defined(result) => json!({"result": serde_json::from_slice::<Value>(result).unwrap_or_default()}),
            Self::Undefined => json!({"undefined": true}),
            Self::Error => json!({"error": true}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::from_log;

    #[test]
    fn paths_are_read_as_they_are_logged() {
        for keys in [vec!["a", "b"], vec!["a/b", "c%d"], vec![], vec!["ü"]] {
            let path = crate::rego::Path::new(keys.iter().map(|&key| key.to_owned()).collect());
            assert_eq!(from_log(&path.to_slashes()), Some(path), "{keys:?}");
        }
        assert_eq!(from_log("/a/b").map(|path| path.to_string()).as_deref(), Some("data.a.b"));
        assert_eq!(from_log("a%").map(|path| path.keys().to_vec()), Some(vec!["a%".to_owned()]));
        assert_eq!(from_log("a%ff"), None);
    }
}
