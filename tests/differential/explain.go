package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/server/types"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"
	sark "github.com/sark-policy/sark/bindings/go"
)

// most is how many events OPA may have made: what is longer says no more.
const mostEvents = 20000

// modes are OPA's, and what OPA's server makes of a trace for them.
var modes = []struct {
	name    string
	explain sark.Explain
	filter  func([]*topdown.Event) []*topdown.Event
}{
	{"notes", sark.ExplainNotes, lineage.Notes},
	{"fails", sark.ExplainFails, lineage.Fails},
	{"full", sark.ExplainFull, lineage.Full},
	{"debug", sark.ExplainDebug, lineage.Debug},
}

// explainTotals counts explanations.
type explainTotals struct {
	modules, explained, events, colliding, renamed, tooLong, failed, refused, differ int
	seconds                                                                          float64
}

func (t *explainTotals) String() string {
	return fmt.Sprintf("%d explanations of %d modules, in four forms each, %d events, in %.0f s; "+
		"in %d of them generated variables have other numbers; %d whose values collide in OPA, %d that fail, %d that OPA refuses, %d too long; %d disagreements",
		t.explained, t.modules, t.events, t.seconds, t.renamed, t.colliding, t.failed, t.refused, t.tooLong, t.differ)
}

// compareExplanations draws modules, and compares what both sides tell of each decision: lines, and events as JSON.
func compareExplanations(count int, seed int64, keep string, most int) error {
	t := &explainTotals{}
	start := time.Now()
	for number := seed; t.explained < count && t.differ < most; number++ {
		g := newGenerator(rand.New(rand.NewSource(number)))
		m := g.module()
		g.annotate(m)
		both, refused := load(m)
		if refused != byNone {
			continue
		}
		if t.modules++; t.modules > 10*count {
			return fmt.Errorf("%v: hardly any of so many modules was explained", t)
		}
		for range 4 {
			q := g.question()
			if why := both.explain(&q, t); why != "" {
				t.differ++
				small := minimise(m, &q, func(m *module) bool { return explainsOtherwise(m, &q) })
				if err := reportExplanation(number, keep, small, &q); err != nil {
					return err
				}
				break
			}
		}
		both.close()
	}
	t.seconds = time.Since(start).Seconds()
	fmt.Println(t)
	if t.differ > 0 {
		return fmt.Errorf("%d disagreements", t.differ)
	}
	return nil
}

// annotate puts calls of trace into bodies.
func (g *generator) annotate(m *module) {
	for i := range m.rules {
		body := m.rules[i].body
		if len(body) == 0 || !g.chance(40) {
			continue
		}
		at := g.Intn(len(body) + 1)
		note := g.pick(fmt.Sprintf(`trace("rule %d")`, i), `trace(sprintf("a is %v", [input.a]))`, `trace(input.user)`)
		m.rules[i].body = append(append(append([]string{}, body[:at]...), note), body[at:]...)
	}
}

func explainsOtherwise(m *module, q *question) bool {
	both, refused := load(m)
	if refused != byNone {
		return false
	}
	defer both.close()
	return both.explain(q, &explainTotals{}) != ""
}

func reportExplanation(number int64, keep string, m *module, q *question) error {
	both, refused := load(m)
	why := "it no longer loads"
	if refused == byNone {
		why = both.explain(q, &explainTotals{})
		both.close()
	}
	text := fmt.Sprintf("# seed %d\n%s\n# data:  %s\n# query: %s\n# input: %s\n%s", number, m, dataText, q.path, q.input, comment(why))
	fmt.Println(text)
	fmt.Println("--------")
	if keep == "" {
		return nil
	}
	if err := os.MkdirAll(keep, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(keep, fmt.Sprintf("explain-%d.rego", number)), []byte(text), 0o644)
}

// explain is where the two part, or nothing.
func (s *sides) explain(q *question, t *explainTotals) string {
	// Strict errors change nothing in a trace.
	q.strict = false
	if collides(q.input) {
		t.colliding++
		return ""
	}
	trace, err := s.traceOPA(q)
	var refused ast.Errors
	switch {
	case errors.As(err, &refused):
		t.refused++
		return ""
	case err != nil:
		t.failed++
		return s.alsoFails(q, err)
	case len(trace) > mostEvents:
		t.tooLong++
		return ""
	}
	t.explained++
	t.events += len(trace)
	var input any = sark.NoInput
	if q.input != "" {
		input = json.RawMessage(q.input)
	}
	for _, mode := range modes {
		wanted := mode.filter(trace)
		lines, result, err := s.engine.Explain(q.path, input, sark.ExplainOptions{Explain: mode.explain})
		answer := canonical(result)
		if errors.Is(err, sark.ErrUndefined) {
			answer = undefined
		} else if err != nil {
			return "sark: " + err.Error()
		}
		if decided := s.askSark(q); answer != decided {
			return "sark decides " + decided + "\nand explains " + answer
		}
		theirs := steady(linesOf(wanted))
		if why := parting(mode.name, theirs, steady(lines)); why != "" {
			if parting(mode.name, numbered(theirs), numbered(lines)) != "" {
				return why
			}
			t.renamed++
			return ""
		}
		if mode.explain == sark.ExplainDebug {
			continue
		}
		events, _, err := s.engine.Trace(q.path, input, sark.ExplainOptions{Explain: mode.explain})
		if err != nil && !errors.Is(err, sark.ErrUndefined) {
			return "sark: " + err.Error()
		}
		if why := parting(mode.name+", events", jsonOf(wanted), ours(events)); why != "" {
			return why
		}
	}
	return ""
}

