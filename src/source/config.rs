//! How a source is followed: a JSON object with OPA's names (its configuration's `bundles`, `services` and `keys`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::rego::RegoVersion;

/// The largest file of a bundle, and the most that all may take (OPA's `DefaultSizeLimitBytes`).
const SIZE_LIMIT: u64 = 1 << 30;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);
const MAX_SECONDS: f64 = 1e9;

/// What is done with decisions once a source is older than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WhenStale {
    /// Go on by what is there, and say so.
    #[default]
    Serve,
    /// Leave them to the remote OPA.
    Remote,
    /// Decide nothing.
    Deny,
}

impl WhenStale {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Remote => "remote",
            Self::Deny => "deny",
        }
    }
}

/// A key that verifies bundles.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: String,
    /// A public key or a certificate in PEM, or a shared secret.
    pub(super) key: String,
    pub(super) scope: String,
}

/// How bundles are verified.
#[derive(Clone, Default)]
pub(super) struct Signing {
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) key_id: String,
    pub(super) scope: String,
    pub(super) exclude_files: Vec<String>,
}

/// How often is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Polling {
    pub(super) delays: Option<(Duration, Duration)>,
    pub(super) long_poll: Option<Duration>,
}

/// Who asks.
#[derive(Clone, Default)]
pub(super) struct Service {
    pub(super) token: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) ca_file: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Service {
    pub(super) fn is_given(&self) -> bool {
        let Self { token, token_file, ca_file, cert_file, key_file, headers } = self;
        let has_tls = ca_file.is_some() || cert_file.is_some() || key_file.is_some();
        token.is_some() || token_file.is_some() || has_tls || !headers.is_empty()
    }
}

/// All of it.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) name: Option<String>,
    pub(super) rego_version: Option<RegoVersion>,
    pub(super) roots: Option<Vec<String>>,
    pub(super) ignore: Vec<String>,
    pub(super) polling: Polling,
    pub(super) signing: Option<Signing>,
    pub(super) service: Service,
    pub(super) size_limit_bytes: u64,
    pub(super) persistence_directory: Option<PathBuf>,
    pub(super) max_staleness: Option<Duration>,
    pub(super) when_stale: WhenStale,
    pub(super) response_timeout: Duration,
    pub(super) download_timeout: Duration,
}

impl Config {
    /// Reads it. What it does not know it refuses: a name that is misspelt may be the one that asks for signatures.
    pub(super) fn parse(json: Option<&[u8]>) -> Result<Self> {
        let value = match json {
            None => Value::Object(Map::new()),
            Some(json) => serde_json::from_slice(json).map_err(|e| bad("config", format_args!("not JSON: {e}")))?,
        };
        let mut fields = Fields::of("config", value)?;
        let keys = fields.object("keys")?.map(keys).transpose()?;
        let signing = fields.object("signing")?;
        let config = Self {
            name: fields.text("name")?,
            rego_version: fields.text("rego_version")?.map(|text| rego_version(&text)).transpose()?,
            roots: fields.texts("roots")?,
            ignore: fields.texts("ignore")?.unwrap_or_else(|| vec!["..*".to_owned()]),
            polling: fields.object("polling")?.map(polling).transpose()?.unwrap_or_default(),
            signing: verification(keys, signing)?,
            service: service(&mut fields)?,
            size_limit_bytes: fields.number("size_limit_bytes")?.unwrap_or(SIZE_LIMIT),
            persistence_directory: fields.text("persistence_directory")?.map(PathBuf::from),
            max_staleness: fields.seconds("max_staleness_seconds")?,
            when_stale: fields.text("when_stale")?.map(|text| when_stale(&text)).transpose()?.unwrap_or_default(),
            response_timeout: fields.seconds("response_header_timeout_seconds")?.unwrap_or(RESPONSE_TIMEOUT),
            download_timeout: fields.seconds("download_timeout_seconds")?.unwrap_or(DOWNLOAD_TIMEOUT),
        };
        fields.end()?;
        Ok(config)
    }
}

