//! What is shown of the cache's times: a histogram of all operations, and how many there were of each, and of each outcome.

use std::collections::BTreeMap;

use super::super::family::{CACHE_TIMES, HIT, Kind, MISS};
use super::super::totals::Totals;
use super::{Gathered, Sample, Shape, Times, Value, series_of};

pub(super) fn families(totals: &Totals) -> [Gathered; 3] {
    let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut operations: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut lookups: BTreeMap<String, u64> = BTreeMap::new();
    for (labels, words) in series_of(&CACHE_TIMES, totals) {
        let count = Times::of(words).count;
        let mut values = labels.into_iter().map(|(_, value)| value);
        let (Some(implementation), Some(what)) = (values.next(), values.next()) else { continue };
        Kind::Histogram.join(times.entry(implementation.clone()).or_insert_with(|| vec![0; words.len()]), words);
        let is_lookup = [HIT, MISS].contains(&what.as_str());
        let operation = if is_lookup { "get".to_owned() } else { what.clone() };
        // A file can say anything.
        let add = |total: &mut u64| *total = total.wrapping_add(count);
        add(operations.entry((implementation, operation)).or_default());
        if is_lookup {
            add(lookups.entry(what).or_default());
        }
    }
    let of_all = times.into_iter().map(|(implementation, words)| (vec![implementation], Value::Times(Times::of(&words))));
    let by_operation =
        operations.into_iter().map(|((implementation, operation), n)| (vec![implementation, operation], Value::Count(n)));
    let by_outcome = lookups.into_iter().map(|(outcome, count)| (vec![outcome], Value::Count(count)));
    let (name, help) = ("cache_operations_total", "Operations on the decision cache.");
    let (lookups, lookups_help) = ("sark_cache_lookups_total", "Look-ups in the decision cache, by what came of them.");
    [
        family(Gathered::new(CACHE_TIMES.name, CACHE_TIMES.help, Shape::Histogram), &["implementation"], of_all),
        family(Gathered::new(name, help, Shape::Counter), &["implementation", "operation"], by_operation),
        family(Gathered::new(lookups, lookups_help, Shape::Counter), &["outcome"], by_outcome),
    ]
}

fn family(head: Gathered, labels: &[&'static str], samples: impl Iterator<Item = (Vec<String>, Value)>) -> Gathered {
    let samples = samples.map(|(values, value)| Sample { labels: labels.iter().copied().zip(values).collect(), value });
    Gathered { samples: samples.collect(), ..head }
}
