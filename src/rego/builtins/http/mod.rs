//! `http.send` (OPA's `v1/topdown/http.go`): a request to a host that the engine allows, an answer that is the same throughout a query, and
//! answers that outlive it where the request wants so.
//!
//! ```text
//!  object ──► operand ──► Request ──► network ──► Response ──► object
//!                tls                   fresh: until when it may be kept
//! ```

mod fresh;
mod operand;
mod tls;

pub(super) use operand::{KEYS, none_of};

use std::sync::Arc;

use super::super::budget::Exceeded;
use super::super::network::{Network, Problem, Request, Response, Stored};
use super::super::value::{Entries, ObjectBuilder, Value, first_value, is_json, unmarshal};
use super::operand::object;
use super::{Context, Failure, Outcome, Reach};
use crate::yaml;

/// Codes of errors that are answers.
const INTERNAL: &str = "eval_http_send_internal_error";
const NETWORK: &str = "eval_http_send_network_error";

/// Why a request gave no answer.
#[derive(Debug, Clone)]
enum Trouble {
    /// An error of the builtin's, which as an answer says where the call stands.
    Placed(Failure),
    /// One that does not.
    Plain(String),
    /// Go's `url.Error`.
    Url(Problem),
    /// An answer whose body cannot be read: an error of the builtin's, which is no other request's.
    Body(Failure),
    /// The evaluation ends.
    Stop(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Operand(_) | Failure::Builtin(_) => Self::Placed(failure),
            failure => Self::Stop(failure),
        }
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Url { .. } => Self::Url(problem),
            Problem::Body(problem) => Self::Body(Failure::Builtin(problem)),
            Problem::Other(problem) => Self::Plain(problem),
            Problem::Deadline => Self::Stop(Exceeded::Deadline.into()),
        }
    }
}

/// What requests of a query gave, by what they are known by: the same throughout it.
#[derive(Debug, Default)]
pub(super) struct Sent<'a>(Vec<(Vec<u8>, Result<Value<'a>, Trouble>)>);

impl<'a> Sent<'a> {
    fn get(&self, key: &[u8]) -> Option<Result<Value<'a>, Trouble>> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, result)| result.clone())
    }
}

/// Sends a request.
pub(super) fn send<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let request = object(operands, 1)?;
    let raises = operand::raises_errors(request)?;
    let network = match ctx.reach() {
        Reach::Elsewhere => return Err(Failure::Elsewhere),
        Reach::Closed => None,
        Reach::Open(network) => Some(network),
    };
    let answer = answer(ctx, network, request);
    match answer {
        Ok(value) => Ok(value),
        Err(Trouble::Stop(failure)) => Err(failure),
        Err(trouble) if raises => Err(trouble.raised()),
        Err(trouble) => trouble.answer(ctx),
    }
}

impl Trouble {
    /// As an error of the builtin.
    fn raised(self) -> Failure {
        match self {
            Self::Placed(failure) | Self::Body(failure) | Self::Stop(failure) => failure,
            Self::Plain(problem) => Failure::Builtin(problem),
            // So that nobody wonders whose time was over.
            Self::Url(Problem::Url { operation, url, is_timeout: true, .. }) => {
                Failure::Builtin(format!("{operation} {url}: request timed out"))
            }
            Self::Url(problem) => Failure::Builtin(problem.text()),
        }
    }

    /// As an answer.
    fn answer<'a>(self, ctx: &mut Context<'a>) -> Outcome<'a> {
        match self {
            Self::Placed(failure) | Self::Body(failure) => Err(Failure::Placed(Box::new(failure))),
            Self::Stop(failure) => Err(failure),
            Self::Plain(problem) => Ok(error_answer(ctx, INTERNAL, &problem)),
            Self::Url(problem) => Ok(error_answer(ctx, NETWORK, &problem.text())),
        }
    }
}

fn error_answer<'a>(ctx: &Context<'a>, code: &'static str, message: &str) -> Value<'a> {
    let mut error = ObjectBuilder::default();
    error.insert(Value::String(b"code"), Value::String(code.as_bytes()));
    error.insert(Value::String(b"message"), Value::string(ctx.arena, message));
    let mut answer = ObjectBuilder::default();
    answer.insert(Value::String(b"status_code"), Value::Int(0));
    answer.insert(Value::String(b"error"), error.build(ctx.arena));
    answer.build(ctx.arena)
}

/// An error as an answer that says where the call stands.
pub(super) fn placed<'a>(ctx: &Context<'a>, failure: &Failure, location: &str) -> Value<'a> {
    let (code, problem) = match failure {
        Failure::Operand(problem) => ("eval_type_error", problem.as_str()),
        Failure::Builtin(problem) => ("eval_builtin_error", problem.as_str()),
        _ => ("eval_internal_error", ""),
    };
    error_answer(ctx, INTERNAL, &format!("{location}: {code}: http.send: {problem}"))
}

