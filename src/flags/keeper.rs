//! The thread that follows a store, started once in each process generation, gone with the flags.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::state::State;
use super::store::{Found, Sink};
use serde_json::json;

use crate::companion::Companion;
use crate::error::{Error, ErrorKind};
use crate::event::Level;
use crate::process;

/// The thread's stack: the clients of stores, and TLS.
const STACK_BYTES: usize = 512 << 10;

/// The first pause after a store could not be reached; each further one is twice as long, up to the store's longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// How long opening waits for a store: longer than the store's own timeouts.
const FIRST_ATTEMPT: Duration = Duration::from_secs(3);

pub(super) struct Keeper {
    /// Not for a store that nobody else changes.
    is_needed: bool,
    thread: Companion,
}

impl Keeper {
    pub(super) fn new(is_needed: bool) -> Self {
        Self { is_needed, thread: Companion::default() }
    }

    /// Starts the thread, and waits for its first attempt to reach the store.
    pub(super) fn start_and_wait(&self, state: &Arc<State>) {
        self.start(state);
        state.wait_for_first_attempt(FIRST_ATTEMPT);
    }

    /// Starts the thread unless this generation has it.
    pub(super) fn start(&self, state: &Arc<State>) {
        if self.is_needed && !self.thread.is_started() {
            self.start_now(state);
        }
    }

    #[cold]
    fn start_now(&self, state: &Arc<State>) {
        let (weak, generation) = (Arc::downgrade(state), process::generation());
        match self.thread.start("sark-flags", STACK_BYTES, move || run(&weak, generation)) {
            Ok(true) if state.is_closed() => self.stop(),
            Ok(_) => {}
            Err(error) => {
                let problem = format!("no thread can be made to follow the store: {error}");
                state.not_reached(&Error::new(ErrorKind::Unavailable, problem));
            }
        }
    }

    /// Wakes the thread, which then finds its flags closed, and ends.
    pub(super) fn stop(&self) {
        self.thread.wake();
    }
}

fn run(state: &Weak<State>, generation: u64) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(state) = state.upgrade() else { return };
        let follower = Follower { state: &state, generation };
        let followed = catch_unwind(AssertUnwindSafe(|| state.store().follow(&follower)));
        if follower.is_over() {
            return;
        }
        let error = match followed {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(_) => State::defect(),
        };
        let was_reached = process::work(|| {
            let was_reached = state.status().is_ok_and(|status| status.problem.is_none() && status.age.is_some());
            state.not_reached(&error);
            was_reached
        });
        pause = if was_reached { FIRST_PAUSE } else { (pause * 2).min(state.store().longest_pause()) };
        drop(state);
        thread::park_timeout(jittered(pause));
    }
}

/// Between three quarters and five quarters of the time: what was thrown back together does not come back together.
pub(super) fn jittered(pause: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness they come back together: no harm beyond that.
    let _ = getrandom::fill(&mut byte);
    pause.mul_f64(0.75 + f64::from(byte[0]) / 512.0)
}

/// The keeper's side of a store. What takes a lock runs in slices that no fork interrupts.
struct Follower<'a> {
    state: &'a State,
    generation: u64,
}

impl Sink for Follower<'_> {
    fn contact(&self) {
        process::work(|| self.state.reached());
    }

    fn learn(&self, found: Found) -> bool {
        process::work(|| self.state.learn(&found))
    }

    fn note(&self, level: Level, name: &'static str, message: &str) {
        process::work(|| self.state.happened(level, name, message, json!({"store": self.state.store().name()})));
    }

    fn wait(&self, time: Duration) {
        if !self.is_over() {
            thread::park_timeout(time);
        }
    }

    fn is_over(&self) -> bool {
        self.state.is_closed() || self.generation != process::generation()
    }
}
