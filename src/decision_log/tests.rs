//! The decision log: its events, its bounds, and its file.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{DecisionLog, DecisionLogOptions, Logged};
use crate::mask::Mask;
use crate::rego::Path;

/// A directory of this test, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sark-log-{name}-{}", crate::process::unique_id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn location(&self, query: &str) -> String {
        format!("file:{}{query}", self.0.join("log").display())
    }

    /// The events of `log`, or of `log.1`, …
    fn events(&self, suffix: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.0.join(format!("log{suffix}"))).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn record(log: &Arc<DecisionLog>, number: usize, input: &[u8], mask: &Arc<Mask>) {
    log.record(Logged {
        id: format!("id-{number}"),
        when: jiff::Timestamp::UNIX_EPOCH,
        path: Path::new(vec!["a".into(), "b/c".into()]),
        input: Some(input),
        result: Ok(Some(b"{\"n\":1.0}")),
        trace: None,
        bundles: Some("main=7,other=8".into()),
        custom: json!({"implementation": "rust"}),
        metrics: json!({}),
        mask: Arc::clone(mask),
    });
}

fn open(location: &str, options: DecisionLogOptions) -> Arc<DecisionLog> {
    DecisionLog::open(location, options).expect("a log")
}

fn next(log: &DecisionLog) -> Option<Value> {
    let event = log.next(Duration::ZERO).expect("an open log")?;
    Some(serde_json::from_slice(&event).expect("JSON"))
}

#[test]
fn an_event_is_opas_and_masked() {
    let log = open("queue:", DecisionLogOptions::default());
    let mask = Arc::new(Mask::parse(br#"["/input/password"]"#).expect("a mask"));
    record(&log, 1, br#"{"password": "x", "n": 1e400}"#, &mask);
    let mut event = next(&log).expect("an event");
    let id = event.pointer_mut("/labels/id").map(Value::take);
    assert!(id.is_some_and(|id| id.is_string()));
    let wanted = r#"{"labels": {"id": null, "version": "sark VERSION"}, "decision_id": "id-1", "path": "a/b%2Fc", "timestamp": "1970-01-01T00:00:00Z",
        "metrics": {}, "custom": {"implementation": "rust"}, "bundles": {"main": {"revision": "7"}, "other": {"revision": "8"}},
        "input": {"n": 1e400}, "result": {"n": 1.0}, "erased": ["/input/password"]}"#;
    let wanted: Value = serde_json::from_str(&wanted.replace("VERSION", env!("CARGO_PKG_VERSION"))).expect("JSON");
    assert_eq!(event.to_string(), wanted.to_string());
    assert_eq!(next(&log), None);
}

#[test]
fn what_is_too_large_or_no_json_stays_out() {
    let log = open("queue:", DecisionLogOptions { max_event_bytes: 10, ..DecisionLogOptions::default() });
    record(&log, 1, b"\"0123456789\"", &Arc::default());
    record(&log, 2, b"{nonsense", &Arc::default());
    for _ in 0..2 {
        let event = next(&log).expect("an event");
        assert_eq!((event.get("input"), event.get("erased")), (None, Some(&json!(["/input"]))));
    }
}

#[test]
fn the_oldest_are_dropped_and_counted() {
    for options in [
        DecisionLogOptions { max_waiting: 3, ..DecisionLogOptions::default() },
        DecisionLogOptions { max_waiting_bytes: 3 * 10, ..DecisionLogOptions::default() },
    ] {
        let log = open("queue:", options);
        for number in 0..5 {
            record(&log, number, b"1", &Arc::default());
        }
        let ids: Vec<_> =
            std::iter::from_fn(|| next(&log)).filter_map(|mut e| e.get_mut("decision_id").map(Value::take)).collect();
        assert_eq!(ids, ["id-2", "id-3", "id-4"]);
        assert_eq!(log.status().get("dropped"), Some(&json!(2)));
        assert_eq!(log.status().get("events"), Some(&json!(3)));
    }
}

#[test]
fn what_waits_at_the_close_may_be_taken() {
    let log = open("queue:", DecisionLogOptions::default());
    record(&log, 1, b"1", &Arc::default());
    assert!(!log.flush(Duration::ZERO));
    log.close();
    record(&log, 2, b"1", &Arc::default());
    assert!(next(&log).is_some());
    assert!(log.next(Duration::from_secs(5)).is_err());
    assert_eq!(log.status().get("dropped"), Some(&json!(1)));
    assert!(log.flush(Duration::ZERO));
}

#[test]
fn a_file_has_each_event_once_and_is_renamed_when_full() {
    let directory = Directory::new("full");
    let log = open(&directory.location("?max_bytes=4096&keep=2"), DecisionLogOptions::default());
    for number in 0..80 {
        record(&log, number, b"1", &Arc::default());
        assert!(log.flush(Duration::from_secs(10)));
    }
    let numbers: Vec<_> = [".2", ".1", ""].iter().flat_map(|suffix| directory.events(suffix)).collect();
    let last: Vec<_> = (80 - numbers.len()..80).map(|number| json!(format!("id-{number}"))).collect();
    let ids: Vec<_> = numbers.iter().filter_map(|event| event.get("decision_id").cloned()).collect();
    assert_eq!(ids, last);
    assert!(numbers.len() > 20 && numbers.len() < 80, "{}", numbers.len());
    assert!(!directory.0.join("log.3").exists());
    assert!(std::fs::metadata(directory.0.join("log.1")).is_ok_and(|file| file.len() <= 4096));
}

#[test]
fn several_writers_of_one_file_lose_nothing() {
    let directory = Directory::new("several");
    let logs: Vec<_> =
        (0..4).map(|_| open(&directory.location("?max_bytes=20000&keep=100"), DecisionLogOptions::default())).collect();
    std::thread::scope(|scope| {
        for (at, log) in logs.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..250 {
                    record(log, at * 250 + number, b"1", &Arc::default());
                    std::thread::sleep(Duration::from_micros(50));
                }
                log.close();
            });
        }
    });
    let suffixes = std::iter::once(String::new()).chain((1..=100).map(|number| format!(".{number}")));
    let mut ids: Vec<String> = suffixes
        .flat_map(|suffix| directory.events(&suffix))
        .map(|event| event.get("decision_id").and_then(Value::as_str).unwrap_or("torn").to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
    assert!(logs.iter().all(|log| log.status().get("dropped") == Some(&json!(0))));
}

