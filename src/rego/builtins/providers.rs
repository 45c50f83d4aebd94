//! `providers.aws.sign_req`: version 4 of AWS' signatures, over the headers of a request.

use std::collections::BTreeMap;

use super::super::value::{Entries, ObjectBuilder, Style, Value, number, quote, unwritable, write};
use super::crypto::Hash;
use super::encoding::hex;
use super::operand::{any, error, fail, object, type_error};
use super::{Context, Failure, Outcome, http, uri};

const CONFIG: [&str; 4] = ["aws_access_key", "aws_region", "aws_secret_access_key", "aws_service"];

const REQUIRED: [&str; 2] = ["method", "url"];

/// Headers that are not signed, as something on the way may change them.
const UNSIGNED: [&[u8]; 3] = [b"authorization", b"user-agent", b"x-amzn-trace-id"];

fn names<'a>(names: &'static [&'static str]) -> impl Iterator<Item = Value<'a>> {
    names.iter().map(|name| Value::String(name.as_bytes()))
}

/// The string under a key; an empty one where there is none.
fn string<'a>(object: Entries<'a>, key: &str) -> &'a [u8] {
    object.get_str(key.as_bytes()).and_then(|value| value.as_bytes()).unwrap_or_default()
}

/// The body that is hashed.
fn body<'a>(ctx: &mut Context<'a>, request: Entries<'a>) -> Result<Vec<u8>, Failure> {
    if let Some(raw) = request.get_str(b"raw_body") {
        return Ok(raw.as_bytes().unwrap_or_default().to_vec());
    }
    let Some(body) = request.get_str(b"body") else { return Ok(Vec::new()) };
    if let Some(number) = unwritable(&body) {
        let number = quote(number.as_bytes());
        return Err(fail(format!("json: invalid number literal, trying to marshal {number}")));
    }
    let mut out = Vec::new();
    write(&body, Style::HTML, &mut out);
    ctx.charge(out.len() / 8 + 1)?;
    ctx.reserve(out.len())?;
    Ok(out)
}

/// Day and time of a signature.
fn times(value: &Value<'_>) -> Result<(String, String), Failure> {
    if !value.is_number() {
        return Err(type_error(1, value, &["number"]));
    }
    let time = number::to_i64(value).and_then(|ns| jiff::Timestamp::from_nanosecond(ns.into()).ok());
    let Some(time) = time else { return Err(error(3, "could not convert time_ns value into a unix timestamp")) };
    let time = jiff::tz::TimeZone::UTC.to_datetime(time);
    let day = format!("{:04}{:02}{:02}", time.year(), time.month(), time.day());
    let moment = format!("{day}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second());
    Ok((day, moment))
}

/// The request with the headers that a signature needs, and the signature among them.
pub(super) fn sign_req<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let request = object(operands, 1)?;
    // OPA says 1 of all operands.
    let config = any(operands, 2);
    let config = config.as_object().ok_or_else(|| type_error(1, &config, &["object"]))?;
    let missing = names(&CONFIG).filter(|key| config.get(key).is_none());
    http::none_of(ctx, missing, 2, "missing required AWS config parameters(s)")?;
    let not_string = |object: Entries<'a>| move |key: &Value<'a>| object.get(key).is_some_and(|value| value.as_bytes().is_none());
    http::none_of(ctx, names(&CONFIG).filter(not_string(config)), 2, "invalid values for required AWS config parameters(s)")?;
    let (day, moment) = times(&any(operands, 3))?;
    let unknown = |key: &Value<'a>| !key.as_bytes().is_some_and(|key| http::KEYS.iter().any(|name| name.as_bytes() == key));
    http::none_of(ctx, request.keys().iter().filter(unknown), 1, "invalid request parameters(s)")?;
    let missing = names(&REQUIRED).filter(|key| request.get(key).is_none());
    http::none_of(ctx, missing, 1, "missing required request parameters(s)")?;
    let mut headers = BTreeMap::new();
    if let Some(given) = request.get_str(b"headers") {
        let given = given.as_object().ok_or_else(|| type_error(0, &given, &["object"]))?;
        ctx.charge(given.len())?;
        headers
            .extend(given.iter().map(|(key, value)| (key.as_bytes().unwrap_or_default(), value.as_bytes().unwrap_or_default())));
    }
    http::none_of(ctx, names(&REQUIRED).filter(not_string(request)), 1, "invalid values for required request parameters(s)")?;
    let url = string(request, "url");
    ctx.charge(url.len() / 8 + 64)?;
    ctx.reserve(url.len().saturating_mul(4))?;
    let url = uri::locate(url).map_err(fail)?;
    let body = body(ctx, request)?;
    ctx.charge(body.len() / 16)?;
    let plain = match config.get_str(b"disable_payload_signing") {
        None => false,
        Some(Value::Bool(plain)) => plain,
        Some(_) => return Err(error(2, "invalid value for 'disable_payload_signing' in AWS config")),
    };
    let content = if plain { b"UNSIGNED-PAYLOAD".to_vec() } else { hex(&Hash::Sha256.of(&[&body])) };

    let service = string(config, "aws_service");
    let token = string(config, "aws_session_token");
    let mut added: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    added.insert(b"host", &url.host);
    added.insert(b"x-amz-date", moment.as_bytes());
    if matches!(service, b"s3" | b"glacier") {
        added.insert(b"x-amz-content-sha256", &content);
    }
    if !token.is_empty() {
        added.insert(b"x-amz-security-token", token);
    }
    let mut signed: BTreeMap<Vec<u8>, &[u8]> = added.iter().map(|(key, value)| (key.to_vec(), *value)).collect();
    let given = headers.iter().map(|(key, value)| (String::from_utf8_lossy(key).to_lowercase().into_bytes(), *value));
    signed.extend(given.filter(|(key, _)| !UNSIGNED.contains(&key.as_slice())));

    let list = signed.keys().map(Vec::as_slice).collect::<Vec<_>>().join(&b';');
    let lines: Vec<u8> = signed.iter().flat_map(|(key, value)| [key, b":".as_slice(), value, b"\n"].concat()).collect();
    let canonical: [&[u8]; 6] = [string(request, "method"), &url.path, &url.query, &lines, &list, &content];
    let canonical = canonical.join(&b'\n');
    let region = string(config, "aws_region");
    let scope = [day.as_bytes(), region, service, b"aws4_request"].join(&b'/');
    let hashed = hex(&Hash::Sha256.of(&[&canonical]));
    let to_sign: [&[u8]; 4] = [b"AWS4-HMAC-SHA256", moment.as_bytes(), &scope, &hashed];
    let to_sign = to_sign.join(&b'\n');
    let secret = [b"AWS4".as_slice(), string(config, "aws_secret_access_key")].concat();
    let steps: [&[u8]; 5] = [day.as_bytes(), region, service, b"aws4_request", &to_sign];
    let signature = hex(&steps.iter().fold(secret, |key, step| Hash::Sha256.hmac(&key, step)));
    let access = string(config, "aws_access_key");
    let credential = [b"AWS4-HMAC-SHA256 Credential=".as_slice(), access, b"/", &scope].concat();
    let authorization = [credential.as_slice(), b",SignedHeaders=", &list, b",Signature=", &signature].concat();

    let mut out = ObjectBuilder::with_capacity(headers.len() + 5);
    let authorized = [(&b"Authorization"[..], authorization.as_slice())];
    for (key, value) in headers.into_iter().chain(authorized).chain(added) {
        out.insert(Value::string(ctx.arena, key), Value::string(ctx.arena, value));
    }
    let headers = out.build(ctx.arena);
    let mut out = ObjectBuilder::with_capacity(request.len() + 1);
    request.iter().for_each(|(key, value)| out.insert(key, value));
    out.insert(Value::String(b"headers"), headers);
    Ok(out.build(ctx.arena))
}

