//! The evaluator of Microsoft's regorus behind the interface of `src/rego`. The only file that names regorus.
//!
//! Where it is known to differ from OPA in a way that would let somebody in, it is refused here: base data at, above or below a
//! rule would silently override the rule (OPA refuses to load it, `v1/ast/compile.go`, `CheckPathConflicts`).

use std::collections::HashMap;
use std::fmt::Display;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Regorus};

use crate::error::{Error, ErrorKind, Finding, Location, Result};
use crate::rego::value::{Style, Value, write};
use crate::rego::{
    Bounds, Compiler, Document, Evaluated, Given, Input, Limits, Module, Outcome, Path, Program, Question, RegoVersion, value,
};

/// regorus reads with serde_json, which recurses.
const MAX_DEPTH: usize = 127;

/// The clock is looked at once in so many units of the interpreter's work.
const CHECK_INTERVAL: NonZeroU32 = NonZeroU32::MIN.saturating_add(255);

/// Words of the builtins that OPA's capabilities call non-deterministic. A module that holds one of them, even in a comment, is
/// taken to reach it: that costs a cache hit, the opposite would serve a stale answer.
const NONDETERMINISTIC: [&str; 11] = [
    "now_ns",
    "intn",
    "rfc4122",
    "send",
    "runtime",
    "lookup_ip_addr",
    "decode_verify",
    "encode_sign",
    "match_schema",
    "verify_schema",
    // An escape could spell any of them.
    "\\u",
];

/// Compiles with regorus.
#[derive(Debug, Default)]
pub(crate) struct RegorusCompiler;

struct RegorusProgram {
    engine: Engine,
    modules: Vec<Module>,
    packages: HashMap<Arc<str>, Path>,
    is_deterministic: bool,
}

impl Compiler for RegorusCompiler {
    fn compile(&self, modules: &[Module], data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        engine.clear_policy_length_config();
        let mut packages = HashMap::new();
        for module in modules {
            engine.set_rego_v0(module.version == RegoVersion::V0);
            engine
                .add_policy(module.name.to_string(), module.source.to_string())
                .map_err(|e| compilation_error(&e, Some(module), modules))?;
        }
        for package in engine.get_policy_package_components().map_err(|e| compilation_error(&e, None, modules))? {
            let path = Path::new(package.components);
            refuse_data_over_rules(&engine, &package.source_file, &path, data.view())?;
            packages.insert(Arc::from(package.source_file), path);
        }
        engine.add_data(to_regorus(data)?).map_err(|e| Error::new(ErrorKind::Conflict, format!("data: {e}")))?;
        // Compiling is lazy in regorus: any query makes it happen, here rather than in the first decision.
        engine.eval_query("true".to_owned(), false).map_err(|e| compilation_error(&e, None, modules))?;
        let is_deterministic = !modules.iter().any(|m| NONDETERMINISTIC.iter().any(|word| m.source.contains(word)));
        Ok(Arc::new(RegorusProgram { engine, modules: modules.to_vec(), packages, is_deterministic }))
    }
}

impl Program for RegorusProgram {
    fn package(&self, name: &str) -> Option<&Path> {
        self.packages.get(name)
    }

    fn with_data(&self, data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        RegorusCompiler.compile(&self.modules, data)
    }

    /// Through sark's own reader, so that both evaluators take the same texts; as deep as regorus bears.
    fn read(&self, json: &[u8], limits: Limits) -> Result<Input> {
        let limits = Limits { max_depth: limits.max_depth.min(MAX_DEPTH), ..limits };
        to_regorus(&value::read_document(json, limits)?).map(Input::new)
    }

    fn evaluate(&self, path: &Path, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluated> {
        // It does not say how long it takes.
        crate::blocking::about_to_block();
        let mut engine = self.engine.clone();
        engine.set_strict_builtin_errors(question.bounds.strict_builtin_errors);
        set_deadline(&mut engine, &question.bounds)?;
        if let Some(given) = question.input {
            engine.set_input(self.input(given, question.limits)?);
        }
        let read = question.elapsed();
        let results = engine.eval_query(path.to_string(), false).map_err(|e| evaluation_error(&e, &self.modules))?;
        let value = results.result.first().and_then(|r| r.expressions.first()).map(|e| &e.value);
        match value {
            None | Some(Regorus::Undefined) => Ok(evaluated(Outcome::Undefined, question, read)),
            Some(value) => {
                serde_json::to_writer(output, value)
                    .map_err(|e| Error::new(ErrorKind::SerializationError, format!("the result is not JSON: {e}")))?;
                Ok(evaluated(Outcome::Defined, question, read))
            }
        }
    }

    fn query(&self, _text: &str, _version: RegoVersion, _question: &Question<'_>, _output: &mut Vec<u8>) -> Result<Evaluated> {
        Err(Error::new(ErrorKind::Unsupported, "regorus answers paths only; ask an engine with sark's own evaluator"))
    }

    fn is_deterministic(&self, _path: &Path) -> bool {
        self.is_deterministic
    }
}

fn evaluated(outcome: Outcome, question: &Question<'_>, read: Duration) -> Evaluated {
    Evaluated { outcome, read, evaluate: question.elapsed().saturating_sub(read) }
}

impl RegorusProgram {
    fn input(&self, given: Given<'_>, limits: Limits) -> Result<Regorus> {
        let read;
        let input = match given {
            Given::Parsed(input) => input,
            Given::Json(json) => {
                read = self.read(json, limits)?;
                &read
            }
        };
        let value = input.get::<Regorus>().ok_or_else(|| Error::invalid("input", "it was parsed for another evaluator"))?;
        Ok(value.clone())
    }
}

fn set_deadline(engine: &mut Engine, bounds: &Bounds) -> Result<()> {
    let Some(left) = bounds.remaining() else { return Ok(()) };
    if left == Duration::ZERO {
        return Err(Error::new(ErrorKind::LimitExceeded, "the deadline passed before the evaluation began; allow more time"));
    }
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: left, check_interval: CHECK_INTERVAL });
    Ok(())
}

