//! The object that `http.send` is asked by (OPA's `v1/topdown/http.go`): which keys there may be, and what each of them says.

use std::time::Duration;

use super::super::super::network::Request;
use super::super::super::value::number::to_i64;
use super::super::super::value::{Entries, ObjectBuilder, SetBuilder, Style, Value, quote, text, unwritable, write};
use super::super::operand::{error, fail};
use super::super::time::parse_duration;
use super::super::uri::Target;
use super::super::{Context, Failure};
use super::tls::Tls;

/// A request's time where it names none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a request may have. AWS signs such requests.
pub(in super::super) const KEYS: &[&str] = &[
    "body",
    "cache",
    "cache_ignored_headers",
    "caching_mode",
    "enable_redirect",
    "force_cache",
    "force_cache_duration_seconds",
    "force_json_decode",
    "force_yaml_decode",
    "headers",
    "max_retry_attempts",
    "method",
    "raise_error",
    "raw_body",
    "timeout",
    "tls_ca_cert",
    "tls_ca_cert_env_variable",
    "tls_ca_cert_file",
    "tls_client_cert",
    "tls_client_cert_env_variable",
    "tls_client_cert_file",
    "tls_client_key",
    "tls_client_key_env_variable",
    "tls_client_key_file",
    "tls_insecure_skip_verify",
    "tls_server_name",
    "tls_use_system_certs",
    "url",
];

/// Refuses keys that mean nothing, and the lack of others.
pub(super) fn check_keys<'a>(ctx: &mut Context<'a>, request: Entries<'a>) -> Result<(), Failure> {
    ctx.charge(request.len())?;
    let is_known = |key: &Value<'_>| key.as_bytes().is_some_and(|key| KEYS.iter().any(|known| known.as_bytes() == key));
    none_of(ctx, request.keys().iter().filter(|key| !is_known(key)), 1, "invalid request parameters(s)")?;
    let lacks = ["method", "url"].into_iter().filter(|key| request.get_str(key.as_bytes()).is_none());
    none_of(ctx, lacks.map(|key| Value::String(key.as_bytes())), 1, "missing required request parameters(s)")
}

/// The error that names keys, where there are any.
pub(in super::super) fn none_of<'a>(
    ctx: &Context<'a>,
    keys: impl Iterator<Item = Value<'a>>,
    position: usize,
    problem: &str,
) -> Result<(), Failure> {
    let mut set = SetBuilder::default();
    let mut any = false;
    for key in keys {
        set.insert(key);
        any = true;
    }
    if any { Err(error(position, format_args!("{problem}: {}", text(&set.build(ctx.arena))))) } else { Ok(()) }
}

/// A boolean under a key; false where there is none.
pub(super) fn boolean(request: Entries<'_>, key: &str) -> Result<bool, Failure> {
    match request.get_str(key.as_bytes()) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(value),
        Some(_) => Err(fail(format!("invalid value for \"{key}\" field"))),
    }
}

/// Whether errors are errors of the builtin, rather than a part of what it gives.
pub(super) fn raises_errors(request: Entries<'_>) -> Result<bool, Failure> {
    match request.get_str(b"raise_error") {
        None => Ok(true),
        Some(Value::Bool(value)) => Ok(value),
        Some(_) => Err(fail("invalid value for raise_error field")),
    }
}

/// How long an answer is to be kept, whatever its headers say.
pub(super) fn forced_seconds(request: Entries<'_>) -> Result<i32, Failure> {
    let Some(value) = request.get_str(b"force_cache_duration_seconds") else {
        return Err(fail("'force_cache' set but 'force_cache_duration_seconds' parameter is missing"));
    };
    let written = text(&value);
    written.parse().map_err(|_| {
        let problem = if begins_too_large(&written) { "value out of range" } else { "invalid syntax" };
        fail(format!("strconv.ParseInt: parsing {}: {problem}", quote(written.as_bytes())))
    })
}

