//! A mapping whose fields have types, as go-yaml decodes it into a struct: what does not fit is refused, with its line.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use serde_json::Value;

use super::MAX_DEPTH;
use super::encoding;
use super::events::Events;
use super::resolve::{self, Scalar};
use super::tree::{Event, Id, Kind, Node, Tag, Tree};

/// The most nodes that are visited, aliases followed: beyond that nothing is said about a text.
const MAX_VISITS: usize = 20_000;

/// The most errors of one text.
const MAX_ERRORS: usize = 1_000;

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Bool,
    Texts,
    List,
    /// A list of mappings.
    Maps,
    Map,
}

impl Shape {
    /// The type in Go.
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Bool => "bool",
            Self::Texts => "[]string",
            Self::List => "[]interface {}",
            Self::Maps => "[]map[string]interface {}",
            Self::Map => "map[string]interface {}",
        }
    }

    /// What the elements of such a list may hold; nothing where that is anything.
    const fn element(self) -> Option<Self> {
        match self {
            Self::Texts => Some(Self::Text),
            Self::Maps => Some(Self::Map),
            _ => None,
        }
    }
}

/// A value of any type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Any {
    Null,
    Bool(bool),
    Text(String),
    /// An integer, in digits.
    Int(String),
    /// A number, and its text.
    Float(f64, String),
    /// A moment, as JSON has it.
    Time(String),
    List(Vec<Any>),
    /// Keys that are no text are none.
    Map(Vec<(Option<String>, Any)>),
}

impl fmt::Display for Any {
    /// As Go's `%s` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("%!s(<nil>)"),
            Self::Bool(value) => write!(f, "%!s(bool={value})"),
            Self::Text(text) | Self::Time(text) => f.write_str(text),
            Self::Int(digits) => {
                let kind = if digits.parse::<i64>().is_ok() { "int" } else { "uint64" };
                write!(f, "%!s({kind}={digits})")
            }
            Self::Float(_, text) => write!(f, "%!s(float64={text})"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::within).collect();
                write!(f, "[{}]", items.join(" "))
            }
            Self::Map(entries) => {
                let mut entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}:{}", key.as_deref().unwrap_or_default(), value.within()))
                    .collect();
                entries.sort();
                write!(f, "map[{}]", entries.join(" "))
            }
        }
    }
}

impl Any {
    /// As JSON. Keys that are no text are left out, for which Go has no JSON at all. Recurses as deep as it nests.
    pub(crate) fn to_json(&self) -> Value {
        let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).map_or(Value::Null, Value::Number);
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Text(text) | Self::Time(text) => text.as_str().into(),
            Self::Int(digits) => number(digits),
            Self::Float(float, _) => super::number::json(*float).map_or(Value::Null, |text| number(&text)),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => {
                let entries = entries.iter().filter_map(|(key, value)| Some((key.clone()?, value.to_json())));
                Value::Object(entries.collect())
            }
        }
    }

    /// How many levels it has. Recurses as deep.
    pub(crate) fn depth(&self) -> usize {
        let below = match self {
            Self::List(items) => items.iter().map(Self::depth).max(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value.depth()).max(),
            _ => return 0,
        };
        below.unwrap_or(0) + 1
    }

    /// The text within a collection, where Go has another one for nothing.
    fn within(&self) -> String {
        if *self == Self::Null { "<nil>".to_owned() } else { self.to_string() }
    }
}

/// The fields that were found, by their names.
pub(crate) type Fields = HashMap<&'static str, Any>;

/// Why there are no fields.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// go-yaml refuses the text, in these words.
    Refused(String),
    /// Nothing is known about what go-yaml does.
    Unknown,
}

