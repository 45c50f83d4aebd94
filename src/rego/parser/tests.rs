//! Tests of the parser. What they expect is what OPA 1.22.2 does.

use super::super::RegoVersion::{self, V0, V1, V2};
use super::super::ast::{Expr, ExprKind, Module, Rule, TemplatePart, TermKind};
use super::super::print;
use super::{FutureKeywords, Options, Problem, parse_module, parse_query, parse_term};

pub(super) fn options(version: RegoVersion) -> Options {
    Options { version, ..Options::default() }
}

fn module(version: RegoVersion, source: &str) -> Module {
    parse_module(source, &options(version)).unwrap_or_else(|problems| unreachable!("{source}: {problems:?}"))
}

fn first_rule(version: RegoVersion, text: &str) -> Rule {
    let source = format!("package a\n{text}");
    module(version, &source).rules.into_iter().next().unwrap_or_else(|| unreachable!("{source}: no rule"))
}

fn problem(version: RegoVersion, source: &str) -> Problem {
    let problems = parse_module(source, &options(version)).err().unwrap_or_default();
    problems.into_iter().next().unwrap_or_else(|| unreachable!("{source}: accepted"))
}

/// An expression in a form that shows its structure.
fn show(expr: &Expr) -> String {
    let body = |body: &[Expr]| format!("{{{}}}", body.iter().map(show).collect::<Vec<_>>().join("; "));
    let terms = |terms: &[_]| terms.iter().map(print::term).collect::<Vec<_>>().join(" ");
    let text = match &expr.kind {
        ExprKind::Term(term) => print::term(term),
        ExprKind::Call(call) => format!("call {}", terms(call)),
        ExprKind::Some(names) => format!("some {}", terms(names)),
        ExprKind::Every(every) => {
            let key = every.key.as_ref().map(print::term).unwrap_or_default();
            format!("every {key} {} {} {}", print::term(&every.value), print::term(&every.domain), body(&every.body))
        }
        ExprKind::Not(not) => format!("not{} {}", if not.explicit_body { "!" } else { "" }, body(&not.body)),
        ExprKind::And(both) => format!("and({}, {})", body(&both.left), body(&both.right)),
        ExprKind::Or(either) => format!("or({}, {})", body(&either.left), body(&either.right)),
    };
    let with: String =
        expr.with.iter().map(|with| format!(" with {} {}", print::term(&with.target), print::term(&with.value))).collect();
    format!("{}{text}{with}", if expr.negated { "negated " } else { "" })
}

fn query(version: RegoVersion, source: &str) -> String {
    match parse_query(source, &options(version)) {
        Ok(body) => body.iter().map(show).collect::<Vec<_>>().join("; "),
        Err(problems) => problems.first().map(|problem| format!("! {}", problem.message)).unwrap_or_default(),
    }
}

#[test]
fn infix_operators_bind_as_in_opa() {
    for (source, expected) in [
        ("1 + 2 * 3", "call plus 1 mul(2, 3)"),
        ("1 - 2 - 3", "call minus minus(1, 2) 3"),
        ("1 * 2 + 3 / 4 % 5", "call plus mul(1, 2) rem(div(3, 4), 5)"),
        ("a | b & c", "call or a and(b, c)"),
        ("a & b + 1 == c | d", "call equal and(a, plus(b, 1)) or(c, d)"),
        ("a < b in c", "call internal.member_2 lt(a, b) c"),
        ("k, v in xs", "call internal.member_3 k v xs"),
        ("a in b in c", "call internal.member_2 internal.member_2(a, b) c"),
        ("(1 + 2) * 3", "call mul plus(1, 2) 3"),
        ("x := 1 + 2", "call assign x plus(1, 2)"),
        ("x = y == z", "call eq x equal(y, z)"),
        ("-x", "call minus 0 x"),
        ("-1 - -2", "call minus -1 -2"),
        ("a[b + 1].c(d).e", "a[plus(b, 1)].c(d).e"),
        ("set()", "set()"),
        ("f()", "call f"),
        ("and(a, b)", "call and a b"),
        ("not x with input.a as 1 with data.b as 2", "negated x with input.a 1 with data.b 2"),
        ("some x, y", "some x y"),
        ("some k, v in xs", "some internal.member_3(k, v, xs)"),
        ("every k, v in xs { k; v }", "every k v xs {k; v}"),
        ("x; y\nz", "x; y; z"),
        ("not.x", "not.x"),
        ("[a | b, c]", "[or(a, b), c]"),
        ("{a: b | c, d: e}", "{a: or(b, c), d: e}"),
        ("{, a, b,}", "{a, b}"),
    ] {
        assert_eq!(query(V1, source).replace("[\"not\"]", ".not"), expected, "{source}");
    }
}

