use super::{Limits, MAX_DEPTH, read, read_document, unmarshal};
use crate::error::ErrorKind;
use crate::rego::value::{Arena, Style, Value, write};

const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_depth: MAX_DEPTH };

fn rewrite(json: &[u8]) -> Option<String> {
    let arena = Arena::new();
    let mut out = Vec::new();
    write(&read(&arena, json, LIMITS).ok()?, Style::PLAIN, &mut out);
    let mut document = Vec::new();
    write(&read_document(json, LIMITS).ok()?.view(), Style::PLAIN, &mut document);
    assert_eq!(out, document);
    String::from_utf8(out).ok()
}

fn string(json: &[u8]) -> Option<String> {
    let arena = Arena::new();
    String::from_utf8(read(&arena, json, LIMITS).ok()?.as_bytes()?.to_vec()).ok()
}

#[test]
fn bad_bytes_and_lone_surrogates_become_u_fffd_as_in_go() {
    assert_eq!(string(b"\"a\xff\xfeb\"").as_deref(), Some("a\u{fffd}\u{fffd}b"));
    assert_eq!(string(b"\"\xe2\x82\"").as_deref(), Some("\u{fffd}\u{fffd}"));
    assert_eq!(string(br#""\ud800""#).as_deref(), Some("\u{fffd}"));
    assert_eq!(string(br#""\udc00\ud800""#).as_deref(), Some("\u{fffd}\u{fffd}"));
    assert_eq!(string(br#""\ud800A""#).as_deref(), Some("\u{fffd}A"));
    assert_eq!(string(br#""\ud800\u0041""#).as_deref(), Some("\u{fffd}A"));
    assert_eq!(string(br#""\ud83d\ude00""#).as_deref(), Some("\u{1f600}"));
    assert_eq!(string(br#""\\ud800""#).as_deref(), Some("\\ud800"));
    assert_eq!(string(br#""\ud800\ud83d\ude00""#).as_deref(), Some("\u{fffd}\u{1f600}"));
    assert_eq!(string("\"caf\u{e9} \u{1f600} and more\"".as_bytes()).as_deref(), Some("caf\u{e9} \u{1f600} and more"));
    assert_eq!(string(br#""\"\\\/\b\f\n\r\t""#).as_deref(), Some("\"\\/\u{8}\u{c}\n\r\t"));
}

/// A word tells where a short string ends, whatever stands in it and however much follows.
#[test]
fn strings_of_any_length_end_at_their_quote() {
    for length in 0..20 {
        let plain = "abcdefghijklmnopqrst".get(..length).unwrap_or_default();
        for rest in ["", ",1", ",\"\"", ",\"0123456789\""] {
            let json = format!("[\"{plain}\"{rest}]");
            assert_eq!(rewrite(json.as_bytes()).as_deref(), Some(json.as_str()));
        }
        for at in 0..=length {
            let (before, after) = plain.split_at(at);
            assert_eq!(string(format!("\"{before}\\n{after}\"   ").as_bytes()), Some(format!("{before}\n{after}")));
            assert_eq!(string(format!("\"{before}\u{e9}{after}\"   ").as_bytes()), Some(format!("{before}\u{e9}{after}")));
            assert_eq!(string(format!("\"{before}\u{1}{after}\"   ").as_bytes()), None);
            let bad = [b"\"", before.as_bytes(), b"\xff", after.as_bytes(), b"\"   "].concat();
            assert_eq!(string(&bad), Some(format!("{before}\u{fffd}{after}")));
        }
    }
}

#[test]
fn errors_carry_the_offset() {
    let cases: [(&[u8], usize); 22] = [
        (b"{\"a\": }", 6),
        (b"", 0),
        (b"[1,\n 2,\n x]", 9),
        (b"1 2", 2),
        (b"nul", 3),
        (b"nuk", 2),
        (b"[1,", 3),
        (b"[1 2]", 3),
        (b"{\"a\" 1}", 5),
        (b"{\"a\":1 \"b\"}", 7),
        (b"{a:1}", 1),
        (b"{\"a\":1,}", 7),
        (b"[1,]", 3),
        (b"\"a\nb\"", 2),
        (b"\"\\x\"", 2),
        (b"\"\\u12G4\"", 5),
        (b"01", 1),
        (b"-", 1),
        (b"-a", 1),
        (b"1.", 2),
        (b"1.x", 2),
        (b"1e+", 3),
    ];
    for (json, offset) in cases {
        let arena = Arena::new();
        let error = read(&arena, json, LIMITS).err();
        assert_eq!(error.as_ref().map(|e| e.kind()), Some(ErrorKind::SerializationError), "{json:?}");
        assert_eq!(error.and_then(|e| e.offset()), Some(offset), "{json:?}");
        assert_eq!(read_document(json, LIMITS).err().and_then(|e| e.offset()), Some(offset), "{json:?}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let kind = |json: &[u8], limits| read_document(json, limits).err().map(|e| e.kind());
    let deep = "[".repeat(100_000);
    assert_eq!(kind(deep.as_bytes(), LIMITS), Some(ErrorKind::LimitExceeded));
    assert_eq!(read_document(deep.as_bytes(), LIMITS).err().and_then(|e| e.offset()), Some(MAX_DEPTH));
    let fits = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(rewrite(fits.as_bytes()).as_deref(), Some(fits.as_str()));
    assert_eq!(kind(b"[1,2]", Limits { max_bytes: 4, ..LIMITS }), Some(ErrorKind::LimitExceeded));
    assert_eq!(kind(format!("\"{}\"", "[".repeat(20_000)).as_bytes(), LIMITS), None);
}

#[test]
fn numbers_keep_their_text_and_the_last_of_equal_keys_wins() {
    let json = b"{\"b\": 123456789012345678901234567890, \"a\": 1.50, \"c\": [-0, 1e3, 0.5], \"a\": 1.0, \"a\": 2}";
    let want = "{\"a\":2,\"b\":123456789012345678901234567890,\"c\":[-0,1e3,0.5]}";
    assert_eq!(rewrite(json).as_deref(), Some(want));
    let arena = Arena::new();
    let ints = read(&arena, b"[9223372036854775807, -9223372036854775808, 9223372036854775808]", LIMITS);
    let found: Vec<bool> =
        ints.ok().and_then(|v| v.as_array()).into_iter().flat_map(|a| a.iter()).map(|v| matches!(v, Value::Int(_))).collect();
    assert_eq!(found, [true, true, false]);
}

#[test]
fn a_number_out_of_range_is_refused_after_the_text_is_read() {
    let error = read_document(b"[1, 1e400000]", LIMITS).err();
    assert_eq!(error.as_ref().map(|e| e.message()), Some("invalid number: number too big at offset 4"));
    assert_eq!(read_document(b"[1e400000, x]", LIMITS).err().and_then(|e| e.offset()), Some(11));
}

#[test]
fn large_objects_are_sorted_and_indexed() {
    let entries: Vec<String> = (0..1000).rev().map(|i| format!("\"k{i}\":{i}")).collect();
    let json = format!("{{{}}}", entries.join(","));
    let arena = Arena::new();
    let value = read(&arena, json.as_bytes(), LIMITS).ok();
    for i in 0..1000 {
        let found = value.and_then(|v| v.as_object()).and_then(|o| o.get_str(format!("k{i}").as_bytes()));
        assert!(matches!(found, Some(Value::Int(n)) if n == i), "{i}");
    }
}

#[test]
fn unmarshal_has_gos_errors() {
    let cases = [
        ("", "EOF"),
        ("  ", "EOF"),
        ("[1", "unexpected EOF"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("nux", "invalid character 'x' in literal null (expecting 'l')"),
        ("1 2", "error: invalid character '2' after top-level value"),
        ("1 x", "invalid character 'x' looking for beginning of value"),
        ("{} ]", "invalid character ']' looking for beginning of value"),
        ("{} true", "error: invalid character '%!s(bool=true)' after top-level value"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("\u{e9}", "invalid character '\u{c3}' looking for beginning of value"),
        ("1e400000", "invalid number: number too big"),
    ];
    for (json, want) in cases {
        let arena = Arena::new();
        let found = unmarshal(&arena, json.as_bytes()).err();
        assert_eq!(found.as_deref(), Some(want), "{json}");
    }
    let arena = Arena::new();
    assert!(matches!(unmarshal(&arena, b"1 null"), Ok(Value::Int(1))));
}
