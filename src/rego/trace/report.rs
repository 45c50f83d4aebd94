//! Events as OPA's server gives them: as objects (`TraceEventV1`), or as lines (`PrettyTraceWithLocation`).

use std::collections::HashMap;
use std::fmt::Write as _;

use super::event::{Event, Op, Stand};
use super::term::Node;
use crate::rego::Module;
use crate::rego::ast::{Expr, ExprKind, Span, Term, TermKind};
use crate::rego::ast_json as json;
use crate::rego::compile::{Compiled, is_generated};
use crate::rego::print;
use crate::rego::value::{Value, text};

/// What the column of places takes beyond its longest.
const PADDING: usize = 4;
/// Where files' names are shortened.
const IDEAL_WIDTH: usize = 64;
/// Names longer than this stay as they are.
const MAX_SHORTENED: usize = 256;

/// The most bytes that an explanation may take.
const MAX_BYTES: usize = 64 << 20;

/// It would take more.
pub(super) struct TooMuch;

pub(super) struct Report<'r> {
    pub(super) compiled: &'r Compiled,
    pub(super) modules: &'r [Module],
}

impl Report<'_> {
    pub(super) fn events(&self, events: &[Event<'_>], output: &mut Vec<u8>) -> Result<(), TooMuch> {
        let most = output.len() + MAX_BYTES;
        json::list(events, output, |event, out| {
            // What is beyond is left out, and then the whole.
            if out.len() <= most {
                self.event(event, out);
            }
        });
        if output.len() > most { Err(TooMuch) } else { Ok(()) }
    }

    fn event(&self, event: &Event<'_>, out: &mut Vec<u8>) {
        let op = event.op.name().to_lowercase();
        out.extend_from_slice(
            format!("{{\"op\":\"{op}\",\"query_id\":{},\"parent_id\":{}", event.query, event.parent).as_bytes(),
        );
        out.extend_from_slice(b",\"type\":");
        json::string(kind(&event.stand), out);
        out.extend_from_slice(b",\"node\":");
        node_json(&event.stand, out);
        out.extend_from_slice(b",\"locals\":");
        json::list(event.locals, out, |(name, node), out| {
            out.extend_from_slice(b"{\"key\":");
            json::term(&Term::var(*name, Span::default()), out);
            out.extend_from_slice(b",\"value\":");
            json::term(&term_of(*node), out);
            out.push(b'}');
        });
        if !event.message.is_empty() {
            out.extend_from_slice(b",\"message\":");
            json::string(event.message, out);
        }
        if let Some(span) = event.span {
            out.extend_from_slice(b",\"location\":{\"file\":");
            json::string(self.file(span), out);
            out.extend_from_slice(format!(",\"row\":{},\"col\":{}}}", span.row, span.col).as_bytes());
        }
        out.push(b'}');
    }

    /// The name of a policy; none for the query.
    fn file(&self, span: Span) -> &str {
        self.modules.get(span.module as usize).map(|module| &*module.name).unwrap_or_default()
    }

    pub(super) fn lines(&self, events: &[Event<'_>], output: &mut Vec<u8>) -> Result<(), TooMuch> {
        let shortened = self.shortened(events);
        let places: Vec<String> = events.iter().map(|event| self.place(event, &shortened)).collect();
        let width = places.iter().map(String::len).max().unwrap_or(0) + PADDING;
        let mut depths: HashMap<u64, usize> = HashMap::new();
        let mut all = String::new();
        for (event, place) in events.iter().zip(&places) {
            let depth = depth(&mut depths, event);
            let bars = "| ".repeat(indentation(event, depth).saturating_sub(1));
            let _ = writeln!(all, "{place:<width$} {bars}{}", self.line(event));
            if all.len() > MAX_BYTES {
                return Err(TooMuch);
            }
        }
        // Notes may have lines of their own.
        let all = all.trim_matches('\n');
        let split: Vec<&str> = if all.is_empty() { Vec::new() } else { all.split('\n').collect() };
        json::list(&split, output, |line, out| json::string(line, out));
        Ok(())
    }

    fn place(&self, event: &Event<'_>, shortened: &HashMap<String, String>) -> String {
        let Some(span) = event.span else { return String::new() };
        let file = self.file(span);
        let file = if file.is_empty() { "query" } else { shortened.get(file).map_or(file, String::as_str) };
        format!("{file}:{}", span.row)
    }

    /// The names of files by shorter ones, where places would be long (OPA's `TruncateFilePaths`).
    fn shortened(&self, events: &[Event<'_>]) -> HashMap<String, String> {
        let mut files: Vec<&str> = Vec::new();
        let mut longest = 0;
        for span in events.iter().filter_map(|event| event.span) {
            let file = self.file(span);
            longest = longest.max(file.len().max("query".len()) + 1 + span.row.to_string().len());
            if !file.is_empty() && !files.contains(&file) {
                files.push(file);
            }
        }
        if longest <= IDEAL_WIDTH || files.iter().any(|file| file.len() > MAX_SHORTENED) {
            return HashMap::new();
        }
        let folders: Vec<&str> = files.iter().map(|file| folder(file)).collect();
        let mut common = common_part(&folders);
        let spare = (IDEAL_WIDTH + longest_common_width(common)).saturating_sub(longest);
        common = if spare > common.len() { "" } else { common.get(..common.len() - spare).unwrap_or_default() };
        if common.len() <= 3 {
            return HashMap::new();
        }
        files.into_iter().map(|file| (file.to_owned(), file.replacen(common, "...", 1))).collect()
    }

    /// What happened, without its place.
    fn line(&self, event: &Event<'_>) -> String {
        let op = event.op.name();
        if event.op == Op::Note {
            return format!("{op} \"{}\"", event.message);
        }
        let what = match (&event.stand, event.reference) {
            (Stand::Rule(entry, rule), _) => print::reference(constant_prefix(&entry.reference_of(rule))),
            (_, Some(reference)) => print::term(&term_of(Node::Ref(reference))),
            (stand, None) => self.node(stand),
        };
        let space = if event.message.is_empty() { "" } else { " " };
        format!("{op} {what}{space}{}", event.message)
    }

    fn node(&self, stand: &Stand<'_>) -> String {
        match stand {
            Stand::Nothing | Stand::Rule(..) => String::new(),
            Stand::Body(body) => {
                let body: Vec<Expr> = body.iter().map(|expr| self.compiled.with_source_names(expr.clone())).collect();
                print::body(&body)
            }
            stand => expr_of(stand).map(|expr| print::expr(&self.named(expr))).unwrap_or_default(),
        }
    }

    /// With the source's names; the key of an `every` that has none in the source is left out.
    fn named(&self, expr: Expr) -> Expr {
        let mut expr = self.compiled.with_source_names(expr);
        if let ExprKind::Every(every) = &mut expr.kind
            && every.key.as_ref().and_then(Term::as_var).is_some_and(|key| is_generated(key))
        {
            every.key = None;
        }
        expr
    }
}

/// OPA's name for what an event is about.
const fn kind(stand: &Stand<'_>) -> &'static str {
    match stand {
        Stand::Nothing => "",
        Stand::Body(_) | Stand::BareBody(_) => "body",
        Stand::Rule(..) => "rule",
        Stand::Expr(..) | Stand::Bare(_) | Stand::Generator(_) | Stand::Pair(..) => "expr",
    }
}

fn node_json(stand: &Stand<'_>, out: &mut Vec<u8>) {
    match stand {
        Stand::Nothing => out.extend_from_slice(b"null"),
        Stand::Body(body) => json::body(body, out),
        Stand::BareBody(expr) => json::body(&[bare(expr)], out),
        Stand::Rule(_, rule) => json::rule(rule, out),
        Stand::Expr(expr, at) => json::expr(expr, *at, out),
        stand => match expr_of(stand) {
            Some(expr) => json::expr(&expr, 0, out),
            None => out.extend_from_slice(b"null"),
        },
    }
}

/// The expression that an event is about.
fn expr_of(stand: &Stand<'_>) -> Option<Expr> {
    match stand {
        Stand::Expr(expr, _) => Some((*expr).clone()),
        Stand::Bare(expr) | Stand::BareBody(expr) => Some(bare(expr)),
        Stand::Generator(every) => {
            let key = every.key.clone().unwrap_or_else(|| Term::var("$every", every.span));
            let element = Term::new(TermKind::Ref(vec![every.domain.clone(), key]), every.domain.span);
            Some(equality(element, every.value.clone()))
        }
        Stand::Pair(a, b) => Some(equality(term_of(*a), term_of(*b))),
        Stand::Nothing | Stand::Body(_) | Stand::Rule(..) => None,
    }
}

fn bare(expr: &Expr) -> Expr {
    Expr { negated: false, with: Vec::new(), ..expr.clone() }
}

fn equality(a: Term, b: Term) -> Expr {
    let span = a.span;
    let operator = Term::new(TermKind::Ref(vec![Term::var("eq", span)]), span);
    Expr::new(ExprKind::Call(vec![operator, a, b]), span)
}

/// The term that a node is. Recurses as deep as the value nests.
pub(super) fn term_of(node: Node<'_>) -> Term {
    let span = Span::default();
    let all = |nodes: &[Node<'_>]| nodes.iter().map(|node| term_of(*node)).collect();
    let kind = match node {
        Node::Value(value) => value_kind(&value),
        Node::Var(name) => TermKind::Var(name.into()),
        Node::Ref(parts) => TermKind::Ref(all(parts)),
        Node::Array(parts) => TermKind::Array(all(parts)),
        Node::Set(members) => TermKind::Set(all(members)),
        Node::Object(entries) => TermKind::Object(entries.iter().map(|(key, value)| (term_of(*key), term_of(*value))).collect()),
        Node::Comprehension(term) => term.kind.clone(),
    };
    Term::new(kind, span)
}

fn value_kind(value: &Value<'_>) -> TermKind {
    let term = |value: Value<'_>| Term::new(value_kind(&value), Span::default());
    match value {
        Value::Null => TermKind::Null,
        Value::Bool(b) => TermKind::Bool(*b),
        Value::Int(int) => TermKind::Number(int.to_string().into()),
        Value::Number(number) => TermKind::Number((*number).into()),
        Value::String(bytes) => TermKind::String(String::from_utf8_lossy(bytes).into()),
        _ => {
            if let Some(elements) = value.as_array() {
                return TermKind::Array(elements.iter().map(term).collect());
            }
            if let Some(members) = value.as_set() {
                return TermKind::Set(members.iter().map(term).collect());
            }
            let entries = value.as_object().into_iter().flat_map(|entries| entries.iter());
            TermKind::Object(entries.map(|(key, value)| (term(key), term(value))).collect())
        }
    }
}

/// A part of a path, as messages have it.
pub(super) fn plain(node: Node<'_>) -> String {
    match node {
        Node::Value(Value::String(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Node::Value(value) => text(&value),
        node => print::term(&term_of(node)),
    }
}

/// A reference as far as it is constant.
fn constant_prefix(reference: &[Term]) -> &[Term] {
    let end = reference.iter().skip(1).position(|part| !crate::rego::compile::is_constant(part));
    reference.get(..end.map_or(reference.len(), |at| at + 1)).unwrap_or_default()
}

/// How deep the query of an event lies (OPA's `depths`).
fn depth(depths: &mut HashMap<u64, usize>, event: &Event<'_>) -> usize {
    let known = depths.get(&event.query).copied().filter(|depth| *depth > 0);
    known.unwrap_or_else(|| {
        let depth = depths.get(&event.parent).copied().unwrap_or(0) + 1;
        depths.insert(event.query, depth);
        depth
    })
}

const fn indentation(event: &Event<'_>, depth: usize) -> usize {
    match (event.op, &event.stand) {
        (Op::Enter, _) => depth,
        (Op::Redo, Stand::Expr(..) | Stand::Bare(_) | Stand::Generator(_) | Stand::Pair(..)) => depth + 1,
        (Op::Redo, _) => depth,
        _ => depth + 1,
    }
}

/// A file's folder below its first one.
fn folder(file: &str) -> &str {
    let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
    let folder = folder.strip_prefix('/').unwrap_or(folder);
    match folder.split_once('/') {
        Some((first, rest)) if !first.is_empty() => rest,
        _ => folder,
    }
}

/// What the longest common part saves, its three dots counted.
const fn longest_common_width(common: &str) -> usize {
    common.len().saturating_sub(3)
}

/// The longest text that all have.
fn common_part<'n>(names: &[&'n str]) -> &'n str {
    let Some(shortest) = names.iter().min_by_key(|name| name.len()).copied() else { return "" };
    for length in (1..=shortest.len()).rev() {
        for start in 0..=shortest.len() - length {
            if let Some(part) = shortest.get(start..start + length)
                && names.iter().all(|name| name.contains(part))
            {
                return part;
            }
        }
    }
    ""
}
