#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::directory::Directory;
use super::file::{self, Writer};
use super::*;
use crate::ffi::shared_memory::SharedMemory;

/// A directory that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("sark-metrics-{}", crate::process::unique_id())))
    }

    /// What one more process would make.
    fn metrics(&self) -> Arc<Metrics> {
        try_shared(&self.0).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn try_shared(path: &Path) -> Result<Arc<Metrics>> {
    Metrics::shared(path, Box::new(SharedMemory::reserve(MAX_FILE_BYTES).unwrap()))
}

fn text(metrics: &Metrics, format: Format) -> String {
    let mut text = Vec::new();
    metrics.render(format, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The value of a sample; `None` where there is none.
fn value(metrics: &Metrics, sample: &str) -> Option<f64> {
    let text = text(metrics, Format::Text);
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

const RUST: &str = "opa_evaluations_total{implementation=\"rust\"}";
const LIVE: &str = "sark_metrics_files{state=\"live\"}";
const IGNORED: &str = "sark_metrics_files{state=\"ignored\"}";

fn decide(metrics: &Metrics, times: u32) {
    for _ in 0..times {
        metrics.evaluated(Implementation::Rust, Duration::from_micros(3));
    }
}

#[test]
fn processes_add_up_and_what_one_counted_outlives_it() {
    let folder = Folder::new();
    let (one, two) = (folder.metrics(), folder.metrics());
    decide(&one, 3);
    decide(&two, 4);
    one.cache_size_changed(2, 20);
    two.cache_size_changed(3, 30);
    one.policies_loaded_changed(0, 5);
    two.policies_loaded_changed(0, 4);
    one.feature("f").assigned(Implementation::Rust);
    two.feature("f").assigned(Implementation::Rust);
    one.rollout_set("f", 12.5);
    two.rollout_set("f", 10.0);
    for metrics in [&one, &two] {
        assert_eq!(value(metrics, RUST), Some(7.0));
        assert_eq!(value(metrics, "opa_evaluation_duration_seconds_count{implementation=\"rust\"}"), Some(7.0));
        assert_eq!(value(metrics, "opa_evaluation_duration_seconds_sum{implementation=\"rust\"}"), Some(0.000021));
        assert_eq!(value(metrics, "rust_cache_size_entries"), Some(5.0));
        assert_eq!(value(metrics, "rust_opa_policies_loaded"), Some(5.0));
        assert_eq!(value(metrics, "feature_flag_assignments_total{feature=\"f\",implementation=\"rust\"}"), Some(2.0));
        assert_eq!(value(metrics, "feature_flag_rollout_percentage{feature=\"f\"}"), Some(12.5));
        assert_eq!((value(metrics, LIVE), value(metrics, IGNORED)), (Some(2.0), Some(0.0)));
    }
    drop(one);
    // Once more after the file was added up.
    for _ in 0..3 {
        assert_eq!(value(&two, RUST), Some(7.0));
        assert_eq!(value(&two, "rust_cache_size_entries"), Some(3.0));
        assert_eq!(value(&two, "rust_opa_policies_loaded"), Some(4.0));
        assert_eq!(value(&two, LIVE), Some(1.0));
    }
    let names = folder.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(folder.0.join(&names[0])).unwrap().mode() & 0o777, 0o600);
    drop(two);
    assert_eq!(value(&folder.metrics(), RUST), Some(7.0));
}

#[test]
fn a_directory_stays_bounded_though_nobody_renders() {
    let folder = Folder::new();
    for _ in 0..300 {
        decide(&folder.metrics(), 1);
        assert!(folder.names().len() < 70);
    }
    assert_eq!(value(&folder.metrics(), RUST), Some(300.0));
}

#[test]
fn what_is_no_file_of_sarks_is_ignored_and_counted() {
    let folder = Folder::new();
    let metrics = folder.metrics();
    decide(&metrics, 2);
    let mut good = Writer::new();
    good.series(family::Kind::Counter, b"opa_rust_fallback_total", &[5]);
    let good = good.finish();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.0.join(name), bytes).unwrap();
    put("empty.live", b"");
    put("text.live", b"not a file of metrics");
    put("cut.live", &good[..good.len() - 1]);
    let mut foreign = good.clone();
    foreign[7] = 9;
    put("foreign.live", &foreign);
    let mut endless = good.clone();
    endless[8..16].copy_from_slice(&u64::MAX.to_ne_bytes());
    put("endless.live", &endless);
    fs::create_dir(folder.0.join("folder.live")).unwrap();
    symlink("/dev/zero", folder.0.join("link.live")).unwrap();
    // Whose names are not theirs are no business of sark's at all.
    put("notes.txt", b"?");
    for _ in 0..3 {
        assert_eq!(value(&metrics, IGNORED), Some(7.0));
        assert_eq!(value(&metrics, "opa_rust_fallback_total"), Some(0.0));
        assert_eq!(value(&metrics, RUST), Some(2.0));
    }
    put("other.live", &good);
    assert_eq!(value(&metrics, "opa_rust_fallback_total"), Some(5.0));
    assert!(!folder.names().contains(&"other.live".to_owned()) && folder.names().contains(&"cut.live".to_owned()));
    // A file of all that ended that is destroyed takes their counts along, and nothing else.
    put("ended", b"garbage");
    assert_eq!(value(&metrics, RUST), Some(2.0));
}

#[test]
fn a_file_that_was_added_up_counts_once_though_it_is_still_there() {
    let folder = Folder::new();
    let metrics = folder.metrics();
    let mut process = Writer::new();
    process.series(family::Kind::Counter, b"opa_rust_fallback_total", &[5]);
    let process = process.finish();
    let mut ended = Writer::new();
    ended.series(family::Kind::Counter, b"opa_rust_fallback_total", &[5]);
    ended.series(family::Kind::Counter, b"of_another_release_total", &[1]);
    ended.absorbed("1-a.live");
    // As a process leaves it that is killed between the two steps.
    fs::write(folder.0.join("ended"), ended.finish()).unwrap();
    fs::write(folder.0.join("1-a.live"), process).unwrap();
    fs::write(folder.0.join("2-b.new"), b"half a file").unwrap();
    for _ in 0..3 {
        assert_eq!(value(&metrics, "opa_rust_fallback_total"), Some(5.0));
    }
    let names = folder.names();
    assert!(!names.contains(&"1-a.live".to_owned()) && !names.contains(&"2-b.new".to_owned()), "{names:?}");
    let ended = fs::read(folder.0.join("ended")).unwrap();
    let kept = file::key("of_another_release_total", []);
    let has = |entry: &file::Entry<'_>| matches!(entry, file::Entry::Series { key, .. } if *key == kept);
    assert!(file::entries(&ended).unwrap().iter().any(has), "what another release counts is kept");
}

#[test]
fn a_file_grows_and_what_has_no_room_is_counted() {
    let folder = Folder::new();
    let (metrics, other) = (folder.metrics(), folder.metrics());
    let features: Vec<FeatureMetrics> = (0..1000).map(|number| metrics.feature(&format!("feature-{number}"))).collect();
    features.iter().for_each(|feature| feature.assigned(Implementation::Http));
    metrics.feature(&"long".repeat(2000)).assigned(Implementation::Http);
    let text = text(&other, Format::Text);
    assert_eq!(text.matches("implementation=\"http\"} 1\n").count(), 1000);
    assert!(text.contains("sark_metrics_errors_total{kind=\"series\"} 3\n"));
    assert!(text.contains("sark_metrics_errors_total{kind=\"file\"} 0\n"));
    assert!(folder.names().iter().any(|name| fs::metadata(folder.0.join(name)).unwrap().len() > 64 << 10));
}

#[test]
fn scrapes_under_load_never_go_back_and_end_exact() {
    let folder = Folder::new();
    let workers: Vec<Arc<Metrics>> = (0..3).map(|_| folder.metrics()).collect();
    let scraper = folder.metrics();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = 0.0;
            while !is_over.load(Ordering::Relaxed) {
                let now = value(&scraper, RUST).unwrap();
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
        });
        let loads: Vec<_> = workers.iter().map(|metrics| scope.spawn(|| decide(metrics, 50_000))).collect();
        // Processes that come and go meanwhile.
        for _ in 0..20 {
            decide(&folder.metrics(), 10);
        }
        loads.into_iter().for_each(|load| load.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(value(&scraper, RUST), Some(150_200.0));
}

#[test]
fn a_directory_that_cannot_be_used_is_unavailable() {
    let folder = Folder::new();
    let missing = folder.0.join("missing").join("too");
    fs::create_dir(&folder.0).unwrap();
    fs::write(folder.0.join("file"), b"").unwrap();
    for path in [missing, folder.0.join("file")] {
        assert_eq!(try_shared(&path).err().map(|error| error.kind()), Some(ErrorKind::Unavailable), "{}", path.display());
    }
    let metrics = folder.metrics();
    fs::remove_dir_all(&folder.0).unwrap();
    assert_eq!(metrics.render(Format::Text, &mut Vec::new()).map_err(|error| error.kind()), Err(ErrorKind::Unavailable));
    // What counts goes on.
    decide(&metrics, 1);
    assert!(Directory::open(&folder.0).is_ok());
}

#[test]
fn moments_are_shown_as_ages_and_the_oldest_counts() {
    let folder = Folder::new();
    let (one, two) = (folder.metrics(), folder.metrics());
    let age = || value(&two, "sark_flag_store_age_seconds{store=\"file\"}");
    assert_eq!(age(), None);
    two.flag_store_age("file", Some(Duration::ZERO));
    one.flag_store_age("file", Some(Duration::from_secs(90)));
    assert!(age().is_some_and(|age| (90.0..100.0).contains(&age)));
    one.flag_store_age("file", None);
    assert!(age().is_some_and(|age| (0.0..10.0).contains(&age)));
}

#[test]
fn the_formats_differ_as_they_must() {
    let metrics = Metrics::new();
    decide(&metrics, 2);
    metrics.cache_looked_up(true, Duration::from_nanos(100));
    metrics.cache_looked_up(false, Duration::from_secs(20));
    metrics.cache_stored(Duration::from_nanos(101));
    metrics.cache_size_changed(1, 12);
    metrics.feature("a\\b\"c\nd").user_missing();
    let plain = text(&metrics, Format::Text);
    for line in [
        "# HELP opa_evaluations_total Decisions made, by the side that made them.\n# TYPE opa_evaluations_total counter\n",
        "opa_evaluations_total{implementation=\"http\"} 0\nopa_evaluations_total{implementation=\"rust\"} 2\n",
        "opa_evaluation_duration_seconds_bucket{implementation=\"rust\",le=\"0.0000025\"} 0\n",
        "opa_evaluation_duration_seconds_bucket{implementation=\"rust\",le=\"0.000005\"} 2\n",
        "opa_evaluation_duration_seconds_bucket{implementation=\"rust\",le=\"+Inf\"} 2\n",
        "cache_operations_total{implementation=\"rust\",operation=\"get\"} 2\n",
        "cache_operations_total{implementation=\"rust\",operation=\"set\"} 1\n",
        "cache_operation_duration_seconds_bucket{implementation=\"rust\",le=\"0.0000001\"} 1\n",
        "cache_operation_duration_seconds_bucket{implementation=\"rust\",le=\"10\"} 2\n",
        "cache_operation_duration_seconds_count{implementation=\"rust\"} 3\n",
        "sark_cache_lookups_total{outcome=\"hit\"} 1\nsark_cache_lookups_total{outcome=\"miss\"} 1\n",
        "sark_flag_users_missing_total{feature=\"a\\\\b\\\"c\\nd\"} 1\n",
        "rust_cache_size_bytes 12\n",
    ] {
        assert!(plain.contains(line), "{line} is not in\n{plain}");
    }
    assert!(!plain.contains("# UNIT") && !plain.contains("EOF") && !plain.contains("sark_metrics_"));
    let openmetrics = text(&metrics, Format::OpenMetrics);
    for line in [
        "# TYPE opa_evaluations counter\nopa_evaluations_total{",
        "# TYPE opa_evaluation_duration_seconds histogram\n# UNIT opa_evaluation_duration_seconds seconds\n",
        "implementation=\"rust\",le=\"1e-07\"} 0\n",
        "implementation=\"rust\",le=\"1.0\"} 2\n",
        "# UNIT rust_cache_size_bytes bytes\nrust_cache_size_bytes 12\n",
    ] {
        assert!(openmetrics.contains(line), "{line} is not in\n{openmetrics}");
    }
    assert!(openmetrics.ends_with("\n# EOF\n"));
    let families: Vec<&str> = plain.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(families.is_sorted(), "by name: {families:?}");
}

#[test]
fn as_json_there_is_what_a_collector_needs() {
    let metrics = Metrics::new();
    decide(&metrics, 2);
    let mut json = Vec::new();
    metrics.gather(&mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let of = |name: &str| json.as_array().unwrap().iter().find(|family| family["name"] == name).unwrap().clone();
    let counter = of("opa_evaluations_total");
    assert_eq!(counter["type"], "counter");
    assert_eq!(counter["labels"], serde_json::json!(["implementation"]));
    assert_eq!(counter["samples"][1], serde_json::json!({"labels": ["rust"], "value": 2}));
    let times = of("opa_evaluation_duration_seconds");
    assert_eq!((&times["type"], &times["unit"]), (&"histogram".into(), &"seconds".into()));
    let sample = &times["samples"][1];
    assert_eq!((&sample["count"], sample["sum"].as_f64()), (&2.into(), Some(0.000006)));
    assert_eq!(sample["buckets"].as_array().unwrap().len(), 25);
    assert_eq!(sample["buckets"][5].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect::<Vec<_>>(), [0.000005, 2.0]);
    metrics.close();
    assert_eq!(metrics.gather(&mut Vec::new()).map_err(|error| error.kind()), Err(ErrorKind::Closed));
}

#[test]
fn a_time_is_in_the_first_bucket_that_has_room_for_it() {
    let metrics = Metrics::new();
    for bound in f::BOUNDS {
        metrics.evaluated(Implementation::Http, Duration::from_nanos(bound.nanoseconds));
        metrics.evaluated(Implementation::Http, Duration::from_nanos(bound.nanoseconds + 1));
    }
    let counted = metrics.counted().unwrap().http;
    let expected: Vec<u64> = (0..25).map(|number| 2 * number + 1).collect();
    assert_eq!(counted.buckets.iter().map(|(_, up_to)| *up_to).collect::<Vec<_>>(), expected);
    assert_eq!((counted.total, counted.count), (50, 50));
}