/// A request, and how its answer is read and kept.
struct Call<'a> {
    network: Option<Arc<Network>>,
    request: Entries<'a>,
    key: Vec<u8>,
    /// Whether answers outlive the query.
    is_kept: bool,
    forced_seconds: i32,
}

fn answer<'a>(ctx: &mut Context<'a>, network: Option<Arc<Network>>, request: Entries<'a>) -> Result<Value<'a>, Trouble> {
    operand::check_keys(ctx, request)?;
    let key = operand::cache_key(ctx, request).map_err(|failure| match failure {
        Failure::Builtin(problem) => Trouble::Plain(problem),
        failure => failure.into(),
    })?;
    let is_forced = operand::boolean(request, "force_cache");
    let is_kept = operand::boolean(request, "cache")?;
    let forced_seconds = if is_forced.clone()? { operand::forced_seconds(request)? } else { 0 };
    let call = Call { network, request, key, is_kept: is_kept || is_forced?, forced_seconds };
    match ctx.remembered().sent.get(&call.key) {
        Some(known) => known,
        None => call.run(ctx),
    }
}

impl<'a> Call<'a> {
    fn run(&self, ctx: &mut Context<'a>) -> Result<Value<'a>, Trouble> {
        if self.is_kept {
            let decodes = Decodes::of(self.request)?;
            let kept = self.kept(ctx, decodes);
            match kept {
                Ok(None) => {}
                Ok(Some(value)) => return self.remember(ctx, Ok(value)),
                Err(trouble) => return self.remember(ctx, Err(trouble)),
            }
        }
        let sent = self.send(ctx, &[]);
        let response = match sent {
            Ok(response) => response,
            Err(trouble) => return self.remember(ctx, Err(trouble)),
        };
        let value = Decodes::of(self.request)?.value(ctx, &response)?;
        if self.is_kept {
            // What cannot be kept is no error: the query has its answer.
            self.keep(ctx, response).ok();
            return self.remember(ctx, Ok(value));
        }
        if fresh::is_cacheable(response.code) { self.remember(ctx, Ok(value)) } else { Ok(value) }
    }

    fn remember(&self, ctx: &mut Context<'a>, result: Result<Value<'a>, Trouble>) -> Result<Value<'a>, Trouble> {
        if !matches!(result, Err(Trouble::Stop(_) | Trouble::Body(_))) {
            ctx.remembered().sent.0.push((self.key.clone(), result.clone()));
        }
        result
    }

    fn send(&self, ctx: &mut Context<'a>, more: &[(&str, String)]) -> Result<Response, Trouble> {
        let verify = |host: &str| match &self.network {
            Some(network) => network.verify(host),
            None => Err(super::super::network::disallowed(host)),
        };
        let mut request: Request = operand::read(self.request, &verify)?;
        for (name, value) in more {
            request.headers.retain(|(own, _)| own != name);
            request.headers.push(((*name).to_owned(), value.clone().into_bytes()));
        }
        let Some(network) = &self.network else { return Err(Trouble::Plain(super::super::network::disallowed(""))) };
        request.retries = operand::retries(self.request).map_err(unplaced)?;
        let response = network.send(request, ctx.budget.deadline())?;
        ctx.charge(response.body.len() / 16)?;
        Ok(response)
    }

