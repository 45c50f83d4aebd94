//! The cases of a test whose value is an object of them: what the value says of each, and those that never came to a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure_of;
use crate::rego::Failure;

/// Cases by their names.
#[derive(Default)]
pub(super) struct SubResults(BTreeMap<String, SubResult>);

#[derive(Default)]
struct SubResult {
    fail: bool,
    /// Whether its value is `null`, of which OPA says nothing, not even the name.
    is_null: bool,
    failure: Option<Failure>,
    below: SubResults,
}

impl SubResults {
    /// Whether one failed, and all of them.
    pub(super) fn new(value: &Value, cases: BTreeMap<Vec<String>, Option<Failure>>) -> (bool, Self) {
        let (mut failed, mut all) = Self::of_value(value);
        for (names, failure) in cases {
            failed |= all.add(&names, failure);
        }
        (failed, all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Recurses no deeper than the value nests, which whoever read it has bounded.
    fn of_value(value: &Value) -> (bool, Self) {
        match value {
            Value::Null => (true, Self::default()),
            Value::Object(cases) => {
                let all: BTreeMap<_, _> = cases.iter().map(|(name, value)| (name.clone(), SubResult::of_value(value))).collect();
                (all.values().any(|case| case.fail), Self(all))
            }
            _ => (false, Self::default()),
        }
    }

    /// A case that the test came to: one that the value lacks failed. Whether it did; one without a name always does.
    fn add(&mut self, names: &[String], failure: Option<Failure>) -> bool {
        let Some((name, rest)) = names.split_first() else { return true };
        let case = self.0.entry(name.clone()).or_insert_with(|| SubResult { fail: true, ..SubResult::default() });
        if rest.is_empty() {
            case.failure = failure.filter(|_| case.fail);
            return case.fail;
        }
        let failed = case.below.add(rest, failure);
        case.fail |= failed;
        failed
    }

    pub(super) fn to_json(&self) -> Value {
        Value::Object(self.0.iter().map(|(name, case)| (name.clone(), case.to_json(name))).collect())
    }
}

impl SubResult {
    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self { is_null: true, ..Self::default() },
            Value::Bool(passed) => Self { fail: !passed, ..Self::default() },
            Value::Object(_) => {
                let (fail, below) = SubResults::of_value(value);
                Self { fail, below, ..Self::default() }
            }
            _ => Self { fail: true, ..Self::default() },
        }
    }

    fn to_json(&self, name: &str) -> Value {
        let mut object = Map::new();
        if !self.is_null && !name.is_empty() {
            object.insert("name".to_owned(), name.into());
        }
        if self.fail {
            object.insert("fail".to_owned(), true.into());
        }
        if let Some(failure) = &self.failure {
            object.insert("failure".to_owned(), failure_of(failure));
        }
        if !self.below.is_empty() {
            object.insert("sub_results".to_owned(), self.below.to_json());
        }
        Value::Object(object)
    }
}