#[cfg(test)]
mod tests {
    use super::super::super::budget::Budget;
    use super::super::super::value::{Arena, Value, text, unmarshal};
    use super::super::{Caches, Clock, Context, Failure};

    fn call(request: &str, config: &str, time: i64) -> Result<String, Failure> {
        let arena = Arena::new();
        let value = |json: &str| unmarshal(&arena, arena.alloc_str(json).as_bytes()).unwrap_or(Value::Null);
        let operands = [value(request), value(config), Value::Int(time)];
        let mut ctx = Context::new(&arena, Budget::new(None, 1 << 28), Clock::fixed(0), Caches::default());
        super::sign_req(&mut ctx, &operands).map(|value| text(&value))
    }

    const CONFIG: &str = r#"{"aws_access_key":"A","aws_secret_access_key":"S","aws_service":"s3","aws_region":"r"}"#;

    #[test]
    fn signatures_are_opas() {
        let request = r#"{"method":"get","url":"http://h:80/a b%2fc?x=1&a","headers":{"A":1,"b":"c","host":"z","Authorization":"q"},"body":{"a":"<"}}"#;
        let signed = call(request, CONFIG, 1_451_311_705_000_000_000).unwrap_or_default();
        assert!(signed.contains("SignedHeaders=a;b;host;x-amz-content-sha256;x-amz-date,Signature=2cc48d36285eb97b3bef55fcb878c02c4fe1604c26c47300813c160ececc7a3d"), "{signed}");
        let signed = call(r#"{"method":"get","url":"h"}"#, CONFIG, -1).unwrap_or_default();
        assert!(signed.contains("Signature=ac463409c48092f03521e1946b084a6b9bd3c3434dbc48153f8d9acfea33fd1f"), "{signed}");
    }

    #[test]
    fn errors_are_opas() {
        let operand = |problem: &str| Err(Failure::Operand(problem.to_owned()));
        let missing = r#"operand 1 missing required request parameters(s): {"method", "url"}"#;
        assert_eq!(call("{}", CONFIG, 1), operand(missing));
        let unknown = r#"operand 1 invalid request parameters(s): {"foo"}"#;
        assert_eq!(call(r#"{"method":"get","url":"h","foo":1}"#, CONFIG, 1), operand(unknown));
        let headers = "operand 0 must be object but got number";
        assert_eq!(call(r#"{"method":"get","url":"h","headers":1}"#, CONFIG, 1), operand(headers));
        let url = r#"parse ":h": missing protocol scheme"#;
        assert_eq!(call(r#"{"method":"get","url":":h"}"#, CONFIG, 1), Err(Failure::Builtin(url.to_owned())));
    }
}
