//! Cases whose answers are easy to get wrong. OPA gave all of them.

use super::super::super::budget::{Budget, Exceeded};
use super::super::super::value::{Arena, SetBuilder, Value, text, unmarshal};
use super::super::{Caches, Clock, Context, Failure, lookup};

const NOW: i64 = 1_700_000_000_000_000_000;

/// The value of JSON; an array that begins with `"<set>"` is a set of the rest.
fn value<'a>(arena: &'a Arena, json: &'a str) -> Value<'a> {
    let value = unmarshal(arena, json.as_bytes()).unwrap_or(Value::Null);
    sets(arena, value)
}

fn sets<'a>(arena: &'a Arena, value: Value<'a>) -> Value<'a> {
    let Some(array) = value.as_array() else { return value };
    let parts: Vec<Value<'a>> = array.iter().map(|part| sets(arena, part)).collect();
    if !matches!(parts.first(), Some(Value::String(b"<set>"))) {
        return Value::array(arena, &parts);
    }
    let mut set = SetBuilder::default();
    parts.iter().skip(1).for_each(|part| set.insert(*part));
    set.build(arena)
}

fn call_within(name: &str, operands: &str, max_bytes: usize) -> Result<String, Failure> {
    let arena = Arena::new();
    let operands = value(&arena, operands);
    let operands: Vec<Value<'_>> = operands.as_array().into_iter().flat_map(|array| array.iter()).collect();
    let mut ctx = Context::new(&arena, Budget::new(None, max_bytes), Clock::fixed(NOW), Caches::default());
    let builtin = lookup(name).expect("a builtin");
    (builtin.function)(&mut ctx, &operands).map(|value| text(&value))
}

fn call(name: &str, operands: &str) -> String {
    match call_within(name, operands, 1 << 28) {
        Ok(value) => value,
        Err(Failure::Undefined) => "undefined".to_owned(),
        Err(Failure::Operand(message)) => format!("type: {message}"),
        Err(Failure::Builtin(message)) => format!("error: {message}"),
        Err(other) => format!("{other:?}"),
    }
}

fn check(cases: &[(&str, &str, &str)]) {
    for (name, operands, want) in cases {
        assert_eq!(call(name, operands), *want, "{name}({operands})");
    }
}

#[test]
fn arithmetic() {
    check(&[
        ("plus", "[0.1, 0.2]", "0.3"),
        ("plus", "[9223372036854775807, 1]", "9223372036854775808"),
        ("div", "[1, 3]", "0.33333333333333333334"),
        ("div", "[6, 3]", "2"),
        ("div", "[0, -5]", "-0"),
        ("div", "[1, 0.0]", "error: divide by zero"),
        ("mul", "[1.5, 1e30]", "1500000000000000000000000000000"),
        ("rem", "[-7, 3]", "-1"),
        ("rem", "[5, 1.5]", "error: modulo on floating-point number"),
        ("rem", "[5, 0]", "error: modulo by zero"),
        ("minus", "[[\"<set>\", 1, 2], [\"<set>\", 2]]", "{1}"),
        ("minus", "[1, [\"<set>\", 2]]", "type: operand 2 must be number but got set"),
        ("minus", "[\"a\", 1]", "type: operand 1 must be one of {number, set} but got string"),
        ("ceil", "[-0.5]", "1"),
        ("floor", "[-0.5]", "0"),
        ("round", "[-2.5]", "-3"),
        ("round", "[1e30]", "1000000000000000000024696061952"),
        ("abs", "[1.0]", "1"),
        ("sum", "[[0.1, 0.2, 1]]", "1.3"),
        ("product", "[[1.1, 1.1]]", "1.2100000000000002"),
        ("sum", "[[1, \"a\"]]", "type: operand 1 must be array of numbers but got array containing string"),
        ("bits.lsh", "[1, 70]", "1180591620717411303424"),
        ("bits.rsh", "[-1, 100]", "-1"),
        ("bits.negate", "[5]", "-6"),
        ("to_number", "[\"0x1p4\"]", "0x1p4"),
        ("to_number", "[\"inf\"]", "type: operand 1 must be valid number string but got string"),
        ("to_number", "[\"1x\"]", "error: strconv.ParseFloat: parsing \"1x\": invalid syntax"),
        ("format_int", "[-15.9, 16]", "\"-f\""),
        ("format_int", "[1, 3]", "type: operand 2 must be one of {2, 8, 10, 16}"),
        ("numbers.range", "[3, 1]", "[3, 2, 1]"),
        ("numbers.range_step", "[0, 10, 4]", "[0, 4, 8]"),
        ("numbers.range_step", "[0, 10, 0]", "error: numbers.range_step: step must be a positive integer"),
        ("units.parse_bytes", "[\"1.5KiB\"]", "1536"),
        ("units.parse", "[\"100m\"]", "0.1000000000"),
        ("units.parse", "[\"1 k\"]", "error: units.parse: spaces not allowed in resource strings"),
    ]);
}

