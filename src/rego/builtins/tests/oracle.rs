//! Random calls, answered by OPA and by this crate. Needs `SARK_BUILTIN_ORACLE`, the program of `tests/oracle`;
//! `SARK_BUILTIN_CALLS` (for each builtin), `SARK_BUILTIN_SEED` and `SARK_BUILTIN_ONLY` (a part of a name) are optional.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::super::super::ast::Span;
use super::super::super::budget::Budget;
use super::super::super::value::{Arena, Value, number, write_text};
use super::super::{Caches, Clock, Context, Failure, all};
use super::generate::{Generator, Random};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|i| u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).ok()).collect()
}

/// The oracle's form of a value, which keeps the text of numbers and the bytes of strings.
fn encode(value: &Value<'_>) -> String {
    let list = |values: &mut dyn Iterator<Item = Value<'_>>| values.map(|v| encode(&v)).collect::<Vec<_>>().join(",");
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::String(bytes) => format!("{{\"s\":\"{}\"}}", hex(bytes)),
        _ if value.is_number() => number::with_text(value, |text| format!("{{\"n\":\"{text}\"}}")),
        _ => {
            if let Some(entries) = value.as_object() {
                let entries: Vec<String> = entries.iter().map(|(k, v)| format!("[{},{}]", encode(&k), encode(&v))).collect();
                return format!("{{\"o\":[{}]}}", entries.join(","));
            }
            match (value.as_array(), value.as_set()) {
                (Some(array), _) => format!("{{\"a\":[{}]}}", list(&mut array.iter())),
                (_, Some(set)) => format!("{{\"t\":[{}]}}", list(&mut set.iter())),
                _ => String::new(),
            }
        }
    }
}

/// The outcome of a call in one line: `= value`, `! code: message`, `undefined`.
fn show<'a>(ctx: &Context<'a>, outcome: Result<Value<'a>, Failure>) -> String {
    match outcome {
        // No place stands before it, as calls stand nowhere here.
        Err(Failure::Placed(failure)) => show(ctx, Ok(ctx.placed(&failure, Span::default()))).replace("\"0:0: ", "\""),
        Ok(value) => {
            let mut text = Vec::new();
            write_text(&value, &mut text);
            format!("= {}", String::from_utf8_lossy(&text))
        }
        Err(Failure::Undefined) => "undefined".into(),
        Err(Failure::Operand(message)) => format!("! eval_type_error: {message}"),
        Err(Failure::Builtin(message)) => format!("! eval_builtin_error: {message}"),
        Err(other) => format!("exceeded {other:?}"),
    }
}

fn theirs(line: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    let text = |key: &str| String::from_utf8_lossy(&unhex(answer[key].as_str().unwrap_or_default())).into_owned();
    if answer["v"].is_string() {
        format!("= {}", text("v"))
    } else if answer["e"].is_string() {
        format!("! {}: {}", answer["e"].as_str().unwrap_or_default(), text("m"))
    } else if answer["u"].is_boolean() {
        "undefined".into()
    } else {
        format!("panic {}", answer["p"])
    }
}

