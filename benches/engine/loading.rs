//! Loading a thousand modules in one update, and replacing one of them afterwards. regorus through sark's own ABI; OPA within Go, where whoever
//! replaces a module has the others parsed already, and compiles them all.

use std::time::Instant;

use libloading::Symbol;
use sark::ffi;

use crate::engine::Engine;
use crate::median;
use crate::modules;
use crate::peers::{Opa, Peer, library};

const MODULES: usize = 1000;
const ROUNDS: usize = 7;
/// The module that is replaced, and asked.
const ASKED: usize = 777;

type Load = unsafe extern "C" fn(*const u8, u64, *const u8, u64) -> i32;
type Replace = unsafe extern "C" fn(i32, *const u8, u64) -> i32;

/// How long loading and replacing took, in milliseconds, and what was answered after each.
struct Loaded {
    load: f64,
    replace: f64,
    answers: [String; 2],
}

/// A peer's name, and how it loads policies and replaces one.
type LoadedBy = (&'static str, fn(&[String], &str) -> Loaded);

pub(crate) fn measure() {
    println!("{:<26} {:<22} {:>12} {:>12} {:>10} {:>10}", "load 1,000", "peer", "load ms", "replace ms", "ratio", "ratio");
    let policies: Vec<String> = (0..MODULES).map(modules::small).collect();
    // The package denies what it allowed.
    let changed = policies[ASKED].replace("input.user.level\n", "input.user.level - 9\n");
    let peers: [LoadedBy; 3] = [("sark", by_sark), ("OPA, Go SDK", by_opa), ("regorus interpreter", by_regorus)];
    let mut all = peers.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, run), all) in peers.iter().zip(&mut all) {
            all.push(run(&policies, &changed));
        }
    }
    let mut base = None;
    for ((name, _), all) in peers.iter().zip(all) {
        assert!(all.iter().all(|loaded| loaded.answers == ["true", "false"]), "{name} allows, then denies");
        let load = median(all.iter().map(|loaded| loaded.load).collect());
        let replace = median(all.iter().map(|loaded| loaded.replace).collect());
        let (base_load, base_replace) = *base.get_or_insert((load, replace));
        let (r_load, r_replace) = (load / base_load, replace / base_replace);
        println!("{:<26} {name:<22} {load:>12.2} {replace:>12.2} {r_load:>9.1}x {r_replace:>9.1}x", "");
    }
}

fn input() -> Vec<u8> {
    let user = serde_json::json!({"id": "user0001", "level": 3, "teams": [{"team": format!("team{}", ASKED % 20), "level": 3}]});
    serde_json::json!({"service": format!("service-{ASKED}"), "action": "write", "user": user}).to_string().into_bytes()
}

fn by_sark(policies: &[String], changed: &str) -> Loaded {
    through_abi(ffi::SARK_EVALUATOR_SARK, policies, changed)
}

fn by_regorus(policies: &[String], changed: &str) -> Loaded {
    through_abi(ffi::SARK_EVALUATOR_REGORUS, policies, changed)
}

/// Both until the first answer is there: a peer may put off what it can.
fn through_abi(evaluator: u32, policies: &[String], changed: &str) -> Loaded {
    let (engine, input) = (Engine::new(evaluator, false), input());
    let ((query, before), load) = timed(|| {
        engine.load(policies, "{}");
        let query = engine.prepare(&modules::small_path(ASKED));
        let answer = query.answer(&input);
        (query, answer)
    });
    let (after, replace) = timed(|| {
        engine.replace(ASKED, changed);
        query.answer(&input)
    });
    Loaded { load, replace, answers: [before, after] }
}

fn by_opa(policies: &[String], changed: &str) -> Loaded {
    let (texts, path, input) = (policies.join("\n%%\n"), modules::small_path(ASKED), input());
    let (before, load) = timed(|| {
        let handle = unsafe {
            let load: Symbol<'_, Load> = library().get(b"opa_load").expect("opa_load");
            load(texts.as_ptr(), texts.len() as u64, path.as_ptr(), path.len() as u64)
        };
        Opa::of(handle).answer(&input)
    });
    let (after, replace) = timed(|| {
        let handle = unsafe {
            let replace: Symbol<'_, Replace> = library().get(b"opa_replace").expect("opa_replace");
            replace(i32::try_from(ASKED).unwrap(), changed.as_ptr(), changed.len() as u64)
        };
        Opa::of(handle).answer(&input)
    });
    Loaded { load, replace, answers: [before, after] }
}

/// What something gives, and the milliseconds that it took.
fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed().as_secs_f64() * 1e3)
}