/// Through text, since that is the one form both sides share without loss.
fn to_regorus(document: &Document) -> Result<Regorus> {
    let mut text = Vec::new();
    write(&document.view(), Style::PLAIN, &mut text);
    Regorus::from_json_str(&String::from_utf8_lossy(&text)).map_err(|e| unrepresentable(&e))
}

fn unrepresentable(error: &dyn Display) -> Error {
    Error::new(ErrorKind::SerializationError, format!("the JSON cannot be represented: {error}"))
}

/// OPA's check (`storage.NonEmpty`): a rule's path must not exist in data, and no prefix of it may be something other than an object.
fn refuse_data_over_rules(engine: &Engine, source: &str, package: &Path, data: Value<'_>) -> Result<()> {
    let mut node = data;
    for key in package.keys() {
        let Some(entries) = node.as_object() else {
            return Err(data_conflict(source, &package.to_string()));
        };
        match entries.get_str(key.as_bytes()) {
            Some(child) => node = child,
            None => return Ok(()),
        }
    }
    let Some(entries) = node.as_object() else {
        return Err(data_conflict(source, &package.to_string()));
    };
    for key in entries.keys().iter().filter_map(|key| key.as_bytes()) {
        let key = String::from_utf8_lossy(key);
        // A rule's name is an identifier, so no other key can meet one; what regorus cannot say about an identifier counts as a conflict.
        if Path::is_identifier(&key) && engine.has_declared_rule_rooted_at(source, &key).unwrap_or(true) {
            let mut path = package.keys().to_vec();
            path.push(key.into_owned());
            return Err(data_conflict(source, &Path::new(path).to_string()));
        }
    }
    Ok(())
}

fn data_conflict(source: &str, path: &str) -> Error {
    let message = format!("conflicting rule for data path {path} found in {source}; rename the rule or the data");
    Error::new(ErrorKind::Conflict, message).with_code("rego_compile_error")
}

fn evaluation_error(error: &dyn Display, modules: &[Module]) -> Error {
    let text = format!("{error:#}");
    if text.contains("execution exceeded time limit") {
        return Error::new(
            ErrorKind::LimitExceeded,
            "the evaluation exceeded its deadline; allow more time or simplify the policy",
        );
    }
    let (message, location) = locate(&text, modules);
    let code = match message.as_str() {
        m if m.contains("rule conflicts with rule") || m.contains("multiple outputs") || m.contains("conflict") => {
            "eval_conflict_error"
        }
        m if m.contains("recursion") || m.contains("cyclic") => "rego_recursion_error",
        m if m.contains("could not find function") => "rego_type_error",
        _ => "eval_builtin_error",
    };
    Error::from_findings(ErrorKind::EvaluationError, vec![Finding::new(code, message, location)])
}

/// `module` is the one that was being parsed; without one the error came from compiling all of them.
fn compilation_error(error: &dyn Display, module: Option<&Module>, modules: &[Module]) -> Error {
    let (message, location) = locate(&format!("{error:#}"), modules);
    let code = match message.as_str() {
        m if m.contains("unsafe") => "rego_unsafe_var_error",
        m if m.contains("recursion") || m.contains("cyclic") => "rego_recursion_error",
        _ if module.is_some() => "rego_parse_error",
        _ => "rego_compile_error",
    };
    Error::from_findings(ErrorKind::CompilationError, vec![Finding::new(code, message, location)])
}

/// Splits regorus' text, `--> FILE:ROW:COL`, the line, a caret and `error: MESSAGE`, into message and place. The line is taken from the
/// source, since regorus prints it trimmed.
fn locate(text: &str, modules: &[Module]) -> (String, Option<Location>) {
    let message = text.split_once("\nerror: ").map_or(text, |(_, rest)| rest);
    let message = message.lines().next().unwrap_or(message).trim().trim_end_matches(':').to_owned();
    let place = text.split_once("--> ").and_then(|(_, rest)| rest.lines().next()).and_then(|head| {
        let mut parts = head.rsplitn(3, ':');
        let col = parts.next()?.parse().ok()?;
        let row: u32 = parts.next()?.parse().ok()?;
        let file = parts.next()?.to_owned();
        let module = modules.iter().find(|m| *m.name == *file);
        let line =
            module.and_then(|m| m.source.lines().nth(usize::try_from(row).ok()?.checked_sub(1)?)).unwrap_or_default().to_owned();
        Some(Location { file, row, col, line })
    });
    (message, place)
}
