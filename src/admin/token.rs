//! Named bearer tokens. Only their digests are kept.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::json::nests_deeper;
use crate::error::{Error, ErrorKind, Result};

/// The shortest secret, in bytes: 128 bits where each was drawn at random.
const MIN_SECRET: usize = 16;

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// Who made a change where nobody has a token.
pub(super) const ANONYMOUS: &str = "anonymous";

/// What the bearer of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See everything.
    Read,
    /// Turn the dial, too.
    Write,
}

impl Role {
    /// `read` or `write`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            _ => Err(Error::invalid("role", "use \"read\" or \"write\"")),
        }
    }
}

/// A token as it is given.
#[derive(Clone)]
pub struct Token {
    /// Who bears it: this stands in the history.
    pub name: String,
    /// What is sent as `Authorization: Bearer …`: at least 16 visible ASCII characters.
    pub secret: String,
    /// What its bearer may do.
    pub role: Role,
}

impl Token {
    /// Reads a JSON array: `[{"name": "ops", "token": "…", "role": "write"}]`; nothing is an empty one.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR` for what is no such array, `INVALID_ARGUMENT` for a role that is none; no message has a token.
    pub fn list(json: &[u8]) -> Result<Vec<Self>> {
        if json.is_empty() {
            return Ok(Vec::new());
        }
        let refused = |problem: String| Error::new(ErrorKind::SerializationError, format!("tokens: {problem}"));
        if nests_deeper(json, 2) {
            return Err(refused("it must be a JSON array of objects with texts in them".into()));
        }
        // What serde_json says beyond the place could name a part of the text.
        let list: Vec<Value> = serde_json::from_slice(json)
            .map_err(|e| refused(format!("it is no JSON array; see line {}, column {}", e.line(), e.column())))?;
        let read = |(index, token): (usize, &Value)| Self::read(token, &format!("tokens[{index}]"));
        list.iter().enumerate().map(read).collect()
    }

    fn read(json: &Value, place: &str) -> Result<Self> {
        let shape =
            || Error::new(ErrorKind::SerializationError, format!("{place}: it must have the texts name, token and role alone"));
        let object = json.as_object().filter(|object| object.len() == 3).ok_or_else(shape)?;
        let text = |name: &str| object.get(name).and_then(Value::as_str).ok_or_else(shape);
        let role = text("role")?.parse().map_err(|_| Error::invalid(&format!("{place}.role"), "use \"read\" or \"write\""))?;
        Ok(Self { name: text("name")?.into(), secret: text("token")?.into(), role })
    }
}

/// Without the secret.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A token as it is kept.
struct Bearer {
    name: String,
    role: Role,
    digest: [u8; 32],
}

/// All tokens.
pub(super) struct Tokens(Vec<Bearer>);

impl Tokens {
    /// # Errors
    /// `INVALID_ARGUMENT`, naming the index.
    pub(super) fn new(tokens: Vec<Token>) -> Result<Self> {
        let mut bearers: Vec<Bearer> = Vec::with_capacity(tokens.len());
        for (index, token) in tokens.into_iter().enumerate() {
            let digest = Sha256::digest(token.secret.as_bytes()).into();
            if let Some(problem) = unfit(&token).or_else(|| taken(&bearers, &token.name, &digest)) {
                return Err(Error::invalid(&format!("tokens[{index}]"), problem));
            }
            bearers.push(Bearer { name: token.name, role: token.role, digest });
        }
        Ok(Self(bearers))
    }

    /// The bearer of a secret. The time it takes says nothing about the secrets: their digests are compared, all of them, each to its end.
    pub(super) fn bearer(&self, secret: &[u8]) -> Option<(&str, Role)> {
        let digest: [u8; 32] = Sha256::digest(secret).into();
        let (mut found, mut place) = (Choice::from(0), 0);
        for (at, bearer) in (0_u64..).zip(&self.0) {
            let is_it = bearer.digest.ct_eq(&digest);
            place.conditional_assign(&at, is_it);
            found |= is_it;
        }
        let bearer = usize::try_from(place).ok().and_then(|place| self.0.get(place));
        bearer.filter(|_| found.into()).map(|b| (b.name.as_str(), b.role))
    }
}

fn unfit(token: &Token) -> Option<String> {
    let name = &token.name;
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Some(format!("the name must have 1 to {MAX_NAME} bytes and no control characters"));
    }
    if name == ANONYMOUS {
        return Some(format!("\"{ANONYMOUS}\" stands in the history for those without a token; choose another name"));
    }
    if token.secret.len() < MIN_SECRET {
        return Some(format!("the token of \"{name}\" has fewer than {MIN_SECRET} bytes; draw a longer one at random"));
    }
    let sendable = token.secret.bytes().all(|b| b.is_ascii_graphic());
    (!sendable)
        .then(|| format!("the token of \"{name}\" cannot be sent in a header; use visible ASCII characters without spaces"))
}

fn taken(bearers: &[Bearer], name: &str, digest: &[u8; 32]) -> Option<String> {
    if bearers.iter().any(|b| b.name == name) {
        return Some(format!("the name \"{name}\" is another token's, too; the history could not tell them apart"));
    }
    let same = bearers.iter().find(|b| b.digest == *digest)?;
    Some(format!("\"{name}\" and \"{}\" have the same token; the history could not tell them apart", same.name))
}
