//! The families: their names, labels and kinds, and what becomes of one series that several processes have.

/// What a series is, by the number that stands for it in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Grows; the processes' are added, those that ended included.
    Counter = 1,
    /// How many observations each bucket has (not those below it), and the sum in nanoseconds; added as counters are.
    Histogram = 2,
    /// A gauge that goes up and down; those of living processes are added.
    Sum = 3,
    /// The same, of which the largest counts.
    Max = 4,
    /// A gauge that is set, the bits of a double; the largest of living processes counts.
    Value = 5,
    /// A moment, in nanoseconds since 1970, shown as the seconds since then; 0 is none. The oldest of living processes counts.
    Age = 6,
}

impl Kind {
    pub(super) fn of(number: u64) -> Option<Self> {
        [Self::Counter, Self::Histogram, Self::Sum, Self::Max, Self::Value, Self::Age]
            .into_iter()
            .find(|kind| *kind as u64 == number)
    }

    /// How many words a series has.
    pub(super) const fn words(self) -> usize {
        match self {
            Self::Histogram => BOUNDS.len() + 2,
            _ => 1,
        }
    }

    /// Whether what a process counted stays when it ends.
    pub(super) const fn outlives_its_process(self) -> bool {
        matches!(self, Self::Counter | Self::Histogram)
    }

    /// Makes of `total` what it is with one more process.
    pub(super) fn join(self, total: &mut [u64], more: &[u64]) {
        for (total, more) in total.iter_mut().zip(more) {
            *total = match self {
                Self::Counter | Self::Histogram | Self::Sum => total.wrapping_add(*more),
                Self::Max => total.cast_signed().max(more.cast_signed()).cast_unsigned(),
                Self::Value => f64::from_bits(*total).max(f64::from_bits(*more)).to_bits(),
                Self::Age if *total == 0 || *more == 0 => *total | *more,
                Self::Age => (*total).min(*more),
            };
        }
    }
}

/// One name, and the series under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
}

/// A bucket's bound: in nanoseconds, and in seconds as the two text formats write it. OpenMetrics has one spelling for each number; in the
/// older format it stays as it always was here, since Prometheus takes another spelling for another series.
pub(super) struct Bound {
    pub(super) nanoseconds: u64,
    pub(super) text: &'static str,
    pub(super) openmetrics: &'static str,
}

const fn bound(nanoseconds: u64, text: &'static str, openmetrics: &'static str) -> Bound {
    Bound { nanoseconds, text, openmetrics }
}

/// From 100 ns, for decisions here, to 10 s, for a remote that is slow. Other bounds are another format of the files.
pub(super) const BOUNDS: [Bound; 25] = [
    bound(100, "0.0000001", "1e-07"),
    bound(250, "0.00000025", "2.5e-07"),
    bound(500, "0.0000005", "5e-07"),
    bound(1_000, "0.000001", "1e-06"),
    bound(2_500, "0.0000025", "2.5e-06"),
    bound(5_000, "0.000005", "5e-06"),
    bound(10_000, "0.00001", "1e-05"),
    bound(25_000, "0.000025", "2.5e-05"),
    bound(50_000, "0.00005", "5e-05"),
    bound(100_000, "0.0001", "0.0001"),
    bound(250_000, "0.00025", "0.00025"),
    bound(500_000, "0.0005", "0.0005"),
    bound(1_000_000, "0.001", "0.001"),
    bound(2_500_000, "0.0025", "0.0025"),
    bound(5_000_000, "0.005", "0.005"),
    bound(10_000_000, "0.01", "0.01"),
    bound(25_000_000, "0.025", "0.025"),
    bound(50_000_000, "0.05", "0.05"),
    bound(100_000_000, "0.1", "0.1"),
    bound(250_000_000, "0.25", "0.25"),
    bound(500_000_000, "0.5", "0.5"),
    bound(1_000_000_000, "1", "1.0"),
    bound(2_500_000_000, "2.5", "2.5"),
    bound(5_000_000_000, "5", "5.0"),
    bound(10_000_000_000, "10", "10.0"),
];