/// The fields of the mapping that `text` is.
///
/// # Errors
/// See [`Failure`].
pub(crate) fn fields(text: &str, wanted: &[(&'static str, Shape)]) -> Result<Fields, Failure> {
    let tree = read(text)?;
    let mut decoder = Decoder { tree: &tree, errors: Vec::new(), visits: 0, depth: 0 };
    let Some(root) = tree.root else { return Ok(Fields::new()) };
    let found = decoder.fields(root, wanted)?;
    if decoder.errors.is_empty() {
        return Ok(found);
    }
    Err(Failure::Refused(format!("yaml: unmarshal errors:\n  {}", decoder.errors.join("\n  "))))
}

fn read(text: &str) -> Result<Tree, Failure> {
    let text = encoding::text(text.as_bytes()).map_err(|_| Failure::Unknown)?;
    let mut tree = Tree::default();
    let mut events = Events::new(&text).map_err(|_| Failure::Unknown)?;
    loop {
        match events.next() {
            // Of several documents go-yaml reads the first one alone.
            Ok((Event::StreamEnd | Event::DocumentEnd, _)) => return Ok(tree),
            Ok((event, line)) => tree.take(event, line).map_err(|problem| {
                if problem.contains("unknown anchor") { Failure::Refused(problem) } else { Failure::Unknown }
            })?,
            Err(problem) if events.is_refused => return Err(Failure::Refused(problem)),
            Err(_) => return Err(Failure::Unknown),
        }
    }
}

struct Decoder<'t> {
    tree: &'t Tree,
    errors: Vec<String>,
    visits: usize,
    depth: usize,
}

impl<'t> Decoder<'t> {
    /// A node, behind its alias if it is one.
    fn node(&mut self, id: Id) -> Result<&'t Node, Failure> {
        self.visits += 1;
        let node = self.tree.node(id).map_err(|_| Failure::Unknown)?;
        let node = match node.kind {
            Kind::Alias(target) => self.tree.node(target).map_err(|_| Failure::Unknown)?,
            _ => node,
        };
        if self.visits > MAX_VISITS { Err(Failure::Unknown) } else { Ok(node) }
    }

    /// The keys and values of a mapping whose keys differ: its own, and then those that are merged into it and that it lacks.
    fn pairs(&mut self, node: &'t Node) -> Result<Vec<(&'t Node, Id)>, Failure> {
        self.enter()?;
        let mut found: Vec<(&Node, Id)> = Vec::new();
        let mut merged = Vec::new();
        for pair in node.children.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let key = self.node(*key)?;
            if key.tag == Tag::Merge && key.kind == Kind::Scalar {
                merged.extend(self.merged(*value)?);
            } else {
                found.push((key, *value));
            }
        }
        let mut known: HashSet<(Tag, &str)> = found.iter().map(|(key, _)| (key.tag, key.value.as_str())).collect();
        for source in merged {
            if !self.has_unique_keys(source)? {
                continue;
            }
            for (key, value) in self.pairs(source)? {
                if known.insert((key.tag, key.value.as_str())) {
                    found.push((key, value));
                }
            }
        }
        self.depth -= 1;
        Ok(found)
    }

    /// The mappings that the value of a merge key names.
    fn merged(&mut self, id: Id) -> Result<Vec<&'t Node>, Failure> {
        let node = self.node(id)?;
        let sources = match node.kind {
            Kind::Seq => node.children.iter().map(|child| self.node(*child)).collect::<Result<Vec<_>, _>>()?,
            _ => vec![node],
        };
        if sources.iter().all(|source| source.kind == Kind::Map) {
            return Ok(sources);
        }
        Err(Failure::Refused("yaml: map merge requires map or sequence of maps as the value".to_owned()))
    }

    fn fields(&mut self, root: Id, wanted: &[(&'static str, Shape)]) -> Result<Fields, Failure> {
        let node = self.node(root)?;
        let mut found = Fields::new();
        if node.kind != Kind::Map {
            if !is_null(node) {
                self.misfit(node, "ast.rawAnnotation");
            }
            return Ok(found);
        }
        if !self.has_unique_keys(node)? {
            return Ok(found);
        }
        for (key, value) in self.pairs(node)? {
            if key.kind != Kind::Scalar {
                self.misfit(key, "string");
                continue;
            }
            if let Some((name, shape)) = wanted.iter().find(|(name, _)| *name == key.value)
                && let Some(value) = self.shaped(value, *shape)?
            {
                found.insert(name, value);
            }
        }
        Ok(found)
    }

    /// Keys that are written alike are an error for each two.
    fn has_unique_keys(&mut self, node: &Node) -> Result<bool, Failure> {
        let mut lines: HashMap<&str, VecDeque<usize>> = HashMap::new();
        let mut keys = Vec::new();
        for key in node.children.iter().step_by(2) {
            let key = self.node(*key)?;
            if key.kind == Kind::Scalar {
                lines.entry(&key.value).or_default().push_back(key.line);
                keys.push(key);
            }
        }
        let before = self.errors.len();
        for key in keys {
            let Some(lines) = lines.get_mut(key.value.as_str()) else { continue };
            // What is left are the keys behind this one.
            lines.pop_front();
            for line in lines.iter() {
                let name = crate::rego::value::quote(key.value.as_bytes());
                self.errors.push(format!("line {line}: mapping key {name} already defined at line {}", key.line));
            }
            if self.errors.len() > MAX_ERRORS {
                return Err(Failure::Unknown);
            }
        }
        Ok(self.errors.len() == before)
    }

    fn shaped(&mut self, id: Id, shape: Shape) -> Result<Option<Any>, Failure> {
        let node = self.node(id)?;
        if is_null(node) {
            return Ok(None);
        }
        match (node.kind, shape) {
            (Kind::Scalar, Shape::Text) => text(node).map(|text| Some(Any::Text(text))),
            (Kind::Scalar, Shape::Bool) => Ok(self.boolean(node)),
            (Kind::Seq, Shape::Texts | Shape::List | Shape::Maps) => {
                self.list(node, shape.element()).map(|items| Some(Any::List(items)))
            }
            // Go decodes the keys of a typed mapping to text, whatever they are.
            (Kind::Map, Shape::Map) => self.map(node, |_| true),
            _ => {
                if node.kind != Kind::Map || self.has_unique_keys(node)? {
                    self.misfit(node, shape.name());
                }
                Ok(None)
            }
        }
    }

    fn boolean(&mut self, node: &Node) -> Option<Any> {
        match resolve::tagged(node.tag, &node.value) {
            Ok(Scalar::Bool(value)) => return Some(Any::Bool(value)),
            Ok(Scalar::Text) => match node.value.as_str() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Some(Any::Bool(true)),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Some(Any::Bool(false)),
                _ => {}
            },
            _ => {}
        }
        self.misfit(node, "bool");
        None
    }

    fn list(&mut self, node: &Node, shape: Option<Shape>) -> Result<Vec<Any>, Failure> {
        self.enter()?;
        let mut items = Vec::new();
        for id in &node.children {
            match shape {
                // Go's nothing is a map, too, but no text.
                Some(Shape::Map) => items.push(self.shaped(*id, Shape::Map)?.unwrap_or(Any::Map(Vec::new()))),
                Some(shape) => items.extend(self.shaped(*id, shape)?),
                None => items.push(self.any(*id)?),
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn map(&mut self, node: &'t Node, is_text: fn(&Node) -> bool) -> Result<Option<Any>, Failure> {
        if !self.has_unique_keys(node)? {
            return Ok(None);
        }
        self.enter()?;
        let mut entries = Vec::new();
        for (key, value) in self.pairs(node)? {
            if key.kind != Kind::Scalar {
                return Err(Failure::Unknown);
            }
            entries.push((is_text(key).then(|| key.value.clone()), self.any(value)?));
        }
        self.depth -= 1;
        Ok(Some(Any::Map(entries)))
    }

    fn any(&mut self, id: Id) -> Result<Any, Failure> {
        let node = self.node(id)?;
        match node.kind {
            Kind::Seq => Ok(Any::List(self.list(node, None)?)),
            Kind::Map => Ok(self.map(node, |key| key.tag == Tag::Str)?.unwrap_or(Any::Null)),
            _ => scalar(node),
        }
    }

    fn enter(&mut self) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Failure::Unknown) } else { Ok(()) }
    }

    /// Notes that a node does not fit a type.
    fn misfit(&mut self, node: &Node, wanted: &str) {
        let value = match node.kind {
            Kind::Scalar if node.value.len() > 10 => {
                format!(" `{}...`", String::from_utf8_lossy(node.value.as_bytes().get(..7).unwrap_or_default()))
            }
            Kind::Scalar => format!(" `{}`", node.value),
            _ => String::new(),
        };
        self.errors.push(format!("line {}: cannot unmarshal {}{value} into {wanted}", node.line, tag_name(node.tag)));
    }
}

