//! Counters as numbers, for the page: it makes rates and percentiles of their differences.

use serde_json::{Value, json};

use crate::cache::Cache;
use crate::client::Client;
use crate::metrics::{Evaluations, Implementation, Metrics};

/// What was counted so far; `None` for metrics that were closed.
pub(super) fn of(metrics: &Metrics, cache: Option<&Cache>, client: Option<&Client>) -> Option<Value> {
    let counted = metrics.counted()?;
    let stats = cache.and_then(|cache| cache.stats().ok());
    let by_side = |figure: fn(&Evaluations) -> Value| {
        let side = |side: Implementation, of: &Evaluations| (side.label().to_owned(), figure(of));
        [side(Implementation::Rust, &counted.rust), side(Implementation::Http, &counted.http)].into_iter().collect::<Value>()
    };
    Some(json!({
        "decisions": by_side(|side| side.total.into()),
        "errors": counted.errors,
        "fallbacks": counted.fallbacks,
        "differing": client.and_then(Client::differing),
        "cache": stats.map(|stats| json!({"hits": stats.hits, "misses": stats.misses})),
        "latency": by_side(latency),
    }))
}

fn latency(side: &Evaluations) -> Value {
    let percentile = |share| percentile(share, &side.buckets, side.count);
    json!({
        "count": side.count,
        "sum_seconds": side.sum,
        "buckets": side.buckets.iter().map(|(bound, count)| json!([bound, count])).collect::<Value>(),
        "p50_seconds": percentile(0.5),
        "p95_seconds": percentile(0.95),
    })
}

/// As Prometheus' `histogram_quantile` has it: within a bucket, evenly; beyond the last, its bound.
fn percentile(share: f64, buckets: &[(f64, u64)], count: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "an estimate, and 2^53 decisions are a while off")]
    let number = |count: u64| count as f64;
    let rank = share * number(count);
    let (mut lower, mut below) = (0.0, 0);
    for (bound, up_to) in buckets {
        if number(*up_to) >= rank && *up_to > below {
            return Some(lower + (bound - lower) * (rank - number(below)) / number(up_to - below));
        }
        (lower, below) = (*bound, *up_to);
    }
    (count > 0).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_those_of_prometheus() {
        let buckets = [(0.1, 0), (0.2, 10), (0.4, 20), (0.8, 20)];
        let close = |share, count, expected: f64| {
            percentile(share, &buckets, count).is_some_and(|found: f64| (found - expected).abs() < 1e-12)
        };
        assert!(close(0.5, 20, 0.2));
        assert!(close(0.25, 20, 0.15));
        assert!(close(0.95, 20, 0.38));
        // 30 observations, ten of which are over the last bound.
        assert!(close(0.95, 30, 0.8));
        assert_eq!(percentile(0.5, &[(0.1, 0)], 0), None);
        assert_eq!(percentile(0.5, &[], 0), None);
    }
}
