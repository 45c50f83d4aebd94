package main

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	sark "github.com/sark-policy/sark/bindings/go"
)

// A defect is a way to spoil a module.
type defect struct {
	name  string
	spoil func(*generator, *module) string
}

var defects = []defect{
	{"unsafe", (*generator).unsafe},
	{"mistyped", (*generator).mistyped},
	{"recursive", (*generator).recursive},
	{"conflicting", (*generator).conflicting},
	{"misspelt", (*generator).misspelt},
}

// unsafe uses a variable that nothing binds.
func (g *generator) unsafe(m *module) string {
	r := &m.rules[g.Intn(len(m.rules))]
	unbound := g.pick("unbound", "x", "y")
	uses := g.pick(
		unbound+" > 1", "not "+unbound, "count("+unbound+") > 0", "q := ["+unbound+", input.a]", "every e in "+unbound+" { e }",
		"some e in ["+unbound+"]; e", "input[_] == "+unbound+" + 1", "{e | e := input.list[_]; e > "+unbound+"}",
		"input.a with input as "+unbound, "not input["+unbound+"].b == "+unbound, "{"+unbound+": 1} == input.map", "walk("+unbound+", [a, b])",
	)
	if strings.HasPrefix(r.head, "default") || g.chance(15) {
		r = &m.rules[g.Intn(len(m.rules))]
		r.head = strings.Replace(r.head, " := ", " := [unbound, 1][0] + ", 1)
		return m.String()
	}
	r.body = slices.Insert(r.body, g.Intn(len(r.body)+1), uses)
	return m.String()
}

// mistyped calls, compares or selects what can never work, or might.
func (g *generator) mistyped(m *module) string {
	r := &m.rules[g.Intn(len(m.rules))]
	r.body = slices.Insert(r.body, g.Intn(len(r.body)+1), g.mistypedExpr())
	return m.String()
}

func (g *generator) mistypedExpr() string {
	value := func() string {
		return g.pick(`"a"`, "1", "null", "true", `["a", 1]`, `{"a": 1}`, `{1, 2}`, "[]", "{}", "set()", "input.a", g.reference(&scope{}),
			`[e | e := input.list[_]]`, `{e | e := [1, 2][_]}`, `{k: e | some k, e in ["a"]}`, `upper("a")`, `count([1])`, `[input.a, 1]`)
	}
	switch g.Intn(12) {
	case 0:
		return g.pick("count", "sum", "upper", "abs", "to_number", "object.keys", "sort", "io.jwt.decode", "time.clock", "json.filter") + "(" + value() + ")"
	case 1:
		return value() + g.pick(" == ", " = ", " != ", " < ") + value()
	case 2:
		return "z := " + value() + "; z" + g.pick(".a", "[0]", "[1]", `["b"]`, ".a.b", "[[1]]", "[z]", "[null]", "[_].c")
	case 3:
		return value() + g.pick(" + ", " & ", " - ", " % ") + value() + " == " + value()
	case 4:
		return "[" + value() + ", z] = " + value() + "; z " + g.pick("== 1", `== "a"`, "> z", ".a == 1")
	case 5:
		return value() + " in " + value()
	case 6:
		return "some z in " + value() + "; " + g.pick("upper(z) == 1", "z + 1 == 2", "z.a == 1", "z == null")
	case 7:
		return "concat(" + value() + ", " + value() + ") == " + value()
	case 8:
		if len(g.functions) > 0 {
			f := g.functions[g.Intn(len(g.functions))]
			return f.text + "(" + strings.Join([]string{value(), value(), value()}[:g.Intn(4)], ", ") + ")" + g.pick("", " == "+value(), ".a", "[0] == 1")
		}
	case 9:
		return "object.get(" + value() + ", " + value() + ", " + value() + ") == " + value()
	case 10:
		return g.pick("count", "upper", "time.now_ns", "f0", "r0", "input", "data.p.r1") + g.pick("", "(1, 2, 3)", "()", ".x") + " with " +
			g.pick("input", "data.p.r0", "count", "upper", "data.d.a", "input.a") + " as " + g.pick(value(), "count", "data.p.f0")
	}
	return "z := {" + `"a": ` + value() + `, "b": {"c": ` + value() + "}}; " + g.pick("z.a.b", "z.b.c", "z.c", "z.b.d", "z[y].c; y := 1", "z[y].c; y := \"b\"", "z[input.k]") + g.pick("", " == "+value())
}

