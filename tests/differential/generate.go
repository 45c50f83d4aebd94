package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// A rule is its head, the expressions of its body (none: no body), and what follows it (an else).
type rule struct {
	head string
	body []string
	tail string
}

type module struct{ rules []rule }

// preamble is what stands above a module's rules.
const preamble = "package p\n\nimport future.keywords.and\nimport future.keywords.or\n"

func (m *module) String() string {
	var b strings.Builder
	b.WriteString(preamble)
	for i := range m.rules {
		b.WriteString(m.rules[i].String())
	}
	return b.String()
}

func (r *rule) String() string {
	var b strings.Builder
	b.WriteString("\n" + r.head)
	if len(r.body) > 0 {
		b.WriteString(" if {\n")
		for _, e := range r.body {
			b.WriteString("\t" + e + "\n")
		}
		b.WriteString("}")
	}
	b.WriteString(r.tail + "\n")
	return b.String()
}

// A question is what a module is asked.
type question struct {
	path   string
	input  string // JSON; empty is no input
	strict bool
}

// A generator draws modules. What a rule may refer to is drawn before it, so that none is recursive.
type generator struct {
	*rand.Rand
	many      bool   // whether some names have many rules, which an index tells apart
	joins     bool   // whether many comprehensions are such that OPA indexes them
	names     []name // of rules
	functions []name
	vars      int
}

type name struct {
	text string
	kind string // complete, set, object, nested, function
	args int
}

func newGenerator(r *rand.Rand) *generator { return &generator{Rand: r} }

func (g *generator) pick(options ...string) string { return options[g.Intn(len(options))] }

func (g *generator) chance(percent int) bool { return g.Intn(100) < percent }

func (g *generator) fresh() string {
	g.vars++
	return fmt.Sprintf("v%d", g.vars)
}

func (g *generator) module() *module {
	m := &module{}
	for i := range 2 + g.Intn(6) {
		kind := g.pick("complete", "complete", "complete", "set", "object", "nested", "function", "function")
		n := name{text: fmt.Sprintf("r%d", i), kind: kind}
		if kind == "function" {
			n.text, n.args = fmt.Sprintf("f%d", i), 1+g.Intn(2)
		}
		count := 1 + g.Intn(3)
		demanding := g.many && g.chance(50)
		if demanding {
			count = 4 + g.Intn(12)
		}
		for range count {
			next := g.rule(&n)
			if demanding {
				next.body = append(g.demands(next.head), next.body[:g.Intn(len(next.body)+1)]...)
			}
			m.rules = append(m.rules, next)
		}
		if g.chance(25) && (kind == "complete" || kind == "function") {
			m.rules = append(m.rules, g.defaultRule(&n))
		}
		if kind == "function" {
			g.functions = append(g.functions, n)
		} else {
			g.names = append(g.names, n)
		}
	}
	return m
}

// demands are what an index may tell a rule by: of a part of the input, or of a function's first argument.
func (g *generator) demands(head string) []string {
	text := func() string {
		return g.pick(`"a"`, `"b"`, `"ab"`, `"a/b"`, `"b/c"`, `""`, "1", "2", "1.0", "true", "null")
	}
	source := func() string {
		if _, arguments, ok := strings.Cut(head, "("); ok && g.chance(70) {
			if first := strings.FieldsFunc(arguments, func(r rune) bool { return strings.ContainsRune(",) ", r) }); len(first) > 0 && strings.HasPrefix(first[0], "v") {
				return first[0]
			}
		}
		return "input." + g.field()
	}
	demands := make([]string, 1+g.Intn(3))
	for i := range demands {
		of := source()
		demands[i] = map[int]string{
			0: of + " == " + text(),
			1: text() + " == " + of,
			2: text() + " in " + of,
			3: of + " in [" + text() + ", " + text() + "]",
			4: of + " in {" + text() + "}",
			5: "startswith(" + of + ", " + g.pick(`"a"`, `"ab"`, `"a/"`, `""`) + ")",
			6: "endswith(" + of + ", " + g.pick(`"b"`, `"/c"`, `""`) + ")",
			7: "glob.match(" + g.pick(`"a/*"`, `"*/b"`, `"a/b"`, `"*"`, `"**"`, `"a/**"`, `"*/{b,c}"`) + `, ["/"], ` + of + ")",
			8: of + "[_] == " + text(),
			9: "strings.any_prefix_match(" + of + `, ["a", "b/"])`,
		}[g.Intn(10)]
	}
	return demands
}

