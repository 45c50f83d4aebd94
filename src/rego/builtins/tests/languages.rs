//! What texts in a language are put together from: Rego, Go's templates, YAML.

/// What modules are made of.
pub(super) const STATEMENTS: &[&str] = &[
    "import data.foo as bar", "import input.x", "import future.keywords", "import future.keywords.not", "# METADATA\n# title: t", "default allow := false", "default f(_) := {\"a\": [1]}",
    "allow if input.x == 1", "allow if {\n\tsome x, y in input.xs\n\tnot bar[x]\n}", "p contains x if some x in [1, 2.50, 1e3]", "q[k] := v if { k := \"a\"; v := -1 }", "f(x) := x * -1 + 2",
    "f([a, _]) := {a | a} if { a > 1 } else := \"z\" if a else := null", "r.s[t].u := 3 if t := data.x[_].y[\"z\"]", "t if every k, v in {\"a\": 1} { v > 1; k != `raw` }",
    "u if { x = [q | q := input[_]] with input.z as 1 with data.q as {1, 2} }", "v := {k: v | some k, v in data.m}", "w := $\"a {input.x} b {1 + 1}\"", "x := set()", "y := {\"b\": 1, \"a\": {}, 3: {4, 3}}",
    "z if not { 1 == 2 }", "aa if input.x in {1, 2}", "bb if (1, 2) in xs", "cc { true }", "dd = 1", "ee[1]", "ff := data.a.b[c](d)", "gg := count([1]) | {2}", "hh := \"\\u00e9\\n\\\"\"",
    "ii if { not x with input as {}; walk(a, [b, c]) }", "jj := 1 if { a } else { b }", "allow := x { x }", "kk := {", "package c", "ll.mm", "1 + 1", "nn if { some i; xs[i] } ",
];

/// Parts of templates; actions, beginnings of controls, and halves of them.
pub(super) const ACTIONS: &[&str] = &[
    "text ", "\n", "<a href='x'>", "\u{e9}", "{{.a}}", "{{.b}}", "{{.n}}", "{{.s}}", "{{.l}}", "{{.m}}", "{{.m.a}}", "{{.m.s.a}}", "{{.m.m.n}}", "{{.}}", "{{$}}", "{{$.a}}", "{{$x}}", "{{$i}}", "{{$v}}", "{{$k}}", "{{template \"t\"}}", "{{template \"t\" .m}}", "{{$x := .a}}", "{{$x = .b}}", "{{/* c */}}", "{{- /* c */ -}}", "{{- .a -}}", " {{- .b}} ", "{{.a -}} \n", "{{printf \"%v %d\" .a .n}}", "{{printf \"%#v\" .l}}", "{{printf \"%q %x\" .s .m}}", "{{printf \"%5.1f|%t\" 1.5 true}}", "{{printf \"%T %T\" .a .l}}", "{{print .a .b 1 2}}", "{{println .l}}", "{{html .s}}", "{{js .s}}", "{{urlquery .s .a}}", "{{len .l}}", "{{len .s}}", "{{index .l 0}}", "{{index .l 1}}", "{{index .m \"a\"}}", "{{index .s 0}}", "{{slice .s 1}}", "{{slice .l 0 2}}", "{{eq .a .b}}", "{{eq .n \"1\"}}", "{{ne .a 1}}", "{{lt .n .s}}", "{{le .a .b}}", "{{gt 2 1}}", "{{ge 1.5 .a}}", "{{eq .l .m}}", "{{eq .a nil}}", "{{not .a}}", "{{and .a .b}}", "{{or .a .b \"d\"}}", "{{.a | print}}", "{{.s | printf \"%s-%s\" .a}}", "{{(.m).a}}", "{{(index .l 0).a}}", "{{call .a}}", "{{\"q\\tx\"}}", "{{`raw`}}", "{{'a'}}", "{{1.5e3}}", "{{0x1F}}", "{{1i}}", "{{1+2i}}", "{{true}}", "{{nil}}", "{{len 3}}", "{{break}}", "{{continue}}",
];

pub(super) const CONTROLS: &[&str] = &[
    "{{if .a}}", "{{if .l}}", "{{if .n}}", "{{range .l}}", "{{range .m}}", "{{range $i, $x := .l}}", "{{range $k, $v := .m}}", "{{range $x := .l}}", "{{range 3}}", "{{range $i, $x = .l}}", "{{with .m}}", "{{with $x := .a}}", "{{define \"t\"}}", "{{block \"b\" .}}", "{{range .s}}", "{{range .a}}", "{{if and .a (not .b)}}", "{{if eq .s \"a\"}}",
];

pub(super) const HALF_ACTIONS: &[&str] = &[
    "{{else}}", "{{end}}", "{{else if .b}}", "{{else with .b}}", "{{break}}", "{{continue}}", "{{if .a}}", "{{if .l}}", "{{if .n}}", "{{range .l}}",
];

pub(super) const TEMPLATE_TOKENS: &[&str] = &[
    ".a", ".b", ".l", ".m", ".n", ".s", ".m.a", ".", "$", "$x", "$i", "$x.a", "(", ")", "(", ")", "|", "|", "if", "else", "end", "range", "with", "define", "template", "block", "break",
    "\"t\"", "\"\\x41\\u00e9\\n\"", "`r`", "'x'", "'\\n'", "''", "1", "-1", "0x", "0b101", "017", "1_000", "1e400", "99999999999999999999", "18446744073709551615", "1.", "1i", "1+2i", "nil",
    "true", "false", "print", "printf", "len", "index", "slice", "eq", "lt", "and", "or", "not", "html", "js", "urlquery", "call", "nosuch", ":=", "=", ",", ":", "%", "\u{e9}", "\u{20ac}",
    "\"open", "/* c */", ".1", "x.y", "$x.y.z", "\n", "- ", "{{", "(.m).a", ".a.b.c",
];

/// What texts of YAML are put together from. Not in it: byte order marks and tags without a name, which are refused where go-yaml's reading of them is odd.
pub(super) const YAML_PARTS: &[&str] = &[
    "a: ", "b: ", "key: ", "- ", "- ", "\n", "\n", "\n  ", "  ", " ", "[", "]", "{", "}", ", ", "'", "\"", "x", "1", "-1.5e3", "0x1f", "2001-01-01", "1:30",
    "&a ", "*a", "!!str ", "!t ", "|\n", ">-\n", "|2+\n", "? ", ": ", ":", "?", " #c", "---\n", "...\n", "\t", "<<: ", "true", "yes", "~", "null", "\\", "%", "@", "`",
    "\u{e9}", "\u{85}", "\u{2028}", "\u{1f600}", "\r\n", "''", "\"\\n\"", "1e400", ".inf", "12345678901234567890", "0777", "0o17", "text", "x y",
];