// recursive has a rule need itself, or one that needs it.
func (g *generator) recursive(m *module) string {
	names := append(slices.Clone(g.names), g.functions...)
	i := g.Intn(len(m.rules))
	n := names[g.Intn(len(names))]
	text := g.pick("", "data.p.") + n.text
	if n.kind == "function" {
		text += "(" + strings.TrimSuffix(strings.Repeat("1, ", n.args), ", ") + ")"
	} else {
		text += g.pick("", "", ".a", "[_]", "[input.a]")
	}
	if g.chance(20) {
		text = g.pick("data.p", "data.p[_]", "data[_]", "data.p[input.name]", `data.p["r0"]`, "data[x][y]")
	}
	m.rules[i].body = append(m.rules[i].body, g.pick(text, "not "+text, "count("+text+") > 0", "z := "+text, "[1 | "+text+"]", "every e in "+text+" { e }"))
	return m.String()
}

// conflicting defines something once more, otherwise.
func (g *generator) conflicting(m *module) string {
	names := append(slices.Clone(g.names), g.functions...)
	n := names[g.Intn(len(names))]
	head := n.text + g.pick(" := 2", " contains 2", "(x) := x", "(x, y) := x", "(x, y, z)", "[x] := 3", ".a := 1", ".a.b contains 1", ".a[x].b := 1", "", "[1][2]", ".a(x) := 1")
	if g.chance(25) {
		head = "default " + n.text + g.pick(" := 1", "(_) := 1", "(_, _) := 1", " := input.x", " = 1", ".a := 1", " := [1, {x | x := 1}]")
	}
	added := rule{head: head}
	if !strings.HasPrefix(head, "default") && g.chance(60) {
		added.body = []string{g.pick("x := 1", "x = 1", "input.x == x; some x in input.y", "true")}
	}
	m.rules = slices.Insert(m.rules, g.Intn(len(m.rules)+1), added)
	return m.String()
}

