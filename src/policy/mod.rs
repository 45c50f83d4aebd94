//! Named policies and data: an engine that many threads read while others replace what it holds.
//!
//! Readers take the current snapshot without a lock; writers make the next one aside and swap it in whole. What does not
//! compile never becomes a snapshot.

mod activation;
mod data;
mod explain;
mod gate;
mod network;
mod ownership;
mod prints;
mod query;
mod revision;
mod snapshot;
mod tester;
mod update;

pub use crate::rego::{Explain, Explanation};
pub(crate) use activation::{Activated, Content, Delta, Patch, PatchOp};
pub(crate) use gate::Feed;
pub use query::{Query, Target};
pub use revision::Revision;
pub use tester::TestOptions;
pub use update::Update;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::{Implementation, Metrics};
use crate::rego::value::MAX_DEPTH;
use crate::rego::{
    Bounds, Compiler, Document, Given, Input, Limits, Outcome, Outside, Printer, Question, RegoCompiler, RegoVersion,
};
use gate::Gate;
use ownership::Owners;
use prints::Prints;
use snapshot::{Modules, Snapshot};

/// Who evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evaluator {
    /// sark's own: decides as OPA decides.
    #[default]
    Sark,
    /// Microsoft's regorus, where the build has it: a second opinion.
    Regorus,
}

/// What bounds an engine. Someone else's memory is at stake, so nothing is unbounded unless the caller says so.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// Who evaluates.
    pub evaluator: Evaluator,
    /// Whether what is merely suspicious does not compile.
    pub strict: bool,
    /// The version of modules that do not name one.
    pub rego_version: RegoVersion,
    /// The time of one evaluation; `None` for no bound.
    pub timeout: Option<Duration>,
    /// The largest input, in bytes of JSON.
    pub max_input_bytes: u64,
    /// The most that all policies' sources may take together.
    pub max_policy_bytes: u64,
    /// The most that data may take, as compact JSON.
    pub max_data_bytes: u64,
    /// Whether calls of `print` are compiled: each becomes an event, which [`Engine::next_event`] gives. Otherwise they are taken out.
    pub print_statements: bool,
    /// Whether types are checked by the schemas that annotations hold, or name.
    pub schema_annotations: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            evaluator: Evaluator::Sark,
            strict: false,
            rego_version: RegoVersion::V1,
            timeout: Some(Duration::from_secs(5)),
            max_input_bytes: 64 << 20,
            max_policy_bytes: 64 << 20,
            max_data_bytes: 1 << 30,
            print_statements: false,
            schema_annotations: false,
        }
    }
}

/// What one evaluation may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct EvaluateOptions {
    /// `None`: the engine's own. `Some(None)`: no bound.
    pub timeout: Option<Option<Duration>>,
    /// Whether an error in a builtin ends the evaluation.
    pub strict_builtin_errors: bool,
    /// Whether the caller does not ask how long it took: the clock is read less often.
    pub untimed: bool,
    /// The version of a query's text; `None`: the engine's own.
    pub rego_version: Option<RegoVersion>,
    /// Whether a limit that it exceeds is no failure: the caller asks again, with more time.
    pub is_trial: bool,
    /// What the clock shows, where the caller has just read it.
    pub start: Option<Instant>,
    /// What `time.now_ns` gives, in nanoseconds since 1970; `None` for the time that it is.
    pub time_ns: Option<i64>,
    /// What `rand.intn` and `uuid.rfc4122` draw from: equal seeds draw the same. `None` for the system's randomness.
    pub seed: Option<u64>,
    /// Whether a decision that would reach outside, where nothing is open, is somebody else's: it ends with `UNSUPPORTED`.
    pub elsewhere: bool,
}

/// What one evaluation gave, beside the result itself.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation {
    /// Whether the document has a value.
    pub outcome: Outcome,
    /// The revision that decided.
    pub revision: Revision,
    /// The time spent reading the input.
    pub read: Duration,
    /// The time spent deciding and writing the result.
    pub evaluate: Duration,
}