func (g *generator) defaultRule(n *name) rule {
	head := "default " + n.text
	if n.kind == "function" {
		head += "(" + strings.TrimSuffix(strings.Repeat("_, ", n.args), ", ") + ")"
	}
	return rule{head: head + " := " + g.literal(1)}
}

func (g *generator) rule(n *name) rule {
	s := &scope{}
	head := n.text
	if n.kind == "function" {
		args := make([]string, n.args)
		for i := range args {
			args[i] = g.parameter(s)
		}
		head += "(" + strings.Join(args, ", ") + ")"
	}
	body := g.body(s, 1+g.Intn(4), 2)
	switch n.kind {
	case "set":
		return rule{head: head + " contains " + g.headTerm(s), body: body}
	case "object":
		return rule{head: head + "[" + g.headKey(s) + "] := " + g.headTerm(s), body: body}
	case "nested":
		return rule{head: head + "[" + g.headKey(s) + "]" + g.pick(".x", "[\"y\"]", "["+g.headKey(s)+"]") + " := " + g.headTerm(s), body: body}
	}
	value := " := " + g.headTerm(s)
	if g.chance(25) {
		value = " := " + g.literal(0)
	}
	tail := ""
	if g.chance(20) {
		inner := &scope{vars: append([]string(nil), s.params()...)}
		tail = " else := " + g.literal(1) + " if {\n\t" + strings.Join(g.body(inner, 1+g.Intn(2), 1), "\n\t") + "\n}"
		if g.chance(30) {
			tail += " else := " + g.literal(0)
		}
	}
	return rule{head: head + value, body: body, tail: tail}
}

// headTerm and headKey may use what the body binds.
func (g *generator) headTerm(s *scope) string { return g.term(s, 1) }

func (g *generator) headKey(s *scope) string {
	if len(s.vars) > 0 && g.chance(60) {
		return s.vars[g.Intn(len(s.vars))]
	}
	return g.pick(`"a"`, `"b"`, `"c"`, "1", "true")
}

func (g *generator) parameter(s *scope) string {
	switch g.Intn(8) {
	case 0:
		return g.literal(1)
	case 1:
		a, b := g.fresh(), g.fresh()
		s.vars = append(s.vars, a, b)
		s.parameters += 2
		return "[" + a + ", " + b + "]"
	}
	v := g.fresh()
	s.vars = append(s.vars, v)
	s.parameters++
	return v
}

// A scope is the variables that are bound.
type scope struct {
	vars       []string
	parameters int
}

func (s *scope) params() []string { return s.vars[:min(s.parameters, len(s.vars))] }

func (s *scope) inner() *scope { return &scope{vars: append([]string(nil), s.vars...)} }

func (g *generator) body(s *scope, size, depth int) []string {
	body := make([]string, size)
	for i := range body {
		body[i] = g.expr(s, depth)
	}
	return body
}

func (g *generator) expr(s *scope, depth int) string {
	// What the expression binds is not yet bound where its with is evaluated.
	before := s.inner()
	text := g.plainExpr(s, depth)
	if g.chance(8) && !strings.HasPrefix(text, "every") && !strings.Contains(text, " and ") && !strings.Contains(text, " or ") {
		text += g.with(before)
	}
	return text
}

func (g *generator) with(s *scope) string {
	switch g.Intn(7) {
	case 0:
		return " with input as " + g.term(s, 1)
	case 1, 2:
		return " with input." + g.field() + " as " + g.term(s, 1)
	case 3:
		return " with data.d as " + g.term(s, 1)
	case 4:
		return " with data.d." + g.pick("a", "list", "map", "map.a", "new") + " as " + g.term(s, 1)
	case 5:
		if len(g.functions) > 0 {
			return " with " + g.functions[g.Intn(len(g.functions))].text + " as " + g.literal(1)
		}
	}
	return " with " + g.pick("count", "upper", "abs") + " as " + g.literal(1)
}