#[test]
fn collections() {
    check(&[
        ("max", "[[1, 1.0]]", "1.0"),
        ("min", "[[]]", "undefined"),
        ("sort", "[[\"<set>\", \"b\", 1, null]]", "[null, 1, \"b\"]"),
        ("count", "[\"h\u{e9}\"]", "2"),
        ("and", "[[\"<set>\", 1, 2], [\"<set>\", 1.0]]", "{1.0}"),
        ("or", "[[\"<set>\", 1], [\"<set>\", 1.0, 2]]", "{1, 2}"),
        ("array.slice", "[[1, 2, 3], -1, 9]", "[1, 2, 3]"),
        ("array.flatten", "[[1, [2, [3]]]]", "[1, 2, [3]]"),
        ("object.get", "[{\"a\": [{\"b\": 1}]}, [\"a\", 0, \"b\"], 2]", "1"),
        ("object.union", "[{\"a\": {\"b\": 1}}, {\"a\": {\"c\": 2}}]", "{\"a\": {\"b\": 1, \"c\": 2}}"),
        ("object.union_n", "[[{\"a\": {\"b\": 2}}, {\"a\": 4}, {\"a\": {\"c\": 3}}]]", "{\"a\": {\"c\": 3}}"),
        ("object.subset", "[[1, 2, 3], [\"<set>\", 3, 1]]", "true"),
        ("object.subset", "[[1], 1]", "type: both arguments object.subset must be of the same type or array and set"),
        ("json.filter", "[{\"a\": {\"b\": 1, \"c\": 2}}, [\"a/b\"]]", "{\"a\": {\"b\": 1}}"),
        ("json.remove", "[{\"a\": [1, 2, 3]}, [\"a/1\"]]", "{\"a\": [1, 3]}"),
        ("json.patch", "[{\"a\": 1}, [{\"op\": \"add\", \"path\": \"/b\", \"value\": 2}]]", "{\"a\": 1, \"b\": 2}"),
        (
            "json.patch",
            "[{\"a\": 1}, [{\"op\": \"test\", \"path\": \"/a\", \"value\": 2}]]",
            "error: value from EditTree != patch value.\n\nExpected: 2\n\nFound: 1",
        ),
        // An element that was entered is the original's at that place.
        (
            "json.patch",
            "[[{\"a\": 1}, {\"b\": 2}], [{\"op\": \"remove\", \"path\": \"0\"}, {\"op\": \"add\", \"path\": \"0/x\", \"value\": 1}]]",
            "[{\"a\": 1, \"x\": 1}]",
        ),
        ("walk", "[{\"a\": [1]}]", "[[[], {\"a\": [1]}], [[\"a\"], [1]], [[\"a\", 0], 1]]"),
        ("graph.reachable", "[{\"a\": [\"b\"], \"b\": []}, [\"a\", \"z\"]]", "{\"a\", \"b\"}"),
        ("graph.reachable_paths", "[{\"a\": [\"a\", \"b\"]}, [\"a\"]]", "{[\"a\"], [\"a\", \"a\"]}"),
        ("internal.member_3", "[0, 1, [1]]", "true"),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("sprintf", "[\"%d %s %v\", [1, \"a\", {\"b\": [1.50]}]]", "\"1 a {\\\"b\\\": [1.50]}\""),
        ("sprintf", "[\"%d\", [1.5]]", "\"%!d(float64=1.5)\""),
        ("sprintf", "[\"%d\", []]", "\"%!d(MISSING)\""),
        ("sprintf", "[\"x\", [1, \"a\"]]", "\"x%!(EXTRA int64=1, string=a)\""),
        ("sprintf", "[\"%05.1f|%-6s|%+d|%x|%q\", [3.14159, \"ab\", 5, 255, \"q\"]]", "\"003.1|ab    |+5|ff|\\\"q\\\"\""),
        ("sprintf", "[\"%[2]d %[1]d\", [1, 2]]", "\"2 1\""),
        ("sprintf", "[\"%v\", [123456789012345678901234567890]]", "\"123456789012345678901234567890\""),
        ("sprintf", "[\"%v\", [1000000.0]]", "\"1e+06\""),
        ("split", "[\"\u{e9}a\", \"\"]", "[\"\u{e9}\", \"a\"]"),
        ("strings.split_n", "[\"a,b,c\", \",\", -2]", "[\"b\", \"c\"]"),
        ("replace", "[\"ab\", \"\", \"-\"]", "\"-a-b-\""),
        ("strings.replace_n", "[{\"a\": \"1\", \"ab\": \"2\"}, \"abc\"]", "\"1bc\""),
        ("indexof", "[\"\u{e9}\u{e9}a\", \"a\"]", "2"),
        ("indexof", "[\"a\", \"\"]", "error: empty search character"),
        ("indexof_n", "[\"aaa\", \"aa\"]", "[0, 1]"),
        ("substring", "[\"h\u{e9}llo\", 1, 2]", "\"\u{e9}l\""),
        ("substring", "[\"a\", -1, 1]", "error: negative offset"),
        ("upper", "[\"stra\u{df}e\"]", "\"STRA\u{df}E\""),
        ("lower", "[\"\u{130}\"]", "\"i\""),
        ("trim", "[\"\u{e9}a\u{e9}\", \"\u{e9}\"]", "\"a\""),
        ("concat", "[\",\", [\"<set>\", \"b\", \"a\"]]", "\"a,b\""),
        ("concat", "[\",\", [\"a\", 1]]", "type: operand 2 must be array of strings but got array containing number"),
        ("strings.any_prefix_match", "[[\"abc\"], [\"x\", \"ab\"]]", "true"),
        ("base64.decode", "[\"Zm9v=\"]", "error: illegal base64 data at input byte 4"),
        ("base64url.decode", "[\"_-8\"]", "\"\\xff\\xef\""),
        ("hex.decode", "[\"0g\"]", "error: encoding/hex: invalid byte: U+0067 'g'"),
        ("urlquery.encode_object", "[{\"b\": \"x y\", \"a\": [\"1\", \"2\"]}]", "\"a=1&a=2&b=x+y\""),
        ("urlquery.decode", "[\"%zz\"]", "error: invalid URL escape \"%zz\""),
        ("json.marshal", "[[\"<set>\", \"b\", \"<\"]]", "\"[\\\"\\\\u003c\\\",\\\"b\\\"]\""),
        ("json.unmarshal", "[\"{a\"]", "error: invalid character 'a' looking for beginning of object key string"),
        ("semver.compare", "[\"1.2.3-rc.1\", \"1.2.3\"]", "-1"),
        ("semver.compare", "[\"1.2\", \"1.2.3\"]", "error: operand 1: string \"1.2\" is not a valid SemVer"),
    ]);
}