/// Whether a text that is no `i32` begins with a number too large for one, which Go finds before anything else that is wrong with it.
fn begins_too_large(text: &str) -> bool {
    let mut number = 0_u64;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return false;
        }
        number = number * 10 + u64::from(byte - b'0');
        if number > u32::MAX.into() {
            return true;
        }
    }
    !digits.is_empty()
}

/// Refuses a way of keeping answers that there is not. Both that there are do the same here.
pub(super) fn check_caching_mode(request: Entries<'_>) -> Result<(), Failure> {
    match request.get_str(b"caching_mode") {
        None | Some(Value::String(b"serialized" | b"deserialized")) => Ok(()),
        Some(Value::String(other)) => {
            Err(fail(format!("invalid value specified for \"caching_mode\" field: {}", String::from_utf8_lossy(other))))
        }
        Some(_) => Err(fail("invalid value for \"caching_mode\" field")),
    }
}

/// What an answer is known by: the request without the headers that do not count.
pub(super) fn cache_key<'a>(ctx: &mut Context<'a>, request: Entries<'a>) -> Result<Vec<u8>, Failure> {
    let headers = request.get_str(b"headers");
    let ignored = request.get_str(b"cache_ignored_headers").filter(|_| headers.is_some());
    let mut key = ObjectBuilder::default();
    request.iter().for_each(|(name, value)| key.insert(name, value));
    key.insert(Value::String(b"cache_ignored_headers"), Value::Null);
    if let (Some(ignored), Some(headers)) = (ignored, headers) {
        let Some(ignored) = ignored.as_array().filter(|names| names.iter().all(|name| name.as_bytes().is_some())) else {
            return Err(fail("cache_ignored_headers must be an array of strings"));
        };
        let Some(headers) = headers.as_object() else { return Err(fail("invalid type for headers key")) };
        ctx.charge(headers.len().saturating_mul(ignored.len()))?;
        let mut counted = ObjectBuilder::default();
        for (name, value) in headers.iter().filter(|(name, _)| ignored.find(name).is_none()) {
            counted.insert(name, value);
        }
        key.insert(Value::String(b"headers"), counted.build(ctx.arena));
    }
    let written = text(&key.build(ctx.arena)).into_bytes();
    ctx.charge(written.len() / 8)?;
    ctx.reserve(written.len())?;
    Ok(written)
}

/// What a request says, key by key.
struct Reading<'a> {
    method: String,
    target: Option<Target>,
    body: Vec<u8>,
    has_raw_body: bool,
    headers: Option<Entries<'a>>,
    follows_redirects: bool,
    timeout: Duration,
    tls: Tls,
}

/// Reads a request whose keys were checked. `verify` says whether a host may be asked.
pub(super) fn read<'a>(request: Entries<'a>, verify: &dyn Fn(&str) -> Result<(), String>) -> Result<Request, Failure> {
    let mut reading = Reading {
        method: String::new(),
        target: None,
        body: Vec::new(),
        has_raw_body: false,
        headers: None,
        follows_redirects: false,
        timeout: TIMEOUT,
        tls: Tls::default(),
    };
    for (key, value) in request.iter() {
        reading.take(key.as_bytes().unwrap_or_default(), &key, &value, verify)?;
    }
    reading.request()
}

