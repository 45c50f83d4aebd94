//! Policies whose size should not matter: many rules, found by what they compare; many users; many elements.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::workloads::{Workload, workload};

pub(crate) fn all() -> Vec<Workload> {
    let mut all = vec![equality("equal-10", 10), equality("equal-1000", 1_000), equality("equal-100000", 100_000)];
    all.extend([membership("member-1000", 1_000), membership("member-100000", 100_000)]);
    all.extend([two_inputs("two-1000", 1_000), two_inputs("two-100000", 100_000)]);
    all.extend([helpers(), prefixes(), globs(), texts(), comprehensions()]);
    // regorus looks at each rule.
    for large in &mut all {
        large.regorus = large.policies.iter().all(|policy| policy.len() < 1_000_000);
    }
    all
}

/// Many rules, each an equality on one input.
fn equality(name: &'static str, count: usize) -> Workload {
    let mut policy = "package p\n\ndefault out := false\n\n".to_owned();
    for i in 0..count {
        let _ = writeln!(policy, "out if input.role == \"role{i}\"");
    }
    workload(name, policy, &json!({}), &json!({"role": format!("role{}", count - 3), "user": "user0777"}))
}

/// Many rules, each a membership in one input.
fn membership(name: &'static str, count: usize) -> Workload {
    let mut policy = "package p\n\ndefault out := false\n\n".to_owned();
    for i in 0..count {
        let _ = writeln!(policy, "out if \"role{i}\" in input.roles");
    }
    let roles = ["staff".to_owned(), format!("role{}", count - 3), "guest".to_owned()];
    workload(name, policy, &json!({}), &json!({"roles": roles, "user": "user0777"}))
}

/// Many rules, each an equality on two inputs.
fn two_inputs(name: &'static str, count: usize) -> Workload {
    let mut policy = "package p\n\ndefault out := false\n\n".to_owned();
    for i in 0..count {
        let _ = writeln!(policy, "out if {{ input.method == \"{}\"; input.path == \"/r/{i}\" }}", ["GET", "POST", "PUT"][i % 3]);
    }
    let last = count - 3;
    let method = ["GET", "POST", "PUT"][last % 3];
    let input = json!({"method": method, "path": format!("/r/{last}"), "user": "user0777"});
    workload(name, policy, &json!({}), &input)
}

/// `not`, helper functions and `else`.
fn helpers() -> Workload {
    let policy = r#"package p

default out := "deny"

out := "allow" if {
	not blocked(input.user)
	may(input.user, input.action)
} else := "review" if {
	input.user.clearance >= level(input.resource.label)
	not expired(input.resource)
} else := "log"

blocked(user) if user.name in data.blocked

blocked(user) if not user.active

may(user, action) if {
	some role in user.roles
	action in data.permissions[role]
}

level("secret") := 3

level("internal") := 2

level("public") := 1

expired(resource) if resource.expires < input.now
"#;
    let blocked: Vec<String> = (0..50).map(|i| format!("user{:04}", i * 7 + 1)).collect();
    let data = json!({"blocked": blocked, "permissions": {"dev": ["read", "list"], "ops": ["read", "restart"]}});
    let input = json!({
        "user": {"name": "user0777", "active": true, "roles": ["dev", "qa"], "clearance": 3},
        "action": "write", "resource": {"label": "internal", "expires": 2000}, "now": 1000,
    });
    workload("helpers", policy.to_owned(), &data, &input)
}

/// 20 rules by prefix.
fn prefixes() -> Workload {
    let mut policy = "package p\n\ndefault out := \"none\"\n\n".to_owned();
    for i in 0..20 {
        let _ = writeln!(policy, "out := \"team{i}\" if startswith(input.path, \"/api/v{}/team{i}/\")", i % 3 + 1);
    }
    workload("prefix-20", policy, &json!({}), &json!({"path": "/api/v3/team17/tools/t-117/run", "method": "GET"}))
}

/// 20 rules by glob.
fn globs() -> Workload {
    let mut policy = "package p\n\ndefault out := \"none\"\n\n".to_owned();
    for i in 0..20 {
        let _ = writeln!(policy, "out := \"team{i}\" if glob.match(\"/api/*/team{i}/**\", [\"/\"], input.path)");
    }
    workload("glob-20", policy, &json!({}), &json!({"path": "/api/v3/team17/tools/t-117/run", "method": "GET"}))
}

/// Answers made of texts.
fn texts() -> Workload {
    let policy = r#"package p

out := {"key": key, "line": line, "path": path} if {
	key := concat(":", [input.tenant, input.user, lower(input.action)])
	line := sprintf("%s did %s on %s (%d)", [input.user, upper(input.action), input.resource, input.count])
	path := concat("/", array.concat(["", "tenants", input.tenant], split(trim(input.resource, "/"), "/")))
}
"#;
    let input = json!({"tenant": "acme", "user": "user0777", "action": "Write", "resource": "/docs/2026/report", "count": 17});
    workload("texts", policy.to_owned(), &json!({}), &input)
}

/// Comprehensions over 1,000 elements, one of them by a key that another gives.
fn comprehensions() -> Workload {
    let policy = r#"package p

out := {"names": names, "sizes": sizes, "sum": sum(sizes), "by_dept": by_dept} if {
	names := {it.name | some it in data.items; it.size < input.max}
	sizes := [it.size | some it in data.items; it.dept == input.dept]
	by_dept := {it.dept: count([1 | some other in data.items; other.dept == it.dept]) | some it in data.few}
}
"#;
    let item = |i: usize| json!({"name": format!("n{i:05}"), "dept": format!("d{}", i % 20), "size": i * 7 % 1000});
    let items: Vec<Value> = (0..1000).map(item).collect();
    let few: Vec<Value> = (0..10).map(item).collect();
    let data = Map::from_iter([("items".to_owned(), Value::Array(items)), ("few".to_owned(), Value::Array(few))]);
    workload("comprehend", policy.to_owned(), &Value::Object(data), &json!({"max": 50, "dept": "d7"}))
}