func (g *generator) plainExpr(s *scope, depth int) string {
	if depth <= 0 {
		return g.simple(s)
	}
	if g.joins && g.chance(40) {
		return g.grouped(s, depth)
	}
	switch g.Intn(20) {
	case 0, 1, 2:
		value := g.term(s, depth)
		v := g.fresh()
		s.vars = append(s.vars, v)
		return v + " := " + value
	case 3, 4:
		collection := g.collection(s, depth)
		v := g.fresh()
		s.vars = append(s.vars, v)
		return "some " + v + " in " + collection + "; " + v + g.pick(" != \"z\"", " == "+v, " != null")
	case 5:
		collection := g.collection(s, depth)
		k, v := g.fresh(), g.fresh()
		s.vars = append(s.vars, k, v)
		return "some " + k + ", " + v + " in " + collection + "; " + k + " != " + v
	case 6, 7:
		return "not " + g.simple(s)
	case 8:
		collection := g.collection(s, depth)
		inner := s.inner()
		v := g.fresh()
		inner.vars = append(inner.vars, v)
		return "every " + v + " in " + collection + " { " + v + " != \"z\"; " + strings.Join(g.body(inner, 1+g.Intn(2), 1), "; ") + " }"
	case 9:
		value := g.reference(s)
		a, b := g.fresh(), g.fresh()
		s.vars = append(s.vars, a, b)
		return "[" + a + ", " + b + "] = " + value
	case 10:
		reference := g.reference(s)
		v := g.fresh()
		s.vars = append(s.vars, v)
		return v + " = " + reference + "[_]"
	case 11:
		reference := g.reference(s)
		k := g.fresh()
		s.vars = append(s.vars, k)
		return reference + "[" + k + "] == " + g.literal(0)
	case 12:
		return g.simple(s) + g.pick(" and ", " or ") + g.simple(s)
	case 13:
		return "{ " + g.simple(s) + "; " + g.simple(s) + " } or { " + g.simple(s) + " }"
	case 14:
		value := g.term(s, 1)
		p, v := g.fresh(), g.fresh()
		s.vars = append(s.vars, p, v)
		return "walk(" + value + ", [" + p + ", " + v + "])"
	}
	return g.simple(s)
}

// simple is an expression that binds nothing. One that begins with a brace would read as a body.
func (g *generator) simple(s *scope) string {
	for {
		if text := g.anySimple(s); !strings.HasPrefix(text, "{") {
			return text
		}
	}
}

func (g *generator) anySimple(s *scope) string {
	switch g.Intn(9) {
	case 0, 1:
		return g.term(s, 1)
	case 2:
		return g.term(s, 1) + " in " + g.collection(s, 1)
	case 3:
		return g.pick("startswith", "endswith", "contains") + "(" + g.anything(s, 1) + ", " + g.pick(`"a"`, `"b"`, `""`, `"x"`) + ")"
	}
	return g.term(s, 1) + g.pick(" == ", " == ", " == ", " != ", " < ", " <= ", " > ", " >= ", " = ") + g.term(s, 1)
}

func (g *generator) collection(s *scope, depth int) string {
	switch g.Intn(6) {
	case 0, 1:
		return g.reference(s)
	case 2:
		return g.pick("data.d.list", "data.d.map", "data.d.users", "input.list", "input.map", "input")
	case 3:
		return "[" + g.term(s, depth-1) + ", " + g.term(s, depth-1) + "]"
	case 4:
		return "{" + g.term(s, depth-1) + ", " + g.term(s, depth-1) + "}"
	}
	return g.comprehension(s, depth)
}

