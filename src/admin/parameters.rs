//! A request's parameters, from its query string, its JSON body, or both: each known, at most once in either, and of its type.

mod query;

use serde_json::Value;

use super::problem::Problem;
use super::request::{Request, split_once};
use super::routes::{Method, Route};
use super::{MAX_BODY, json};
use crate::flags::{Force, MAX_HISTORY, Percentage};

/// The longest name of a feature, in bytes, as the flags have it.
const MAX_FEATURE: usize = 256;

/// The longest reason, in characters: the history is kept in the store.
const MAX_WHY: usize = 500;

/// How many changes are listed where nobody says.
const DEFAULT_LIMIT: usize = 100;

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Feature,
    Percentage,
    Why,
    Side,
    Limit,
}

impl Name {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Percentage => "percentage",
            Self::Why => "why",
            Self::Side => "side",
            Self::Limit => "limit",
        }
    }
}

/// What was given of the parameters that a route knows.
#[derive(Default)]
pub(super) struct Parameters {
    query: Vec<(Name, String)>,
    body: Vec<(Name, Value)>,
}

/// Reads what a request gives to a route.
pub(super) fn read(route: &Route, query: Option<&[u8]>, request: &Request<'_>) -> Result<Parameters, Problem> {
    if request.body.len() > MAX_BODY {
        return Err(Problem::body_too_large());
    }
    let mut parameters = Parameters::default();
    for (name, value) in query::read(query.unwrap_or_default())? {
        add(&mut parameters.query, route, &name, value)?;
    }
    if request.body.is_empty() {
        return Ok(parameters);
    }
    if route.method != Method::Post {
        return Err(Problem::field("body", "this route takes no body"));
    }
    if !is_json(request) {
        return Err(Problem::wrong_content_type());
    }
    let fields = json::flat_object(request.body).map_err(|e| Problem::field("body", format!("body: {e}")))?;
    for (name, value) in fields {
        add(&mut parameters.body, route, &name, value)?;
    }
    Ok(parameters)
}

fn add<T>(given: &mut Vec<(Name, T)>, route: &Route, name: &str, value: T) -> Result<(), Problem> {
    let known = route.parameters.iter().find(|known| known.text() == name);
    let known = *known.ok_or_else(|| {
        let all: Vec<&str> = route.parameters.iter().map(|known| known.text()).collect();
        let all = if all.is_empty() { "no parameters".to_owned() } else { all.join(", ") };
        Problem::field(name, format!("this route does not know \"{name}\"; it takes {all}"))
    })?;
    if given.iter().any(|(other, _)| *other == known) {
        return Err(Problem::field(name, format!("{name}: it stands there more than once")));
    }
    given.push((known, value));
    Ok(())
}

/// Whether the body is said to be JSON, in UTF-8 as JSON is.
fn is_json(request: &Request<'_>) -> bool {
    let mut fields = request.header("Content-Type");
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let mut parts = field.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case(b"application/json"));
    let is_fine = |parameter: &[u8]| match split_once(parameter, b'=') {
        Some((name, value)) if name.eq_ignore_ascii_case(b"charset") => {
            value.eq_ignore_ascii_case(b"utf-8") || value.eq_ignore_ascii_case(b"\"utf-8\"")
        }
        _ => true,
    };
    is_json && parts.all(is_fine)
}

impl Parameters {
    /// One parameter, of which both sources say the same if both say something.
    fn get<T: PartialEq>(
        &self,
        name: Name,
        from_text: impl Fn(&str) -> Result<T, String>,
        from_json: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Problem> {
        let unfit = |problem: String| Problem::field(name.text(), format!("{}: {problem}", name.text()));
        let of = |given: &Name| *given == name;
        let query = self.query.iter().find(|(n, _)| of(n)).map(|(_, text)| from_text(text)).transpose().map_err(unfit)?;
        let body = self.body.iter().find(|(n, _)| of(n)).map(|(_, json)| from_json(json)).transpose().map_err(unfit)?;
        match (query, body) {
            (Some(query), Some(body)) if query != body => {
                Err(unfit("the query string and the body contradict each other".into()))
            }
            (query, body) => Ok(query.or(body)),
        }
    }

    fn text(&self, name: Name, check: impl Fn(&str) -> Result<(), String>) -> Result<Option<String>, Problem> {
        let checked = |text: &str| check(text).map(|()| text.to_owned());
        self.get(name, checked, |json| checked(json.as_str().ok_or_else(|| "it must be a text".to_owned())?))
    }

    pub(super) fn feature_if_any(&self) -> Result<Option<String>, Problem> {
        self.text(Name::Feature, |feature| match feature.len() {
            1..=MAX_FEATURE => Ok(()),
            _ => Err(format!("a feature's name has 1 to {MAX_FEATURE} bytes")),
        })
    }

    pub(super) fn feature(&self) -> Result<String, Problem> {
        self.feature_if_any()?.ok_or_else(|| missing(Name::Feature))
    }

    /// Empty where nobody said.
    pub(super) fn why(&self) -> Result<String, Problem> {
        let why = self.text(Name::Why, |why| match why.chars().count() {
            0..=MAX_WHY => Ok(()),
            _ => Err(format!("a reason has at most {MAX_WHY} characters")),
        });
        why.map(Option::unwrap_or_default)
    }

    pub(super) fn percentage(&self) -> Result<Percentage, Problem> {
        let from_text = |text: &str| text.parse().map_err(|e| problem_of(&e));
        let from_json = |json: &Value| {
            let number = json.as_f64().ok_or_else(|| "it must be a number".to_owned())?;
            Percentage::new(number).map_err(|e| problem_of(&e))
        };
        self.get(Name::Percentage, from_text, from_json)?.ok_or_else(|| missing(Name::Percentage))
    }

    /// `None` is the word for no side; leaving the parameter out is a mistake.
    pub(super) fn side(&self) -> Result<Option<Force>, Problem> {
        let unfit = || "it must be \"local\", \"remote\" or \"none\"".to_owned();
        let from_text = |text: &str| match text {
            "none" => Ok(None),
            _ => text.parse().map(Some).map_err(|_| unfit()),
        };
        let from_json = |json: &Value| match json {
            Value::Null => Ok(None),
            Value::String(text) => from_text(text),
            _ => Err(unfit()),
        };
        self.get(Name::Side, from_text, from_json)?.ok_or_else(|| missing(Name::Side))
    }

    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let unfit = || format!("it must be a whole number from 1 to {MAX_HISTORY}");
        let check = |limit: Option<usize>| limit.filter(|l| (1..=MAX_HISTORY).contains(l)).ok_or_else(unfit);
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let limit = self.get(Name::Limit, |text| check(digits(text)), |_| Err(unfit()))?;
        Ok(limit.unwrap_or(DEFAULT_LIMIT))
    }
}

fn missing(name: Name) -> Problem {
    Problem::field(name.text(), format!("{}: it is missing", name.text()))
}

/// An error's text without the name of the parameter, which is put before it again.
fn problem_of(error: &crate::error::Error) -> String {
    let message = error.message();
    message.split_once(": ").map_or(message, |(_, problem)| problem).to_owned()
}