// misspelt changes a character, or a word.
func (g *generator) misspelt(m *module) string {
	text := m.String()
	words := strings.FieldsFunc(text, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') })
	switch g.Intn(5) {
	case 0, 1:
		word := words[g.Intn(len(words))]
		other := g.pick(word+"x", word[1:], word[:len(word)-1], strings.ToUpper(word), "if", "contains", "every", "some", "in", "default", "else", "not", "as", "with", "package", "import", "null", "")
		at := strings.LastIndex(text, word)
		return text[:at] + other + text[at+len(word):]
	case 2:
		runes := []rune(text)
		at := g.Intn(len(runes))
		return string(slices.Delete(runes, at, at+1))
	case 3:
		at := g.Intn(len(text))
		for !utf8.RuneStart(text[at]) {
			at--
		}
		return text[:at] + g.pick("(", ")", "[", "]", "{", "}", ",", ":", ":=", "=", "|", ".", "\"", "`", ";", "#", "\n", "1", "é", "$", "_", "@", "\\", "!") + text[at:]
	}
	lines := strings.Split(text, "\n")
	i := g.Intn(len(lines))
	return strings.Join(slices.Delete(lines, i, i+1), "\n")
}

// draws is how many modules are drawn of which nothing is left before something else must be wrong.
const draws = 20

// acceptable draws a module that sark takes: the rules that it complains about are left out until it does not. So most of what is drawn is used,
// and the defect is the only one. OPA, which the result is compared with anyway, needs longer.
func (g *generator) acceptable() *module {
	for range draws {
		g.names, g.functions = nil, nil
		m := g.module()
		if m.mend() {
			g.forget(m)
			return m
		}
	}
	panic(fmt.Sprintf("sark takes no rule of %d modules", draws))
}

// mend drops rules until sark takes the others; false where none are left, or it complains about something else.
func (m *module) mend() bool {
	for len(m.rules) > 0 {
		verdict := verdictOfSark(m.String())
		if verdict == "" {
			return true
		}
		if !m.drop(verdict) {
			return false
		}
	}
	return false
}

// drop leaves out the rules in whose rows the errors of a verdict stand; false where there is none.
func (m *module) drop(verdict string) bool {
	rows := map[int]bool{}
	for line := range strings.Lines(verdict) {
		number, _, _ := strings.Cut(line, ": ")
		if row, err := strconv.Atoi(number); err == nil {
			rows[row] = true
		}
	}
	row := 1 + strings.Count(preamble, "\n")
	kept := make([]rule, 0, len(m.rules))
	for _, r := range m.rules {
		blamed := false
		for range strings.Count(r.String(), "\n") {
			blamed = blamed || rows[row]
			row++
		}
		if !blamed {
			kept = append(kept, r)
		}
	}
	dropped := len(kept) < len(m.rules)
	m.rules = kept
	return dropped
}

// forget lets what is drawn from now on name only what the module still has.
func (g *generator) forget(m *module) {
	gone := func(n name) bool {
		return !slices.ContainsFunc(m.rules, func(r rule) bool { return strings.HasPrefix(strings.TrimPrefix(r.head, "default "), n.text) })
	}
	g.names, g.functions = slices.DeleteFunc(g.names, gone), slices.DeleteFunc(g.functions, gone)
}

// A verdict is what a side says about a module: nothing, or codes and rows in order.
func verdictOfOPA(text string) string {
	_, err := compileOPA(text)
	var all ast.Errors
	if errors.As(err, &all) {
		lines := make([]string, len(all))
		for i, e := range all {
			row := 0
			if e.Location != nil {
				row = e.Location.Row
			}
			// OPA may cut a character into bytes, which no JSON holds.
			lines[i] = fmt.Sprintf("%d: %s: %s", row, e.Code, strings.ToValidUTF8(e.Message, "\ufffd"))
		}
		return strings.Join(lines, "\n")
	}
	if err != nil {
		return "0: " + err.Error() + ": "
	}
	return ""
}

// engines are used again and again: to make one and let go of it takes longer than to load a module.
var engines = sync.Pool{New: func() any {
	engine, err := sark.NewEngine()
	if err != nil {
		panic(err)
	}
	return engine
}}

func verdictOfSark(text string) string {
	engine := engines.Get().(*sark.Engine)
	defer engines.Put(engine)
	err := engine.LoadPolicy("p.rego", text)
	if err == nil {
		return ""
	}
	var failed *sark.Error
	if !errors.As(err, &failed) || len(failed.Locations) == 0 {
		return "0: " + err.Error() + ": "
	}
	lines := make([]string, len(failed.Locations))
	for i, at := range failed.Locations {
		lines[i] = fmt.Sprintf("%d: %s: %s", at.Row, at.Code, at.Message)
	}
	return strings.Join(lines, "\n")
}

// withoutMessages leaves rows and codes, in order. A reference that selects nothing has no row: OPA gives that of the module's last reference
// to any of its rules, since these share a term (docs/decisions.md, "Where an error stands").
func withoutMessages(verdict string) string {
	var kept []string
	for line := range strings.Lines(verdict) {
		if parts := strings.SplitN(line, ": ", 3); len(parts) == 3 {
			if isOfReference(line) {
				parts[0] = "reference"
			}
			kept = append(kept, parts[0]+": "+parts[1])
		}
	}
	slices.Sort(kept)
	return strings.Join(kept, "\n")
}

func isOfReference(line string) bool {
	return strings.Contains(line, "rego_type_error: undefined ref: ") || strings.Contains(line, " used as reference, not called")
}

// whole are the lines of a verdict, in order, but for the rows that withoutMessages leaves out, too.
func whole(verdict string) []string {
	lines := strings.Split(verdict, "\n")
	for i, line := range lines {
		if row, message, found := strings.Cut(line, ": "); found && row != "0" && isOfReference(message) {
			lines[i] = "reference: " + message
		}
	}
	slices.Sort(lines)
	return lines
}

// A gap is how far two verdicts are from one another.
type gap int

const (
	none gap = iota
	// way is another way round a cycle: OPA takes one by chance, the order of a Go map.
	way
	words
	// unbound is a variable that nothing binds, and OPA lets pass (docs/decisions.md, "What OPA lets pass unbound").
	unbound
	other
)

func (g gap) String() string {
	return [...]string{"none", "another way round a cycle", "other words", "OPA lets a variable pass unbound", "disagreement"}[g]
}

var wayRound = regexp.MustCompile(` recursive: .*`)

func withoutWay(verdict string) string { return wayRound.ReplaceAllString(verdict, " recursive") }

func gapOf(opa, own string) gap {
	switch {
	case slices.Equal(whole(opa), whole(own)):
		return none
	case slices.Equal(whole(withoutWay(opa)), whole(withoutWay(own))):
		return way
	case withoutMessages(opa) == withoutMessages(own):
		return words
	}
	return other
}

var unsafeVar = regexp.MustCompile(`^(\d+): rego_unsafe_var_error: var (\w+) is unsafe( |$)`)

// onlyUnbound is true where sark says that variables are unsafe, and where these are bound, both sides say what OPA said all along.
func onlyUnbound(text, opa, own string) bool {
	lines := strings.Split(text, "\n")
	said := strings.Split(opa, "\n")
	for line := range strings.SplitSeq(own, "\n") {
		found := unsafeVar.FindStringSubmatch(line)
		if found == nil {
			return false
		}
		row, err := strconv.Atoi(found[1])
		if err != nil || row < 1 || row > len(lines) {
			return false
		}
		if !strings.Contains(opa, line) {
			name := regexp.MustCompile(`\b` + found[2] + `\b`)
			lines[row-1] = name.ReplaceAllString(lines[row-1], "input.x")
			// What OPA says of the variable itself it does not say of another.
			said = slices.DeleteFunc(said, func(line string) bool { return strings.HasPrefix(line, found[1]+": ") && name.MatchString(line) })
		}
	}
	bound := strings.Join(lines, "\n")
	boundOPA := verdictOfOPA(bound)
	return withoutMessages(boundOPA) == withoutMessages(strings.Join(said, "\n")) && gapOf(boundOPA, verdictOfSark(bound)) <= words
}

func parts(text string) bool {
	_, _, found := compareVerdicts(text)
	return found == other
}

// A tally counts the modules of one defect.
type tally struct {
	modules, refused int
	gaps             [other + 1]int
}

// A spoilt module is one with a defect, and what both sides say about it.
type spoiltModule struct {
	number         int64
	kind           string
	text, opa, own string
	gap            gap
}

// spoil draws the module of a seed, and asks both sides.
func spoil(number int64) spoiltModule {
	g := newGenerator(rand.New(rand.NewSource(number)))
	m := g.acceptable()
	kind := defects[g.Intn(len(defects))]
	found := spoiltModule{number: number, kind: kind.name, text: kind.spoil(g, m)}
	found.opa, found.own, found.gap = compareVerdicts(found.text)
	return found
}

// retries is how often OPA is asked again where it does not say what sark says: it walks maps, so that its words may vary.
const retries = 20

func compareVerdicts(text string) (opa, own string, found gap) {
	own = verdictOfSark(text)
	said := map[string]bool{}
	for try := 0; try == 0 || found != none && try <= retries; try++ {
		again := verdictOfOPA(text)
		for _, line := range whole(again) {
			said[line] = true
		}
		distance := gapOf(again, own)
		if distance <= words && !slices.ContainsFunc(whole(own), func(line string) bool { return !said[line] }) {
			distance = none
		}
		if try == 0 || distance < found {
			opa, found = again, distance
		}
	}
	if found == other && onlyUnbound(text, opa, own) {
		found = unbound
	}
	return opa, own, found
}

// spoilAll has as many workers as there are processors draw the modules from seed on; it ends early once stop is closed.
func spoilAll(count int, seed int64, stop <-chan struct{}) <-chan spoiltModule {
	numbers, drawn := make(chan int64), make(chan spoiltModule)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for number := range numbers {
				drawn <- spoil(number)
			}
		})
	}
	go func() {
		defer close(drawn)
		defer workers.Wait()
		defer close(numbers)
		for number := seed; number < seed+int64(count); number++ {
			select {
			case numbers <- number:
			case <-stop:
				return
			}
		}
	}()
	return drawn
}

