//! What this process is: its generation (a forked child is a new one), ids that no other process has, and a gate that parks
//! sark's own threads while a fork is under way.
//!
//! Atomics only: a lock that another thread holds at the fork would stay locked in the child for ever.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static GENERATION: AtomicU64 = AtomicU64::new(1);
static FORKING: AtomicBool = AtomicBool::new(false);
static WORKING: AtomicU32 = AtomicU32::new(0);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// How long a parked thread, or a fork that waits for one, sleeps between two looks.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// The process's generation: it grows in each forked child. Threads, sockets and random seeds belong to one generation.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// An opaque text that no other call returns, in this process or another.
///
/// A per-process number drawn by the standard library's hasher keys is not enough, since a fork copies them: pid and time tell the child apart.
pub(crate) fn unique_id() -> String {
    let count = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u64(generation());
    hasher.write_u128(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos());
    format!("{:016x}-{count}", hasher.finish())
}

/// A random number, for ids and samples: not for secrets. Each thread has its own generator (xoroshiro128++, Blackman and Vigna 2019),
/// seeded by the operating system anew in each process generation, so that a forked child does not repeat its parent's numbers.
pub(crate) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<(u64, [u64; 2])> = const { Cell::new((0, [0; 2])) };
    }
    STATE.with(|state| {
        let (generation_of_seed, mut seed) = state.get();
        let now = generation();
        if generation_of_seed != now {
            seed = new_seed();
        }
        let [a, b] = seed;
        let c = a ^ b;
        state.set((now, [a.rotate_left(49) ^ c ^ (c << 21), c.rotate_left(28)]));
        a.wrapping_add(b).rotate_left(17).wrapping_add(a)
    })
}

#[cold]
fn new_seed() -> [u64; 2] {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's randomness, what the standard library has, and what no other process shares.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        bytes = (u128::from(hasher.finish()) << 64 | SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
            .to_le_bytes();
    }
    let bits = u128::from_le_bytes(bytes) | 1;
    [(bits >> 64) as u64, bits as u64]
}

/// Runs one slice of a background thread's work: never while a fork is under way. Slices are short, for a fork waits for them.
pub(crate) fn work<T>(slice: impl FnOnce() -> T) -> T {
    loop {
        WORKING.fetch_add(1, Ordering::SeqCst);
        if !FORKING.load(Ordering::SeqCst) {
            break;
        }
        WORKING.fetch_sub(1, Ordering::SeqCst);
        std::thread::sleep(LOOK_AGAIN);
    }
    let _leave = Leave;
    slice()
}

/// Leaves the gate even where the slice panics.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        WORKING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A lock for what is rare, and short. One that a thread of the parent holds at a fork is free in the child, where that thread is not: what
/// it guards has to be whole at any moment.
pub(crate) struct ForkLock(AtomicU64);

/// Gives a `ForkLock` back.
pub(crate) struct ForkGuard<'a> {
    lock: &'a ForkLock,
    holder: u64,
}

impl ForkLock {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn lock(&self) -> ForkGuard<'_> {
        loop {
            let (now, holder) = (generation(), self.0.load(Ordering::Relaxed));
            if holder != now && self.0.compare_exchange(holder, now, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return ForkGuard { lock: self, holder: now };
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for ForkGuard<'_> {
    fn drop(&mut self) {
        // Generations start at 1, so that 0 is nobody.
        let _ = self.lock.0.compare_exchange(self.holder, 0, Ordering::Release, Ordering::Relaxed);
    }
}

/// Before a fork: no slice of work starts, and those under way end.
pub(crate) fn before_fork() {
    FORKING.store(true, Ordering::SeqCst);
    while WORKING.load(Ordering::SeqCst) != 0 {
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// After a fork, in the parent: work goes on.
pub(crate) fn after_fork_in_parent() {
    FORKING.store(false, Ordering::SeqCst);
}

/// After a fork, in the child: a new generation, in which none of the parent's threads exists.
pub(crate) fn after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    WORKING.store(0, Ordering::SeqCst);
    FORKING.store(false, Ordering::SeqCst);
}