/// Policies and data under one roof. Usable from many threads at once.
pub struct Engine {
    options: EngineOptions,
    /// That of an engine without schemas.
    compiler: Arc<dyn Compiler>,
    snapshot: ArcSwap<Snapshot>,
    /// Held by whoever makes the next snapshot; readers never wait for it.
    writing: Mutex<()>,
    closed: AtomicBool,
    metrics: Option<Arc<Metrics>>,
    gate: Gate,
    prints: Prints,
    outside: Outside,
}

impl Engine {
    /// An engine without policies, with an empty object as its data.
    ///
    /// # Errors
    /// `UNSUPPORTED` where no evaluator was built in, or where it has no `print` or no strict mode.
    pub fn new(options: EngineOptions, metrics: Option<Arc<Metrics>>) -> Result<Arc<Self>> {
        let compiler = compiler(&options)?;
        let snapshot = ArcSwap::from_pointee(Snapshot::empty(&compiler)?);
        Ok(Arc::new(Self {
            options,
            compiler,
            snapshot,
            writing: Mutex::new(()),
            closed: AtomicBool::new(false),
            metrics,
            gate: Gate::new(),
            prints: Prints::default(),
            outside: Outside::default(),
        }))
    }

    /// The options it was made with.
    #[must_use]
    pub const fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Ends the engine: its memory is given back as soon as the last call under way returns, and later calls answer `CLOSED`.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.prints.wake();
        self.gate.end();
        // A writer under way would put its snapshot in after ours: wait for it.
        let _writing = self.lock_writing();
        if let Ok(empty) = Snapshot::empty(&self.compiler) {
            self.install(empty);
        }
    }

    /// Loads or replaces one policy, and gives the new revision.
    ///
    /// # Errors
    /// Those of [`Update::load_policy`] and [`Update::commit`].
    pub fn load_policy(self: &Arc<Self>, name: &str, rego: &str, version: Option<RegoVersion>) -> Result<Revision> {
        self.change(|update| update.load_policy(name, rego, version))
    }

    /// Removes one policy.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND` where none has that name.
    pub fn remove_policy(self: &Arc<Self>, name: &str) -> Result<Revision> {
        self.change(|update| update.remove_policy(name))
    }

    /// Removes all policies that were loaded by hand. Data stays, and what sources brought.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn clear_policies(self: &Arc<Self>) -> Result<Revision> {
        self.change(|update| update.clear_policies())
    }

    /// Replaces all data by a JSON object.
    ///
    /// # Errors
    /// Those of [`Update::set_data`] and [`Update::commit`].
    pub fn set_data(self: &Arc<Self>, json: &[u8]) -> Result<Revision> {
        self.change(|update| update.set_data(json))
    }

    /// Replaces the document at `path` (as in OPA's `PUT /v1/data/<path>`), making the objects above it.
    ///
    /// # Errors
    /// Those of [`Update::patch_data`] and [`Update::commit`].
    pub fn patch_data(self: &Arc<Self>, path: &str, json: &[u8]) -> Result<Revision> {
        self.change(|update| update.patch_data(path, json))
    }

    /// Puts a JSON schema at a path such as `schema.user`, or takes away what is there: all policies are checked by it, `input` by the one at
    /// `schema`, and what annotations name where they count.
    ///
    /// # Errors
    /// Those of [`Update::set_schema`] and [`Update::commit`].
    pub fn set_schema(self: &Arc<Self>, path: &str, json: Option<&[u8]>) -> Result<Revision> {
        self.change(|update| update.set_schema(path, json))
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut Update) -> Result<()>) -> Result<Revision> {
        let mut update = Update::new(Arc::clone(self))?;
        change(&mut update)?;
        update.commit(None)
    }

    /// Whether a policy of that name is loaded.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn has_policy(&self, name: &str) -> Result<bool> {
        Ok(self.snapshot()?.modules.contains_key(name))
    }

    /// The names of all policies, sorted.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn policy_names(&self) -> Result<Vec<Arc<str>>> {
        Ok(self.snapshot()?.modules.keys().cloned().collect())
    }

    /// The present revision: it changes with every change, and no two engines or processes share one.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn revision(&self) -> Result<Revision> {
        Ok(self.snapshot()?.revision)
    }

    /// The package that the policy `name` declares; `None` where no such policy is loaded.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn package(&self, name: &str) -> Result<Option<crate::rego::Path>> {
        Ok(self.snapshot()?.program.package(name).cloned())
    }

    /// The revisions of the bundles that the present data came from, as the remote's provenance has them; `None` where there are none.
    pub(crate) fn source_revision(&self) -> Option<String> {
        data::bundle_revisions(&self.snapshot().ok()?.data)
    }

    /// The present revision, and whether `target` may be answered from a cache under it: it exists, and nothing in it reaches time, randomness or the network.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the engine may not answer at `now`; `CLOSED`.
    pub(crate) fn cacheable(&self, target: &Target, now: Instant) -> Result<(Revision, bool)> {
        self.gate.check(now)?;
        let snapshot = self.snapshot()?;
        let cacheable = snapshot.path(target).is_ok_and(|path| snapshot.program.is_deterministic(&path));
        Ok((snapshot.revision, cacheable))
    }

    /// Decides the document that `target` names. The result is written to `output` as compact JSON with sorted keys; without an
    /// input, `input` is undefined.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND`, `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED`, `EVALUATION_ERROR`, `CLOSED`.
    pub fn evaluate(
        &self,
        target: &Target,
        input: Option<&[u8]>,
        options: &EvaluateOptions,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        let question = self.question(input.map(Given::Json), options);
        let evaluate = |snapshot: &Snapshot| snapshot.evaluate(target, &question, output);
        if options.is_trial { self.tried(&question, evaluate) } else { self.measured(&question, evaluate) }
    }

    fn tried(&self, question: &Question<'_>, evaluate: impl FnOnce(&Snapshot) -> Result<Evaluation>) -> Result<Evaluation> {
        match self.answering(question).and_then(|snapshot| evaluate(&snapshot)) {
            Err(error) if error.kind() == ErrorKind::LimitExceeded => Err(error),
            result => self.counted(result),
        }
    }

    /// The same for an input that was read before.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate_input(
        &self,
        target: &Target,
        input: &Input,
        options: &EvaluateOptions,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        let question = self.question(Some(Given::Parsed(input)), options);
        self.measured(&question, |snapshot| snapshot.evaluate(target, &question, output))
    }

    /// Answers a query such as `x := data.roles[input.user]; x != "guest"`: a JSON array with an object of bindings for each result, empty
    /// where it is undefined.
    ///
    /// # Errors
    /// `COMPILATION_ERROR` for the query's text; otherwise as [`Engine::evaluate`].
    pub fn query(&self, text: &str, input: Option<&[u8]>, options: &EvaluateOptions, output: &mut Vec<u8>) -> Result<Evaluation> {
        let question = self.question(input.map(Given::Json), options);
        let version = options.rego_version.unwrap_or(self.options.rego_version);
        self.measured(&question, |snapshot| snapshot.query(text, version, &question, output))
    }

    fn question<'q>(&'q self, input: Option<Given<'q>>, options: &EvaluateOptions) -> Question<'q> {
        let start = options.start.unwrap_or_else(Instant::now);
        Question {
            input,
            limits: self.input_limits(),
            bounds: self.bounds(start, options),
            start,
            timed: !options.untimed || self.metrics.is_some(),
            printer: self.printer(),
            outside: &self.outside,
            elsewhere: options.elsewhere,
            time_ns: options.time_ns,
            seed: options.seed,
        }
    }

    /// Who gets lines of `print`: nobody where they are not compiled.
    fn printer(&self) -> Option<&dyn Printer> {
        self.options.print_statements.then_some(&self.prints as &dyn Printer)
    }

    /// Reads an input once, for any number of evaluations.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED`, `CLOSED`.
    pub fn read(&self, json: &[u8]) -> Result<Input> {
        self.snapshot()?.program.read(json, self.input_limits())
    }

    /// `INVALID_ARGUMENT` for a malformed path, `POLICY_NOT_FOUND` for an unknown name; otherwise the revision that was asked.
    pub(crate) fn check(&self, target: &Target) -> Result<Revision> {
        let snapshot = self.snapshot()?;
        snapshot.path(target)?;
        Ok(snapshot.revision)
    }

    fn measured(&self, question: &Question<'_>, evaluate: impl FnOnce(&Snapshot) -> Result<Evaluation>) -> Result<Evaluation> {
        if question.bounds.deadline.is_some_and(|deadline| deadline <= question.start) {
            let problem = "the deadline passed before the evaluation began; allow more time";
            return self.counted(Err(Error::new(ErrorKind::LimitExceeded, problem)));
        }
        self.counted(self.answering(question).and_then(|snapshot| evaluate(&snapshot)))
    }

    /// The present state, where the engine may answer.
    fn answering(&self, question: &Question<'_>) -> Result<Guard<Arc<Snapshot>>> {
        self.gate.check(question.start)?;
        self.snapshot()
    }

    fn counted(&self, result: Result<Evaluation>) -> Result<Evaluation> {
        if let Some(metrics) = &self.metrics {
            match &result {
                Ok(evaluation) => metrics.evaluated(Implementation::Rust, evaluation.read.saturating_add(evaluation.evaluate)),
                Err(error) => metrics.evaluation_failed(error.kind()),
            }
        }
        result
    }

    fn input_limits(&self) -> Limits {
        Limits { max_bytes: self.options.max_input_bytes, max_depth: MAX_DEPTH }
    }

    fn bounds(&self, start: Instant, options: &EvaluateOptions) -> Bounds {
        Bounds::within(start, options.timeout.unwrap_or(self.options.timeout), options.strict_builtin_errors)
    }

    fn snapshot(&self) -> Result<Guard<Arc<Snapshot>>> {
        // Looked at after the snapshot was taken: `close` marks first and empties then, and an answer from the emptied engine would be
        // "no such policy" or "undefined" where it is "closed".
        let snapshot = self.snapshot.load();
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("engine")) } else { Ok(snapshot) }
    }

    fn lock_writing(&self) -> std::sync::MutexGuard<'_, ()> {
        // The lock guards no data of its own: a writer that panicked left the old snapshot in force.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn install(&self, snapshot: Snapshot) {
        let loaded = snapshot.modules.len();
        let before = self.snapshot.swap(Arc::new(snapshot)).modules.len();
        if let Some(metrics) = &self.metrics {
            metrics.policies_loaded_changed(before, loaded);
        }
    }

    /// The state after `present`, within the engine's budgets. Nothing is compiled where the policies stay.
    fn next(
        &self,
        present: &Snapshot,
        compiler: &Arc<dyn Compiler>,
        modules: Modules,
        data: Document,
        data_bytes: u64,
        owners: impl Into<Arc<Owners>>,
    ) -> Result<Snapshot> {
        let sources: u64 = modules.values().map(|m| m.source.len() as u64).sum();
        self.check_policy_bytes(sources.saturating_add(compiler.schema_bytes()))?;
        let data_bytes = self.check_data_bytes(&data, data_bytes)?;
        let data = if data.is_same(&present.data) { Arc::clone(&present.data) } else { Arc::new(data) };
        let owners = owners.into();
        if modules == present.modules && Arc::ptr_eq(compiler, &present.compiler) {
            return present.with_data(data, data_bytes, owners);
        }
        present.with_modules(compiler, modules, data, data_bytes, owners)
    }

    fn check_policy_bytes(&self, bytes: u64) -> Result<()> {
        let limit = self.options.max_policy_bytes;
        if bytes > limit {
            let problem = format!("the policies would take {bytes} bytes; max_policy_bytes is {limit}");
            return Err(Error::new(ErrorKind::TooLarge, problem));
        }
        Ok(())
    }

    /// What is known of the size of `data`: `at_least` its size as compact JSON, unless that is too much and it is counted.
    fn check_data_bytes(&self, data: &Document, at_least: u64) -> Result<u64> {
        let limit = self.options.max_data_bytes;
        if at_least <= limit {
            return Ok(at_least);
        }
        let bytes = data::size(data);
        if bytes > limit {
            return Err(Error::new(ErrorKind::TooLarge, format!("data would take {bytes} bytes; max_data_bytes is {limit}")));
        }
        Ok(bytes)
    }

    /// Has `feed` close the engine where what it brought does not hold.
    ///
    /// # Errors
    /// `CONFLICT` where another feed has its name; `CLOSED`.
    pub(crate) fn feed(&self, feed: Arc<dyn Feed>) -> Result<()> {
        drop(self.snapshot()?);
        self.gate.add(feed)
    }

    /// The feed of that name is over.
    pub(crate) fn unfeed(&self, name: &str) {
        self.gate.remove(name);
    }

    /// A feed was activated, or heard of its source.
    pub(crate) fn feed_changed(&self) {
        self.gate.refresh();
    }

    /// Whether a remote may decide while this engine does not answer.
    pub(crate) fn lets_remote_decide(&self) -> bool {
        self.gate.lets_remote_decide()
    }

    /// How the sources are, that the engine follows.
    #[must_use]
    pub fn sources(&self) -> Vec<serde_json::Value> {
        self.gate.statuses()
    }

    /// What the policies offer, as JSON: `policies`, and `documents`, each with its path, what it reaches, and what finding its rules costs.
    ///
    /// # Errors
    /// `UNSUPPORTED` for another evaluator than sark's; `CLOSED`.
    pub fn inspect(&self) -> Result<String> {
        self.snapshot()?.program.inspect()
    }

    /// The builtins and features that policies may use, as JSON in the shape of `opa capabilities --current`.
    ///
    /// # Errors
    /// `UNSUPPORTED` for another evaluator than sark's; `CLOSED`.
    pub fn capabilities(&self) -> Result<String> {
        self.snapshot()?.program.capabilities()
    }

    /// Why the engine does not answer now; empty where it does.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.gate.problems(Instant::now())
    }

    /// Where it counts.
    pub(crate) const fn metrics(&self) -> Option<&Arc<Metrics>> {
        self.metrics.as_ref()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.gate.end();
        if let Some(metrics) = &self.metrics {
            metrics.policies_loaded_changed(self.snapshot.load().modules.len(), 0);
        }
    }
}