#[test]
fn patterns_and_places() {
    check(&[
        ("regex.match", "[\"^[a-z]+\\\\d$\", \"abc1\"]", "true"),
        ("regex.match", "[\"(?P<n\", \"\"]", "error: error parsing regexp: invalid named capture: `(?P<n`"),
        ("regex.match", "[\"a{1001}\", \"\"]", "error: error parsing regexp: invalid repeat count: `{1001}`"),
        ("regex.is_valid", "[\"\\\\p{Old_Italic}\"]", "false"),
        ("regex.find_n", "[\"a*\", \"baaab\", -1]", "[\"\", \"aaa\", \"\"]"),
        ("regex.find_all_string_submatch_n", "[\"(a)(b)?\", \"aab\", -1]", "[[\"a\", \"a\", \"\"], [\"ab\", \"a\", \"b\"]]"),
        ("regex.split", "[\"a*\", \"baac\"]", "[\"b\", \"c\"]"),
        ("regex.replace", "[\"foo bar\", \"(?P<x>\\\\w+) (\\\\w+)\", \"$2 ${x} $$ $x1\"]", "\"bar foo $ \""),
        ("regex.template_match", "[\"urn:<.*>:x\", \"urn:a:x\", \"<\", \">\"]", "true"),
        ("glob.match", "[\"*.github.com\", [], \"api.github.com\"]", "true"),
        ("glob.match", "[\"*.github.com\", null, \"a.b.github.com\"]", "true"),
        ("glob.match", "[\"*.github.com\", [\".\"], \"a.b.github.com\"]", "false"),
        ("glob.match", "[\"{a,b\", [], \"a\"]", "error: glob: syntax error at 4: unclosed `{`"),
        ("glob.quote_meta", "[\"*{}\"]", "\"\\\\*\\\\{\\\\}\""),
        ("net.cidr_contains", "[\"10.0.0.0/8\", \"10.1.0.0/16\"]", "true"),
        ("net.cidr_contains", "[\"::/80\", \"::/80\"]", "true"),
        ("net.cidr_expand", "[\"192.168.1.0/30\"]", "{\"192.168.1.0\", \"192.168.1.1\", \"192.168.1.2\", \"192.168.1.3\"}"),
        ("net.cidr_merge", "[[\"192.0.128.0/24\", \"192.0.129.0/24\"]]", "{\"192.0.128.0/23\"}"),
        ("net.cidr_intersects", "[\"10.0.0.0\", \"10.0.0.0/8\"]", "error: invalid CIDR address: 10.0.0.0"),
        ("uuid.parse", "[\"x\"]", "undefined"),
        ("time.now_ns", "[]", "1700000000000000000"),
        ("time.parse_rfc3339_ns", "[\"2024-02-29T12:34:56.5+02:00\"]", "1709202896500000000"),
        ("time.parse_rfc3339_ns", "[\"2023-02-29T00:00:00Z\"]", "error: parsing time \"2023-02-29T00:00:00Z\": day out of range"),
        (
            "time.parse_ns",
            "[\"2006-01-02\", \"x\"]",
            "error: parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"",
        ),
        ("time.parse_duration_ns", "[\"1d12h\"]", "129600000000000"),
        ("time.format", "[[1700000000000000000, \"Europe/Berlin\", \"RFC1123Z\"]]", "\"Tue, 14 Nov 2023 23:13:20 +0100\""),
        ("time.date", "[[1700000000000000000, \"Asia/Tokyo\"]]", "[2023, 11, 15]"),
        ("time.add_date", "[1706659200000000000, 0, 1, 0]", "1709337600000000000"),
        ("time.clock", "[[1, \"Nowhere/City\"]]", "error: unknown time zone Nowhere/City"),
    ]);
}