#[test]
fn the_beginning_of_a_line_is_not_continued() {
    let directory = Directory::new("torn");
    std::fs::write(directory.0.join("log"), b"{\"decision_id\":\"half").expect("a file");
    let log = open(&directory.location(""), DecisionLogOptions::default());
    record(&log, 1, b"1", &Arc::default());
    log.close();
    let events = directory.events("");
    assert_eq!(events.len(), 2);
    assert_eq!(events.get(1).and_then(|event| event.get("decision_id")), Some(&json!("id-1")));
}

#[test]
fn a_file_that_cannot_be_written_is_said_at_once_or_in_the_status() {
    let directory = Directory::new("away");
    assert!(DecisionLog::open(&directory.location("/below"), DecisionLogOptions::default()).is_err());
    let log = open(&directory.location(""), DecisionLogOptions::default());
    std::fs::remove_file(directory.0.join("log")).expect("a file");
    std::fs::create_dir(directory.0.join("log")).expect("a directory in its place");
    record(&log, 1, b"1", &Arc::default());
    assert!(!log.flush(Duration::from_millis(100)));
    assert!(log.status().get("failing").is_some_and(Value::is_string));
    std::fs::remove_dir(directory.0.join("log")).expect("a directory");
    assert!(log.flush(Duration::from_secs(10)), "it is tried again");
    assert_eq!(log.status().get("failing"), Some(&Value::Null));
    assert_eq!(directory.events("").len(), 1);
}

#[test]
fn a_full_disk_is_said_and_what_it_cost_is_counted() {
    // Every write to it fails with ENOSPC.
    let log = open("file:/dev/full", DecisionLogOptions::default());
    record(&log, 1, b"1", &Arc::default());
    assert!(!log.flush(Duration::from_millis(50)));
    log.close();
    assert_eq!(log.status().get("dropped"), Some(&json!(1)));
    assert!(log.status().get("failing").and_then(Value::as_str).is_some_and(|why| why.contains("space")));
}