fn bad(name: &str, problem: impl std::fmt::Display) -> Error {
    Error::invalid(name, problem)
}

fn rego_version(text: &str) -> Result<RegoVersion> {
    match text {
        "v0" => Ok(RegoVersion::V0),
        "v1" => Ok(RegoVersion::V1),
        "v2" => Ok(RegoVersion::V2),
        _ => Err(bad("config.rego_version", "it is v0, v1 or v2")),
    }
}

fn when_stale(text: &str) -> Result<WhenStale> {
    let known = [WhenStale::Serve, WhenStale::Remote, WhenStale::Deny].into_iter().find(|action| action.name() == text);
    known.ok_or_else(|| bad("config.when_stale", "it is serve, remote or deny"))
}

fn keys(fields: Fields) -> Result<BTreeMap<String, Key>> {
    let place = fields.place.clone();
    let mut keys = BTreeMap::new();
    for (id, value) in fields.rest {
        let mut fields = Fields::of(&format!("{place}.{id}"), value)?;
        let algorithm = fields.text("algorithm")?.unwrap_or_else(|| "RS256".to_owned());
        let key =
            fields.text("key")?.ok_or_else(|| bad(&fields.place, "it has no key; give a public key in PEM, or a secret"))?;
        let scope = fields.text("scope")?.unwrap_or_default();
        fields.end()?;
        super::signature::check_key(&algorithm, &key).map_err(|problem| bad(&format!("{place}.{id}"), problem))?;
        keys.insert(id, Key { algorithm, key, scope });
    }
    if keys.is_empty() { Err(bad(&place, "there is no key")) } else { Ok(keys) }
}

/// Whoever has a key wants signatures, a `signing` block or not.
fn verification(keys: Option<BTreeMap<String, Key>>, signing: Option<Fields>) -> Result<Option<Signing>> {
    let Some(keys) = keys else {
        return match signing {
            None => Ok(None),
            Some(fields) => Err(bad(&fields.place, "there are no keys to verify with; give keys")),
        };
    };
    let mut found = Signing { keys, ..Signing::default() };
    if let Some(mut fields) = signing {
        found.key_id = fields.text("keyid")?.unwrap_or_default();
        found.scope = fields.text("scope")?.unwrap_or_default();
        found.exclude_files = fields.texts("exclude_files")?.unwrap_or_default();
        if !found.key_id.is_empty() && !found.keys.contains_key(&found.key_id) {
            return Err(bad(&fields.place, format_args!("key id {} not found in keys", found.key_id)));
        }
        fields.end()?;
    }
    Ok(Some(found))
}

fn polling(mut fields: Fields) -> Result<Polling> {
    let delays = match (fields.seconds("min_delay_seconds")?, fields.seconds("max_delay_seconds")?) {
        (None, None) => None,
        (Some(min), Some(max)) if min <= max => Some((min, max)),
        (Some(_), Some(_)) => return Err(bad(&fields.place, "max_delay_seconds must be at least min_delay_seconds")),
        _ => return Err(bad(&fields.place, "min_delay_seconds and max_delay_seconds go together")),
    };
    let long_poll = fields.seconds("long_polling_timeout_seconds")?;
    if long_poll.is_some_and(|wait| wait < Duration::from_secs(1)) {
        return Err(bad(&fields.place, "long_polling_timeout_seconds must be at least 1"));
    }
    fields.end()?;
    Ok(Polling { delays, long_poll })
}

