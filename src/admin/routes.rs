//! What can be asked: one table, which the description in `openapi.json` is held against.

use super::access::{Caller, Needs};
use super::parameters::{Name, Parameters};
use super::problem::Answer;
use super::token::Role;
use super::{Admin, page, rollout, status};
use crate::metrics::Format;

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    /// What every route takes beside its own.
    Options,
}

impl Method {
    /// What a request with this method means to a route of this one; `None` where it is wrong.
    pub(super) fn accepts(self, method: &[u8]) -> Option<Self> {
        match (self, method) {
            (_, b"OPTIONS") => Some(Self::Options),
            (Self::Get, b"GET" | b"HEAD") => Some(Self::Get),
            (Self::Post, b"POST") => Some(Self::Post),
            _ => None,
        }
    }

    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::Post | Self::Options => "POST, OPTIONS",
        }
    }
}

/// One question, of a caller who may ask it.
pub(super) struct Call<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) parameters: Parameters,
    /// In which format metrics are wanted.
    pub(super) format: Format,
}

/// What answers at one path.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) method: Method,
    pub(super) needs: Needs,
    pub(super) parameters: &'static [Name],
    pub(super) answer: fn(&Admin, &Call<'_>) -> Answer,
}

const READ: Needs = Needs::Role(Role::Read);
const WRITE: Needs = Needs::Role(Role::Write);

impl Route {
    /// The route at a path, byte for byte.
    pub(super) fn at(path: &[u8]) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.path.as_bytes() == path)
    }

    /// Without a token, a body or a parameter.
    const fn open(path: &'static str, answer: fn(&Admin, &Call<'_>) -> Answer) -> Self {
        Self { path, method: Method::Get, needs: Needs::Nothing, parameters: &[], answer }
    }

    const fn reads(path: &'static str, parameters: &'static [Name], answer: fn(&Admin, &Call<'_>) -> Answer) -> Self {
        Self { path, method: Method::Get, needs: READ, parameters, answer }
    }

    const fn writes(path: &'static str, parameters: &'static [Name], answer: fn(&Admin, &Call<'_>) -> Answer) -> Self {
        Self { path, method: Method::Post, needs: WRITE, parameters, answer }
    }
}

pub(super) const ROUTES: [Route; 13] = [
    Route::writes("/admin/rollout/update", &[Name::Feature, Name::Percentage, Name::Why], rollout::update),
    Route::writes("/admin/rollout/rollback", &[Name::Feature, Name::Why], rollout::rollback),
    Route::writes("/admin/rollout/rollback-all", &[Name::Why], rollout::rollback_all),
    Route::writes("/admin/force", &[Name::Side, Name::Why], rollout::force),
    Route::reads("/admin/rollout", &[], rollout::list),
    Route::reads("/admin/history", &[Name::Feature, Name::Limit], rollout::history),
    Route::reads("/admin/status", &[], status::status),
    Route::reads("/admin/metrics", &[], status::metrics),
    Route::open("/admin/livez", status::livez),
    Route::open("/admin/readyz", status::readyz),
    Route::open("/admin/openapi.json", page::openapi),
    Route::open("/admin/", page::page),
    Route::open("/admin", page::redirect),
];
