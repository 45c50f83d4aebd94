//! YAML, read as OPA reads it: by the rules of its `internal/yaml` and of go-yaml v3 beneath.
//!
//! ```text
//!  bytes ──► encoding ──► events ──► tree ──► normalize ──► decode ──► json
//!               text      libyaml-safer's     nodes         values
//! ```
//!
//! libyaml-safer reads by the same rules as go-yaml: parsers of YAML 1.2 take and refuse other texts. Nothing here recurses.

mod decode;
mod emit;
mod encoding;
mod events;
mod json;
mod normalize;
mod number;
mod resolve;
#[cfg(test)]
mod tests;
mod time;
mod tree;
mod typed;
mod value;

pub(crate) use number::{general as float_in_rego, json as float_in_json};
use tree::{Event, Tree};
pub(crate) use typed::{Any, Failure, Fields, Shape, fields};

/// How deep a document may be nested, written or by its aliases. Go takes 10,000.
const MAX_DEPTH: usize = 1_000;

/// The first document of a YAML text, as compact JSON.
///
/// # Errors
/// The text is no YAML (in any of its documents), or what it says JSON cannot hold.
pub(crate) fn to_json(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = encoding::text(text)?;
    let mut tree = read(&text)?;
    let Some(root) = tree.root else { return Ok(b"null".to_vec()) };
    normalize::normalize(&mut tree, root)?;
    let (values, root) = decode::decode(&tree, root)?;
    json::write(&values, root, output_limit(text.len()))
}

/// A JSON text as YAML. It is read as YAML, as OPA reads it: a number or a character that YAML sees otherwise becomes what YAML sees.
///
/// # Errors
/// YAML does not take the text: control characters, a key of more than 1,024 characters.
pub(crate) fn from_json(json: &[u8]) -> Result<Vec<u8>, String> {
    let text = encoding::text(json)?;
    // A byte order mark stands for itself in YAML's strings, but not at the beginning of what is a line there.
    let text = text.replace('\u{feff}', "\\ufeff");
    let tree = read(&text)?;
    let Some(root) = tree.root else { return Ok(b"null\n".to_vec()) };
    let (values, root) = decode::decode(&tree, root)?;
    Ok(emit::write(&values, root))
}

/// The nodes of the first document; those that follow are only read.
fn read(text: &str) -> Result<Tree, String> {
    let mut tree = Tree::default();
    let mut events = events::Events::new(text)?;
    loop {
        match events.next()? {
            (Event::StreamEnd, _) => return Ok(tree),
            (event, line) => tree.take(event, line).map_err(|problem| events.wrong(problem))?,
        }
    }
}

/// What an honest text comes to at most, escapes included: aliases share what they name, and only JSON repeats it.
fn output_limit(text: usize) -> usize {
    text.saturating_mul(8).saturating_add(16 << 20)
}
