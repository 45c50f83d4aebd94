//! Whether an engine may answer: a source that was never activated, or is too old, keeps it from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, ForkLock};

/// Open for ever.
const NEVER: u64 = u64::MAX;

/// What feeds an engine with policies and data, as the engine sees it.
pub(crate) trait Feed: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// Until when what it brought holds; `None` for ever. A moment that is over closes the engine.
    fn holds_until(&self) -> Option<Instant>;

    /// Why the engine does not answer, at `now`.
    fn problem(&self, now: Instant) -> String;

    /// Whether a remote may decide meanwhile; otherwise nobody does.
    fn lets_remote_decide(&self) -> bool;

    /// Goes on in a forked child, where its thread is not.
    fn revive(&self);

    /// Ends it, with its engine.
    fn end(&self);

    /// How it is, for an operator.
    fn status(&self) -> Value;
}

/// The feeds of one engine. Checked on each decision: without feeds it costs one load.
pub(super) struct Gate {
    /// 0 without feeds, else the process generation in which their threads were last seen to.
    generation: AtomicU64,
    opened: Instant,
    /// Nanoseconds from `opened` after which the engine does not answer.
    closes: AtomicU64,
    feeds: ArcSwap<Vec<Arc<dyn Feed>>>,
    /// Held while feeds are added or taken away, and while `closes` is computed.
    changing: ForkLock,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            generation: AtomicU64::new(0),
            opened: Instant::now(),
            closes: AtomicU64::new(NEVER),
            feeds: ArcSwap::default(),
            changing: ForkLock::new(),
        }
    }

    /// `UNAVAILABLE` where the engine may not answer.
    #[inline]
    pub(super) fn check(&self, now: Instant) -> Result<()> {
        match self.generation.load(Ordering::Relaxed) {
            0 => Ok(()),
            generation => self.check_feeds(now, generation),
        }
    }

    fn check_feeds(&self, now: Instant, generation: u64) -> Result<()> {
        if generation != process::generation() {
            self.revive();
        }
        let closes = self.closes.load(Ordering::Acquire);
        if closes == NEVER || nanoseconds(now.saturating_duration_since(self.opened)) < closes {
            return Ok(());
        }
        // `closes` follows a feed's own word a moment later: whoever has just waited for the feed is not told that it was not activated.
        let problems = self.problems(now);
        if problems.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::Unavailable, problems.join("; "))) }
    }

    #[cold]
    fn revive(&self) {
        self.generation.store(process::generation(), Ordering::Relaxed);
        for feed in self.feeds.load().iter() {
            feed.revive();
        }
    }

    /// Whether a remote may decide while the engine does not answer.
    pub(super) fn lets_remote_decide(&self) -> bool {
        let now = Instant::now();
        self.feeds.load().iter().all(|feed| !is_over(feed.as_ref(), now) || feed.lets_remote_decide())
    }

    /// Adds a feed; `CONFLICT` where another one has its name.
    pub(super) fn add(&self, feed: Arc<dyn Feed>) -> Result<()> {
        let _changing = self.changing.lock();
        let feeds = self.feeds.load();
        if feeds.iter().any(|known| known.name() == feed.name()) {
            let problem =
                format!("the engine follows a source named {} already; close that one, or give this one a name", feed.name());
            return Err(Error::new(ErrorKind::Conflict, problem));
        }
        let more = feeds.iter().chain([&feed]).cloned().collect();
        self.set(more);
        Ok(())
    }

    /// Takes a feed away.
    pub(super) fn remove(&self, name: &str) {
        let _changing = self.changing.lock();
        let left = self.feeds.load().iter().filter(|feed| feed.name() != name).cloned().collect();
        self.set(left);
    }

    /// Takes all away, and ends them.
    pub(super) fn end(&self) {
        let feeds = self.feeds.load_full();
        for feed in feeds.iter() {
            feed.end();
        }
        let _changing = self.changing.lock();
        self.set(Vec::new());
    }

    /// A feed was activated, or heard of its source.
    pub(super) fn refresh(&self) {
        let _changing = self.changing.lock();
        self.close_in_time(&self.feeds.load());
    }

    fn set(&self, feeds: Vec<Arc<dyn Feed>>) {
        self.close_in_time(&feeds);
        let generation = if feeds.is_empty() { 0 } else { process::generation() };
        self.feeds.store(Arc::new(feeds));
        self.generation.store(generation, Ordering::Release);
    }

    fn close_in_time(&self, feeds: &[Arc<dyn Feed>]) {
        let soonest = feeds.iter().filter_map(|feed| feed.holds_until()).min();
        let closes = soonest.map_or(NEVER, |at| nanoseconds(at.saturating_duration_since(self.opened)));
        self.closes.store(closes, Ordering::Release);
    }

    pub(super) fn statuses(&self) -> Vec<Value> {
        self.feeds.load().iter().map(|feed| feed.status()).collect()
    }

    /// What keeps the engine from answering at `now`.
    #[cold]
    pub(super) fn problems(&self, now: Instant) -> Vec<String> {
        self.feeds.load().iter().filter(|feed| is_over(feed.as_ref(), now)).map(|feed| feed.problem(now)).collect()
    }
}