/// What a key lacks is said in the words of Go's packages; that it lacks something is OPA's. Of several faults in a text of YAML, go-yaml
/// may name another one first.
fn without_details(text: &str) -> &str {
    // OPA's scanner finds it while it is still at the token before.
    if text.contains("rego_parse_error: illegal utf-8 character") {
        return "illegal utf-8 character";
    }
    let details = [
        "failed to parse a JWK key (set)",
        "failed to parse a PEM public key",
        "! eval_builtin_error: yaml: ",
        "! eval_builtin_error: unsupported map key of type: ",
    ];
    let end = details.iter().find_map(|words| text.find(words).map(|at| at + words.len()));
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

struct Case {
    name: &'static str,
    operands: String,
    mine: String,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn cases(declared: &[serde_json::Value]) -> (Vec<Case>, String) {
    let only = std::env::var("SARK_BUILTIN_ONLY").unwrap_or_default();
    let (calls, seed) = (setting("SARK_BUILTIN_CALLS", 300), setting("SARK_BUILTIN_SEED", 1));
    let (mut cases, mut lines) = (Vec::new(), String::new());
    // Template strings get their operands from OPA's compiler, in sets; unification is no function in OPA; some draw lots.
    let left_out =
        ["eq", "internal.template_string", "io.jwt.encode_sign", "io.jwt.encode_sign_raw", "rand.intn", "uuid.rfc4122"];
    for builtin in all().iter().filter(|b| b.name.contains(&only) && !left_out.contains(&b.name)) {
        let Some(found) = declared.iter().find(|d| d["name"] == builtin.name) else { continue };
        let kinds = found["decl"]["args"].as_array().cloned().unwrap_or_default();
        let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(builtin.name.len() as u64));
        for _ in 0..calls {
            let arena = Arena::new();
            let mut generator = Generator { arena: &arena, random };
            let operands: Vec<Value<'_>> =
                kinds.iter().enumerate().map(|(i, kind)| generator.operand(builtin.name, i + 1, kind)).collect();
            random = generator.random;
            let encoded: Vec<String> = operands.iter().map(encode).collect();
            let shown: Vec<String> = operands.iter().map(crate::rego::value::text).collect();
            let mut ctx =
                Context::new(&arena, Budget::new(None, 1 << 28), Clock::fixed(1_700_000_000_000_000_000), Caches::default());
            let outcome = (builtin.function)(&mut ctx, &operands);
            let mine = show(&ctx, outcome);
            // OPA has no bound there: it would take all memory.
            if mine.starts_with("exceeded") {
                continue;
            }
            let _ = writeln!(lines, "{{\"name\":\"{}\",\"args\":[{}]}}", builtin.name, encoded.join(","));
            cases.push(Case { name: builtin.name, operands: shown.join(", "), mine });
        }
    }
    (cases, lines)
}

#[test]
#[allow(clippy::print_stdout, reason = "what was compared is said to who runs it")]
fn random_calls_have_opas_answers() {
    let (Some(oracle), Some(capabilities)) = (std::env::var_os("SARK_BUILTIN_ORACLE"), super::capabilities()) else { return };
    let (cases, lines) = cases(capabilities["builtins"].as_array().map(Vec::as_slice).unwrap_or_default());
    let mut child =
        Command::new(oracle).arg("calls").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle runs");
    let mut input = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut counts = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    let mut report = String::new();
    let (mut values, mut panics) = (0, 0);
    for (case, line) in cases.iter().zip(output.lines().map_while(Result::ok)) {
        let theirs = theirs(&line);
        let count = counts.entry(case.name).or_default();
        count.0 += 1;
        values += usize::from(theirs.starts_with('='));
        // OPA's own defects: its engine turns them into an internal error.
        // And what depends on the zones' files of OPA's host.
        if theirs.starts_with("panic") || theirs.ends_with("is a directory") {
            panics += 1;
        } else if without_details(&theirs) != without_details(&case.mine) {
            count.1 += 1;
            if count.1 <= 8 {
                let _ = writeln!(report, "{}({})\n   opa {theirs}\n  sark {}", case.name, case.operands, case.mine);
            }
        }
    }
    let _ = writer.join();
    let _ = child.wait();
    let differing: Vec<String> =
        counts.iter().filter(|(_, c)| c.1 > 0).map(|(name, c)| format!("{name} {}/{}", c.1, c.0)).collect();
    let total: usize = counts.values().map(|c| c.0).sum();
    assert!(total == cases.len(), "the oracle answered {total} of {} calls", cases.len());
    let quiet = differing.is_empty() && panics * 100 <= total && std::env::var_os("SARK_BUILTIN_LOUD").is_none();
    println!(
        "{total} calls of {} builtins, {values} values: {} differ",
        counts.len(),
        counts.values().map(|c| c.1).sum::<usize>()
    );
    assert!(quiet, "{report}\n{total} calls, {values} values, {panics} panics; differ: {}", differing.join(", "));
}
