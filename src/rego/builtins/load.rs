//! What builtins compile of a policy's constants when it is loaded: no evaluation has to.

use std::sync::Arc;

use super::super::budget::Budget;
use super::super::value::{Arena, Value};
use super::caches::Compiled;
use super::graphql::Schemas;
use super::json_schema::Schema;
use super::jwt::Key;
use super::operand::{any, object, string};
use super::regex::Program;
use super::render_template::Template;
use super::{Builtin, Caches, Clock, Context, Failure, glob, graphql, json_schema, jwt, regex, render_template};

/// So many patterns of a kind, and so many of each other kind: what there is more is compiled when it is asked for.
const PATTERNS: usize = 1000;
const DOCUMENTS: usize = 100;

/// What all of it may take, and what compiling one thing may.
const MAX_BYTES: usize = 16 << 20;
const MAX_SCRATCH: usize = 64 << 20;

/// Read by all threads. Of a pattern each makes its own that it can write to; of what is only read (templates, schemas, keys) they share a
/// count, as `Arc` has it.
#[derive(Debug, Default)]
pub struct Loaded(Compiled);

impl Loaded {
    /// Of calls with the operands that are known, each `null` otherwise. What `before` has is not compiled again.
    #[must_use]
    pub fn of<'a>(arena: &'a Arena, calls: &[(Loading, Vec<Value<'a>>)], before: &'a Self) -> Self {
        let caches = Caches::with_capacity(PATTERNS, DOCUMENTS);
        let mut ctx = Context::new(arena, Budget::new(None, MAX_SCRATCH), Clock::fixed(0), caches);
        ctx.loaded = Some(before);
        let mut spent = 0;
        for (loading, operands) in calls {
            if spent < MAX_BYTES && !loading.is_full(ctx.caches.kept()) {
                spent += loading.run(&mut ctx, operands).unwrap_or_else(|failure| cost_of(&failure));
            }
        }
        Self(std::mem::take(ctx.caches.kept()))
    }

    pub(super) fn regex(&self, pattern: &[u8]) -> Option<Program> {
        self.0.regexes.peek(pattern).map(Program::twin)
    }

    pub(super) fn glob(&self, key: &[u8]) -> Option<Program> {
        self.0.globs.peek(key).map(Program::twin)
    }

    pub(super) fn template(&self, text: &[u8]) -> Option<Arc<Template>> {
        self.0.templates.peek(text).cloned()
    }

    pub(super) fn json_schema(&self, key: &[u8]) -> Option<Arc<Schema>> {
        self.0.json_schemas.peek(key).cloned()
    }

    pub(super) fn jwt_keys(&self, text: &[u8]) -> Option<Arc<[Key]>> {
        self.0.jwt_keys.peek(text).cloned()
    }

    pub(super) const fn graphql_schemas(&self) -> &Schemas {
        &self.0.graphql_schemas
    }
}

/// What a builtin compiles, and at which of its operands, counted from 1, it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading {
    /// A regular expression.
    Regex(usize),
    /// A glob and its delimiters.
    Glob,
    /// A template's text.
    Template,
    /// A schema's object or text.
    JsonSchema(usize),
    /// A schema's object or text.
    GraphqlSchema(usize),
    /// Certificates or keys.
    JwtKeys,
    /// The same in an object.
    JwtConstraints,
}

impl Loading {
    /// That of a builtin, where it compiles anything.
    #[must_use]
    pub fn of(builtin: &Builtin) -> Option<Self> {
        Some(match builtin.name {
            "regex.find_all_string_submatch_n" | "regex.find_n" | "regex.match" | "regex.split" => Self::Regex(1),
            "regex.replace" => Self::Regex(2),
            "glob.match" => Self::Glob,
            "strings.render_template" => Self::Template,
            "json.verify_schema" => Self::JsonSchema(1),
            "json.match_schema" => Self::JsonSchema(2),
            "graphql.parse_schema" | "graphql.schema_is_valid" => Self::GraphqlSchema(1),
            "graphql.is_valid" | "graphql.parse" | "graphql.parse_and_verify" => Self::GraphqlSchema(2),
            "io.jwt.decode_verify" => Self::JwtConstraints,
            name if name.starts_with("io.jwt.verify_") && !name.starts_with("io.jwt.verify_hs") => Self::JwtKeys,
            _ => return None,
        })
    }

    fn is_full(self, kept: &Compiled) -> bool {
        match self {
            Self::Regex(_) => kept.regexes.is_full(),
            Self::Glob => kept.globs.is_full(),
            Self::Template => kept.templates.is_full(),
            Self::JsonSchema(_) => kept.json_schemas.is_full(),
            Self::GraphqlSchema(_) => kept.graphql_schemas.is_full(),
            Self::JwtKeys | Self::JwtConstraints => kept.jwt_keys.is_full(),
        }
    }

    /// Compiles it into the cache of this context; gives about how many bytes it takes.
    fn run<'a>(self, ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<usize, Failure> {
        let before = ctx.arena.allocated_bytes();
        match self {
            Self::Regex(at) => return regex::load(ctx, string(operands, at)?),
            Self::Glob => return glob::load(ctx, operands),
            Self::Template => render_template::load(ctx, string(operands, 1)?)?,
            Self::JsonSchema(at) => drop(json_schema::schema(ctx, &any(operands, at))?),
            Self::GraphqlSchema(at) => drop(graphql::schema_is_valid(ctx, &[any(operands, at)])?),
            Self::JwtKeys => drop(jwt::read_keys(ctx, string(operands, 2)?)?),
            Self::JwtConstraints => {
                if let Some(Value::String(text)) = object(operands, 2)?.get_str(b"cert") {
                    jwt::read_keys(ctx, text)?;
                }
            }
        }
        Ok(ctx.arena.allocated_bytes().saturating_sub(before))
    }
}

