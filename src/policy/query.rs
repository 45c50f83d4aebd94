//! A question that is asked many times.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Engine, EvaluateOptions, Evaluation, Revision, check_name};
use crate::error::{Error, Result};
use crate::rego::{Input, Outcome, Path};

/// What a decision is asked of: a policy by its name, or a document by its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The document of the package that the policy of this name declares.
    Name(Arc<str>),
    /// The document at this path.
    Path(Path),
}

impl Target {
    /// Reads a policy's name, or a path where the text starts with `data.`, `data[` or is `data`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a malformed path or an empty name.
    pub fn parse(text: &str) -> Result<Self> {
        if Path::is_path(text) {
            return Path::parse(text).map(Self::Path);
        }
        check_name(text)?;
        Ok(Self::Name(text.into()))
    }

    /// The same, for a text that is likely to be one that this thread asked for before.
    ///
    /// # Errors
    /// As [`Target::parse`].
    pub(crate) fn known(text: &str) -> Result<Self> {
        let place = text.bytes().last().map_or(0, usize::from).wrapping_add(text.len()) % KNOWN;
        if let Some(target) = LAST.try_with(|last| last.try_borrow().ok()?.find(place, text)).ok().flatten() {
            return Ok(target);
        }
        let target = Self::parse(text)?;
        if text.len() <= KNOWN_BYTES {
            // A thread that ends knows nothing any more, but its destructors may still ask.
            let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| last.keep(place, text, &target)));
        }
        Ok(target)
    }
}

/// How many texts a thread knows, and how long one may be.
const KNOWN: usize = 8;
const KNOWN_BYTES: usize = 256;

/// Texts, and what they were read as.
struct Known([Option<(Box<str>, Target)>; KNOWN]);

impl Known {
    fn find(&self, place: usize, text: &str) -> Option<Target> {
        let (known, target) = self.0.get(place)?.as_ref()?;
        (**known == *text).then(|| target.clone())
    }

    fn keep(&mut self, place: usize, text: &str, target: &Target) {
        if let Some(place) = self.0.get_mut(place) {
            *place = Some((text.into(), target.clone()));
        }
    }
}

thread_local! {
    /// A gateway asks for few policies; reading `data.a.b` took a tenth of a small decision.
    static LAST: RefCell<Known> = const { RefCell::new(Known([const { None }; KNOWN])) };
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Path(path) => path.fmt(f),
        }
    }
}

/// A prepared query: it always asks the engine's present policies and data. Usable from many threads at once.
pub struct Query {
    engine: Arc<Engine>,
    target: Target,
    closed: AtomicBool,
}

impl Query {
    /// Prepares `target`, and gives the revision at which it was found.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND` for a name that no policy has; `CLOSED`.
    pub fn new(engine: Arc<Engine>, target: Target) -> Result<(Self, Revision)> {
        let revision = engine.check(&target)?;
        Ok((Self { engine, target, closed: AtomicBool::new(false) }, revision))
    }

    /// Ends the query; later calls answer `CLOSED`.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// As [`Engine::evaluate`].
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate(&self, input: Option<&[u8]>, options: &EvaluateOptions, output: &mut Vec<u8>) -> Result<Evaluation> {
        self.check_open()?;
        self.engine.evaluate(&self.target, input, options, output)
    }

    /// As [`Engine::evaluate_input`].
    ///
    /// # Errors
    /// As [`Engine::evaluate_input`].
    pub fn evaluate_input(&self, input: &Input, options: &EvaluateOptions, output: &mut Vec<u8>) -> Result<Evaluation> {
        self.check_open()?;
        self.engine.evaluate_input(&self.target, input, options, output)
    }

    /// Whether the result is exactly `true`.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn allows(&self, input: Option<&[u8]>, options: &EvaluateOptions) -> Result<(bool, Evaluation)> {
        let mut output = Vec::new();
        let evaluation = self.evaluate(input, options, &mut output)?;
        Ok((evaluation.outcome == Outcome::Defined && output == b"true", evaluation))
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("query")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST, Target};

    #[test]
    fn what_a_thread_knows_is_what_it_would_read() {
        let long = format!("data.{}", "x".repeat(300));
        let texts = [
            "data.a.b",
            "data.c.b",
            "data.a.b",
            "authz",
            "data",
            "data[\"a.b\"]",
            "aathz",
            "",
            "data.",
            "data.a.b",
            &long,
            &long,
        ];
        for text in texts.iter().chain(&texts) {
            assert_eq!(Target::known(text).ok(), Target::parse(text).ok(), "{text}");
        }
    }

    #[test]
    fn a_thread_that_ends_may_still_ask() {
        struct Asks(std::sync::mpsc::Sender<(bool, bool)>);
        impl Drop for Asks {
            fn drop(&mut self) {
                let is_gone = LAST.try_with(|_| ()).is_err();
                let _ = self.0.send((is_gone, Target::known("data.a.b").is_ok()));
            }
        }
        thread_local! {
            static ASKS: std::cell::RefCell<Option<Asks>> = const { std::cell::RefCell::new(None) };
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // Made first, so that it ends last.
            ASKS.set(Some(Asks(sender)));
            Target::known("data.a.b").is_ok()
        });
        assert_eq!(thread.join().ok(), Some(true));
        assert_eq!(receiver.recv(), Ok((true, true)));
    }
}
