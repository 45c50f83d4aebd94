//! Finding the rules that a value does not exclude without looking at the others: tables by what rules demand of a source.
//!
//! Each rule stands in one table, under the demand that the fewest other rules have: of `input.method == "GET"` and `input.path == "/r/7"`, under
//! the path. What is found is more than what matches: the rules' other demands are checked, or evaluated, afterwards.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use super::check::{Check, split_escaped};
use super::{Branch, Texts, index};
use crate::rego::value::{Document, Value};

/// Tables pay from so many rules on.
const MIN_RULES: usize = 4;

/// A set of so many times as many elements as a table has rules is not gone through.
const MAX_ELEMENTS: usize = 4;

/// Rules by what they demand.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Lookup {
    pub(in crate::rego) tables: Vec<Table>,
    /// Rules that are in no table, in order.
    pub(in crate::rego) others: Vec<u32>,
}

/// The rules that demand one thing of one source.
#[derive(Debug, Clone)]
pub(in crate::rego) struct Table {
    pub(in crate::rego) source: u32,
    kind: Kind,
    strings: HashMap<Vec<u8>, Vec<u32>, RandomState>,
    ints: HashMap<i64, Vec<u32>, RandomState>,
    /// The lengths of affixes, or how many segments and which of them is in the key.
    shapes: Vec<(usize, usize)>,
    /// All of the table, in order.
    all: Vec<u32>,
}

/// What is demanded of a value. The first of equally good ones is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Equal,
    Prefix,
    Member,
    Suffix,
    /// By the delimiters.
    Segments(String),
    /// The same, whatever follows.
    Leading(String),
}

/// What is looked up in a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    String(Vec<u8>),
    Int(i64),
    /// So many segments, of which one is this.
    Segment(usize, usize, Vec<u8>),
}

/// A demand that a table can have: of a source, one of these.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    source: u32,
    kind: Kind,
    keys: Vec<Key>,
}

type Counts = HashMap<(u32, Kind, Key), usize, RandomState>;

impl Demand {
    /// A text whose segment at this place is this.
    pub(super) fn leading(source: u32, delimiters: &str, at: usize, text: &str) -> Self {
        Self { source, kind: Kind::Leading(delimiters.to_owned()), keys: vec![Key::Segment(0, at, text.as_bytes().to_vec())] }
    }
}

/// Tables for these rules by what OPA's index demands; `None` where they would not pay.
pub(super) fn lookup_of(branches: &[Branch]) -> Option<Lookup> {
    let demands = branches.iter().map(|branch| branch.paths.iter().map(|path| demands_of(path)).collect());
    tables(demands.collect())
}

/// The same by what else the rules demand; `None` where that is nothing.
pub(super) fn unseen_lookup(branches: &[Branch], more: Vec<Texts>) -> Option<Lookup> {
    if more.iter().all(|texts| texts.demands.is_empty()) {
        return None;
    }
    let demands = branches.iter().zip(more).map(|(branch, more)| {
        let of_path = |path: &Vec<_>| demands_of(path).into_iter().chain(more.demands.iter().cloned()).collect();
        branch.paths.iter().map(of_path).collect()
    });
    tables(demands.collect())
}

/// For each rule the demands of each way to reach it.
fn tables(demands: Vec<Vec<Vec<Demand>>>) -> Option<Lookup> {
    let mut counts = Counts::default();
    for demand in demands.iter().flatten().flatten() {
        for key in &demand.keys {
            *counts.entry((demand.source, demand.kind.clone(), key.clone())).or_default() += 1;
        }
    }
    let rules = demands.len();
    let mut lookup = Lookup::default();
    for (number, paths) in demands.into_iter().enumerate() {
        let best: Option<Vec<Demand>> = paths.into_iter().map(|demands| rarest(demands, &counts)).collect();
        match best.filter(|best| !best.is_empty()) {
            Some(best) => best.into_iter().for_each(|demand| lookup.insert(demand, index(number))),
            None => lookup.others.push(index(number)),
        }
    }
    (rules - lookup.others.len() >= MIN_RULES).then_some(lookup)
}

/// What of a path a table can have.
fn demands_of(path: &[(u32, Vec<Check>)]) -> Vec<Demand> {
    let demand = |(source, checks): &(u32, Vec<Check>)| {
        let mut each = checks.iter().map(key_of);
        let (kind, first) = each.next()??;
        let mut keys = vec![first];
        for found in each {
            let (other, key) = found?;
            if other != kind {
                return None;
            }
            keys.push(key);
        }
        Some(Demand { source: *source, kind, keys })
    };
    path.iter().filter_map(demand).collect()
}

fn key_of(check: &Check) -> Option<(Kind, Key)> {
    let scalar = |value: &Document| match value {
        Document::Int(int) => Some(Key::Int(*int)),
        value => value.as_bytes().map(|text| Key::String(text.to_vec())),
    };
    match check {
        Check::Equal(value) => Some((Kind::Equal, scalar(value)?)),
        Check::Member(value) => Some((Kind::Member, scalar(value)?)),
        Check::Prefix(text) => Some((Kind::Prefix, Key::String(text.clone()))),
        Check::Suffix(text) => Some((Kind::Suffix, Key::String(text.clone()))),
        Check::Segments(delimiter, wanted) => {
            // Of several, the last: what patterns share stands at their beginning.
            let last = wanted.iter().enumerate().rev().find_map(|(at, part)| Some((at, part.as_ref()?.as_bytes()?)));
            let (at, text) = last?;
            Some((Kind::Segments(delimiter.clone()), Key::Segment(wanted.len(), at, text.to_vec())))
        }
        Check::Any | Check::Array(_) => None,
    }
}