fn service(fields: &mut Fields) -> Result<Service> {
    let mut service = Service::default();
    if let Some(mut credentials) = fields.object("credentials")? {
        if let Some(mut bearer) = credentials.object("bearer")? {
            service.token = bearer.text("token")?;
            service.token_file = bearer.text("token_path")?.map(PathBuf::from);
            bearer.end()?;
        }
        if let Some(mut client) = credentials.object("client_tls")? {
            service.cert_file = client.text("cert")?;
            service.key_file = client.text("private_key")?;
            client.end()?;
        }
        credentials.end()?;
    }
    if let Some(mut tls) = fields.object("tls")? {
        service.ca_file = tls.text("ca_cert")?;
        tls.end()?;
    }
    if let Some(headers) = fields.object("headers")? {
        let place = headers.place.clone();
        for (name, value) in headers.rest {
            let Value::String(value) = value else { return Err(bad(&place, format_args!("{name} is not text"))) };
            service.headers.push((name, value));
        }
    }
    Ok(service)
}

/// The fields of an object that were not taken yet.
struct Fields {
    place: String,
    rest: Map<String, Value>,
}

impl Fields {
    fn of(place: &str, value: Value) -> Result<Self> {
        match value {
            Value::Object(rest) => Ok(Self { place: place.to_owned(), rest }),
            _ => Err(bad(place, "it must be an object")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, wanted: &str) -> Error {
        bad(&format!("{}.{name}", self.place), format_args!("it must be {wanted}"))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "text, and not empty")),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let texts =
            value.as_array().map(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        texts.flatten().map(Some).ok_or_else(|| self.wrong(name, "a list of texts"))
    }

    fn object(&mut self, name: &str) -> Result<Option<Self>> {
        let place = format!("{}.{name}", self.place);
        self.take(name).map(|value| Self::of(&place, value)).transpose()
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        value.as_u64().filter(|number| *number > 0).map(Some).ok_or_else(|| self.wrong(name, "a whole number above 0"))
    }

    fn seconds(&mut self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= MAX_SECONDS);
        seconds
            .map(|seconds| Some(Duration::from_secs_f64(seconds)))
            .ok_or_else(|| self.wrong(name, "a number of seconds above 0"))
    }

    fn end(self) -> Result<()> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(name) => Err(bad(&self.place, format_args!("there is no setting \"{name}\""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn problem(json: &str) -> String {
        Config::parse(Some(json.as_bytes())).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_not_known_or_half_said_is_refused() {
        for (json, says) in [
            ("[]", "config: it must be an object"),
            ("{", "config: not JSON"),
            (r#"{"singing": {}}"#, r#"there is no setting "singing""#),
            (r#"{"signing": {}}"#, "config.signing: there are no keys"),
            (r#"{"keys": {}}"#, "config.keys: there is no key"),
            (r#"{"keys": {"k": {"algorithm": "none", "key": "x"}}}"#, "config.keys.k: "),
            (r#"{"keys": {"k": {"algorithm": "HS256", "key": "x"}}, "signing": {"keyid": "other"}}"#, "key id other not found"),
            (r#"{"keys": {"k": {"key": "no PEM"}}}"#, "config.keys.k: "),
            (
                r#"{"signing": {"allow_unsigned_delta_bundles": true}, "keys": {"k": {"algorithm": "HS256", "key": "x"}}}"#,
                "no setting",
            ),
            (r#"{"polling": {"min_delay_seconds": 2}}"#, "go together"),
            (r#"{"polling": {"min_delay_seconds": 2, "max_delay_seconds": 1}}"#, "at least min_delay_seconds"),
            (r#"{"polling": {"long_polling_timeout_seconds": 0.5}}"#, "at least 1"),
            (r#"{"max_staleness_seconds": -1}"#, "config.max_staleness_seconds: it must be a number of seconds above 0"),
            (r#"{"when_stale": "allow"}"#, "serve, remote or deny"),
            (r#"{"rego_version": "v3"}"#, "v0, v1 or v2"),
            (r#"{"name": ""}"#, "config.name"),
        ] {
            let problem = problem(json);
            assert!(problem.contains(says), "{json}: {problem}");
        }
        assert_eq!(problem(r#"{"keys": {"k": {"algorithm": "HS256", "key": "x"}}, "signing": null}"#), "");
    }
}