fn is_over(feed: &dyn Feed, now: Instant) -> bool {
    feed.holds_until().is_some_and(|until| until <= now)
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::{Feed, Gate};
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    struct Until(&'static str, Option<Instant>, bool);

    /// Activated while the gate was not told yet.
    struct Late(Instant, AtomicBool);

    impl Feed for Late {
        fn name(&self) -> &'static str {
            "late"
        }
        fn holds_until(&self) -> Option<Instant> {
            (!self.1.load(Ordering::Relaxed)).then_some(self.0)
        }
        fn problem(&self, _: Instant) -> String {
            "late was not activated".to_owned()
        }
        fn lets_remote_decide(&self) -> bool {
            false
        }
        fn revive(&self) {}
        fn end(&self) {}
        fn status(&self) -> Value {
            json!({})
        }
    }

    #[test]
    fn whoever_waited_for_a_feed_is_let_in_before_the_gate_was_told() {
        let (gate, feed) = (Gate::new(), Arc::new(Late(Instant::now(), AtomicBool::new(false))));
        assert!(gate.add(Arc::<Late>::clone(&feed)).is_ok());
        let closed = gate.check(Instant::now()).err().map(|error| error.to_string());
        assert_eq!(closed.as_deref(), Some("late was not activated"));
        feed.1.store(true, Ordering::Relaxed);
        assert!(gate.check(Instant::now()).is_ok());
    }

    impl Feed for Until {
        fn name(&self) -> &str {
            self.0
        }
        fn holds_until(&self) -> Option<Instant> {
            self.1
        }
        fn problem(&self, _: Instant) -> String {
            format!("{} is old", self.0)
        }
        fn lets_remote_decide(&self) -> bool {
            self.2
        }
        fn revive(&self) {}
        fn end(&self) {}
        fn status(&self) -> Value {
            json!({"name": self.0})
        }
    }

    #[test]
    fn the_soonest_closes_it_and_is_named() {
        let (gate, start) = (Gate::new(), Instant::now());
        assert!(gate.check(start).is_ok());
        let minute = Duration::from_secs(60);
        assert!(gate.add(Arc::new(Until("a", None, true))).is_ok());
        assert!(gate.add(Arc::new(Until("b", Some(start + minute), true))).is_ok());
        assert!(gate.add(Arc::new(Until("b", None, true))).is_err());
        assert!(gate.check(start).is_ok());
        let late = gate.check(start + minute * 2).err().map(|error| error.to_string());
        assert_eq!(late.as_deref(), Some("b is old"));
        gate.remove("b");
        assert!(gate.check(start + minute * 2).is_ok());
        assert!(gate.add(Arc::new(Until("c", Some(start), false))).is_ok());
        assert!(gate.check(Instant::now()).is_err() && !gate.lets_remote_decide());
        gate.end();
        assert!(gate.check(Instant::now()).is_ok() && gate.statuses().is_empty());
    }
}
