//! Any bytes as a bundle, a tar before it is packed; or, after a first `y`, as a file of YAML. Nothing panics, and what YAML becomes is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((b'y', yaml)) => drop(sark::source::fuzz(yaml, true)),
        _ => drop(sark::source::fuzz(data, false)),
    }
});