// compareDefects draws modules with a defect each, and compares why they are refused.
func compareDefects(count int, seed int64, keep string, most int) error {
	debug.SetGCPercent(800) // modules are small, and nothing of them lives on
	tallies, total := map[string]*tally{}, &tally{}
	start, last := time.Now(), time.Now()
	stop := make(chan struct{})
	for drawn := range spoilAll(count, seed, stop) {
		if tallies[drawn.kind] == nil {
			tallies[drawn.kind] = &tally{}
		}
		tallies[drawn.kind].count(&drawn)
		total.count(&drawn)
		if err := show(&drawn, total, keep, most); err != nil {
			return err
		}
		if drawn.gap == other && total.gaps[other] == most {
			close(stop)
		}
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			fmt.Fprintln(os.Stderr, total)
		}
	}
	for _, kind := range defects {
		if tallies[kind.name] != nil {
			fmt.Printf("%-12s %v\n", kind.name, tallies[kind.name])
		}
	}
	fmt.Printf("in %.0f s, with a defect each: %v\n", time.Since(start).Seconds(), total)
	if total.gaps[other] > 0 {
		return fmt.Errorf("%d disagreements", total.gaps[other])
	}
	return nil
}

// show prints a module that the sides do not say the same about, up to most of each gap.
func show(drawn *spoiltModule, total *tally, keep string, most int) error {
	switch {
	case drawn.gap <= way || total.gaps[drawn.gap] > most:
		return nil
	case drawn.gap == other:
		return reportDefect(drawn.number, drawn.kind, keep, drawn.text)
	}
	fmt.Printf("# seed %d: %v\n# OPA:\n%s\n# sark:\n%s\n--------\n", drawn.number, drawn.gap, comment(drawn.opa), comment(drawn.own))
	return nil
}