// grouped is a comprehension that shares with the body around it only a variable that it finds a value for by itself, so that OPA indexes it.
func (g *generator) grouped(s *scope, depth int) string {
	source := func() string {
		return g.pick("data.d.list", "data.d.map", "data.d.users", "input.list", "input.map", "input", "data.d", g.collection(&scope{}, 1))
	}
	around := ""
	if len(s.vars) == 0 || g.chance(40) {
		v := g.fresh()
		around = "some " + g.pick(v, "_, "+v, v+", _") + " in " + source() + "; "
		s.vars = append(s.vars, v)
	}
	key := s.vars[len(s.vars)-1]
	if g.chance(30) {
		key = s.vars[g.Intn(len(s.vars))]
	}
	at, of := g.fresh(), g.fresh()
	inner := &scope{vars: []string{at, of}}
	finds := g.pick(
		of+g.pick("", ".a", "[0]", "[_]")+" == "+key, key+" = "+of, key+" == "+at, "["+key+", _] = "+of, of+" = {\"a\": "+key+"}",
		"["+at+", "+key+"] = "+"["+at+", "+of+"]", key+" = "+g.call(inner, 1))
	if g.chance(25) {
		other := s.vars[g.Intn(len(s.vars))]
		finds += "; " + g.pick(of+"[_]", at, of) + " = " + other
		inner.vars = append(inner.vars, other)
	}
	inner.vars = append(inner.vars, key)
	body := "some " + at + ", " + of + " in " + source() + "; " + finds
	if g.chance(50) {
		body += "; " + strings.Join(g.body(inner, 1+g.Intn(2), depth-1), "; ")
	}
	v := g.fresh()
	s.vars = append(s.vars, v)
	head := g.pick("["+g.term(inner, 0)+" | ", "{"+g.term(inner, 0)+" | ", "{"+g.term(inner, 0)+": "+g.term(inner, 0)+" | ")
	return around + v + " := " + head + body + map[byte]string{'[': "]", '{': "}"}[head[0]]
}

func (g *generator) comprehension(s *scope, depth int) string {
	inner := s.inner()
	body := strings.Join(g.body(inner, 1+g.Intn(2), depth-1), "; ")
	switch g.Intn(3) {
	case 0:
		return "[" + g.term(inner, 0) + " | " + body + "]"
	case 1:
		return "{" + g.term(inner, 0) + " | " + body + "}"
	}
	return "{" + g.term(inner, 0) + ": " + g.term(inner, 0) + " | " + body + "}"
}

func (g *generator) term(s *scope, depth int) string {
	if len(s.vars) > 0 && g.chance(35) {
		v := s.vars[g.Intn(len(s.vars))]
		if g.chance(20) {
			return v + g.pick(".a", "[0]", `["b"]`, "[1]")
		}
		return v
	}
	if depth <= 0 {
		return g.pick(g.literal(0), g.reference(s))
	}
	switch g.Intn(10) {
	case 0, 1, 2:
		return g.literal(1)
	case 3, 4, 5:
		return g.reference(s)
	case 6:
		return g.call(s, depth)
	case 7:
		return "(" + g.anything(s, depth-1) + g.pick(" + ", " - ", " * ", " / ", " % ", " & ", " | ") + g.anything(s, depth-1) + ")"
	case 8:
		if g.chance(30) {
			return `$"<{` + g.term(s, 0) + `}>"`
		}
		return g.comprehension(s, depth)
	}
	return g.pick(
		"["+g.term(s, depth-1)+", "+g.term(s, depth-1)+"]",
		"{"+g.pick(`"a"`, `"b"`, "1", "1.0")+": "+g.term(s, depth-1)+"}",
		"{"+g.term(s, depth-1)+"}",
	)
}

// anything is mostly of a type that the compiler does not know, so that builtins are called with what they do not take.
func (g *generator) anything(s *scope, depth int) string {
	if g.chance(75) {
		return "input." + g.field()
	}
	return g.term(s, depth)
}

func (g *generator) call(s *scope, depth int) string {
	if len(g.functions) > 0 && g.chance(55) {
		f := g.functions[g.Intn(len(g.functions))]
		args := make([]string, f.args)
		for i := range args {
			args[i] = g.term(s, depth-1)
		}
		return f.text + "(" + strings.Join(args, ", ") + ")"
	}
	t := func() string { return g.anything(s, depth-1) }
	switch g.Intn(12) {
	case 0:
		return "count(" + t() + ")"
	case 1:
		return "object.get(" + t() + `, "a", ` + t() + ")"
	case 2:
		return "concat(\",\", " + t() + ")"
	case 3:
		return g.pick("upper", "lower", "trim_space", "to_number", "type_name", "abs", "round", "is_string", "json.marshal") + "(" + t() + ")"
	case 4:
		return "sprintf(\"%v-%d\", [" + t() + ", " + t() + "])"
	case 5:
		return g.pick("sum", "max", "min", "sort", "product") + "(" + t() + ")"
	case 6:
		return "array.concat(" + t() + ", " + t() + ")"
	case 7:
		return "object.union(" + t() + ", " + t() + ")"
	case 8:
		return "split(" + t() + ", \",\")"
	case 9:
		return "numbers.range(" + g.pick("0", "1", "-1") + ", " + g.pick("2", "3", `"a"`) + ")"
	case 10:
		return g.pick("union", "intersection") + "({" + t() + ", " + t() + "})"
	}
	return "object.keys(" + t() + ")"
}