/// Whoever reached a bound would reach it again and again.
const fn cost_of(failure: &Failure) -> usize {
    if matches!(failure, Failure::Exceeded(_)) { MAX_BYTES } else { 1024 }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::{Loaded, Loading, PATTERNS};
    use crate::rego::budget::Budget;
    use crate::rego::builtins::{Caches, Clock, Context, lookup};
    use crate::rego::value::{Arena, Value, text, unmarshal};

    fn value<'a>(arena: &'a Arena, json: &'a str) -> Value<'a> {
        unmarshal(arena, json.as_bytes()).expect("it is JSON")
    }

    /// What a call gives.
    fn call(loaded: Option<&Loaded>, name: &str, operands: &[&str]) -> Option<String> {
        let arena = Arena::new();
        let mut ctx = Context::new(&arena, Budget::new(None, 1 << 20), Clock::fixed(0), Caches::default());
        ctx.loaded = loaded;
        let operands: Vec<Value<'_>> = operands.iter().map(|json| value(&arena, json)).collect();
        let result = (lookup(name).expect("a builtin").function)(&mut ctx, &operands);
        result.ok().map(|value| text(&value))
    }

    #[test]
    fn what_was_loaded_is_what_is_called() {
        let arena = Arena::new();
        let schema = r#"{"type": "object", "required": ["a"]}"#;
        let graphql = r#""type Query { a: Int }""#;
        let jwk = r#""{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}""#;
        let constraints = format!(r#"{{"cert": {jwk}}}"#);
        let calls: Vec<(&str, Vec<&str>)> = vec![
            ("regex.match", vec![r#""^a+$""#, "null"]),
            ("regex.replace", vec!["null", r#""(?P<x>b)""#, "null"]),
            ("regex.match", vec![r#""(""#, "null"]),
            ("regex.match", vec!["null", "null"]),
            ("glob.match", vec![r#""*.com""#, "[]", "null"]),
            ("strings.render_template", vec![r#""{{.a}}""#, "null"]),
            ("json.match_schema", vec!["null", schema]),
            ("graphql.is_valid", vec!["null", graphql]),
            ("io.jwt.verify_eddsa", vec!["null", jwk]),
            ("io.jwt.decode_verify", vec!["null", &constraints]),
            ("io.jwt.verify_hs256", vec!["null", r#""secret""#]),
        ];
        let calls: Vec<_> = calls
            .iter()
            .filter_map(|(name, operands)| {
                Some((Loading::of(lookup(name)?)?, operands.iter().map(|json| value(&arena, json)).collect()))
            })
            .collect();
        assert_eq!(calls.len(), 10);
        let before = Loaded::default();
        let loaded = Loaded::of(&arena, &calls, &before);
        assert!(loaded.regex(b"^a+$").is_some() && loaded.regex(b"(?P<x>b)").is_some() && loaded.regex(b"(").is_none());
        assert!(loaded.template(b"{{.a}}").is_some() && loaded.0.globs.peek(b"*.com\xff.").is_some());
        let shown = format!("{loaded:?}");
        assert!(shown.contains("json_schemas: Cache { len: 1 }") && shown.contains("jwt_keys: Cache { len: 1 }"), "{shown}");
        for loaded in [None, Some(&loaded)] {
            for (name, operands, result) in [
                ("regex.match", vec![r#""^a+$""#, r#""aa""#], Some("true")),
                ("regex.match", vec![r#""^a+$""#, r#""ab""#], Some("false")),
                ("regex.match", vec![r#""(""#, r#""ab""#], None),
                ("regex.replace", vec![r#""abc""#, r#""(?P<x>b)""#, r#""[$x]""#], Some(r#""a[b]c""#)),
                ("glob.match", vec![r#""*.com""#, "[]", r#""a.com""#], Some("true")),
                ("glob.match", vec![r#""*.com""#, "null", r#""a.b.com""#], Some("true")),
                ("strings.render_template", vec![r#""{{.a}}""#, r#"{"a": 1}"#], Some(r#""1""#)),
                ("json.match_schema", vec![r#"{"a": 1}"#, schema], Some("[true, []]")),
                ("graphql.is_valid", vec![r#""{ a }""#, graphql], Some("true")),
                ("graphql.is_valid", vec![r#""{ b }""#, graphql], Some("false")),
            ] {
                assert_eq!(call(loaded, name, &operands).as_deref(), result, "{name} {operands:?}");
            }
        }
        // The next load takes over what the last one has, and leaves what is not called any more.
        let next = Loaded::of(&arena, calls.get(..1).expect("there are ten"), &loaded);
        assert!(next.regex(b"^a+$").is_some() && next.template(b"{{.a}}").is_none());
    }

    #[test]
    fn what_is_loaded_is_bounded() {
        let arena = Arena::new();
        let pattern = |text: String| (Loading::Regex(1), vec![Value::string(&arena, text)]);
        let many: Vec<_> = (0..PATTERNS + 10).map(|n| pattern(format!("a{n}"))).collect();
        let loaded = Loaded::of(&arena, &many, &Loaded::default());
        assert!(loaded.regex(b"a999").is_some() && loaded.regex(b"a1000").is_none() && loaded.regex(b"a0").is_some());
        let dear: Vec<_> = (0..100).map(|n| pattern(format!("{n}(\\pL{{500}}){{2}}"))).collect();
        let loaded = Loaded::of(&arena, &dear, &Loaded::default());
        assert!(loaded.regex(b"99(\\pL{500}){2}").is_none(), "all of it takes more than is given to it");
    }
}