impl<'a> Reading<'a> {
    fn take(
        &mut self,
        name: &[u8],
        key: &Value<'_>,
        value: &Value<'a>,
        verify: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(), Failure> {
        match name {
            b"body" if !self.has_raw_body => self.body = json(value)?,
            b"raw_body" => {
                self.has_raw_body = true;
                self.body = string(key, value)?;
            }
            b"url" => {
                let target = Target::parse(string(key, value)?).map_err(fail)?;
                verify(&target.host).map_err(fail)?;
                self.target = Some(target);
            }
            b"method" => self.method = word(key, value)?.to_uppercase(),
            b"enable_redirect" => self.follows_redirects = flag(value)?,
            b"headers" => self.headers = Some(value.as_object().ok_or_else(|| fail("invalid type for headers key"))?),
            b"timeout" => self.timeout = timeout(value)?,
            name if name.starts_with(b"tls_") => self.take_tls(name, key, value)?,
            _ => {}
        }
        Ok(())
    }

    fn take_tls(&mut self, name: &[u8], key: &Value<'_>, value: &Value<'_>) -> Result<(), Failure> {
        let tls = &mut self.tls;
        match name {
            b"tls_use_system_certs" => tls.use_system_certs = flag(value)?,
            b"tls_insecure_skip_verify" => tls.insecure_skip_verify = flag(value)?,
            b"tls_server_name" => tls.server_name = word(key, value)?,
            b"tls_ca_cert" => tls.ca_cert.text = string(key, value)?,
            b"tls_ca_cert_file" => tls.ca_cert.file = word(key, value)?,
            b"tls_ca_cert_env_variable" => tls.ca_cert.variable = word(key, value)?,
            b"tls_client_cert" => tls.client_cert.text = string(key, value)?,
            b"tls_client_cert_file" => tls.client_cert.file = word(key, value)?,
            b"tls_client_cert_env_variable" => tls.client_cert.variable = word(key, value)?,
            b"tls_client_key" => tls.client_key.text = string(key, value)?,
            b"tls_client_key_file" => tls.client_key.file = word(key, value)?,
            b"tls_client_key_env_variable" => tls.client_key.variable = word(key, value)?,
            _ => {}
        }
        Ok(())
    }

    fn request(mut self) -> Result<Request, Failure> {
        if self.tls.server_name.is_empty() {
            let host = self.headers.iter().flat_map(|headers| headers.iter()).find(|(name, _)| canonical_of(name) == "Host");
            let host = host.and_then(|(_, host)| host.as_bytes()).unwrap_or_default();
            self.tls.server_name = String::from_utf8_lossy(host).into_owned();
        }
        let trust = self.tls.trust()?;
        if !self.method.bytes().all(is_token) {
            return Err(fail(format!("net/http: invalid method {}", quote(self.method.as_bytes()))));
        }
        // There is one: `check_keys` came before.
        let target = self.target.ok_or_else(|| error(1, "missing required request parameters(s): {\"url\"}"))?;
        Ok(Request {
            method: self.method,
            target,
            headers: self.headers.map(headers).transpose()?.unwrap_or_default(),
            body: self.body,
            follows_redirects: self.follows_redirects,
            timeout: (!self.timeout.is_zero()).then_some(self.timeout),
            trust,
            server_name: self.tls.server_name,
            retries: 0,
        })
    }
}

/// How often a request that failed is sent again.
pub(super) fn retries(request: Entries<'_>) -> Result<usize, Failure> {
    let Some(value) = request.get_str(b"max_retry_attempts") else { return Ok(0) };
    let int = if value.is_number() { to_i64(&value) } else { None };
    let retries = int.and_then(|int| usize::try_from(int).ok());
    retries.ok_or_else(|| fail(format!("invalid value {} for field \"max_retry_attempts\"", text(&value))))
}

/// A value as Go's `encoding/json` writes it.
fn json(value: &Value<'_>) -> Result<Vec<u8>, Failure> {
    if let Some(number) = unwritable(value) {
        return Err(fail(format!("json: invalid number literal, trying to marshal {}", quote(number.as_bytes()))));
    }
    let mut out = Vec::new();
    write(value, Style::HTML, &mut out);
    Ok(out)
}

/// A string, without the quotes that may stand around it within.
fn string(key: &Value<'_>, value: &Value<'_>) -> Result<Vec<u8>, Failure> {
    let Some(bytes) = value.as_bytes() else { return Err(fail(format!("{} must be a string", text(key)))) };
    let start = bytes.iter().position(|byte| *byte != b'"').unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| *byte != b'"').map_or(start, |last| last + 1);
    Ok(bytes.get(start..end).unwrap_or_default().to_vec())
}

