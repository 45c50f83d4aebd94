//! What a running OPA has, by its own API: `GET /v1/policies` and `GET /v1/data` (OPA's `docs/rest-api.md`).
//!
//! The data API has no question for base documents alone: what it answers for `data` has the values of all rules in it. Those are taken
//! out again by the paths of the rules: OPA lets no base document stand at or below one.

use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use super::content::{field, read_json, text};
use super::http::{Answer, Server, Session, refusal};
use super::{Brought, Fetched};
use crate::error::{Error, ErrorKind, Result};
use crate::opa::Location as OpaLocation;
use crate::policy::Content;
use crate::rego::{Document, Module, Path, RegoVersion};

/// An OPA whose policies change while they are read is read again so often.
const ATTEMPTS: usize = 5;

/// How often it is asked, unless the caller says otherwise.
pub(super) const DELAYS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(20));

pub(super) struct Mirror {
    base: String,
    server: Server,
    /// The version of policies where OPA does not say; by OPA's own version, unless the caller said.
    rego_version: Option<RegoVersion>,
    max_bytes: u64,
    /// What was fetched last, and what is in force.
    fetched: Option<(Vec<u8>, Vec<u8>)>,
    held: Option<(Vec<u8>, Vec<u8>)>,
}

impl Mirror {
    pub(super) fn new(url: &str, config: &Config, max_bytes: u64) -> Result<Self> {
        let location = OpaLocation::parse(url)?;
        let server = Server::of_opa(&location, config);
        Ok(Self { base: location.base, server, rego_version: config.rego_version, max_bytes, fetched: None, held: None })
    }

    pub(super) fn fetch(&mut self) -> Result<Fetched> {
        let session = self.server.session(None);
        let get = |path: &str| self.get(&session, path);
        let mut policies = get("/v1/policies")?;
        for _ in 0..ATTEMPTS {
            let (system, data) = (get("/v1/data/system")?, get("/v1/data?provenance=true")?);
            let again = get("/v1/policies")?;
            if again == policies {
                return self.read(policies, &system, &data);
            }
            policies = again;
        }
        Err(Error::new(ErrorKind::Unavailable, "its policies change faster than they can be read; it is asked again later"))
    }

    fn get(&self, session: &Session<'_>, path: &str) -> Result<Vec<u8>> {
        let Answer { status, body, .. } = session.get(&format!("{}{path}", self.base), &[])?;
        if status == 200 {
            return Ok(body);
        }
        let message = serde_json::from_slice::<serde_json::Value>(&body).ok().map(|error| {
            let text = |name: &str| error.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            format!(": {} {}", text("code"), text("message"))
        });
        let refused = refusal(status);
        Err(Error::new(refused.kind(), format!("GET {path}: {refused}{}", message.unwrap_or_default())))
    }

    fn read(&mut self, policies: Vec<u8>, system: &[u8], data: &[u8]) -> Result<Fetched> {
        let answer = read_json("/v1/data", data, u64::MAX)?;
        let system = read_json("/v1/data/system", system, u64::MAX)?;
        // The answers' other fields change with each.
        let mut result = field(&answer, "result").cloned().unwrap_or_else(Document::empty_object);
        // The whole of data is without what OPA keeps of itself, and that says the versions of policies.
        if let (Document::Object(all), Some(system)) = (&result, field(&system, "result")) {
            result = Document::Object(Arc::new(all.with(b"system", system.clone())));
        }
        let now = (policies, super::digest::of_document("SHA-256", &result).unwrap_or_default());
        if self.held.as_ref() == Some(&now) {
            return Ok(Fetched::Same);
        }
        let version = self.rego_version.unwrap_or_else(|| default_version(&answer));
        let modules = read_policies(&now.0, &result, version)?;
        let bytes = data.len() as u64;
        if bytes > self.max_bytes {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("its data has {bytes} bytes; max_data_bytes is {}", self.max_bytes),
            ));
        }
        let revision = revisions(&answer);
        self.fetched = Some(now);
        let roots = vec![Path::new(Vec::new())];
        let content = Content { revision, roots, modules, data: result, has_rule_values: true, data_bytes: bytes, about: None };
        Ok(Fetched::New(Brought::Whole(content), bytes))
    }

    pub(super) fn accepted(&mut self) {
        if let Some(fetched) = self.fetched.take() {
            self.held = Some(fetched);
        }
    }
}

/// OPA before 1.0 read v0.
fn default_version(answer: &Document) -> RegoVersion {
    let version = field(answer, "provenance").and_then(|provenance| field(provenance, "version").and_then(text));
    match version {
        Some(version) if version.starts_with("0.") => RegoVersion::V0,
        _ => RegoVersion::V1,
    }
}

/// The revisions of its bundles, `name=revision` in order.
fn revisions(answer: &Document) -> String {
    let Some(Document::Object(bundles)) = field(answer, "provenance").and_then(|provenance| field(provenance, "bundles")) else {
        return String::new();
    };
    let each = bundles.keys().iter().zip(bundles.values()).map(|(name, bundle)| {
        format!("{}={}", text(name).unwrap_or_default(), field(bundle, "revision").and_then(text).unwrap_or_default())
    });
    each.collect::<Vec<_>>().join(",")
}

/// The policies, each in the version that OPA says it is in (`data.system.modules`, without the slash before its id).
fn read_policies(json: &[u8], data: &Document, default: RegoVersion) -> Result<Vec<Module>> {
    let bad = || Error::new(ErrorKind::SerializationError, "/v1/policies: the answer is not OPA's");
    let answer = read_json("/v1/policies", json, u64::MAX)?;
    let Some(Document::Array(list)) = field(&answer, "result") else { return Err(bad()) };
    let versions = field(data, "system").and_then(|system| field(system, "modules"));
    let each = list.elements().iter().map(|policy| {
        let said = |name: &str| field(policy, name).and_then(text);
        let (id, source) = (said("id").ok_or_else(bad)?, said("raw").ok_or_else(bad)?);
        let version =
            versions.and_then(|versions| field(versions, id.trim_matches('/'))).and_then(|module| field(module, "rego_version"));
        let version = match version {
            Some(Document::Int(0)) => RegoVersion::V0,
            Some(Document::Int(1)) => RegoVersion::V1,
            Some(Document::Int(2)) => RegoVersion::V2,
            _ => default,
        };
        Ok(Module { name: format!("opa/{}", id.trim_start_matches('/')).into(), source: source.into(), version })
    });
    each.collect()
}
