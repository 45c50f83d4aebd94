//! The visible behaviour against a plain model, and the bounds under threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Cache, CacheOptions, Ttl};
use crate::error::ErrorKind;

fn cache(max_entries: u64, max_bytes: u64) -> Arc<Cache> {
    let options = CacheOptions { max_entries, max_bytes, ..CacheOptions::default() };
    Cache::new(options, None).unwrap_or_else(|e| panic_with(&e.to_string()))
}

#[allow(clippy::panic, reason = "a test's way to fail")]
fn panic_with(message: &str) -> ! {
    panic!("{message}")
}

fn get(cache: &Cache, key: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    matches!(cache.get(key, &mut output), Ok(true)).then_some(output)
}

/// A small generator (SplitMix64), so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) % bound
    }
}

#[test]
fn without_eviction_it_is_a_map() {
    let cache = cache(1000, 1 << 20);
    let mut model: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut random = Random(1);
    for step in 0..50_000_u64 {
        let key = format!("k{}", random.below(300)).into_bytes();
        match random.below(10) {
            0..=4 => {
                let value = format!("v{step}").into_bytes();
                assert_eq!(cache.set(&key, &value, Ttl::Never), Ok(0));
                model.insert(key, value);
            }
            5..=8 => assert_eq!(get(&cache, &key), model.get(&key).cloned()),
            _ => assert_eq!(cache.remove(&key), Ok(model.remove(&key).is_some())),
        }
        let bytes: usize = if step % 1000 == 0 { model.iter().map(|(k, v)| k.len() + v.len()).sum() } else { continue };
        assert_eq!(cache.bytes(), Ok(bytes as u64));
        assert_eq!(cache.len(), Ok(model.len() as u64));
    }
}

#[test]
fn bounds_hold_under_threads_and_what_is_used_stays() {
    let cache = cache(100, 2_000);
    thread::scope(|scope| {
        for t in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                let mut random = Random(t);
                for _ in 0..20_000 {
                    let key = random.below(400).to_le_bytes();
                    let value = vec![b'x'; usize::try_from(random.below(40)).unwrap_or_default()];
                    assert!(cache.set(&key, &value, Ttl::Default).is_ok());
                    assert!(cache.len().is_ok_and(|n| n <= 100) && cache.bytes().is_ok_and(|n| n <= 2_000));
                    let _ = get(cache, &random.below(400).to_le_bytes());
                }
            });
        }
    });
    let held: u64 = (0..400_u64).filter_map(|k| get(&cache, &k.to_le_bytes())).map(|v| v.len() as u64 + 8).sum();
    assert_eq!(cache.bytes(), Ok(held));

    let cache = self::cache(10, 1 << 20);
    for round in 0..100_u64 {
        assert!(cache.set(&round.to_le_bytes(), b"v", Ttl::Default).is_ok());
        assert!(
            round == 0 || get(&cache, &0_u64.to_le_bytes()).is_some(),
            "the entry read in each round was evicted in round {round}"
        );
    }
}

#[test]
fn expired_entries_are_never_returned_and_are_swept() {
    let options = CacheOptions { sweep_interval: Duration::from_millis(5), ..CacheOptions::default() };
    let Ok(cache) = Cache::new(options, None) else { panic_with("no cache") };
    for i in 0..1000_u64 {
        assert!(
            cache.set(&i.to_le_bytes(), b"v", if i % 2 == 0 { Ttl::After(Duration::from_millis(1)) } else { Ttl::Never }).is_ok()
        );
    }
    thread::sleep(Duration::from_millis(2));
    assert_eq!(get(&cache, &0_u64.to_le_bytes()), None);
    for _ in 0..400 {
        if cache.len() == Ok(500) {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(cache.len(), Ok(500));
    assert_eq!(cache.stats().map(|s| s.expirations), Ok(500));
}

#[test]
fn what_fits_no_budget_is_refused_and_the_old_value_goes() {
    let cache = cache(10, 10);
    assert_eq!(cache.set(b"k", b"old", Ttl::Default), Ok(0));
    assert_eq!(cache.set(b"k", b"0123456789", Ttl::Default).map_err(|e| e.kind()), Err(ErrorKind::TooLarge));
    assert_eq!(get(&cache, b"k"), None);
}

#[test]
fn a_closed_cache_says_so_and_holds_nothing() {
    let cache = cache(10, 100);
    assert!(cache.set(b"k", b"v", Ttl::Default).is_ok());
    cache.close();
    assert_eq!(cache.set(b"k", b"v", Ttl::Default).map_err(|e| e.kind()), Err(ErrorKind::Closed));
    assert_eq!(cache.shared.map.len(), 0);
}

#[test]
fn removing_and_setting_for_ever_does_not_grow_the_queue() {
    let cache = cache(1000, 1 << 20);
    for _ in 0..10_000 {
        assert!(cache.set(b"k", b"v", Ttl::Default).is_ok());
        assert!(cache.remove(b"k").is_ok());
    }
    assert!(cache.shared.lock_queue().slice(0, usize::MAX).count() <= 128);
}