fn word(key: &Value<'_>, value: &Value<'_>) -> Result<String, Failure> {
    string(key, value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What Go's `strconv.ParseBool` makes of a value's text.
fn flag(value: &Value<'_>) -> Result<bool, Failure> {
    let text = text(value);
    match text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(fail(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text.as_bytes())))),
    }
}

fn headers(entries: Entries<'_>) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::with_capacity(entries.len());
    for (name, value) in entries.iter() {
        let Some(value) = value.as_bytes() else {
            return Err(fail(format!("invalid type for headers value {}", quoted(&value))));
        };
        let name = canonical_of(&name);
        // Two names that differ in capitals alone are one header.
        headers.retain(|(own, _)| *own != name);
        headers.push((name, value.to_vec()));
    }
    Ok(headers)
}

fn canonical_of(name: &Value<'_>) -> String {
    let shown = text(name);
    canonical(&String::from_utf8_lossy(name.as_bytes().unwrap_or(shown.as_bytes())))
}

/// A value as Go's `%q` shows what `encoding/json` made of it.
fn quoted(value: &Value<'_>) -> String {
    let all = |parts: &mut dyn Iterator<Item = String>| parts.collect::<Vec<_>>().join(" ");
    match value {
        Value::Null => "%!q(<nil>)".to_owned(),
        Value::Bool(value) => format!("%!q(bool={value})"),
        Value::String(text) => quote(text),
        value => match (value.as_object(), value.as_array().or_else(|| value.as_set())) {
            (Some(entries), _) => {
                let key = |key: &Value<'_>| key.as_bytes().map_or_else(|| quote(text(key).as_bytes()), quote);
                format!("map[{}]", all(&mut entries.iter().map(|(name, value)| format!("{}:{}", key(&name), quoted(&value)))))
            }
            (_, Some(elements)) => format!("[{}]", all(&mut elements.iter().map(|element| quoted(&element)))),
            _ => quote(text(value).as_bytes()),
        },
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A header's name as Go's `CanonicalHeaderKey` has it: `content-type` is `Content-Type`; a name that is none stays as it is.
fn canonical(name: &str) -> String {
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut upper = true;
    let letter = |byte: u8| {
        let letter = if upper { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        upper = byte == b'-';
        char::from(letter)
    };
    name.bytes().map(letter).collect()
}

/// Nanoseconds, as a number or in a string, or a duration as Go writes it.
fn timeout(value: &Value<'_>) -> Result<Duration, Failure> {
    let nanoseconds = match value {
        Value::String(bytes) => match integer(bytes) {
            Some(nanoseconds) => nanoseconds,
            None => parse_duration(bytes).map_err(|problem| fail(format!("invalid timeout value {}: {problem}", text(value))))?,
        },
        value if value.is_number() => {
            to_i64(value).ok_or_else(|| fail(format!("invalid timeout number value {}, must be int64", text(value))))?
        }
        other => {
            return Err(error(1, format_args!("'timeout' must be one of {{string, number}} but got {}", other.type_name())));
        }
    };
    // Nothing, and less, is no bound.
    Ok(u64::try_from(nanoseconds).map_or(Duration::ZERO, Duration::from_nanos))
}

/// The integer that a text is, by OPA's `util.Atoi64`: zeros after a point are none.
fn integer(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    if !(1..=19).contains(&digits.len()) || !rest.bytes().all(|byte| byte == b'0') {
        return None;
    }
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if whole.is_empty() { Some(0) } else { format!("{}{whole}", if text.starts_with('-') { "-" } else { "" }).parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_of_headers_are_as_gos() {
        for (name, expected) in [("content-type", "Content-Type"), ("X-aB-1", "X-Ab-1"), ("a b", "a b"), ("", "")] {
            assert_eq!(canonical(name), expected);
        }
    }
}