/// For each number of bits of a time in nanoseconds, how many bounds all such times are above. The bounds are so far apart that at most one more
/// is below any of them: looking is a shift and a comparison or two, for times of a microsecond as for those of a second.
const BOUNDS_BELOW: [u8; 65] = {
    let mut below = [0; 65];
    let mut bits = 1;
    while bits <= 64 {
        let smallest = 1 << (bits - 1);
        let mut count = 0;
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        while (count as usize) < BOUNDS.len() && BOUNDS[count as usize].nanoseconds < smallest {
            count += 1;
        }
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            below[bits] = count;
        }
        bits += 1;
    }
    below
};

/// The bucket of a time: how many bounds are below it.
pub(super) fn bucket(nanoseconds: u64) -> usize {
    let bits = (u64::BITS - nanoseconds.leading_zeros()) as usize;
    let mut bucket = usize::from(BOUNDS_BELOW.get(bits).copied().unwrap_or_default());
    while BOUNDS.get(bucket).is_some_and(|bound| bound.nanoseconds < nanoseconds) {
        bucket += 1;
    }
    bucket
}

const fn family(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, help, kind, labels }
}

pub(super) const CACHE_ERRORS: Family =
    family("cache_rust_errors_total", Kind::Counter, &["error_type"], "Cache operations that failed.");
/// By what was done: `HIT` and `MISS`, which are look-ups, and `SET`. What is shown is made of it (`gather`): two counters and a histogram.
pub(super) const CACHE_TIMES: Family =
    family("cache_operation_duration_seconds", Kind::Histogram, &["implementation", "operation"], "Time of one cache operation.");
pub(super) const HIT: &str = "hit";
pub(super) const MISS: &str = "miss";
pub(super) const SET: &str = "set";
pub(super) const CACHE_ENTRIES: Family = family("rust_cache_size_entries", Kind::Sum, &[], "Entries in the decision cache.");
pub(super) const CACHE_BYTES: Family =
    family("rust_cache_size_bytes", Kind::Sum, &[], "Bytes of keys and values in the decision cache.");
pub(super) const ASSIGNMENTS: Family = family(
    "feature_flag_assignments_total",
    Kind::Counter,
    &["feature", "implementation"],
    "Requests assigned to a side by the dial.",
);
pub(super) const ROLLOUT: Family =
    family("feature_flag_rollout_percentage", Kind::Value, &["feature"], "The dial: percentage of users on the local side.");
/// Also says how many decisions there were.
pub(super) const DECISION_TIMES: Family =
    family("opa_evaluation_duration_seconds", Kind::Histogram, &["implementation"], "Time of one decision.");
pub(super) const ERRORS: Family =
    family("opa_rust_errors_total", Kind::Counter, &["error_type"], "Decisions that the local engine could not make.");
pub(super) const FALLBACKS: Family =
    family("opa_rust_fallback_total", Kind::Counter, &[], "Decisions that fell back from the local engine to the remote OPA.");
pub(super) const REMOTE_FALLBACKS: Family =
    family("sark_remote_fallback_total", Kind::Counter, &[], "Decisions that fell back from the remote OPA to the local engine.");
pub(super) const POLICIES: Family = family("rust_opa_policies_loaded", Kind::Max, &[], "Policies loaded in local engines.");
pub(super) const BREAKER: Family =
    family("sark_breaker_state", Kind::Value, &["remote"], "The breaker before the remote OPA: 0 closed, 1 half open, 2 open.");
pub(super) const USERS_MISSING: Family = family(
    "sark_flag_users_missing_total",
    Kind::Counter,
    &["feature"],
    "Requests without a user, which the dial sends to the remote side below 100 %.",
);
pub(super) const STORE_AGE: Family =
    family("sark_flag_store_age_seconds", Kind::Age, &["store"], "Time since the flags' store was last reached.");
pub(super) const STORE_ERRORS: Family =
    family("sark_flag_store_errors_total", Kind::Counter, &["kind"], "What went wrong with the flags' store.");
pub(super) const FORCED: Family =
    family("sark_flags_forced", Kind::Value, &["side"], "1 for the side that everyone is forced to.");
pub(super) const METRICS_ERRORS: Family = family(
    "sark_metrics_errors_total",
    Kind::Counter,
    &["kind"],
    "What went wrong with the directory of the metrics: a process without a file of its own, a series without room.",
);
pub(super) const SHADOW: Family = family(
    "sark_shadow_comparisons_total",
    Kind::Counter,
    &["outcome"],
    "Local decisions compared with the remote OPA's, by what came of it.",
);
pub(super) const SHADOW_DROPPED: Family =
    family("sark_shadow_dropped_total", Kind::Counter, &[], "Local decisions that were not compared, since too many waited.");