fn compiler(options: &EngineOptions) -> Result<Arc<dyn Compiler>> {
    if options.schema_annotations && options.evaluator == Evaluator::Regorus {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "regorus checks no types; leave schema_annotations out, or ask sark's own",
        ));
    }
    if options.print_statements && options.evaluator == Evaluator::Regorus {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "regorus gives no lines of print; leave print_statements out, or ask sark's own",
        ));
    }
    match options.evaluator {
        Evaluator::Sark => Ok(Arc::new(RegoCompiler::new(options.print_statements, options.strict, options.schema_annotations))),
        #[cfg(feature = "regorus")]
        Evaluator::Regorus if options.strict => {
            Err(Error::new(ErrorKind::Unsupported, "regorus has no strict mode; leave out `strict`, or the evaluator"))
        }
        #[cfg(feature = "regorus")]
        Evaluator::Regorus => Ok(Arc::new(crate::regorus::RegorusCompiler)),
        #[cfg(not(feature = "regorus"))]
        Evaluator::Regorus => {
            Err(Error::new(ErrorKind::Unsupported, "this build has no regorus; build it with the feature `regorus`"))
        }
    }
}

/// Refuses names that could be taken for a path, and empty ones.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("name", "a policy's name must not be empty"));
    }
    if crate::rego::Path::is_path(name) {
        return Err(Error::invalid(
            "name",
            format_args!("\"{name}\" would be read as a path into data; choose a name that does not start with data"),
        ));
    }
    Ok(())
}

fn not_found(name: &str) -> Error {
    Error::new(
        ErrorKind::PolicyNotFound,
        format!("no policy is loaded under the name \"{name}\"; load it, or ask by a path that starts with data."),
    )
}
