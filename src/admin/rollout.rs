//! The dial: what it shows, and turning it.

use serde_json::{Value, json};

use super::Admin;
use super::problem::Answer;
use super::response::Response;
use super::routes::Call;
use crate::flags::{By, Change, Force};

/// `POST /admin/rollout/update`: the seed's.
pub(super) fn update(admin: &Admin, call: &Call<'_>) -> Answer {
    let (feature, percentage, why) = (call.parameters.feature()?, call.parameters.percentage()?, call.parameters.why()?);
    let change = admin.parts.flags.set_rollout(&feature, percentage, by(call, &why))?;
    Ok(Response::json(&shown(&change)))
}

/// `POST /admin/rollout/rollback`: the seed's.
pub(super) fn rollback(admin: &Admin, call: &Call<'_>) -> Answer {
    let (feature, why) = (call.parameters.feature()?, call.parameters.why()?);
    let change = admin.parts.flags.rollback(&feature, by(call, &why))?;
    Ok(Response::json(&shown(&change)))
}

/// `POST /admin/rollout/rollback-all`.
pub(super) fn rollback_all(admin: &Admin, call: &Call<'_>) -> Answer {
    let why = call.parameters.why()?;
    let changes = admin.parts.flags.rollback_all(by(call, &why))?;
    Ok(Response::json(&json!({"rolled_back": changes.iter().map(shown).collect::<Value>()})))
}

/// `POST /admin/force`.
pub(super) fn force(admin: &Admin, call: &Call<'_>) -> Answer {
    let (side, why) = (call.parameters.side()?, call.parameters.why()?);
    admin.parts.flags.force(side, by(call, &why))?;
    Ok(Response::json(&json!({"force": side.map(Force::name)})))
}

/// `GET /admin/rollout`.
pub(super) fn list(admin: &Admin, _: &Call<'_>) -> Answer {
    let rollouts = admin.parts.flags.list()?;
    let shown = rollouts.iter().map(
        |(name, rollout)| json!({"feature": &**name, "percentage": Value::from(rollout.percentage), "formula": rollout.formula}),
    );
    Ok(Response::json(&json!({"features": shown.collect::<Value>()})))
}

/// `GET /admin/history`.
pub(super) fn history(admin: &Admin, call: &Call<'_>) -> Answer {
    let (feature, limit) = (call.parameters.feature_if_any()?, call.parameters.limit()?);
    let changes = admin.parts.flags.history(feature.as_deref(), limit)?;
    Ok(Response::json(&json!({"history": changes.iter().map(Change::to_json).collect::<Value>()})))
}

fn by<'a>(call: &Call<'a>, why: &'a str) -> By<'a> {
    By { who: call.caller.name, why }
}

fn shown(change: &Change) -> Value {
    json!({"feature": change.feature, "percentage": Value::from(change.to)})
}
