use super::{host, parse};

fn shown(text: &str) -> String {
    match parse(text.as_bytes()) {
        Err(problem) => problem,
        Ok(parsed) => {
            let (name, port) = host::split_port(&parsed.host);
            let parts = [&parsed.scheme, name, port, &parsed.path, &parsed.raw_path, &parsed.query, &parsed.fragment];
            parts.map(|part| String::from_utf8_lossy(part).into_owned()).join("|")
        }
    }
}

#[test]
fn urls_are_read_as_opa_does() {
    for (text, want) in [
        ("https://example.com:8080/api?q=1#top", "https|example.com|8080|/api|/api|q=1|top"),
        ("http://[fe80::1%25en0]:80/a", "http|fe80::1%en0|80|/a|/a||"),
        ("foo://a:b:1/", "foo|a:b|1|/|/||"),
        ("a:b", "a||||||"),
        ("*", "|||*|*||"),
        ("/a?b?", "|||/a|/a|b?|"),
        ("///x/y", "|||///x/y|///x/y||"),
        ("x:///y", "x|||/y|/y||"),
        ("http://h/a%20b", "http|h||/a b|/a b||"),
        ("http://h/a%2Fb", "http|h||/a/b|/a%2Fb||"),
        ("http://h:/x", "http|h||/x|/x||"),
        ("http://a:b:1/", r#"parse "http://a:b:1/": invalid port ":b:1" after host"#),
        ("http://[1.2.3.4]/", r#"parse "http://[1.2.3.4]/": invalid IP-literal"#),
        ("http://[zz]/", r#"parse "http://[zz]/": invalid host: ParseAddr("zz"): unable to parse IP"#),
        ("http://a b/", r#"parse "http://a b/": invalid character " " in host name"#),
        ("1a:b", r#"parse "1a:b": first path segment in URL cannot contain colon"#),
        (":x", r#"parse ":x": missing protocol scheme"#),
        ("http://h/%41%zz", r#"parse "http://h/%41%zz": invalid URL escape "%zz""#),
        ("http://u:p%4@h/", r#"parse "http://u:p%4@h/": invalid URL escape "%4""#),
        ("http://h/#%zz", r#"parse "http://h/#%zz": invalid URL escape "%zz""#),
        ("http://a<b@h/", r#"parse "http://a<b@h/": net/url: invalid userinfo"#),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}