#[test]
fn and_or_and_not_have_bodies_where_they_are_keywords() {
    for (source, expected) in [
        ("a and b or c", "or({and({a}, {b})}, {c})"),
        ("a or b and c", "or({a}, {and({b}, {c})})"),
        ("(a or b) and c", "and({or({a}, {b})}, {c})"),
        ("{a; b} and not {c}", "and({a; b}, {not! {c}})"),
        ("not a", "not {a}"),
        ("not (a or b)", "not {or({a}, {b})}"),
        ("not x with input as 1", "not {x} with input 1"),
        ("a and b with input as 1", "and({a}, {b}) with input 1"),
        ("a and (b with input as 1)", "and({a}, {b with input 1})"),
        ("(a == b)", "call equal a b"),
        ("or(a, b)", "call or a b"),
        (
            "a with input as 1 and b",
            "! `with` modifier is not allowed on operand of `and` (hint: Wrap the operand in `(...)` or `{...}` to \
          scope, or move `with` after the `and` expression to apply it to the whole expression)",
        ),
        ("{} and b", "! found empty body"),
        (
            "{1, 2} and b",
            "! operand of `and` cannot begin with `{` unless the braces hold a body (hint: wrap the operand to keep the \
          value: `({1, 2}) and ...`)",
        ),
        (
            "not {1, 2}",
            "! `{...}` in an operand position must contain expression(s), got: set (hint: write `not ({1, 2})` to negate the \
          value, or `not {{1, 2}}` for a body holding it)",
        ),
        (
            "print(a) and b",
            "! operand of `and` cannot consist only of calls to `print` (hint: `print` produces no value and always \
          succeeds, so the operand can never fail; move it out of the operand, or add an expression that can fail)",
        ),
        ("({a; b})", "! `(...)` in an operand position cannot contain a body (hint: drop the parens to keep the body: `{a; b}`)"),
    ] {
        assert_eq!(query(V2, source), expected, "{source}");
    }
    assert_eq!(query(V1, "a and b"), "a; and; b", "words");
}

#[test]
fn heads_are_sets_objects_functions_or_values() {
    // Name, reference, key, value.
    for (version, text, expected) in [
        (V0, "p[x] { x := 1 }", ("p", "p", "x", "")),
        (V0, "p[x] = y { x := 1; y := 2 }", ("p", "p[x]", "x", "y")),
        (V0, "p.q { true }", ("p", "p", "\"q\"", "")),
        (V0, "p.q.r { true }", ("", "p.q.r", "", "true")),
        (V0, "p = 1", ("p", "p", "", "1")),
        (V0, "p[1]", ("p", "p", "1", "")),
        (V0, "p.q = 1", ("p", "p.q", "\"q\"", "1")),
        (V0, "f(x) = x", ("f", "f", "", "x")),
        (V1, "p contains x if x := 1", ("p", "p", "x", "")),
        (V1, "p contains 1", ("p", "p", "1", "")),
        (V1, "p.q contains 1", ("", "p.q", "1", "")),
        (V1, "p[x] if x := 1", ("", "p[x]", "x", "true")),
        (V1, "p[x] := y if { x := 1; y := 2 }", ("p", "p[x]", "x", "y")),
        (V1, "p[1] := 2 if true", ("p", "p[1]", "", "2")),
        (V1, "p.q.r := 1", ("", "p.q.r", "", "1")),
        (V1, "p if true", ("p", "p", "", "true")),
        (V1, "default p := 1", ("p", "p", "", "1")),
        (V1, "if.p := 1", ("if", "if.p", "\"p\"", "1")),
    ] {
        let head = first_rule(version, text).head;
        let term = |term: &Option<_>| term.as_ref().map(print::term).unwrap_or_default();
        let found = (&*head.name, print::reference(&head.reference), term(&head.key), term(&head.value));
        let (name, reference, key, value) = expected;
        assert_eq!(found, (name, reference.to_owned(), key.to_owned(), value.to_owned()), "{text}");
    }
}