    /// What an earlier query left, where it is fresh or the server says that it still holds.
    fn kept(&self, ctx: &mut Context<'a>, decodes: Decodes) -> Result<Option<Value<'a>>, Trouble> {
        let Some(own) = self.network.as_ref().map(|network| network.own()) else { return Ok(None) };
        let Some(stored) = own.responses().get(&self.key) else { return Ok(None) };
        if i128::from(ctx.clock.now_ns()) < stored.expires {
            return decodes.value(ctx, &stored.response).map(Some).map_err(Trouble::from);
        }
        let asked = self.revalidate(ctx, &stored.response);
        own.responses().remove(&self.key);
        let Some(response) = asked? else { return Ok(None) };
        let value = match response.code {
            304 => {
                let mut renewed = stored.response.clone();
                renewed.headers.retain(|(name, _)| response.header(name).is_none());
                renewed.headers.extend(response.headers.iter().cloned());
                let expires = fresh::expires(&response, self.forced_seconds, ctx.clock.now_ns()).map_err(Trouble::Plain)?;
                let value = decodes.value(ctx, &renewed)?;
                operand::check_caching_mode(self.request).map_err(unplaced)?;
                own.responses().put(&self.key, Stored { response: renewed, expires });
                value
            }
            _ => {
                let value = decodes.value(ctx, &response)?;
                self.keep(ctx, response)?;
                value
            }
        };
        Ok(Some(value))
    }

    /// Asks the server whether an answer still holds; `None` where it cannot be asked, or says neither that nor what holds now.
    fn revalidate(&self, ctx: &mut Context<'a>, stored: &Response) -> Result<Option<Response>, Trouble> {
        let conditions = [("If-None-Match", stored.text("etag")), ("If-Modified-Since", stored.text("last-modified"))];
        let conditions: Vec<_> = conditions.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if conditions.is_empty() {
            return Ok(None);
        }
        let response = self.send(ctx, &conditions)?;
        Ok(Some(response).filter(|response| matches!(response.code, 200 | 304)))
    }

    /// Leaves an answer to later queries, where it may be.
    fn keep(&self, ctx: &mut Context<'a>, response: Response) -> Result<(), Trouble> {
        let Some(network) = &self.network else { return Ok(()) };
        if !fresh::is_cacheable(response.code) || self.forced_seconds <= 0 && fresh::is_private(&response) {
            return Ok(());
        }
        operand::check_caching_mode(self.request).map_err(unplaced)?;
        let expires = fresh::expires(&response, self.forced_seconds, ctx.clock.now_ns()).map_err(Trouble::Plain)?;
        network.own().responses().put(&self.key, Stored { response, expires });
        Ok(())
    }
}

fn unplaced(failure: Failure) -> Trouble {
    match failure {
        Failure::Builtin(problem) => Trouble::Plain(problem),
        failure => failure.into(),
    }
}

/// What a body is read as, whatever its type says.
#[derive(Debug, Clone, Copy)]
struct Decodes {
    json: bool,
    yaml: bool,
}

impl Decodes {
    fn of(request: Entries<'_>) -> Result<Self, Failure> {
        Ok(Self { json: operand::boolean(request, "force_json_decode")?, yaml: operand::boolean(request, "force_yaml_decode")? })
    }

    fn value<'a>(self, ctx: &mut Context<'a>, response: &Response) -> Outcome<'a> {
        let raw: &'a [u8] = ctx.arena.alloc_slice_copy(&response.body);
        let body = self.body(ctx, response, raw)?;
        let mut object = ObjectBuilder::default();
        object.insert(Value::String(b"status"), Value::string(ctx.arena, &response.status));
        object.insert(Value::String(b"status_code"), Value::Int(response.code.into()));
        object.insert(Value::String(b"body"), body);
        object.insert(Value::String(b"raw_body"), Value::String(raw));
        object.insert(Value::String(b"headers"), headers(ctx, response));
        Ok(object.build(ctx.arena))
    }

    /// The body's value; null where it has none.
    fn body<'a>(self, ctx: &mut Context<'a>, response: &Response, raw: &'a [u8]) -> Outcome<'a> {
        let kind = response.text("content-type");
        let is_json = self.json || is_json_type(&kind);
        let is_yaml = self.yaml || kind.contains("application/yaml") || kind.contains("application/x-yaml");
        if !is_json && !is_yaml {
            return Ok(Value::Null);
        }
        ctx.charge(raw.len() / 8 + 1)?;
        ctx.reserve(raw.len().saturating_mul(12))?;
        let value = if is_json { first_value(ctx.arena, raw) } else { yaml_value(ctx, raw)? };
        Ok(value.unwrap_or(Value::Null))
    }
}

/// What a text of YAML says; of JSON, too.
fn yaml_value<'a>(ctx: &mut Context<'a>, text: &'a [u8]) -> Result<Option<Value<'a>>, Failure> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if is_json(text) {
        return Ok(first_value(ctx.arena, text));
    }
    ctx.reserve(text.len().saturating_mul(32))?;
    let Ok(json) = yaml::to_json(text) else { return Ok(None) };
    Ok(unmarshal(ctx.arena, ctx.arena.alloc_slice_copy(&json)).ok())
}

/// Whether a media type is JSON's: `application/json`, `application/…+json`.
fn is_json_type(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((main, sub)) = kind.split_once('/') else { return false };
    main == "application" && !sub.contains('/') && (sub == "json" || sub.ends_with("+json"))
}

/// Headers by their names in lower case, each with its values in order.
fn headers<'a>(ctx: &Context<'a>, response: &Response) -> Value<'a> {
    let mut object = ObjectBuilder::default();
    for (at, (name, _)) in response.headers.iter().enumerate() {
        let is_first = response.headers.iter().position(|(own, _)| own == name) == Some(at);
        if is_first {
            let own = response.headers.iter().filter(|(own, _)| own == name);
            let values: Vec<Value<'a>> = own.map(|(_, value)| Value::string(ctx.arena, value)).collect();
            object.insert(Value::string(ctx.arena, name), Value::array(ctx.arena, &values));
        }
    }
    object.build(ctx.arena)
}