pub(super) const DECISION_LOG: Family = family(
    "sark_decision_log_events_total",
    Kind::Counter,
    &["outcome"],
    "Events of the decision log: written or given to the caller, and dropped.",
);

pub(super) const SOURCE_ACTIVATIONS: Family = family(
    "sark_source_activations_total",
    Kind::Counter,
    &["source", "outcome"],
    "What became of what a source had: activated, refused, or the source could not be read.",
);
pub(super) const SOURCE_AGE: Family = family(
    "sark_source_age_seconds",
    Kind::Age,
    &["source"],
    "Time since a source last said that what is in force is what it has.",
);
pub(super) const SOURCE_READY: Family =
    family("sark_source_ready", Kind::Value, &["source"], "1 once something of the source is in force.");

/// All that a file may have and this release shows.
pub(super) const FAMILIES: [&Family; 23] = [
    &CACHE_ERRORS,
    &CACHE_TIMES,
    &CACHE_ENTRIES,
    &CACHE_BYTES,
    &ASSIGNMENTS,
    &ROLLOUT,
    &DECISION_TIMES,
    &ERRORS,
    &FALLBACKS,
    &REMOTE_FALLBACKS,
    &POLICIES,
    &BREAKER,
    &USERS_MISSING,
    &STORE_AGE,
    &STORE_ERRORS,
    &FORCED,
    &METRICS_ERRORS,
    &SHADOW,
    &SHADOW_DROPPED,
    &DECISION_LOG,
    &SOURCE_ACTIVATIONS,
    &SOURCE_AGE,
    &SOURCE_READY,
];

#[cfg(test)]
mod tests {
    use super::{BOUNDS, Kind, bucket};

    #[test]
    fn a_bucket_is_found_as_by_counting() {
        let near = BOUNDS.iter().flat_map(|bound| [bound.nanoseconds - 1, bound.nanoseconds, bound.nanoseconds + 1]);
        let powers = (0..64).flat_map(|bits| [1u64 << bits, (1 << bits) - 1]);
        let random = (0..10_000).map(|_| crate::process::random() >> (crate::process::random() % 64));
        for time in near.chain(powers).chain(random).chain([0, u64::MAX]) {
            assert_eq!(bucket(time), BOUNDS.iter().filter(|bound| bound.nanoseconds < time).count(), "{time}");
        }
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    fn the_spellings_of_a_bound_are_one_number() {
        for bound in BOUNDS {
            let seconds = bound.nanoseconds as f64 / 1e9;
            assert_eq!(bound.text.parse(), Ok(seconds));
            assert_eq!(bound.openmetrics.parse(), Ok(seconds));
            assert_eq!(bound.text, seconds.to_string());
        }
        assert!(BOUNDS.is_sorted_by_key(|bound| bound.nanoseconds));
    }

    #[test]
    fn processes_are_added_or_the_worst_of_them_counts() {
        let join = |kind: Kind, a: u64, b: u64| {
            let mut total = [a];
            kind.join(&mut total, &[b]);
            total[0]
        };
        let minus = (-3i64).cast_unsigned();
        assert_eq!(join(Kind::Counter, 2, 3), 5);
        assert_eq!(join(Kind::Sum, 5, minus), 2);
        assert_eq!(join(Kind::Max, minus, 2), 2);
        assert_eq!(f64::from_bits(join(Kind::Value, 0.5f64.to_bits(), 12.25f64.to_bits())), 12.25);
        assert_eq!(f64::from_bits(join(Kind::Value, 0.5f64.to_bits(), f64::NAN.to_bits())), 0.5);
        assert_eq!((join(Kind::Age, 7, 5), join(Kind::Age, 0, 5), join(Kind::Age, 7, 0)), (5, 5, 7));
        let kinds = (0..9).filter_map(Kind::of).collect::<Vec<_>>();
        assert_eq!(kinds, [Kind::Counter, Kind::Histogram, Kind::Sum, Kind::Max, Kind::Value, Kind::Age]);
    }
}