/// The demand that the fewest rules share.
fn rarest(demands: Vec<Demand>, counts: &Counts) -> Option<Demand> {
    let shared = |demand: &Demand| -> usize {
        demand.keys.iter().filter_map(|key| counts.get(&(demand.source, demand.kind.clone(), key.clone()))).sum()
    };
    demands.into_iter().min_by_key(|demand| (shared(demand), demand.kind.clone(), demand.source))
}

impl Lookup {
    fn insert(&mut self, demand: Demand, rule: u32) {
        let at = self.tables.iter().position(|table| table.source == demand.source && table.kind == demand.kind);
        let at = at.unwrap_or_else(|| {
            self.tables.push(Table::new(demand.source, demand.kind));
            self.tables.len() - 1
        });
        if let Some(table) = self.tables.get_mut(at) {
            demand.keys.into_iter().for_each(|key| table.insert(key, rule));
        }
    }
}

impl Table {
    fn new(source: u32, kind: Kind) -> Self {
        let (strings, ints) = (HashMap::default(), HashMap::default());
        Self { source, kind, strings, ints, shapes: Vec::new(), all: Vec::new() }
    }

    fn insert(&mut self, key: Key, rule: u32) {
        let mut shape = None;
        let bucket = match key {
            Key::Int(int) => self.ints.entry(int).or_default(),
            Key::String(text) => {
                shape = matches!(self.kind, Kind::Prefix | Kind::Suffix).then_some((text.len(), 0));
                self.strings.entry(text).or_default()
            }
            Key::Segment(count, at, text) => {
                shape = Some((count, at));
                self.strings.entry(segment_key(count, at, &text)).or_default()
            }
        };
        for list in [bucket, &mut self.all] {
            if list.last() != Some(&rule) {
                list.push(rule);
            }
        }
        if let Some(shape) = shape.filter(|shape| !self.shapes.contains(shape)) {
            self.shapes.push(shape);
        }
    }

    /// Gives each list of rules that this value does not exclude; each list is in order.
    pub(in crate::rego) fn find<'t>(&'t self, value: &Value<'_>, give: &mut impl FnMut(&'t [u32])) {
        match self.kind {
            Kind::Equal => self.scalar(value, give),
            Kind::Prefix | Kind::Suffix => self.affixes(value, give),
            Kind::Member => self.members(value, &mut |member| self.scalar(member, give)).unwrap_or_else(|| give(&self.all)),
            Kind::Segments(ref delimiter) => {
                if let Some(text) = value.as_bytes() {
                    self.segments(&split_escaped(text, delimiter), give);
                }
            }
            Kind::Leading(ref delimiters) => {
                if let Some(text) = value.as_bytes() {
                    let parts = text.split(|byte| delimiters.as_bytes().contains(byte));
                    self.leading(parts, give);
                }
            }
        }
    }

    fn scalar<'t>(&'t self, value: &Value<'_>, give: &mut impl FnMut(&'t [u32])) {
        match value {
            Value::String(text) => self.string(text, give),
            Value::Int(int) => {
                if let Some(bucket) = self.ints.get(int) {
                    give(bucket);
                }
            }
            // It may equal an integer.
            Value::Number(_) => give(&self.all),
            _ => {}
        }
    }

    fn string<'t>(&'t self, text: &[u8], give: &mut impl FnMut(&'t [u32])) {
        if let Some(bucket) = self.strings.get(text) {
            give(bucket);
        }
    }

    fn affixes<'t>(&'t self, value: &Value<'_>, give: &mut impl FnMut(&'t [u32])) {
        let of = |text: &[u8], give: &mut dyn FnMut(&'t [u32])| {
            for (length, _) in &self.shapes {
                let part = match self.kind {
                    Kind::Prefix => text.get(..*length),
                    _ => text.len().checked_sub(*length).and_then(|from| text.get(from..)),
                };
                if let Some(bucket) = part.and_then(|part| self.strings.get(part)) {
                    give(bucket);
                }
            }
        };
        match value.as_bytes() {
            Some(text) => of(text, give),
            None => {
                let each = self.members(value, &mut |member| {
                    if let Some(text) = member.as_bytes() {
                        of(text, give);
                    }
                });
                each.unwrap_or_else(|| give(&self.all));
            }
        }
    }

    /// Goes through the members of a collection; `None` for a set that is too large for that.
    fn members(&self, value: &Value<'_>, take: &mut dyn FnMut(&Value<'_>)) -> Option<()> {
        if let Some(entries) = value.as_object() {
            entries.values().iter().for_each(|member| take(&member));
        } else if let Some(elements) = value.as_array() {
            elements.iter().for_each(|member| take(&member));
        } else if let Some(elements) = value.as_set() {
            // Each rule asks it in no time.
            if elements.len() > self.all.len().saturating_mul(MAX_ELEMENTS) {
                return None;
            }
            elements.iter().for_each(|member| take(&member));
        }
        Some(())
    }

    fn segments<'t>(&'t self, parts: &[&[u8]], give: &mut impl FnMut(&'t [u32])) {
        for (count, at) in self.shapes.iter().filter(|(count, _)| *count == parts.len()) {
            if let Some(part) = parts.get(*at) {
                self.string(&segment_key(*count, *at, part), give);
            }
        }
    }
}

/// Tables by leading segments.
impl Table {
    fn leading<'t, 'v>(&'t self, parts: impl Iterator<Item = &'v [u8]>, give: &mut impl FnMut(&'t [u32])) {
        for (at, part) in parts.enumerate() {
            if self.shapes.contains(&(0, at)) {
                self.string(&segment_key(0, at, part), give);
            }
        }
    }
}

fn segment_key(count: usize, at: usize, text: &[u8]) -> Vec<u8> {
    [&count.to_le_bytes(), &at.to_le_bytes(), text].concat()
}
