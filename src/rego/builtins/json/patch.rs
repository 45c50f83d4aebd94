//! `json.patch`: operations on a copy that is made along their paths, with the errors of OPA's edit tree.

mod tree;

use super::super::super::value::{Entries, Value, equal, text};
use super::super::operand::{any, array, fail};
use super::super::{Context, Failure, Outcome, utf8};
use super::paths::parse;
use tree::Edits;

/// An attribute of an operation that it needs.
fn required<'a>(operation: Entries<'a>, name: &str) -> Result<Value<'a>, Failure> {
    operation.get_str(name.as_bytes()).ok_or_else(|| fail(format!("missing required attribute '{name}'")))
}

pub(in super::super) fn patch<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let operations = array(operands, 2)?;
    let mut edits = Edits::new(any(operands, 1));
    for operation in operations.iter() {
        ctx.charge(4)?;
        let Some(operation) = operation.as_object() else {
            return Err(fail("must be an array of JSON-Patch objects, but at least one element is not an object"));
        };
        apply(ctx, &mut edits, operation)?;
    }
    // OPA has no value where the root was removed.
    edits.render(ctx, 0)?.ok_or(Failure::Undefined)
}

fn apply<'a>(ctx: &mut Context<'a>, edits: &mut Edits<'a>, operation: Entries<'a>) -> Result<(), Failure> {
    let path = required(operation, "path")?;
    let op = required(operation, "op")?;
    let Some(op) = op.as_bytes() else {
        return Err(fail(format!("attribute 'op' must be a string but found: {}", op.type_name())));
    };
    let path = parse(ctx, &path)?;
    match op {
        b"add" => {
            let value = required(operation, "value")?;
            edits.insert_at(ctx, &path, value)
        }
        b"remove" => edits.delete_at(ctx, &path),
        b"replace" => {
            edits.delete_at(ctx, &path)?;
            let value = required(operation, "value")?;
            edits.insert_at(ctx, &path, value)
        }
        b"move" | b"copy" => {
            let from = required(operation, "from")?;
            let from = parse(ctx, &from)?;
            let chunk = edits.render_at(ctx, &from)?;
            if op == b"move" {
                edits.delete_at(ctx, &from)?;
            }
            let chunk = chunk.ok_or_else(|| fail("cannot insert nil value into EditTree"))?;
            edits.insert_at(ctx, &path, chunk)
        }
        b"test" => {
            let chunk = edits.render_at(ctx, &path)?;
            let value = required(operation, "value")?;
            if chunk.is_some_and(|chunk| equal(&chunk, &value)) {
                return Ok(());
            }
            let found = chunk.map_or_else(|| "<nil>".to_owned(), |chunk| text(&chunk));
            let expected = text(&value);
            Err(fail(format!("value from EditTree != patch value.\n\nExpected: {expected}\n\nFound: {found}")))
        }
        other => Err(fail(format!("unrecognized op: '{}'", utf8::lossy(other)))),
    }
}