#[test]
fn one_text_may_be_several_rules_and_branches() {
    let rules = module(V0, "package a\np = 1 { x } { y; z }\nf(_) { x } { y }").rules;
    let bodies: Vec<_> = rules.iter().map(|rule| rule.body.len()).collect();
    assert_eq!(bodies, [1, 2, 1, 1]);
    let args: Vec<_> = rules.iter().flat_map(|rule| &rule.head.args).filter_map(|arg| arg.as_var().map(|name| &**name)).collect();
    assert_eq!(args, ["$0", "$1"], "each body's wildcards are its own");

    let mut rule = first_rule(V1, "p := 1 if { x } else := 2 if y else := 3");
    let mut values = Vec::new();
    loop {
        values.push(rule.head.value.as_ref().map(print::term).unwrap_or_default());
        match rule.otherwise {
            Some(next) => rule = *next,
            None => break,
        }
    }
    assert_eq!(values, ["1", "2", "3"]);
    assert!(first_rule(V1, "p if true").head.generated_value);
    assert!(first_rule(V1, "p := 1").body.iter().all(|expr| expr.generated));
}

#[test]
fn imports_switch_keywords_on_for_what_follows() {
    for (version, imports, body, accepted) in [
        (V0, "", "p { some x in y }", false),
        (V0, "import future.keywords.in", "p { some x in y }", true),
        (V0, "import future.keywords.every", "p { every x in y { x } }", true),
        (V0, "import future.keywords", "p contains x if { every x in y { x } }", true),
        (V0, "import rego.v1", "p contains x if { some x in y }", true),
        (V0, "import rego.v1", "p[x] { some x in y }", false),
        (V0, "import rego.v2", "p if { a and b }", true),
        (V0, "", "in := 1", true),
        (V1, "", "in := 1", false),
        (V1, "", "p if { a and b }", false),
        (V1, "import future.keywords.and", "p if { a and b }", true),
        (V1, "import future.keywords.and", "p if { a or b }", false),
        (V1, "import future.keywords.not", "p if { not { a; b } }", true),
        (V1, "", "p if { not { a; b } }", false),
        (V2, "", "p if { not { a; b }; c or d }", true),
        (V1, "import data.b.if", "p := 1", false),
        (V1, "import data.b as c", "p := c", true),
        (V1, "import b.c", "p := 1", false),
        (V1, "import future.keywords.x", "p := 1", false),
        (V1, "import rego.v3", "p := 1", false),
    ] {
        let source = format!("package a\n{imports}\n{body}");
        let result = parse_module(&source, &options(version));
        assert_eq!(result.is_ok(), accepted, "{version:?} {source}: {:?}", result.err());
    }
    assert_eq!(module(V0, "package a\nimport rego.v1").version, V1);
    assert_eq!(module(V1, "package a\nimport rego.v2").version, V2);
    assert!(module(V1, "package a\nimport future.keywords.not").not_bodies);
    let all = Options { keywords: FutureKeywords::ALL, ..options(V0) };
    assert!(parse_query("some x in y; a or b", &all).is_ok());
}

