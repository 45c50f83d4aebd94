//! Modules and values from the fuzzer's bytes: most of them compile, so that what is tried is the evaluator.

use std::fmt::Write;

use libfuzzer_sys::arbitrary::{Result, Unstructured};

type Bytes<'a, 'b> = &'a mut Unstructured<'b>;

const SCALARS: [&str; 14] =
    ["0", "1", "2", "-1", "1.0", "0.1", "1e3", "12345678901234567890", "\"\"", "\"a\"", "\"b\"", "true", "false", "null"];
const NAMES: [&str; 6] = ["a", "b", "c", "x", "y", "z"];
const REFS: [&str; 12] = [
    "input",
    "input.a",
    "input.b[0]",
    "input[_]",
    "data.d.a",
    "data.d.b[i]",
    "data.d.b[_]",
    "data.d.c[k]",
    "s",
    "o",
    "data.p.s[m]",
    "f(1)",
];
const CALLS: [(&str, usize); 30] = [
    ("count", 1),
    ("sum", 1),
    ("max", 1),
    ("sort", 1),
    ("abs", 1),
    ("to_number", 1),
    ("json.marshal", 1),
    ("type_name", 1),
    ("lower", 1),
    ("is_string", 1),
    ("object.keys", 1),
    ("array.reverse", 1),
    ("base64.encode", 1),
    ("json.unmarshal", 1),
    ("g", 1),
    ("concat", 2),
    ("contains", 2),
    ("startswith", 2),
    ("split", 2),
    ("array.concat", 2),
    ("object.union", 2),
    ("union", 1),
    ("numbers.range", 2),
    ("sprintf", 2),
    ("format_int", 2),
    ("regex.match", 2),
    ("glob.match", 3),
    ("object.get", 3),
    ("replace", 3),
    ("substring", 3),
];
const INFIX: [&str; 14] = ["+", "-", "*", "/", "%", "&", "|", "==", "!=", "<", "<=", ">", ">=", "in"];

fn one<'x>(bytes: Bytes<'_, '_>, of: &[&'x str]) -> Result<&'x str> {
    bytes.choose(of).copied()
}

fn list(bytes: Bytes<'_, '_>, depth: usize, of: fn(Bytes<'_, '_>, usize) -> Result<String>) -> Result<String> {
    let count = bytes.int_in_range(0..=3)?;
    let items: Result<Vec<String>> = (0..count).map(|_| of(bytes, depth)).collect();
    Ok(items?.join(", "))
}

fn pair(bytes: Bytes<'_, '_>, depth: usize) -> Result<String> {
    Ok(format!("{}: {}", term(bytes, depth)?, term(bytes, depth)?))
}

fn term(bytes: Bytes<'_, '_>, depth: usize) -> Result<String> {
    if depth == 0 {
        let is_scalar = bytes.arbitrary()?;
        return Ok(one(bytes, if is_scalar { &SCALARS } else { &REFS })?.to_owned());
    }
    let below = depth - 1;
    Ok(match bytes.int_in_range(0..=12)? {
        0 | 1 => one(bytes, &SCALARS)?.to_owned(),
        2 | 3 => one(bytes, &REFS)?.to_owned(),
        4 => one(bytes, &NAMES)?.to_owned(),
        5 => format!("[{}]", list(bytes, below, term)?),
        6 => format!("{{{}}}", list(bytes, below, pair)?),
        7 => format!("{{{}, {}}}", term(bytes, below)?, term(bytes, below)?),
        8 => format!("({} {} {})", term(bytes, below)?, one(bytes, &INFIX)?, term(bytes, below)?),
        9 => call(bytes, below)?,
        10 => format!("[{} | {}]", term(bytes, below)?, body(bytes, below, "; ")?),
        11 => format!("{{{} | {}}}", term(bytes, below)?, body(bytes, below, "; ")?),
        _ => format!("{{{}: {} | {}}}", term(bytes, below)?, term(bytes, below)?, body(bytes, below, "; ")?),
    })
}

fn call(bytes: Bytes<'_, '_>, depth: usize) -> Result<String> {
    let (name, arity) = *bytes.choose(&CALLS)?;
    let operands: Result<Vec<String>> = (0..arity).map(|_| term(bytes, depth)).collect();
    Ok(format!("{name}({})", operands?.join(", ")))
}

fn expression(bytes: Bytes<'_, '_>, depth: usize) -> Result<String> {
    let name = one(bytes, &NAMES)?;
    Ok(match bytes.int_in_range(0..=9)? {
        0 => term(bytes, depth)?,
        1 | 2 => format!("{name} := {}", term(bytes, depth)?),
        3 => format!("{} = {}", term(bytes, depth)?, term(bytes, depth)?),
        4 => format!("not {}", term(bytes, depth)?),
        5 => format!("some {name} in {}", term(bytes, depth)?),
        6 => format!("some {name}, v in {}", term(bytes, depth)?),
        7 => format!("every v in {} {{ {} }}", term(bytes, depth)?, body(bytes, depth.saturating_sub(1), "; ")?),
        8 => format!("{} with input.a as {}", term(bytes, depth)?, term(bytes, depth)?),
        _ => format!("{} with data.d as {}", term(bytes, depth)?, term(bytes, depth)?),
    })
}

fn body(bytes: Bytes<'_, '_>, depth: usize, between: &str) -> Result<String> {
    let count = bytes.int_in_range(1..=3)?;
    let expressions: Result<Vec<String>> = (0..count).map(|_| expression(bytes, depth)).collect();
    Ok(expressions?.join(between))
}

/// A module `p` with rules of every kind; a partial set `s` and a function `f` are always there.
pub(crate) fn module(bytes: Bytes<'_, '_>) -> Result<String> {
    let mut text = String::from("package p\n\ns contains 1\n\nf(_) := 1\n\ng(x) := x\n\no.k := 1\n\n");
    for _ in 0..bytes.int_in_range(1..=4)? {
        let head = match bytes.int_in_range(0..=5)? {
            0 => format!("a := {}", term(bytes, 2)?),
            1 => format!("s contains {}", term(bytes, 1)?),
            2 => format!("o[{}] := {}", term(bytes, 1)?, term(bytes, 1)?),
            3 => format!("f(x) := {}", term(bytes, 2)?),
            4 => "default a := 0\n\na".to_owned(),
            _ => "a".to_owned(),
        };
        // Writing to a string does not fail.
        let _ = write!(text, "{head} if {{\n\t{}\n}}", body(bytes, 2, "\n\t")?);
        if bytes.ratio(1, 4)? && head.starts_with('a') {
            let _ = write!(text, " else := {} if {{\n\t{}\n}}", term(bytes, 1)?, body(bytes, 1, "\n\t")?);
        }
        text.push_str("\n\n");
    }
    Ok(text)
}

/// A value as JSON.
pub(crate) fn json(bytes: Bytes<'_, '_>, depth: usize) -> Result<String> {
    let kind = bytes.int_in_range(0..=5)?;
    Ok(match kind {
        4 if depth > 0 => format!("[{}]", list(bytes, depth - 1, json)?),
        5 if depth > 0 => {
            let count = bytes.int_in_range(0..=3)?;
            let members: Result<Vec<String>> =
                (0..count).map(|_| Ok(format!("\"{}\": {}", one(bytes, &NAMES)?, json(bytes, depth - 1)?))).collect();
            format!("{{{}}}", members?.join(", "))
        }
        _ => one(bytes, &SCALARS)?.to_owned(),
    })
}