fn is_null(node: &Node) -> bool {
    node.kind == Kind::Scalar && node.tag == Tag::Null
}

/// The text of a scalar; what of its bytes is none becomes U+FFFD.
fn text(node: &Node) -> Result<String, Failure> {
    let bytes = super::decode::text(node).map_err(Failure::Refused)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn scalar(node: &Node) -> Result<Any, Failure> {
    Ok(match resolve::tagged(node.tag, &node.value).map_err(|_| Failure::Unknown)? {
        Scalar::Null => Any::Null,
        Scalar::Bool(value) => Any::Bool(value),
        Scalar::Text => Any::Text(text(node)?),
        Scalar::Int(int) => Any::Int(int.to_string()),
        Scalar::Uint(int) => Any::Int(int.to_string()),
        Scalar::Float(float) => Any::Float(float, node.value.clone()),
        Scalar::Time(time) => Any::Time(time),
    })
}

const fn tag_name(tag: Tag) -> &'static str {
    match tag {
        Tag::Null => "!!null",
        Tag::Bool => "!!bool",
        Tag::Str => "!!str",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Timestamp => "!!timestamp",
        Tag::Seq => "!!seq",
        Tag::Map => "!!map",
        Tag::Binary => "!!binary",
        Tag::Merge => "!!merge",
        Tag::Other => "!",
    }
}
