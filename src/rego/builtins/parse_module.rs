//! `rego.parse_module`: a module's syntax tree, as OPA's JSON has it.

use super::super::ast_json;
use super::super::parser::{self, Options, Problem};
use super::super::stack::deep;
use super::super::value::{Value, unmarshal};
use super::operand::{any, fail, type_error};
use super::{Context, Failure, Outcome};

pub(super) fn parse_module<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let file = String::from_utf8_lossy(text(operands, 1)?);
    let source = text(operands, 2)?;
    // A tree takes far more room than its text.
    ctx.charge(source.len() / 2 + 1)?;
    ctx.reserve(source.len().saturating_mul(400))?;
    let source = std::str::from_utf8(source).map_err(|error| not_utf8(&file, source, error.valid_up_to()))?;
    let json = tree(&file, source)?;
    ctx.charge(json.len() / 16)?;
    ctx.reserve(json.len().saturating_mul(12))?;
    unmarshal(ctx.arena, ctx.arena.alloc_slice_copy(&json)).map_err(fail)
}

/// Either operand is the first one in OPA's errors.
fn text<'a>(operands: &[Value<'a>], position: usize) -> Result<&'a [u8], Failure> {
    match any(operands, position) {
        Value::String(bytes) => Ok(bytes),
        other => Err(type_error(1, &other, &["string"])),
    }
}

fn not_utf8(file: &str, source: &[u8], at: usize) -> Failure {
    let before = source.get(..at).unwrap_or_default();
    let row = memchr::memchr_iter(b'\n', before).count() + 1;
    let place = if file.is_empty() {
        let line = memchr::memrchr(b'\n', before).map_or(before, |end| before.get(end + 1..).unwrap_or_default());
        format!("{row}:{}", String::from_utf8_lossy(line).chars().count() + 1)
    } else {
        format!("{file}:{row}")
    };
    fail(format!("1 error occurred: {place}: rego_parse_error: illegal utf-8 character{}", excerpt(source, at)))
}

fn tree(file: &str, source: &str) -> Result<Vec<u8>, Failure> {
    let parsed = deep(|| {
        Ok(parser::parse_without_annotations(source, &Options::default()).map(|module| {
            let mut json = Vec::new();
            ast_json::module(&module, file, &mut json);
            json
        }))
    });
    match parsed {
        Ok(Ok(json)) => Ok(json),
        Ok(Err(problems)) => Err(fail(refusal(file, source, &problems))),
        Err(error) => Err(fail(error.to_string())),
    }
}

/// All that is wrong, as OPA's `Errors` prints it.
fn refusal(file: &str, source: &str, problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().map(|problem| describe(file, source, problem)).collect();
    match shown.as_slice() {
        // An empty module is one error, and no list.
        [one] if problems.iter().all(|problem| problem.span.row == 0) => one.clone(),
        [one] => format!("1 error occurred: {one}"),
        many => format!("{} errors occurred:\n{}", many.len(), many.join("\n")),
    }
}

fn describe(file: &str, source: &str, problem: &Problem) -> String {
    let Problem { code, message, span, .. } = problem;
    let place = if file.is_empty() { format!("{}:{}", span.row, span.col) } else { format!("{file}:{}", span.row) };
    let excerpt = if problem.at_token { excerpt(source.as_bytes(), span.offset as usize) } else { String::new() };
    format!("{place}: {code}: {message}{excerpt}")
}

/// The line of the last character that is no space up to `offset`, and a caret under that character (`newParserErrorDetail` in OPA's
/// `v1/ast/parser_ext.go`).
fn excerpt(source: &[u8], offset: usize) -> String {
    let before = source.get(..=offset.min(source.len().saturating_sub(1))).unwrap_or_default();
    let at = before.iter().rposition(|byte| !matches!(byte, b'\t'..=b'\r' | b' ' | 0x85 | 0xa0)).unwrap_or(0);
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let begin = source.get(..at).unwrap_or_default().iter().rposition(is_end).map_or(0, |end| end + 1);
    let rest = source.get(begin..).unwrap_or_default();
    let line = rest.get(..rest.iter().position(is_end).unwrap_or(rest.len())).unwrap_or_default();
    let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
    let shown = String::from_utf8_lossy(line.get(tabs..).unwrap_or_default());
    format!("\n\t{shown}\n\t{}^", " ".repeat((at - begin).saturating_sub(tabs)))
}