func (s *sides) alsoFails(q *question, err error) string {
	var failed *topdown.Error
	if errors.As(err, &failed) && failed.Code == topdown.InternalErr {
		return ""
	}
	var input any = sark.NoInput
	if q.input != "" {
		input = json.RawMessage(q.input)
	}
	_, _, bad := s.engine.Explain(q.path, input)
	if bad == nil || errors.Is(bad, sark.ErrUndefined) {
		return "OPA: " + err.Error() + "\nsark explains it"
	}
	return ""
}

// collides tells whether two values beside each other, not both scalars, have one hash for OPA: as keys, its objects lose one of them, and take it
// in again, when the other is written a second time (object.insert).
func collides(text string) bool {
	value, err := ast.ValueFromReader(strings.NewReader(text))
	if text == "" || err != nil {
		return false
	}
	found := false
	ast.WalkTerms(ast.NewTerm(value), func(t *ast.Term) bool {
		seen := map[int]ast.Value{}
		beside := func(t *ast.Term) {
			other, known := seen[t.Value.Hash()]
			if known && ast.Compare(other, t.Value) != 0 && !(ast.IsScalar(other) && ast.IsScalar(t.Value)) {
				found = true
			}
			seen[t.Value.Hash()] = t.Value
		}
		switch v := t.Value.(type) {
		case *ast.Array:
			v.Foreach(beside)
		case ast.Object:
			v.Foreach(func(_, value *ast.Term) { beside(value) })
		}
		return found
	})
	return found
}

// traceOPA is what OPA's server traces for the Data API.
func (s *sides) traceOPA(q *question) ([]*topdown.Event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	query, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	tracer := topdown.NewBufferTracer()
	options := []rego.EvalOption{rego.EvalQueryTracer(tracer)}
	if q.input != "" {
		input, err := ast.ValueFromReader(strings.NewReader(q.input))
		if err != nil {
			panic(err)
		}
		options = append(options, rego.EvalParsedInput(input))
	}
	_, err = query.Eval(ctx, options...)
	return *tracer, err
}

func linesOf(trace []*topdown.Event) []string {
	made, err := types.NewTraceV1(trace, true)
	if err != nil {
		panic(err)
	}
	var lines []string
	if err := json.Unmarshal(made, &lines); err != nil {
		panic(err)
	}
	// What is empty is one empty line there.
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines
}

// leaf is the equality by which OPA asks for each document of a package. The references in it share memory, and what is recorded is
// overwritten by the next one.
var leaf = regexp.MustCompile(`Unify data\..* = _$`)

func steady(lines []string) []string {
	for i := range lines {
		lines[i] = leaf.ReplaceAllString(lines[i], "Unify data = _")
	}
	return lines
}

var generated = regexp.MustCompile(`__local\d+__`)

// numbered are the same lines with the variables that the compiler made numbered as they come: how many it makes on the way to a rule, and
// drops, is in rare modules not the same.
func numbered(lines []string) []string {
	known := map[string]string{}
	renamed := make([]string, len(lines))
	for i, line := range lines {
		renamed[i] = generated.ReplaceAllStringFunc(line, func(name string) string {
			if known[name] == "" {
				known[name] = fmt.Sprintf("__local%d__", len(known))
			}
			return known[name]
		})
	}
	return renamed
}

// jsonOf is a line of canonical JSON for each event; the order of its variables is no order.
func jsonOf(trace []*topdown.Event) []string {
	made, err := types.NewTraceV1(trace, false)
	if err != nil {
		panic(err)
	}
	var events []sark.TraceEvent
	if err := json.Unmarshal(made, &events); err != nil {
		panic(err)
	}
	return ours(events)
}

func ours(events []sark.TraceEvent) []string {
	lines := make([]string, len(events))
	for i, event := range events {
		event.Location = nil
		event.Node = compacted(event.Node)
		for j := range event.Locals {
			event.Locals[j] = sark.TraceBinding{Key: compacted(event.Locals[j].Key), Value: compacted(event.Locals[j].Value)}
		}
		sort.Slice(event.Locals, func(a, b int) bool { return bytes.Compare(event.Locals[a].Key, event.Locals[b].Key) < 0 })
		line, err := json.Marshal(event)
		if err != nil {
			panic(err)
		}
		lines[i] = string(line)
	}
	return lines
}

func compacted(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// parting tells where two lists part.
func parting(what string, opa, sark []string) string {
	for i := range max(len(opa), len(sark)) {
		var theirs, ours string
		if i < len(opa) {
			theirs = opa[i]
		}
		if i < len(sark) {
			ours = sark[i]
		}
		if theirs != ours {
			before := strings.Join(opa[max(0, i-6):min(i, len(opa))], "\n      ")
			return fmt.Sprintf("%s, line %d of %d and %d:\n      %s\nOPA:  %s\nsark: %s", what, i+1, len(opa), len(sark), before, theirs, ours)
		}
	}
	return ""
}
