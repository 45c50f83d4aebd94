//! Random values by OPA's types, from a seed.

use super::super::super::value::{Arena, ObjectBuilder, SetBuilder, Value};
use super::{languages, pools};

/// A small generator: the same seed gives the same values.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(super) fn pick<'p, T>(&mut self, pool: &'p [T]) -> &'p T {
        &pool[self.below(pool.len())]
    }
}

pub(super) struct Generator<'a> {
    pub(super) arena: &'a Arena,
    pub(super) random: Random,
}

impl<'a> Generator<'a> {
    /// An operand of `name` at `position` (from 1) of the declared type `kind`.
    /// A request that reaches nobody, since nobody is allowed.
    fn request(&mut self) -> Value<'a> {
        let keys =
            ["method", "url", "raise_error", "headers", "body", "raw_body", "timeout", "enable_redirect", "cache", "force_cache"];
        let more = [
            "force_cache_duration_seconds",
            "cache_ignored_headers",
            "max_retry_attempts",
            "tls_ca_cert",
            "tls_server_name",
            "x",
        ];
        let mut request = ObjectBuilder::default();
        for (at, key) in keys.iter().chain(&more).enumerate() {
            let chance = if at < 3 { 20 } else { 3 };
            if self.random.below(20) >= chance {
                continue;
            }
            let value = match *key {
                "method" => Value::string(self.arena, self.random.pick(&["get", "POST", "a b"])),
                "url" => Value::string(
                    self.arena,
                    self.random.pick(&["http://a.b/c", "http://h:8/", "https://u:p@h?q", ":", "/x", "http://a b/"]),
                ),
                "raise_error" | "enable_redirect" | "cache" | "force_cache" => Value::Bool(self.random.below(2) == 0),
                _ => self.any(2),
            };
            let value = if self.random.below(15) == 0 { self.any(1) } else { value };
            request.insert(Value::string(self.arena, key), value);
        }
        request.build(self.arena)
    }

    pub(super) fn operand(&mut self, name: &str, position: usize, kind: &serde_json::Value) -> Value<'a> {
        if self.random.below(40) == 0 {
            return self.any(2);
        }
        match (name, position) {
            ("json.marshal_with_options", 2) if self.random.below(4) > 0 => {
                let mut options = ObjectBuilder::default();
                for name in ["pretty", "prefix", "indent"] {
                    let value = if name == "pretty" { Value::Bool(self.random.below(3) > 0) } else { self.string("", 0) };
                    if self.random.below(2) == 0 {
                        options.insert(
                            Value::string(self.arena, name),
                            if self.random.below(20) == 0 { self.any(0) } else { value },
                        );
                    }
                }
                options.build(self.arena)
            }
            ("time.format" | "time.date" | "time.clock" | "time.weekday" | "time.diff", _) | ("time.add_date", 1)
                if self.random.below(8) > 0 =>
            {
                self.moment()
            }
            ("strings.render_template", 1) => {
                let text = self.template(3);
                Value::string(
                    self.arena,
                    if self.random.below(2) == 0 { text } else { format!("{{{{$x := .a}}}}{{{{$i := 0}}}}{text}") },
                )
            }
            ("strings.render_template", 2) => self.template_data(2),
            ("http.send", 1) => self.request(),
            ("rego.parse_module", 1) => Value::string(self.arena, self.random.pick(&["x.rego", "a/b c.rego", ""])),
            ("rego.parse_module", 2) => Value::string(self.arena, self.module()),
            ("json.patch", 2) => self.patches(),
            ("json.patch", 1) => self.nested(3),
            ("json.filter" | "json.remove", 1) => self.nested(3),
            ("graph.reachable" | "graph.reachable_paths", 1) => self.graph(),
            ("object.subset", 2) if self.random.below(2) == 0 => self.any(2),
            _ => self.typed(name, position, kind, 3),
        }
    }

    /// Statements, one of which may lack a character or have one too many; no point, since OPA cannot
    /// print `.1`, and no `é`, of which it takes half where a comment ends with the text.
    fn module(&mut self) -> String {
        let mut out =
            (*self.random.pick(&["package a\n", "package a.b[\"c d\"]\n", "# c\npackage a\nimport rego.v1\n", "\n", ""]))
                .to_owned();
        for _ in 0..self.random.below(5) {
            out += *self.random.pick(languages::STATEMENTS);
            out += *self.random.pick(&["\n", "\n\n", " # comment\n", "\r\n"]);
        }
        if self.random.below(3) == 0 {
            let at = self.random.below(out.len() + 1);
            if let Some((before, after)) = out.split_at_checked(at) {
                let kept = after.chars().skip(self.random.below(2));
                let added = self.random.pick(&["", " ", "{", "}", "(", "\"", "\n", "if", ":=", "$", "\t"]);
                out = [before, *added, &kept.collect::<String>()].concat();
            }
        }
        out
    }

    /// Actions and controls, and seldom an action of tokens that may not fit, or half a control.
    fn template(&mut self, depth: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.random.below(4) {
            match self.random.below(40) {
                0 => out += *self.random.pick(languages::HALF_ACTIONS),
                1 => out += &self.tokens(),
                2..12 if depth > 0 => {
                    out += *self.random.pick(languages::CONTROLS);
                    out += &self.template(depth - 1);
                    if self.random.below(3) == 0 {
                        out += "{{else}}";
                        out += &self.template(depth - 1);
                    }
                    out += "{{end}}";
                }
                _ => out += *self.random.pick(languages::ACTIONS),
            }
        }
        out
    }

    fn tokens(&mut self) -> String {
        let mut out = (*self.random.pick(&["{{", "{{", "{{- "])).to_owned();
        for at in 0..self.random.below(6) {
            if at > 0 && self.random.below(6) > 0 {
                out.push(' ');
            }
            out += *self.random.pick(languages::TEMPLATE_TOKENS);
        }
        out + *self.random.pick(&["}}", "}}", " -}}"])
    }

    /// An object with the names that templates use.
    fn template_data(&mut self, depth: usize) -> Value<'a> {
        let mut object = ObjectBuilder::default();
        for name in ["a", "b", "l", "m", "n", "s"] {
            let value = match (name, self.random.below(8)) {
                ("n", 0..7) => self.number(""),
                ("s", 0..7) | ("a" | "b", 0..5) => self.string("", 0),
                ("l", 0..7) => {
                    let elements: Vec<Value<'a>> = (0..self.random.below(5)).map(|_| self.any(1)).collect();
                    Value::array(self.arena, &elements)
                }
                ("m", 0..7) if depth > 0 => self.template_data(depth - 1),
                ("a" | "b", 5) => continue,
                _ => self.any(depth),
            };
            object.insert(Value::string(self.arena, name), value);
        }
        object.build(self.arena)
    }

    /// Objects, arrays and sets whose keys the pointers name.
    fn nested(&mut self, depth: usize) -> Value<'a> {
        match self.random.below(if depth == 0 { 2 } else { 6 }) {
            0 | 1 if depth < 3 => self.any(0),
            2 => {
                let elements: Vec<Value<'a>> = (0..self.random.below(4)).map(|_| self.nested(depth - 1)).collect();
                Value::array(self.arena, &elements)
            }
            3 if depth < 3 => {
                let mut set = SetBuilder::default();
                (0..self.random.below(4)).for_each(|_| set.insert(self.key()));
                set.build(self.arena)
            }
            _ => {
                let mut object = ObjectBuilder::default();
                for _ in 0..self.random.below(4) {
                    let key = self.key();
                    object.insert(key, self.nested(depth - 1));
                }
                object.build(self.arena)
            }
        }
    }

    fn moment(&mut self) -> Value<'a> {
        let nanos = match self.random.below(4) {
            0 => 1_700_000_000_000_000_000 + self.random.next() as i64,
            1 => (self.random.next() << 11) as i64,
            2 => self.random.next() as i64 * 100,
            _ => -(self.random.next() as i64) * 100,
        };
        if self.random.below(4) == 0 {
            return Value::Int(nanos);
        }
        let mut parts = vec![Value::Int(nanos)];
        if self.random.below(8) > 0 {
            parts.push(self.string("time.", 2));
            if self.random.below(3) > 0 {
                parts.push(self.string("time.parse_ns", 1));
            }
        }
        Value::array(self.arena, &parts)
    }

    fn key(&mut self) -> Value<'a> {
        match self.random.below(8) {
            0 => Value::Int(self.random.below(3) as i64),
            1 => self.any(1),
            _ => Value::string(self.arena, self.random.pick(&["a", "b", "foo", "bar", "0", "1"])),
        }
    }

    fn path(&mut self) -> Value<'a> {
        if self.random.below(3) == 0 {
            let keys: Vec<Value<'a>> = (0..self.random.below(4)).map(|_| self.key()).collect();
            return Value::array(self.arena, &keys);
        }
        self.string("json.remove", 2)
    }

    fn patches(&mut self) -> Value<'a> {
        let mut patches = Vec::new();
        for _ in 0..self.random.below(4) {
            let mut patch = ObjectBuilder::default();
            let op = self.random.pick(&["add", "remove", "replace", "move", "copy", "test", "add", "remove", "nop"]);
            patch.insert(Value::String(b"op"), Value::string(self.arena, op));
            patch.insert(Value::String(b"path"), self.path());
            if self.random.below(12) > 0 {
                patch.insert(Value::String(b"value"), if self.random.below(2) == 0 { self.nested(2) } else { self.key() });
            }
            if self.random.below(12) > 0 {
                patch.insert(Value::String(b"from"), self.path());
            }
            patches.push(patch.build(self.arena));
        }
        Value::array(self.arena, &patches)
    }

    fn graph(&mut self) -> Value<'a> {
        let mut graph = ObjectBuilder::default();
        for node in ["a", "b", "c", "d"] {
            let edges: Vec<Value<'a>> = (0..self.random.below(4)).map(|_| self.string("graph.", 1)).collect();
            let edges = if self.random.below(2) == 0 {
                let mut set = SetBuilder::default();
                edges.iter().for_each(|e| set.insert(*e));
                set.build(self.arena)
            } else {
                Value::array(self.arena, &edges)
            };
            if self.random.below(6) > 0 {
                graph.insert(Value::String(node.as_bytes()), if self.random.below(10) == 0 { Value::Null } else { edges });
            }
        }
        graph.build(self.arena)
    }

    fn typed(&mut self, name: &str, position: usize, kind: &serde_json::Value, depth: usize) -> Value<'a> {
        let list = |key: &str| kind[key].as_array().cloned().unwrap_or_default();
        match kind["type"].as_str().unwrap_or_default() {
            "null" => Value::Null,
            "boolean" => Value::Bool(self.random.below(2) == 0),
            "number" => self.number(name),
            "string" => self.string(name, position),
            "any" => {
                let of = list("of");
                if of.is_empty() {
                    if self.random.below(2) == 0 { self.any(depth) } else { self.string(name, position) }
                } else {
                    let kind = self.random.pick(&of).clone();
                    self.typed(name, position, &kind, depth)
                }
            }
            "array" => {
                let fixed = list("static");
                let mut elements: Vec<Value<'a>> = fixed.iter().map(|kind| self.typed(name, position, kind, depth)).collect();
                if !kind["dynamic"].is_null() {
                    let count = self.random.below(5);
                    elements.extend((0..count).map(|_| self.typed(name, position, &kind["dynamic"], depth.saturating_sub(1))));
                }
                Value::array(self.arena, &elements)
            }
            "set" => {
                let count = self.random.below(5);
                let mut set = SetBuilder::default();
                (0..count).for_each(|_| set.insert(self.typed(name, position, &kind["of"], depth.saturating_sub(1))));
                set.build(self.arena)
            }
            "object" => {
                let mut object = ObjectBuilder::default();
                for property in list("static") {
                    let key = Value::string(self.arena, property["key"].as_str().unwrap_or_default());
                    if self.random.below(5) > 0 {
                        object.insert(key, self.typed(name, position, &property["value"], depth));
                    }
                }
                if !kind["dynamic"].is_null() {
                    for _ in 0..self.random.below(5) {
                        let key = self.typed(name, position, &kind["dynamic"]["key"], 0);
                        object.insert(key, self.typed(name, position, &kind["dynamic"]["value"], depth.saturating_sub(1)));
                    }
                }
                object.build(self.arena)
            }
            _ => self.any(depth),
        }
    }

    fn number(&mut self, name: &str) -> Value<'a> {
        let text = match self.random.below(10) {
            0..4 => (self.random.below(24) as i64 - 8).to_string(),
            4 if !name.starts_with("numbers.") && name != "bits.lsh" => (self.random.next() as i64 - (1 << 52)).to_string(),
            5 => format!("{}.{}", self.random.below(200), self.random.below(1000)),
            6 if !name.starts_with("numbers.") => {
                format!("-{}.{}e{}", self.random.below(20), self.random.next(), self.random.below(40) as i64 - 20)
            }
            _ if name.starts_with("numbers.") || name == "bits.lsh" => self.random.pick(pools::SMALL_NUMBERS).to_string(),
            _ => self.random.pick(pools::NUMBERS).to_string(),
        };
        Value::number(self.arena, &text)
    }

    /// A pattern of any shape over a few letters.
    fn pattern(&mut self, depth: usize) -> String {
        let atoms = ["a", "b", "ab", "[ab]", "[^a]", ".", "^", "$", "\\b", "\\B", "", "c", "(?i)A", "\\w", "\u{e9}"];
        if depth == 0 {
            return (*self.random.pick(&atoms)).to_owned();
        }
        let mut inner = || self.pattern(depth - 1);
        let (a, b) = (inner(), inner());
        match self.random.below(9) {
            0 => format!("{a}|{b}"),
            1 => format!("({a})"),
            2 => format!("(?:{a}|{b})*"),
            3 => format!("({a})*{b}"),
            4 => format!("({a}|{b})+?"),
            5 => format!("({a}){{1,3}}{b}"),
            6 => format!("(?:{a})?({b})??"),
            _ => format!("{a}{b}"),
        }
    }

    fn string(&mut self, name: &str, position: usize) -> Value<'a> {
        if name.starts_with("yaml.") && self.random.below(3) > 0 {
            let parts = 1 + self.random.below(12);
            let text: String = (0..parts).map(|_| *self.random.pick(languages::YAML_PARTS)).collect();
            return Value::string(self.arena, text);
        }
        let pool = pools::strings(name, position);
        let is_pattern = name.starts_with("regex.") && pools::is_patterns(pool);
        if is_pattern && self.random.below(3) > 0 {
            let depth = self.random.below(4);
            return Value::string(self.arena, self.pattern(depth));
        }
        if name.starts_with("regex.") && !is_pattern && self.random.below(2) == 0 {
            let letters = ["a", "b", "c", "A", "\u{e9}", " ", "\n", ""];
            let text: String = (0..self.random.below(10)).map(|_| *self.random.pick(&letters)).collect();
            return Value::string(self.arena, text);
        }
        let text = match self.random.below(12) {
            0 => self.random.pick(pools::STRINGS),
            1 => {
                let (a, b) = (self.random.pick(pool), self.random.pick(pool));
                return Value::string(self.arena, [*a, *b].concat());
            }
            2 => {
                // A part of one.
                let text = self.random.pick(pool);
                let cut = self.random.below(text.len() + 1);
                let start = self.random.below(cut + 1);
                return Value::string(self.arena, text.get(start..cut).unwrap_or(text));
            }
            _ => self.random.pick(pool),
        };
        if self.random.below(100) == 0 {
            return Value::string(self.arena, [text.as_bytes(), b"\xff\xe2\x82"].concat());
        }
        Value::string(self.arena, text)
    }

    pub(super) fn any(&mut self, depth: usize) -> Value<'a> {
        match self.random.below(if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => Value::Bool(self.random.below(2) == 0),
            2 | 3 => self.number(""),
            4 | 5 => self.string("", 0),
            6 => {
                let elements: Vec<Value<'a>> = (0..self.random.below(4)).map(|_| self.any(depth - 1)).collect();
                Value::array(self.arena, &elements)
            }
            7 => {
                let mut set = SetBuilder::default();
                (0..self.random.below(4)).for_each(|_| set.insert(self.any(depth - 1)));
                set.build(self.arena)
            }
            _ => {
                let mut object = ObjectBuilder::default();
                for _ in 0..self.random.below(4) {
                    let key = if self.random.below(3) > 0 { self.string("", 0) } else { self.any(depth - 1) };
                    object.insert(key, self.any(depth - 1));
                }
                object.build(self.arena)
            }
        }
    }
}