#[test]
fn what_would_take_all_memory_is_refused_at_once() {
    let growing = [
        ("numbers.range", "[1, 1000000000000]"),
        ("numbers.range", "[1, 1e300]"),
        ("bits.lsh", "[1, 9000000000000000]"),
        ("bits.lsh", "[1, 1000000000]"),
        ("net.cidr_expand", "[\"10.0.0.0/8\"]"),
        ("net.cidr_expand", "[\"::/0\"]"),
        ("sprintf", "[\"%1000000d%1000000d%1000000d%1000000d%1000000d\", [1, 2, 3, 4, 5]]"),
    ];
    let start = std::time::Instant::now();
    for (name, operands) in growing {
        let found = call_within(name, operands, 4 << 20);
        assert_eq!(found, Err(Failure::Exceeded(Exceeded::Memory)), "{name}({operands})");
    }
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn a_deadline_ends_a_call() {
    let arena = Arena::new();
    let past = std::time::Instant::now();
    let mut ctx = Context::new(&arena, Budget::new(Some(past), 1 << 28), Clock::fixed(NOW), Caches::default());
    let operands = [Value::Int(1), Value::Int(100_000)];
    let range = lookup("numbers.range").expect("a builtin");
    assert!(matches!((range.function)(&mut ctx, &operands), Err(Failure::Exceeded(Exceeded::Deadline))));
}

#[test]
fn patterns_go_from_one_evaluation_to_the_next() {
    let mut caches = Caches::default();
    for _ in 0..2 {
        let arena = Arena::new();
        let mut ctx = Context::new(&arena, Budget::new(None, 1 << 28), Clock::fixed(NOW), caches);
        for i in 0..150 {
            let pattern = Value::string(&arena, format!("^a{{{i}}}b$"));
            let matches = lookup("regex.match").expect("a builtin");
            let text = Value::string(&arena, format!("{}b", "a".repeat(i)));
            assert!(matches!((matches.function)(&mut ctx, &[pattern, text]), Ok(Value::Bool(true))), "{i}");
        }
        caches = ctx.caches;
    }
    assert!(format!("{caches:?}").contains("len: 100"));
}

#[test]
fn a_small_stack_is_enough() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    let patterns = [nested("(", ")", 10), nested("(?:b|", ")", 900), nested("(", ")", 900), "(a|b)*[\\pL]+x{2,50}".to_owned()];
    let run = move || {
        for pattern in patterns {
            let operands = format!("[{}, \"a\"]", super::super::super::value::quote(pattern.as_bytes()));
            assert!(!call("regex.match", &operands).starts_with("type"), "{pattern}");
        }
        assert_eq!(call("glob.match", &format!("[\"{}\", [], \"a\"]", nested("{", "}", 5000))), "true");
        let arena = Arena::new();
        let deep = nested("[", "]", 9000).replace('a', "1");
        let operands = [unmarshal(&arena, deep.as_bytes()).unwrap_or(Value::Null)];
        for name in ["json.marshal", "count", "sort", "array.flatten", "type_name"] {
            let mut ctx = Context::new(&arena, Budget::new(None, 1 << 28), Clock::fixed(NOW), Caches::default());
            assert!((lookup(name).expect("a builtin").function)(&mut ctx, &operands).is_ok(), "{name}");
        }
    };
    // A debug build's frames are several times those of a release build.
    let size = if cfg!(debug_assertions) { 1 << 20 } else { 128 << 10 };
    let thread = std::thread::Builder::new().stack_size(size).spawn(run);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}
