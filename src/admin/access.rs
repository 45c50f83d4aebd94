//! Who may ask for what.

use super::problem::Problem;
use super::request::Request;
use super::token::{ANONYMOUS, Role, Tokens};

/// How callers are known.
pub(super) enum Access {
    /// Not at all: another guard stands before the admin.
    Anonymous,
    /// By their tokens.
    Bearers(Tokens),
}

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it holds no data, or none that matters.
    Nothing,
    /// A token of this role, or a higher one.
    Role(Role),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
}

impl Access {
    pub(super) fn admit(&self, needs: Needs, request: &Request<'_>) -> Result<Caller<'_>, Problem> {
        let Needs::Role(needed) = needs else { return Ok(Caller { name: ANONYMOUS, role: Role::Read }) };
        let caller = match self {
            Self::Anonymous => anonymous(needed, request)?,
            Self::Bearers(tokens) => bearer(tokens, request)?,
        };
        if caller.role < needed {
            return Err(Problem::forbidden(format!("the token of \"{}\" may read, but not change anything", caller.name)));
        }
        Ok(caller)
    }
}

/// Where nothing has to be presented, any page that an operator's browser shows could turn the dial: requests of other sites are refused.
/// (A token is sent by our own page alone, so that it vouches for itself.)
fn anonymous(needed: Role, request: &Request<'_>) -> Result<Caller<'static>, Problem> {
    if needed == Role::Write {
        refuse_other_sites(request)?;
    }
    Ok(Caller { name: ANONYMOUS, role: Role::Write })
}

fn refuse_other_sites(request: &Request<'_>) -> Result<(), Problem> {
    let is_own = |site: &[u8]| site == b"same-origin" || site == b"none";
    if request.header("Sec-Fetch-Site").any(|site| !is_own(site)) {
        return Err(Problem::forbidden(
            "a page of another site sent this; without tokens only the admin's own page may change anything",
        ));
    }
    let hosts: Vec<&[u8]> = request.header("Host").collect();
    let is_host = |origin: &[u8]| {
        let after = origin.windows(3).position(|w| w == b"://").and_then(|at| origin.get(at + 3..));
        after.is_some_and(|host| matches!(hosts.as_slice(), [own] if own.eq_ignore_ascii_case(host)))
    };
    if request.header("Origin").all(is_host) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "the Origin of this request is not its Host; a proxy before the admin has to pass Host on as the browser sent it",
    ))
}

fn bearer<'a>(tokens: &'a Tokens, request: &Request<'_>) -> Result<Caller<'a>, Problem> {
    let mut fields = request.header("Authorization");
    let (field, second) = (fields.next().unwrap_or_default(), fields.next());
    if second.is_some() {
        return Err(Problem::field("Authorization", "the header field stands there more than once"));
    }
    let secret = field.split_at_checked(BEARER.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER));
    let bearer = secret.and_then(|(_, secret)| tokens.bearer(secret.trim_ascii()));
    bearer.map(|(name, role)| Caller { name, role }).ok_or_else(Problem::no_token)
}

const BEARER: &[u8] = b"Bearer ";