func (t *tally) count(drawn *spoiltModule) {
	t.modules++
	if drawn.opa != "" {
		t.refused++
	}
	t.gaps[drawn.gap]++
}

func (t *tally) String() string {
	return fmt.Sprintf("%d modules, %d refused by OPA: %d disagreements in accepting, code or row; %d with other words, "+
		"%d that go another way round a cycle than OPA did in %d attempts, %d that OPA lets pass unbound",
		t.modules, t.refused, t.gaps[other], t.gaps[words], t.gaps[way], retries+1, t.gaps[unbound])
}

// reportDefect shows the module without the lines that do not matter.
func reportDefect(number int64, kind, keep, text string) error {
	lines := strings.Split(text, "\n")
	for changed := true; changed; {
		changed = false
		for i := len(lines) - 1; i > 0; i-- {
			shorter := slices.Delete(slices.Clone(lines), i, i+1)
			if parts(strings.Join(shorter, "\n")) {
				lines, changed = shorter, true
			}
		}
	}
	small := strings.Join(lines, "\n")
	said := fmt.Sprintf("%s\n# seed %d, %s\n# OPA:\n%s\n# sark:\n%s\n", small, number, kind, comment(verdictOfOPA(small)), comment(verdictOfSark(small)))
	fmt.Println(said + "--------")
	if keep == "" {
		return nil
	}
	if err := os.MkdirAll(keep, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(keep, fmt.Sprintf("defect-%d.rego", number)), []byte(said), 0o644)
}