#[test]
fn errors_are_opas() {
    for (version, source, row, message) in [
        (V1, "", 0, "empty module"),
        (V1, "p := 1", 1, "package expected"),
        (V1, "package a\nx", 2, "var cannot be used for rule name"),
        (V1, "package a\np if {", 2, "unexpected eof token"),
        (V1, "package a\np {\ntrue }", 2, "`if` keyword is required before rule body"),
        (V1, "package a\nf(x) { x }", 2, "`if` keyword is required before function body"),
        (V1, "package a\np[x] if true\nq[1]", 3, "`contains` keyword is required for partial set rules"),
        (V1, "package a\np.q.r", 2, "rule must have value assignment and/or body declaration"),
        (V1, "package a\nevery := 1", 2, "every keyword cannot be used for rule name"),
        (V1, "package a\npackage b", 2, "unexpected package"),
        (V1, "package a\np := ", 2, "unexpected eof token"),
        (V0, "package a\np { }", 2, "found empty body"),
        (V1, "package a\np if { x y }", 2, "unexpected identifier token: expected \\n or ; or }"),
        (
            V0,
            "package a\np if { true }",
            2,
            "var cannot be used for rule name (hint: `import future.keywords.if` for `p if { ... }` rules)",
        ),
        (
            V0,
            "package a\np { some x in y }",
            2,
            "unexpected identifier token: expected \\n or ; or } (hint: `import future.keywords.in` for `some x in xs` expressions)",
        ),
        (V1, "package a\np := \"\\x\"", 2, "illegal escape sequence"),
        (V1, "package a\np := 01", 2, "unexpected number token: expected number without leading zero"),
        (V1, "package a\np := 1e100000", 2, "number too big"),
        (V1, "package a\np := \"a", 2, "non-terminated string"),
        (V1, "package a\np := [1, 2", 2, "unexpected eof token: expected \",\" or \"]\""),
        (V1, "package a\ndefault p := x", 2, "illegal default rule (value cannot contain var)"),
        (V1, "package a\ndefault f(x, x) := 1", 2, "illegal default rule (arguments cannot be repeated x)"),
        (V1, "package a\ncount(x)", 2, "rule name conflicts with built-in function"),
        (V1, "package a\np contains 1 if true else := 2", 2, "else keyword cannot be used on multi-value rules"),
        (V1, "package a\np if { \"s\".x }", 2, "illegal ref (head cannot be string)"),
        (V0, "package a\np := $\"{x}\"", 2, "template strings are not supported by current capabilities"),
    ] {
        let found = problem(version, source);
        assert_eq!((found.code, found.span.row, found.message.as_str()), ("rego_parse_error", row, message), "{source}");
    }
}

#[test]
fn broken_operands_have_one_error_each() {
    for (body, message) in [
        ("x or (y == and z)", "unexpected and keyword"),
        ("(y == or z)", "unexpected or keyword"),
        ("(y in and z) or x", "unexpected and keyword"),
        ("{ x in [y; z } or { x }", "unexpected ; token: expected \",\" or \"]\""),
        ("{ x in {y, 0; z } or { x }", "unexpected ; token: expected \",\" or \"}\""),
        ("{ (x & y[[z]); z } or { x }", "unexpected ) token: expected ["),
    ] {
        let source = format!("package a\nimport future.keywords.and\nimport future.keywords.or\np if {{\n{body}\n}}");
        let problems = parse_module(&source, &options(V1)).err().unwrap_or_default();
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, [message], "{body}");
    }
}

#[test]
fn wildcards_are_numbered_in_order_and_once() {
    assert_eq!(query_vars("p[_]; {_ | [_, _]}; x := _"), ["$0", "$1", "$2", "$3", "$4"]);
    assert_eq!(query_vars("[_ | _, _]"), ["$0", "$1", "$2"], "a reading that was undone leaves no gap");
}

