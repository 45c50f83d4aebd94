use super::{Style, quote, text, unwritable, write};
use crate::rego::value::{Arena, ObjectBuilder, SetBuilder, Value};

fn json(value: &Value<'_>, style: Style<'_>) -> String {
    let mut out = Vec::new();
    write(value, style, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn object<'a>(arena: &'a Arena, entries: &[(Value<'a>, Value<'a>)]) -> Value<'a> {
    let mut object = ObjectBuilder::default();
    entries.iter().for_each(|(k, v)| object.insert(*k, *v));
    object.build(arena)
}

fn set<'a>(arena: &'a Arena, members: &[Value<'a>]) -> Value<'a> {
    let mut set = SetBuilder::default();
    members.iter().for_each(|m| set.insert(*m));
    set.build(arena)
}

#[test]
fn strings_are_escaped_as_gos() {
    let cases: [(&[u8], &str, &str, &str); 7] = [
        (b"a<b>&", "\"a<b>&\"", r#""a\u003cb\u003e\u0026""#, "\"a<b>&\""),
        (b"\"\\/", r#""\"\\/""#, r#""\"\\/""#, r#""\"\\/""#),
        (
            b"\n\r\t\x08\x0c\x0b\x01\x7f",
            "\"\\n\\r\\t\\b\\f\\u000b\\u0001\x7f\"",
            "\"\\n\\r\\t\\b\\f\\u000b\\u0001\x7f\"",
            r#""\n\r\t\b\f\v\x01\x7f""#,
        ),
        (b"\xffa\xe2\x82", r#""\ufffda\ufffd\ufffd""#, r#""\ufffda\ufffd\ufffd""#, r#""\xffa\xe2\x82""#),
        ("\u{2028}\u{2029}".as_bytes(), r#""\u2028\u2029""#, r#""\u2028\u2029""#, r#""\u2028\u2029""#),
        ("h\u{e9}\u{1f600}".as_bytes(), "\"h\u{e9}\u{1f600}\"", "\"h\u{e9}\u{1f600}\"", "\"h\u{e9}\u{1f600}\""),
        (
            "\u{a0}\u{ad}\u{e000}\u{10ffff}\u{fffd}".as_bytes(),
            "\"\u{a0}\u{ad}\u{e000}\u{10ffff}\u{fffd}\"",
            "\"\u{a0}\u{ad}\u{e000}\u{10ffff}\u{fffd}\"",
            "\"\\u00a0\\u00ad\\ue000\\U0010ffff\u{fffd}\"",
        ),
    ];
    for (bytes, plain, html, quoted) in cases {
        let value = Value::String(bytes);
        assert_eq!(json(&value, Style::PLAIN), plain);
        assert_eq!(json(&value, Style::HTML), html);
        assert_eq!(quote(bytes), quoted);
    }
}

#[test]
fn keys_that_are_no_strings_become_strings_and_are_sorted_again() {
    let arena = Arena::new();
    let inner = object(&arena, &[(Value::Int(1), Value::String(b"<"))]);
    let entries = [
        (Value::String(b"1"), Value::Int(2)),
        (Value::Int(1), Value::Int(1)),
        (Value::Null, Value::Int(3)),
        (inner, set(&arena, &[Value::Int(3), Value::Int(2)])),
        (Value::Bool(true), Value::Number("1.0")),
    ];
    let value = object(&arena, &entries);
    assert_eq!(json(&value, Style::PLAIN), r#"{"1":2,"null":3,"true":1.0,"{\"1\":\"\\u003c\"}":[2,3]}"#);
    assert_eq!(text(&value), r#"{null: 3, true: 1.0, 1: 1, "1": 2, {1: "<"}: {2, 3}}"#);
}

#[test]
fn containers_are_written_compact_or_indented() {
    let arena = Arena::new();
    let list = Value::array(&arena, &[Value::Int(-1), Value::Array(&[]), object(&arena, &[])]);
    let value = object(&arena, &[(Value::String(b"b"), list), (Value::String(b"a"), Value::Null)]);
    assert_eq!(json(&value, Style::PLAIN), r#"{"a":null,"b":[-1,[],{}]}"#);
    let style = Style { escape_html: true, pretty: Some((b">", b"  ")) };
    assert_eq!(json(&value, style), "{\n>  \"a\": null,\n>  \"b\": [\n>    -1,\n>    [],\n>    {}\n>  ]\n>}");
    assert_eq!(text(&value), r#"{"a": null, "b": [-1, [], {}]}"#);
    assert_eq!(text(&set(&arena, &[])), "set()");
    assert_eq!(text(&set(&arena, &[Value::Int(2), Value::Int(1)])), "{1, 2}");
}

#[test]
fn numbers_that_json_does_not_have_are_found() {
    for (number, fits) in [
        ("1", true),
        ("-0", true),
        ("1.50e-7", true),
        ("+5", false),
        (".5", false),
        ("5.", false),
        ("0x1p4", false),
        ("01", false),
    ] {
        let arena = Arena::new();
        let value = Value::array(&arena, &[Value::Int(1), Value::Number(number)]);
        assert_eq!(unwritable(&value), (!fits).then_some(number));
    }
}

#[test]
fn depth_needs_no_stack() {
    let arena = Arena::new();
    let mut value = Value::Null;
    for _ in 0..100_000 {
        value = object(&arena, &[(Value::Int(1), Value::array(&arena, &[value]))]);
    }
    assert!(json(&value, Style::PLAIN).len() > 100_000);
    assert!(text(&value).len() > 100_000);
}
