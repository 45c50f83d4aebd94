//! What is decided: policies, data, an input. All made here but Azure's policy, which is read from OPA's module.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::builtins;
use crate::scaling;
use crate::signed::Signed;

/// One workload.
#[derive(Clone)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) policies: Vec<String>,
    pub(crate) data: String,
    pub(crate) input: Vec<u8>,
    pub(crate) path: &'static str,
    pub(crate) is_v0: bool,
    /// Whether regorus can do it in reasonable time.
    pub(crate) regorus: bool,
    /// The signature that it verifies.
    pub(crate) signed: Option<Signed>,
}

pub(crate) fn all() -> Vec<Workload> {
    let mut all = vec![rbac("rbac-10", 10), rbac("rbac-1000", 1000), rbac("rbac-100000", 100_000)];
    all.extend([rules("rules-1000", 1000), gateway(), join_data(), join_input()]);
    all.extend(aci());
    all.extend(scaling::all());
    all.extend(builtins::all());
    all
}

pub(crate) fn workload(name: &'static str, policy: String, data: &Value, input: &Value) -> Workload {
    Workload {
        name,
        policies: vec![policy],
        data: data.to_string(),
        input: input.to_string().into_bytes(),
        path: "data.p.out",
        is_v0: false,
        regorus: true,
        signed: None,
    }
}

/// A user's roles and the grants of each.
pub(crate) fn rbac(name: &'static str, users: usize) -> Workload {
    let roles = ["admin", "editor", "viewer", "billing", "ops", "dev", "audit", "guest"];
    let actions = ["read", "write", "delete", "list", "update"];
    let mut people = Map::new();
    for i in 0..users {
        let picked: Vec<&str> = (0..3).map(|k| roles[(i * 3 + k * 5) % roles.len()]).collect();
        people.insert(format!("user{i:04}"), json!({"roles": picked, "dept": format!("d{}", i % 20), "level": i % 5}));
    }
    let last = format!("user{:04}", users - 3);
    people.insert(last.clone(), json!({"roles": ["guest", "viewer", "editor"], "dept": "d1", "level": 2}));
    let mut grants = Map::new();
    for (i, role) in roles.iter().enumerate() {
        let of_role: Vec<Value> = (0..3)
            .flat_map(|k| ["doc", "invoice"].map(|kind| json!({"action": actions[(i + k * 2) % actions.len()], "type": kind})))
            .collect();
        grants.insert((*role).to_owned(), Value::Array(of_role));
    }
    let editor = [("read", "doc"), ("list", "doc"), ("write", "invoice"), ("write", "doc")];
    grants.insert("editor".to_owned(), editor.iter().map(|(action, kind)| json!({"action": action, "type": kind})).collect());
    let policy = "package p\n\ndefault out := false\n\nout if {\n\tsome role in data.users[input.user].roles\n\tsome grant in data.grants[role]\n\t\
                  grant.action == input.action\n\tgrant.type == input.type\n}\n";
    let data = json!({"users": people, "grants": grants});
    workload(name, policy.to_owned(), &data, &json!({"user": last, "action": "write", "type": "doc", "ip": "10.1.2.3"}))
}

/// Many rules, each an equality on one input and a comparison.
fn rules(name: &'static str, count: usize) -> Workload {
    let mut policy = "package p\n\ndefault out := false\n\n".to_owned();
    for i in 0..count {
        let _ = writeln!(policy, "out if {{ input.role == \"role{i}\"; input.level >= {} }}", i % 5);
    }
    let input = json!({"user": "user0777", "role": format!("role{}", count - 3), "level": 4, "path": "/a/b/c"});
    workload(name, policy, &json!({}), &input)
}