/// The wildcards of a query, in order.
fn query_vars(source: &str) -> Vec<String> {
    let body = parse_query(source, &options(V1)).unwrap_or_default();
    let text = format!("{body:?}");
    text.split('"').filter(|part| part.starts_with('$')).map(str::to_owned).collect()
}

#[test]
fn strings_and_numbers_keep_what_they_say() {
    for (source, expected) in [
        (r#""a\n\u00e9\/""#, "a\né/"),
        (r#""\ud83d\ude00""#, "\u{1f600}"),
        (r#""\ud83d x \udc00""#, "\u{fffd} x \u{fffd}"),
        ("`a\\n`", "a\\n"),
        ("\"\t\"", "\t"),
    ] {
        let term = parse_term(source, &options(V1)).ok();
        assert_eq!(term.as_ref().and_then(|term| term.as_str()).map(|text| &**text), Some(expected), "{source}");
    }
    for (source, accepted) in [
        ("\"\\n\t\"", false),
        ("\"\\u12g4\"", false),
        ("1.50", true),
        (".5", true),
        ("-.5e3", true),
        ("1.", false),
        ("1e", false),
        ("00", false),
        ("0.5", true),
        ("0e1", true),
        ("1a", false),
        ("1e30102", true),
        ("1e30103", false),
        ("1e-30103", true),
        ("1e-40000", false),
        ("1e-2000000000", true),
        ("1e99999999999999999999", false),
        ("0e999999999", true),
    ] {
        let term = parse_term(source, &options(V1));
        assert_eq!(term.is_ok(), accepted, "{source}: {term:?}");
        if let Ok(TermKind::Number(text)) = term.map(|term| term.kind) {
            assert_eq!(&*text, source);
        }
    }
}

#[test]
fn template_strings_have_text_and_expressions() {
    let parts = |source: &str| match parse_term(source, &options(V1)).map(|term| term.kind) {
        Ok(TermKind::Template(parts)) => parts
            .iter()
            .map(|part| match part {
                TemplatePart::Constant(term) => print::term(term),
                TemplatePart::Expr(expr) => show(expr),
            })
            .collect::<Vec<_>>(),
        other => vec![format!("{other:?}")],
    };
    assert_eq!(
        parts(r#"$"a {x} \{b} {"c"} {input.d + 1}""#),
        [r#""a ""#, "x", r#"" {b} ""#, r#""c""#, r#"" ""#, "call plus input.d 1"]
    );
    assert_eq!(parts("$`a\\n{x}\\{`"), [r#""a\\n""#, "x", r#""{""#]);
    assert_eq!(parts(r#"$"{ {x | y} }{$"{z}"}""#), ["{x | y}", "$\"{z}\""]);
    for source in [r#"$"{not x}""#, r#"$"{x := 1}""#, r#"$"{some x in y}""#, r#"$"{x""#, r#"$"{}""#] {
        assert!(parse_term(source, &options(V1)).is_err(), "{source}");
    }
}

#[test]
fn places_are_rows_columns_and_text() {
    let source = "package a\n\n# note\np := x if {\n\té == 1 } # end\n";
    let found = module(V1, source.replace('é', "y").as_str());
    let rule = found.rules.first().map(|rule| (rule.span.row, rule.span.col, rule.span.offset, rule.span.length));
    assert_eq!(rule, Some((4, 1, 18, 21)));
    let expr =
        found.rules.first().and_then(|rule| rule.body.first()).map(|expr| (expr.span.row, expr.span.col, expr.span.length));
    assert_eq!(expr, Some((5, 2, 6)));
    let comments: Vec<_> = found.comments.iter().map(|comment| (&*comment.text, comment.span.row, comment.span.col)).collect();
    assert_eq!(comments, [(" note", 3, 1), (" end", 5, 11)]);
    let in_parentheses = parse_term("(x)", &options(V1)).map(|term| term.span).unwrap_or_default();
    assert_eq!((in_parentheses.col, in_parentheses.offset, in_parentheses.length), (2, 0, 3), "OPA's column is the content's");
}
