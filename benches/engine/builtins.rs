//! A row for each builtin that is hot in the policies of gateways, admission and access by attributes: one rule, one call, operands from the input
//! as large as they are there.

use serde_json::{Value, json};

use crate::signed::Signed;
use crate::tokens;
use crate::workloads::{Workload, workload};

/// What regorus has not, or has not by default.
const NOT_IN_REGORUS: &[&str] =
    &["crypto.", "graphql.", "io.jwt.", "json.match_schema", "regex.globs_match", "uri.", "walk", "numbers.range"];

pub(crate) fn all() -> Vec<Workload> {
    [text(), patterns(), addresses(), documents(), collections(), encodings(), moments_and_numbers(), signatures()].concat()
}

fn row(name: &'static str, expression: &str, input: &Value) -> Workload {
    with_data(name, expression, input, &json!({}))
}

fn with_data(name: &'static str, expression: &str, input: &Value, data: &Value) -> Workload {
    let regorus = !NOT_IN_REGORUS.iter().any(|prefix| name.starts_with(prefix));
    Workload { regorus, ..workload(name, format!("package p\n\nout := {expression}\n"), data, input) }
}

const PATH: &str = "/api/v1/teams/blue/tools/t-117/run";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

fn text() -> Vec<Workload> {
    let path = json!({"path": PATH});
    let agent = json!({"agent": AGENT});
    let prefixes =
        json!({"prefixes": ["/healthz", "/metrics", "/static/", "/public/", "/api/v1/teams/", "/api/v2/", "/login", "/logout"]});
    let denied = json!({"user": "user0777", "method": "POST", "path": PATH, "level": 3});
    vec![
        row("startswith", r#"startswith(input.path, "/api/v1/")"#, &path),
        row("endswith", r#"endswith(input.host, ".example.com")"#, &json!({"host": "eu-west-1.gateway.api.example.com"})),
        row("contains", r#"contains(input.agent, "Chrome/")"#, &agent),
        row("indexof", r#"indexof(input.agent, "Safari/")"#, &agent),
        row("substring", "substring(input.path, 8, -1)", &path),
        row("split", r#"split(input.path, "/")"#, &path),
        row(
            "concat",
            r#"concat("/", input.parts)"#,
            &json!({"parts": ["", "api", "v1", "teams", "blue", "tools", "t-117", "run"]}),
        ),
        row("lower", "lower(input.agent)", &agent),
        row("upper", "upper(input.agent)", &agent),
        row("trim", r#"trim(input.path, "/")"#, &path),
        row("trim_prefix", r#"trim_prefix(input.header, "Bearer ")"#, &json!({"header": format!("Bearer {}", tokens::HS256)})),
        row("trim_suffix", r#"trim_suffix(input.path, "/run")"#, &path),
        row("trim_space", "trim_space(input.value)", &json!({"value": "  application/json; charset=utf-8 \t"})),
        row("replace", r#"replace(input.path, "/", ":")"#, &path),
        row(
            "strings.replace_n",
            r#"strings.replace_n({"&": "&amp;", "<": "&lt;", ">": "&gt;"}, input.text)"#,
            &json!({"text": "name <a@example.com> & team <b@example.com>"}),
        ),
        row("sprintf", r#"sprintf("%s may not %s %s (level %d)", [input.user, input.method, input.path, input.level])"#, &denied),
        with_data("strings.any_prefix_match", "strings.any_prefix_match(input.path, data.prefixes)", &path, &prefixes),
    ]
}

fn patterns() -> Vec<Workload> {
    let path = json!({"path": PATH});
    vec![
        row("regex.match", "regex.match(`^/api/v[0-9]+/teams/[a-z]+/tools/t-[0-9]+(/run)?$`, input.path)", &path),
        row("regex.replace", "regex.replace(input.path, `[0-9]+`, \":id\")", &path),
        row("regex.find_n", "regex.find_n(`[a-z]+-[0-9]+`, input.path, -1)", &path),
        row(
            "regex.split",
            "regex.split(`[,;] *`, input.accept)",
            &json!({"accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.8"}),
        ),
        row("regex.find_submatch", "regex.find_all_string_submatch_n(`/teams/([a-z]+)/tools/([^/]+)`, input.path, 1)", &path),
        row(
            "regex.globs_match",
            "regex.globs_match(input.a, input.b)",
            &json!({"a": "/api/v1/[a-z]*/tools", "b": "/api/v1/blue/[a-z]*"}),
        ),
        row("glob.match", r#"glob.match("/api/*/teams/*/tools/**", ["/"], input.path)"#, &path),
    ]
}

fn addresses() -> Vec<Workload> {
    let ip = json!({"ip": "10.12.7.33"});
    let ranges = json!({"ranges": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00::/8", "203.0.113.0/24", "198.51.100.0/24", "10.12.0.0/16"]});
    let address = json!({"uri": "https://user@api.example.com:8443/v1/items?team=blue&limit=20#top"});
    vec![
        row("net.cidr_contains", r#"net.cidr_contains("10.0.0.0/8", input.ip)"#, &ip),
        with_data("net.cidr_contains_matches", "net.cidr_contains_matches(data.ranges, input.ip)", &ip, &ranges),
        row("net.cidr_intersects", r#"net.cidr_intersects("10.0.0.0/8", input.range)"#, &json!({"range": "10.12.0.0/16"})),
        row("uri.parse", "uri.parse(input.uri)", &address),
    ]
}

/// A pod as admission sees it, cut to what policies look at.
fn pod() -> Value {
    json!({
        "metadata": {"name": "web-6d4b75cb6d-x7zpl", "namespace": "blue", "labels": {"app": "web", "team": "blue", "tier": "frontend"}},
        "spec": {
            "containers": [{"name": "web", "image": "registry.example.com/blue/web:1.24.3", "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}}}],
            "serviceAccountName": "web",
        },
    })
}

const SCHEMA: &str = r#"{"type": "object", "required": ["metadata", "spec"], "properties": {"metadata": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}}, "spec": {"type": "object", "properties": {"containers": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["image"]}}}}}}"#;

const GRAPHQL: &str = "type Query { tool(id: ID!): Tool tools(team: String): [Tool!]! } type Tool { id: ID! name: String! team: Team! } type Team { id: ID! name: String! }";

fn documents() -> Vec<Workload> {
    let pod = pod();
    let body = json!({"body": pod.to_string()});
    let query = json!({"query": "query($id: ID!) { tool(id: $id) { id name team { name } } }"});
    let yaml = "metadata:\n  name: web\n  labels:\n    app: web\n    team: blue\nspec:\n  replicas: 3\n  containers:\n    - name: web\n      image: registry.example.com/blue/web:1.24.3\n";
    let patch = r#"json.patch(input, [{"op": "add", "path": "/metadata/labels/checked", "value": "yes"}, {"op": "replace", "path": "/spec/serviceAccountName", "value": "default"}])"#;
    vec![
        row("json.unmarshal", "json.unmarshal(input.body)", &body),
        row("json.is_valid", "json.is_valid(input.body)", &body),
        row("json.marshal", "json.marshal(input)", &pod),
        row("json.patch", patch, &pod),
        row("json.filter", r#"json.filter(input, ["metadata/labels", "spec/containers/0/image"])"#, &pod),
        row("json.remove", r#"json.remove(input, ["metadata/labels/tier", "spec/serviceAccountName"])"#, &pod),
        row("json.match_schema", &format!("json.match_schema(input, {SCHEMA})"), &pod),
        row("yaml.unmarshal", "yaml.unmarshal(input.text)", &json!({"text": yaml})),
        row("graphql.is_valid", &format!("graphql.is_valid(input.query, `{GRAPHQL}`)"), &query),
        row("walk", r#"[value | walk(input, [path, value]); path[count(path) - 1] == "image"]"#, &pod),
        row("object.get", r#"object.get(input, ["metadata", "labels", "team"], "none")"#, &pod),
    ]
}

fn collections() -> Vec<Workload> {
    let objects = json!({
        "a": {"app": "web", "team": "blue", "limits": {"cpu": "500m", "memory": "256Mi"}},
        "b": {"tier": "frontend", "team": "red", "limits": {"memory": "512Mi"}},
    });
    let roles = json!({"roles": ["developer", "oncall", "viewer", "billing"], "more": ["editor", "viewer", "audit"]});
    let numbers = json!({"values": [41, 7, 1003, 250, 18, 99, 3, 512, 64, 77]});
    let data = json!({"edges": {"ceo": ["cto", "cfo"], "cto": ["lead-a", "lead-b"], "cfo": ["acc"], "lead-a": ["dev-1", "dev-2"], "lead-b": ["dev-3"], "acc": [], "dev-1": [], "dev-2": [], "dev-3": []}});
    let set = "{role | some role in input.roles}";
    vec![
        row("object.union", "object.union(input.a, input.b)", &objects),
        row("object.filter", r#"object.filter(input.a, ["team", "app"])"#, &objects),
        row("object.remove", r#"object.remove(input.a, ["team"])"#, &objects),
        row("object.keys", "object.keys(input.a)", &objects),
        row("object.subset", r#"object.subset(input.a, {"team": "blue", "limits": {"cpu": "500m"}})"#, &objects),
        row("array.concat", "array.concat(input.roles, input.more)", &roles),
        row("array.slice", "array.slice(input.roles, 1, 3)", &roles),
        row("array.reverse", "array.reverse(input.roles)", &roles),
        row("count", "count(input.roles)", &roles),
        row("sum", "sum(input.values)", &numbers),
        row("max", "max(input.values)", &numbers),
        row("sort", "sort(input.values)", &numbers),
        row("in", r#""viewer" in input.roles"#, &roles),
        row("set and", &format!(r#"{set} & {{"viewer", "oncall", "audit"}}"#), &roles),
        row("set or", &format!(r#"{set} | {{"viewer", "oncall", "audit"}}"#), &roles),
        row("set minus", &format!(r#"{set} - {{"viewer", "oncall", "audit"}}"#), &roles),
        row("intersection", &format!("intersection({{{set}, {{role | some role in input.more}}}})"), &roles),
        row("union", &format!("union({{{set}, {{role | some role in input.more}}}})"), &roles),
        with_data("graph.reachable", "graph.reachable(data.edges, {input.who})", &json!({"who": "cto"}), &data),
        row("numbers.range", "numbers.range(1, input.n)", &json!({"n": 10})),
    ]
}

fn encodings() -> Vec<Workload> {
    let basic = json!({"value": "dXNlcjA3Nzc6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="});
    let query = json!({"query": "team=blue&tool=t-117&limit=20&filter=name%3Dweb%20server&tag=prod&tag=write"});
    let digest = json!({"value": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"});
    let signed = json!({"body": pod().to_string(), "secret": tokens::SECRET});
    vec![
        row("base64.decode", "base64.decode(input.value)", &basic),
        row("base64.encode", "base64.encode(input.value)", &basic),
        row("base64url.decode", "base64url.decode(input.value)", &basic),
        row("urlquery.decode", "urlquery.decode(input.value)", &json!({"value": "name%3Dweb+server%26team%3Dblue"})),
        row("urlquery.decode_object", "urlquery.decode_object(input.query)", &query),
        row("urlquery.encode", "urlquery.encode(input.value)", &json!({"value": "name=web server&team=blue"})),
        row("hex.decode", "hex.decode(input.value)", &json!({"value": "7573657230373737"})),
        row("hex.encode", "hex.encode(input.value)", &digest),
        row("uuid.parse", "uuid.parse(input.id)", &json!({"id": "0b7d1c5e-4a61-4f7e-9d6c-2f1f0d9b1a77"})),
        row("crypto.sha256", "crypto.sha256(input.body)", &signed),
        row("crypto.md5", "crypto.md5(input.body)", &signed),
        row("crypto.hmac.sha256", "crypto.hmac.sha256(input.body, input.secret)", &signed),
        row("crypto.hmac.equal", "crypto.hmac.equal(input.value, input.value)", &digest),
    ]
}

fn moments_and_numbers() -> Vec<Workload> {
    let at = json!({"at": "2026-03-14T15:09:26.535897+01:00"});
    let ns = json!({"ns": 1_764_275_627_000_000_000_i64});
    vec![
        row("time.parse_rfc3339_ns", "time.parse_rfc3339_ns(input.at)", &at),
        row("time.clock", "time.clock(input.ns)", &ns),
        row("time.clock, a zone", r#"time.clock([input.ns, "Europe/Berlin"])"#, &ns),
        row("time.date", "time.date(input.ns)", &ns),
        row("time.weekday", "time.weekday(input.ns)", &ns),
        row("time.add_date", "time.add_date(input.ns, 0, 1, 0)", &ns),
        row("time.diff", "time.diff(input.ns, 1700000000000000000)", &ns),
        row("time.parse_duration_ns", "time.parse_duration_ns(input.ttl)", &json!({"ttl": "1h15m30.5s"})),
        row("to_number", "to_number(input.value)", &json!({"value": "1048576"})),
        row("format_int", "format_int(input.value, 10)", &json!({"value": 1_048_576})),
        row("arithmetic", "(((input.used + 1) * 100) / input.limit) % 7", &json!({"used": 49, "limit": 10})),
        row("round", "round(input.value)", &json!({"value": 3.75})),
        row("semver.compare", r#"semver.compare(input.version, "1.24.0")"#, &json!({"version": "1.24.3-rc.1+build.5"})),
        row("semver.is_valid", "semver.is_valid(input.version)", &json!({"version": "1.24.3-rc.1+build.5"})),
        row("units.parse_bytes", "units.parse_bytes(input.memory)", &json!({"memory": "256Mi"})),
        row("units.parse", "units.parse(input.cpu)", &json!({"cpu": "500m"})),
        row("type_name", "type_name(input.value)", &json!({"value": "text"})),
        row("is_string", "is_string(input.value)", &json!({"value": "text"})),
    ]
}

fn signatures() -> Vec<Workload> {
    let token = |text: &str| json!({"token": text});
    let rows = |name, expression: &str, text: &str, data: &Value| with_data(name, expression, &token(text), data);
    let (rsa, ec) =
        (json!({"pem": tokens::RSA_PEM, "jwks": tokens::RSA_JWKS}), json!({"pem": tokens::EC_PEM, "jwks": tokens::EC_JWKS}));
    let secret = json!({"secret": tokens::SECRET});
    let by_cert = r#"io.jwt.decode_verify(input.token, {"cert": data.jwks, "aud": "https://api.example.com", "iss": "https://login.example.com/"})"#;
    let by_secret =
        r#"io.jwt.decode_verify(input.token, {"secret": data.secret, "alg": "HS256", "aud": "https://api.example.com"})"#;
    let beside = |row: Workload, signed: Signed| Workload { signed: Some(signed), ..row };
    vec![
        row("io.jwt.decode", "io.jwt.decode(input.token)", &token(tokens::RS256)),
        rows("io.jwt.decode_verify HS256", by_secret, tokens::HS256, &secret),
        beside(rows("io.jwt.decode_verify RS256", by_cert, tokens::RS256, &rsa), Signed::RS256),
        beside(rows("io.jwt.decode_verify ES256", by_cert, tokens::ES256, &ec), Signed::ES256),
        rows("io.jwt.verify_hs256", "io.jwt.verify_hs256(input.token, data.secret)", tokens::HS256, &secret),
        beside(rows("io.jwt.verify_rs256", "io.jwt.verify_rs256(input.token, data.pem)", tokens::RS256, &rsa), Signed::RS256),
        beside(rows("io.jwt.verify_es256", "io.jwt.verify_es256(input.token, data.pem)", tokens::ES256, &ec), Signed::ES256),
    ]
}