/// What an API gateway asks: `not`, a helper, `else`, a prefix, an object for an answer.
pub(crate) fn gateway() -> Workload {
    let policy = r#"package p

default out := {"allow": false, "reason": "default"}

out := {"allow": true, "reason": reason, "limit": limit} if {
	not denied
	role_ok
	within_rate
	startswith(input.request.path, "/api/v1/")
	limit := data.tiers[input.rate.tier]
}

denied if data.deny[input.user.id]

denied if {
	input.tool.sensitivity >= 3
	not input.user.mfa
}

role_ok if {
	some r in input.user.roles
	r in data.tools[input.tool.id].allow_roles
}

within_rate if input.rate.used < data.tiers[input.rate.tier]

reason := "own team" if {
	input.user.team == data.tools[input.tool.id].team
} else := "night" if {
	input.time.hour > 20
} else := "other"
"#;
    let input = json!({
        "request": {
            "method": "POST",
            "path": "/api/v1/teams/blue/tools/t-117/run",
            "headers": {"x-request-id": "0b7d1c5e-4a61-4f7e-9d6c-2f1f0d9b1a77", "user-agent": "gateway/2.4.1 (linux; amd64)", "accept": "application/json"},
            "remote": "10.12.7.33",
        },
        "user": {"id": "user0777", "team": "blue", "roles": ["developer", "oncall"], "mfa": true, "level": 3},
        "tool": {"id": "t-117", "team": "blue", "sensitivity": 2, "tags": ["prod", "write"]},
        "time": {"hour": 14, "weekday": 2},
        "rate": {"used": 41, "tier": "standard"},
    });
    let deny: Map<String, Value> =
        (0..1000).step_by(13).filter(|i| *i != 777).map(|i| (format!("user{i:04}"), Value::Bool(true))).collect();
    let mut tools: Map<String, Value> = (0..500)
        .map(|i| {
            let team = if i % 2 == 0 { "blue" } else { "red" };
            (format!("t-{i}"), json!({"team": team, "sensitivity": i % 4, "allow_roles": ["developer", "admin"]}))
        })
        .collect();
    tools.insert("t-117".to_owned(), json!({"team": "blue", "sensitivity": 2, "allow_roles": ["developer", "admin"]}));
    let data = json!({"tiers": {"standard": 100, "gold": 1000}, "deny": deny, "tools": tools});
    workload("gateway", policy.to_owned(), &data, &input)
}

const JOIN: &str = "package p\n\nout := {it.name |\n\tsome it in ITEMS\n\td := data.depts[it.dept]\n\td.active\n\tit.size > d.limit\n\tit.size < input.max\n}\n";

pub(crate) fn items() -> Value {
    (0..1000)
        .map(|i| json!({"name": format!("n{i:05}"), "dept": format!("d{}", i % 20), "size": i * 7 % 1000, "tags": ["a", "b"], "owner": format!("user{i:04}")}))
        .collect()
}

pub(crate) fn depts() -> Map<String, Value> {
    (0..20).map(|i| (format!("d{i}"), json!({"active": i % 2 == 0, "limit": i * 40}))).collect()
}

/// A join over 1,000 elements of data.
fn join_data() -> Workload {
    let data = json!({"items": items(), "depts": depts()});
    workload("join-data", JOIN.replace("ITEMS", "data.items"), &data, &json!({"max": 500, "user": "x"}))
}

/// The same over 1,000 elements of the input, about 80 KB.
fn join_input() -> Workload {
    workload(
        "join-input",
        JOIN.replace("ITEMS", "input.items"),
        &json!({"depts": depts()}),
        &json!({"max": 500, "items": items()}),
    )
}

/// Azure's confidential container policy.
fn aci() -> Option<Workload> {
    let directory = PathBuf::from(std::env::var_os("SARK_BENCH_ACI")?);
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
    Some(Workload {
        name: "aci",
        policies: vec![read("api.rego")?, read("framework.rego")?, read("policy.rego")?],
        data: read("data.json")?,
        input: read("input.json")?.into_bytes(),
        path: "data.framework.mount_overlay",
        is_v0: true,
        regorus: true,
        signed: None,
    })
}
