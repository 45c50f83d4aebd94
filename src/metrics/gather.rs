//! Families ready to be shown: by name, each with its samples.

mod cache;

use super::family::{BOUNDS, CACHE_TIMES, DECISION_TIMES, FAMILIES, Family, Kind};
use super::file;
use super::series;
use super::totals::Totals;

/// One family.
pub(super) struct Gathered {
    /// With `_total`, for a counter.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) shape: Shape,
    pub(super) samples: Vec<Sample>,
}

/// What a family is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Counter,
    Gauge,
    Histogram,
}

impl Shape {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

pub(super) struct Sample {
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Count(u64),
    Number(f64),
    Times(Times),
}

/// Times that were observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    /// How many took at most as long as each of `BOUNDS`.
    pub(super) buckets: Vec<u64>,
    pub(super) count: u64,
    pub(super) nanoseconds: u64,
}

impl Times {
    /// Of a histogram's words.
    fn of(words: &[u64]) -> Self {
        let mut count = 0u64;
        let mut up_to = words.iter().map(|bucket| {
            count = count.wrapping_add(*bucket);
            count
        });
        let buckets: Vec<u64> = up_to.by_ref().take(BOUNDS.len()).collect();
        let count = up_to.next().unwrap_or_default();
        Self { buckets, count, nanoseconds: words.last().copied().unwrap_or_default() }
    }

    pub(super) fn seconds(&self) -> f64 {
        seconds(self.nanoseconds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "104 days to the nanosecond, and then to two")]
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

impl Gathered {
    fn new(name: &'static str, help: &'static str, shape: Shape) -> Self {
        Self { name, help, shape, samples: Vec::new() }
    }

    /// The unit, where the name ends with one.
    pub(super) fn unit(&self) -> Option<&'static str> {
        ["seconds", "bytes"].into_iter().find(|unit| self.name.ends_with(&format!("_{unit}")))
    }
}

/// All families that have samples, by name.
pub(super) fn families(totals: &Totals) -> Vec<Gathered> {
    let as_they_are = FAMILIES.iter().filter(|family| ***family != CACHE_TIMES).map(|family| as_it_is(family, totals));
    let mut found: Vec<Gathered> = as_they_are.collect();
    found.extend(cache::families(totals));
    found.extend([decisions(totals), files(totals)]);
    found.retain(|family| !family.samples.is_empty());
    found.sort_by_key(|family| family.name);
    found
}

/// The series of one family: labels, and words.
fn series_of<'a>(family: &'static Family, totals: &'a Totals) -> impl Iterator<Item = (Vec<(&'static str, String)>, &'a [u64])> {
    totals.series.iter().filter_map(|(key, (kind, words))| {
        let (name, values) = file::split_key(key)?;
        let is_of_it = name == family.name && *kind == family.kind && values.len() == family.labels.len();
        let labels = family.labels.iter().copied().zip(values.into_iter().map(str::to_owned)).collect();
        is_of_it.then_some((labels, words.as_slice()))
    })
}

fn as_it_is(family: &'static Family, totals: &Totals) -> Gathered {
    let shape = match family.kind {
        Kind::Counter => Shape::Counter,
        Kind::Histogram => Shape::Histogram,
        Kind::Sum | Kind::Max | Kind::Value | Kind::Age => Shape::Gauge,
    };
    let samples =
        series_of(family, totals).filter_map(|(labels, words)| Some(Sample { labels, value: value(family.kind, words)? }));
    Gathered { samples: samples.collect(), ..Gathered::new(family.name, family.help, shape) }
}

/// `None` for a moment that never was.
#[expect(clippy::cast_precision_loss, reason = "entries and bytes below 2^53")]
fn value(kind: Kind, words: &[u64]) -> Option<Value> {
    let first = words.first().copied().unwrap_or_default();
    match kind {
        Kind::Counter => Some(Value::Count(first)),
        Kind::Histogram => Some(Value::Times(Times::of(words))),
        Kind::Sum | Kind::Max => Some(Value::Number(first.cast_signed() as f64)),
        Kind::Value => Some(Value::Number(f64::from_bits(first))),
        Kind::Age => (first != 0).then(|| Value::Number(seconds(series::now().saturating_sub(first)))),
    }
}

/// The counter that the histogram of decisions keeps beside its times.
fn decisions(totals: &Totals) -> Gathered {
    let samples =
        series_of(&DECISION_TIMES, totals).map(|(labels, words)| Sample { labels, value: Value::Count(Times::of(words).count) });
    let help = "Decisions made, by the side that made them.";
    Gathered { samples: samples.collect(), ..Gathered::new("opa_evaluations_total", help, Shape::Counter) }
}

#[expect(clippy::cast_precision_loss, reason = "no directory has 2^53 files")]
fn files(totals: &Totals) -> Gathered {
    let sample = |(state, count)| Sample { labels: vec![("state", String::from(state))], value: Value::Number(count as f64) };
    let states = totals.files.map(|(live, ignored)| [("ignored", ignored), ("live", live)]);
    let samples = states.into_iter().flatten().map(sample).collect();
    let help = "Files in the directory of the metrics: of living processes, and what is none of sark's.";
    Gathered { samples, ..Gathered::new("sark_metrics_files", help, Shape::Gauge) }
}