func (g *generator) field() string {
	return g.pick("a", "b", "c", "list", "map", "map.a", "map.c.a", "user", "n", "s", "missing", "t", "f", "null")
}

func (g *generator) reference(s *scope) string {
	switch g.Intn(8) {
	case 0, 1, 2:
		return "input." + g.field()
	case 3, 4:
		return "data.d" + g.pick(".a", ".b", ".list", ".map", ".map.b", ".users.alice", ".users[input.user].roles", ".list[2]", ".missing", ".t", "", `["map"].c`)
	}
	if len(g.names) == 0 {
		return "input." + g.field()
	}
	n := g.names[g.Intn(len(g.names))]
	text := n.text
	if g.chance(20) {
		text = "data.p." + text
	}
	if n.kind != "complete" && g.chance(60) {
		key := g.pick(`["a"]`, ".b", "[1]", "[input.a]", "[input.b]", "[_]")
		if len(s.vars) > 0 && g.chance(40) {
			key = "[" + s.vars[g.Intn(len(s.vars))] + "]"
		}
		text += key
		if n.kind == "nested" && g.chance(50) {
			text += g.pick(".x", ".y", "[_]", `["a"]`)
		}
	}
	return text
}

func (g *generator) literal(depth int) string {
	if depth > 0 && g.chance(30) {
		return g.pick(
			"["+g.literal(depth-1)+", "+g.literal(depth-1)+"]", "[]", "{}", "set()",
			"{"+g.literal(depth-1)+", "+g.literal(depth-1)+"}",
			`{"a": `+g.literal(depth-1)+`, "b": `+g.literal(depth-1)+"}", "["+g.literal(depth-1)+"]")
	}
	return g.pick("0", "1", "2", "3", "1.0", "0.1", "-1", "1e1", "100000000000000000000", `"a"`, `"b"`, `"x"`, `""`, `"é"`, "true", "false", "null", `"alice"`)
}

// question draws what to ask: a rule, a part of one, or all, with an input that fits or does not.
func (g *generator) question() question {
	path := "data.p"
	if len(g.names) > 0 && g.chance(85) {
		n := g.names[g.Intn(len(g.names))]
		path += "." + n.text
		if n.kind != "complete" && g.chance(40) {
			path += g.pick(".a", ".b", `["c"]`, ".a.x")
		}
	}
	return question{path: path, input: g.input(), strict: g.chance(20)}
}

func (g *generator) input() string {
	if g.chance(4) {
		return ""
	}
	if g.chance(4) {
		return g.value(1)
	}
	var fields []string
	base := [][2]string{
		{"a", `"a"`}, {"b", `"b"`}, {"c", "1"}, {"list", `[1,2,"a"]`}, {"map", `{"a":1,"c":{"a":"x"}}`},
		{"user", `"alice"`}, {"n", "2"}, {"s", `"a,b"`}, {"t", "true"}, {"f", "false"}, {"null", "null"},
	}
	for _, f := range base {
		switch {
		case g.chance(12):
			continue
		case g.chance(15):
			f[1] = g.value(2)
		}
		fields = append(fields, fmt.Sprintf("%q:%s", f[0], f[1]))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g *generator) value(depth int) string {
	if depth > 0 && g.chance(40) {
		return g.pick("["+g.value(depth-1)+","+g.value(depth-1)+"]", `{"a":`+g.value(depth-1)+`,"b":`+g.value(depth-1)+"}", "[]", "{}")
	}
	return g.pick("0", "1", "1.0", "2", "-1", "0.1", "1e2", "12345678901234567890", `"a"`, `"b"`, `""`, `"\ud800"`, `"日本"`, "true", "false", "null", `"alice"`, `"bob"`)
}
