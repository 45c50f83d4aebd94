#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use super::to_json;

/// The JSON of a text, or the error.
fn json(text: &str) -> Result<String, String> {
    to_json(text.as_bytes()).map(|json| String::from_utf8(json).expect("JSON is UTF-8"))
}

/// Every text and its JSON; `!` stands for an error. All of them are OPA's own answers.
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let got = json(text);
        match *expected {
            "!" => assert!(got.is_err(), "{text:?} is refused by OPA, and here {got:?}"),
            expected => assert_eq!(got.as_deref(), Ok(expected), "{text:?}"),
        }
    }
}

/// `value` as the only item of a sequence.
fn check_scalars(cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        let expected = if *expected == "!" { "!".to_owned() } else { format!("[{expected}]") };
        check(&[(&format!("- {value}\n"), &expected)]);
    }
}

#[test]
fn words() {
    check_scalars(&[
        ("true", "true"),
        ("FALSE", "false"),
        ("yes", r#""yes""#),
        ("on", r#""on""#),
        ("~", "null"),
        ("", "null"),
        ("Null", "null"),
        ("nULL", r#""nULL""#),
        (".inf", "!"),
        ("-.INF", "!"),
        (".nan", "!"),
        ("<<", r#""\u003c\u003c""#),
    ]);
}

#[test]
fn integers() {
    check_scalars(&[
        ("0x1F", "31"),
        ("0X1f", "31"),
        ("-0x10", "-16"),
        ("0o17", "15"),
        ("0777", "511"),
        ("08", "8"),
        ("0b101", "5"),
        ("-0b11", "-3"),
        ("0b-1", "-1"),
        ("0o-7", "-7"),
        ("0b", r#""0b""#),
        ("1_000", "1000"),
        ("1__0", "10"),
        ("_1", r#""_1""#),
        ("+1", "1"),
        ("-0", "0"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "18446744073709552000"),
        ("+9223372036854775808", "9223372036854776000"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0x10000000000000000", r#""0x10000000000000000""#),
        ("1:30", r#""1:30""#),
    ]);
}

#[test]
fn floats() {
    check_scalars(&[
        ("1.", "1"),
        (".5", "0.5"),
        ("+.5", "0.5"),
        ("1e3", "1000"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("-0.0", "-0"),
        ("1e400", r#""1e400""#),
        ("1e-400", "0"),
        ("1e", r#""1e""#),
        (".e1", r#"".e1""#),
        ("1_0.5_0", "10.5"),
        (".5_0", "0.5"),
        (".5_", r#"".5_""#),
        ("._5", r#""._5""#),
        ("0x1p-2", r#""0x1p-2""#),
        // Two texts are as near and as short: the even one.
        ("140737488355328.125", "140737488355328.12"),
        ("140737488355328.375", "140737488355328.38"),
        ("-1234.5e-2", "-12.345"),
        ("120", "120"),
        ("1200.0", "1200"),
        ("5e-324", "5e-324"),
    ]);
}

#[test]
fn tags() {
    check_scalars(&[
        ("!!str 1", r#""1""#),
        ("!!str", r#""""#),
        ("! 1", "1"),
        ("!<tag:yaml.org,2002:str> 1", r#""1""#),
        ("!!int '0x10'", "16"),
        ("!!int 1.0", "!"),
        ("!!int", "!"),
        ("!!float 1", "1"),
        ("!!float 18446744073709551615", "!"),
        ("!!bool yes", "!"),
        ("!!null ''", "null"),
        ("!!null x", "!"),
        ("!!binary aGVsbG8=", r#""hello""#),
        ("!!binary /w==", r#""\ufffd""#),
        ("!!binary aGVsbG8", "!"),
        ("!foo 1", r#""1""#),
        ("!e!x 1", "!"),
        ("!!st%72 1", r#""1""#),
        ("!!map [1]", "[1]"),
    ]);
    check(&[
        ("%TAG !e! tag:yaml.org,2002:\n--- !e!str 1\n", r#""1""#),
        ("%YAML 1.1\n---\na", r#""a""#),
        ("%YAML 1.2\n---\na", "!"),
        ("%FOO\n---\na", "!"),
    ]);
}

#[test]
fn timestamps() {
    check_scalars(&[
        ("2001-01-01", r#""2001-01-01""#),
        ("!!timestamp 2001-1-1", r#""2001-01-01T00:00:00Z""#),
        ("!!timestamp 2001-02-30", "!"),
        ("!!timestamp 2000-02-29", r#""2000-02-29T00:00:00Z""#),
        ("!!timestamp 2001-12-14t21:59:43.10-05:00", r#""2001-12-14T21:59:43.1-05:00""#),
        ("!!timestamp '2001-1-1  1:2:3,5'", r#""2001-01-01T01:02:03.5Z""#),
        ("!!timestamp 2001-1-1T1:2:3", "!"),
        ("!!timestamp 2001-1-1T1:2:3+23:60", "!"),
        ("!!timestamp 2001-1-1T1:2:3+24:00", "!"),
    ]);
    // No key of JSON's, and go-yaml finds them twice where OPA does not.
    check(&[
        ("2001-01-01: a\n", r#"{"2001-01-01":"a"}"#),
        ("2001-01-01: a\n2001-01-01: b\n", "!"),
        ("b: 1\n2001-1-1T1:2:3+24:00: a\n2001-1-1T1:2:3+24:00: b\n", "!"),
        ("- 2001-1-1T1:2:3+24:00\n", r#"["2001-1-1T1:2:3+24:00"]"#),
    ]);
}

#[test]
fn keys() {
    check(&[
        ("1: a\nb: c\n", r#"{"1":"a","b":"c"}"#),
        ("0x10: a\n", r#"{"16":"a"}"#),
        ("1e6: a\n", r#"{"1e+06":"a"}"#),
        ("100000.0: a\n", r#"{"100000":"a"}"#),
        ("16777217.0: a\n", r#"{"1.6777216e+07":"a"}"#),
        ("0.00001: a\n", r#"{"1e-05":"a"}"#),
        ("1e300: a\n", r#"{".inf":"a"}"#),
        ("-294497.125: a\n", r#"{"-294497.12":"a"}"#),
        ("0.000244140625: a\n", r#"{"0.00024414063":"a"}"#),
        ("0.00012: a\n", r#"{"0.00012":"a"}"#),
        (".nan: a\n", r#"{".nan":"a"}"#),
        ("true: a\n", r#"{"true":"a"}"#),
        ("~: a\n", "!"),
        ("[a]: b\n", "!"),
        ("{a: b}: c\n", "!"),
        ("b: 1\na: 2\nB: 3\né: 4\n", r#"{"B":3,"a":2,"b":1,"é":4}"#),
        ("? a\n: b\n? c\n", r#"{"a":"b","c":null}"#),
    ]);
}

#[test]
fn repeated_keys() {
    check(&[
        ("a: 1\na: 2\n", r#"{"a":2}"#),
        ("1: a\n'1': b\n", r#"{"1":"b"}"#),
        // What the first value names is known still.
        ("a: &x 1\na: 2\nb: *x\n", r#"{"a":2,"b":1}"#),
        // A value that is dropped is not decoded.
        ("a: !!int x\na: 2\n", r#"{"a":2}"#),
        // Two keys for JSON, written alike: go-yaml refuses them.
        ("0x10: a\n'0x10': b\n", "!"),
        ("\"<<\": 1\n<<: {a: 1}\n", "!"),
        ("&a k: 1\n*a : 2\n", r#"{"k":2}"#),
    ]);
}

#[test]
fn merges() {
    check(&[
        ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n", r#"{"a":{"x":1,"y":2},"b":{"x":3,"y":2}}"#),
        ("a: &a {x: 1}\nb: {<<: [*a, {x: 2, z: 3}]}\n", r#"{"a":{"x":1},"b":{"x":1,"z":3}}"#),
        ("<<: {a: 1}\n<<: [{a: 2, b: 3}]\n<<: {c: 4}\n", r#"{"a":1,"b":3,"c":4}"#),
        ("<<: {<<: {a: 1, b: 2}, a: 3}\nc: 4\n", r#"{"a":3,"b":2,"c":4}"#),
        ("<<: x\n", "!"),
        ("<<: ~\n", "!"),
        ("a: &a [{x: 1}]\nb: {<<: *a}\n", "!"),
        // Merged into texts, keys are texts as they are written; null is none.
        ("a: 1\n<<: {0x10: b, ~: c}\n", r#"{"0x10":"b","a":1}"#),
        // Merged into other keys, they are what they are.
        ("1: a\n<<: {0x10: b}\n", r#"{"1":"a","16":"b"}"#),
        ("a: 2\n<<: {a: {~: 1}}\n", r#"{"a":2}"#),
        ("!!str <<: {a: 1}\n", r#"{"\u003c\u003c":{"a":1}}"#),
    ]);
}

#[test]
fn aliases() {
    check(&[
        ("a: &a [1]\nb: *a\n", r#"{"a":[1],"b":[1]}"#),
        ("a: &x 1\nb: &x 2\nc: *x\n", r#"{"a":1,"b":2,"c":2}"#),
        ("a: *b\n", "!"),
        ("&a [*a]\n", "!"),
        ("a: &a {b: *a}\n", "!"),
        ("&a a: *a\n", r#"{"a":"a"}"#),
        // Anchors hold over documents.
        ("&a x\n--- \n*a\n", r#""x""#),
    ]);
}

#[test]
fn aliases_that_multiply() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..10 {
        let before = format!("*a{}", i - 1);
        bomb += &format!("a{i}: &a{i} [{}]\n", [before.as_str(); 10].join(","));
    }
    assert_eq!(json(&bomb), Err("yaml: document contains excessive aliasing".to_owned()));
    // Few aliases, of a long text.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), ["*a"; 900].join(","));
    assert_eq!(json(&long), Err("yaml: document contains excessive aliasing".to_owned()));
}

#[test]
fn nesting() {
    let nested = |deep: usize| format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    assert_eq!(json(&nested(1_000)), Ok(nested(1_000)));
    for text in [nested(1_001), "[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "? ".repeat(100_000)] {
        let error = json(&text).expect_err("too deep");
        assert!(error.ends_with("exceeded max depth of 1000"), "{error}");
    }
    let by_alias = format!("a: &a {}\nb: {}*a{}\n", nested(900), "[".repeat(900), "]".repeat(900));
    assert_eq!(json(&by_alias), Err("yaml: exceeded max depth of 1000".to_owned()));
}

#[test]
fn documents() {
    check(&[
        ("", "null"),
        ("# nothing\n", "null"),
        ("---\n", "null"),
        ("a\n---\nb\n", r#""a""#),
        ("a\n...\n", r#""a""#),
        ("...\n", "!"),
        ("a\n---\n[\n", "!"),
        ("a: b\n...\nc: d\n", "!"),
        ("  a:\nb: 1", "!"),
        ("---\n---\na\n", "null"),
    ]);
}

#[test]
fn syntax_of_yaml_1_1() {
    check(&[
        ("a:\tfoo\n", r#"{"a":"foo"}"#),
        ("-\tfoo\n", "!"),
        ("|#c\n", r#""""#),
        ("'  #'#'", r#""  #""#),
        (r#""\/""#, "!"),
        ("[?x]", r#"[{"x":null}]"#),
        ("a\u{85}b", r#""a b""#),
        ("a\u{2028} b", r#""a\u2028b""#),
        ("# c\u{2028}a", r#""a""#),
        ("[a: b, c]", r#"[{"a":"b"},"c"]"#),
        ("{a, b: }", r#"{"a":null,"b":null}"#),
        ("[a,]", r#"["a"]"#),
        ("[,]", "!"),
        ("a:\n- b\n-\n- c\n", r#"{"a":["b",null,"c"]}"#),
        ("- - a\n  - b\n- c: d\n  e: f\n", r#"[["a","b"],{"c":"d","e":"f"}]"#),
        ("a b: c: d\n", "!"),
        ("@a", "!"),
        ("a: 'b\n--- c'\n", "!"),
        ("a\t# c\n\t# d\n", "!"),
    ]);
    assert!(json(&format!("{}: b", "a".repeat(1024))).is_ok());
    assert!(json(&format!("{}: b", "a".repeat(1025))).is_err());
}

/// Texts that OPA reads, and libyaml-safer not or otherwise.
#[test]
fn refused_here() {
    for text in
        ["# c\n\t# d\na\n", "[a:]", "{a:, b: 1}", "[!a, b]", "[!<a>, b]", "[!!str,x y]", "a\n\u{feff}b", "'\u{2028}\u{2029}'"]
    {
        assert!(json(text).is_err(), "{text:?}");
    }
    assert!(json(&format!("{}--- a", "%TAG !a! b\n".repeat(1_001))).is_err());
}

/// Where libyaml-safer would panic without an adapter's care.
#[test]
fn ends() {
    check(&[
        ("|\n a", r#""a""#),
        ("|\n a\n   ", r#""a\n  ""#),
        ("|\n a\n ", r#""a\n""#),
        ("|+\n a\n ", r#""a\n""#),
        ("|-\n a", r#""a""#),
        (">+\n a", r#""a""#),
        ("|\n a\u{2028} ", r#""a\u2028""#),
        ("|", r#""""#),
        ("\"\\", "!"),
        ("\"\\x4", "!"),
        ("[a?b]", "!"),
        ("[!a]", "!"),
        ("[\"!a,b\", 'c!,', d!e,f] # !g,", r#"["!a,b","c!,","d!e","f"]"#),
        ("!<tag:yaml.org,2002:str> 1", r#""1""#),
        ("- !<tag:yaml.org,2002:str> 1\n- [!!str a,!!str 'b']", r#"["1",["a","b"]]"#),
    ]);
}

#[test]
fn quoted() {
    check(&[
        (r#""a\tb\x41\u00e9\U0001F600\N\_\L\P\e\0\ ""#, "\"a\\tbA\u{e9}\u{1f600}\u{85}\u{a0}\\u2028\\u2029\\u001b\\u0000 \""),
        (r#""\ud800""#, "!"),
        (r#""\x4""#, "!"),
        (r#""\q""#, "!"),
        ("\"a\n  b\n\n c\"", r#""a b\nc""#),
        ("\"a\\\n  b\"", r#""ab""#),
        ("\"a \\\n\n  b\"", r#""a \nb""#),
        ("'it''s\n\n x'", r#""it's\nx""#),
        ("\"a", "!"),
        ("'<&>'", r#""\u003c\u0026\u003e""#),
    ]);
}

#[test]
fn blocks() {
    check(&[
        ("|\n a\n  b\n\n", r#""a\n b\n""#),
        ("|-\n a\n", r#""a""#),
        ("|+\n a\n\n", r#""a\n\n""#),
        (">\n a\n b\n\n c\n  d\n e\n", r#""a b\nc\n d\ne\n""#),
        ("|2\n   a\n", r#"" a\n""#),
        ("|0\n a\n", "!"),
        ("- |\n\ta\n", "!"),
        ("a: |\n  b\n c: d\n", "!"),
        ("a: >-2 # c\n   b\n", r#"{"a":" b"}"#),
    ]);
}

#[test]
fn encodings() {
    let utf16 = |unit: fn(u16) -> [u8; 2]| "\u{feff}a: é😀".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), "\u{feff}a: é😀".into()] {
        assert_eq!(to_json(&bytes), Ok("{\"a\":\"é😀\"}".into()));
    }
    for bytes in
        [b"a\xff".as_slice(), b"a\xc3", b"a\0", b"a\x07", b"a\x7f", b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\xdc"]
    {
        assert!(to_json(bytes).is_err(), "{bytes:?}");
    }
    // OPA takes it, and loses the first character of each line that follows.
    assert!(json("\u{feff}\u{feff}a").is_err());
}
