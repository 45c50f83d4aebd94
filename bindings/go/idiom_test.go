package sark_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

const policy = `package authz

default allow := false

allow if input.role == "admin"

level := input.level
`

func newEngine(t testing.TB) *sark.Engine {
	t.Helper()
	engine, err := sark.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	if err := engine.LoadPolicy("authz", policy); err != nil {
		t.Fatal(err)
	}
	return engine
}

func prepare(t testing.TB, engine *sark.Engine, path string) *sark.Query {
	t.Helper()
	query, err := engine.Prepare(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { query.Close() })
	return query
}

var (
	_ io.Closer = (*sark.Engine)(nil)
	_ io.Closer = (*sark.Query)(nil)
	_ io.Closer = (*sark.Input)(nil)
	_ io.Closer = (*sark.Update)(nil)
	_ io.Closer = (*sark.Cache)(nil)
	_ io.Closer = (*sark.Flags)(nil)
	_ io.Closer = (*sark.Client)(nil)
	_ io.Closer = (*sark.Metrics)(nil)
)

func TestVersion(t *testing.T) {
	if sark.ABIVersion() != 1 || strings.Count(sark.Version(), ".") != 2 {
		t.Fatal(sark.ABIVersion(), sark.Version())
	}
}

func TestErrorsAreValues(t *testing.T) {
	engine := newEngine(t)
	_, err := engine.Evaluate("nowhere", nil)
	if !errors.Is(err, sark.ErrPolicyNotFound) || errors.Is(err, sark.ErrEvaluation) {
		t.Fatal(err)
	}
	err = engine.LoadPolicy("broken", "package broken\n\nallow if {")
	var failed *sark.Error
	if !errors.As(err, &failed) || failed.Status != sark.StatusCompilationError || !errors.Is(err, sark.ErrCompilation) {
		t.Fatal(err)
	}
	if failed.Code != "rego_parse_error" || len(failed.Locations) == 0 || failed.Locations[0].Row != 3 || failed.Offset != -1 {
		t.Fatalf("%+v", failed)
	}
	if !json.Valid(failed.JSON) || !strings.Contains(err.Error(), "COMPILATION_ERROR") {
		t.Fatalf("%s: %s", err, failed.JSON)
	}
	_, err = engine.EvaluateJSON("authz", []byte(`{"a": }`))
	if !errors.As(err, &failed) || failed.Status != sark.StatusSerializationError || failed.Offset != 6 {
		t.Fatalf("%+v", err)
	}
}

func TestUndefinedIsNotAnError(t *testing.T) {
	_, err := newEngine(t).Evaluate("data.authz.level", map[string]any{})
	var failed *sark.Error
	if !errors.Is(err, sark.ErrUndefined) || errors.As(err, &failed) {
		t.Fatal(err)
	}
}

func TestInputs(t *testing.T) {
	query := prepare(t, newEngine(t), "data.authz.level")
	for _, one := range []struct {
		name  string
		input any
		want  any
	}{
		{"a large number keeps its digits", json.RawMessage(`{"level":12345678901234567890}`), json.Number("12345678901234567890")},
		{"a struct", struct {
			Level []int `json:"level"`
		}{[]int{1}}, []any{json.Number("1")}},
		{"null", map[string]any{"level": nil}, nil},
		{"markup", map[string]any{"level": "<&>"}, "<&>"},
	} {
		got, err := query.Evaluate(one.input)
		if err != nil || !equal(one.want, got) {
			t.Errorf("%s: %v, %v", one.name, got, err)
		}
	}
	for _, absent := range []any{sark.NoInput, nil} {
		if got, err := query.Evaluate(absent); !errors.Is(err, sark.ErrUndefined) {
			t.Errorf("%v: %v, %v", absent, got, err)
		}
	}
	_, err := query.Evaluate(make(chan int))
	var unsupported *json.UnsupportedTypeError
	if !errors.Is(err, sark.ErrSerialization) || !errors.As(err, &unsupported) {
		t.Error(err)
	}
}

func TestQueryGivesBindings(t *testing.T) {
	engine := newEngine(t)
	if err := engine.SetData(map[string]any{"roles": map[string]any{"ada": []string{"admin", "dev"}}}); err != nil {
		t.Fatal(err)
	}
	results, err := engine.Query("role := data.roles[user][_]", sark.NoInput)
	if err != nil || len(results) != 2 || results[1]["role"] != "dev" || results[1]["user"] != "ada" {
		t.Error(results, err)
	}
	if results, err = engine.Query("input == null", sark.NoInput); err != nil || results == nil || len(results) != 0 {
		t.Errorf("%#v, %v", results, err)
	}
	var info sark.EvaluateInfo
	text, err := engine.QueryJSON("x := input.n", []byte(`{"n":1.0}`), sark.EvaluateOptions{Info: &info})
	if err != nil || string(text) != `[{"x":1.0}]` || info.Revision == "" {
		t.Errorf("%s, %v, %v", text, err, info)
	}
	var failed *sark.Error
	if _, err = engine.Query("x := 1;\n y > 3", nil); !errors.Is(err, sark.ErrCompilation) || !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if at := failed.Locations[0]; at.Row != 2 || at.Column != 2 {
		t.Error(at)
	}
}

func TestNoInputIsNotNull(t *testing.T) {
	engine := newEngine(t)
	if err := engine.LoadPolicy("given", "package given\n\nyes if input == null"); err != nil {
		t.Fatal(err)
	}
	query := prepare(t, engine, "data.given.yes")
	if yes, err := query.Allows(nil); err != nil || !yes {
		t.Error("null", yes, err)
	}
	if yes, err := query.Allows(sark.NoInput); err != nil || yes {
		t.Error("none", yes, err)
	}
	if yes, err := query.AllowsJSON(nil); err != nil || yes {
		t.Error("none as JSON", yes, err)
	}
}

func TestInfoAndTimeout(t *testing.T) {
	engine := newEngine(t)
	query := prepare(t, engine, "data.authz.allow")
	var info sark.EvaluateInfo
	if _, err := query.Evaluate(object{"role": "admin"}, sark.EvaluateOptions{Info: &info}); err != nil {
		t.Fatal(err)
	}
	revision, err := engine.Revision()
	if err != nil || info.Revision != revision || info.Duration <= 0 {
		t.Fatal(info, revision, err)
	}
	slow := "package slow\n\nx := count([1 | some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i == j])"
	if err := engine.LoadPolicy("slow", slow); err != nil {
		t.Fatal(err)
	}
	for _, timeout := range []time.Duration{5 * time.Millisecond, -time.Second} {
		_, err = engine.Evaluate("data.slow.x", nil, sark.EvaluateOptions{Timeout: timeout})
		if !errors.Is(err, sark.ErrLimitExceeded) {
			t.Errorf("%v: %v", timeout, err)
		}
	}
}

// The results of a batch are told apart, and none is shared with the next use of the pooled buffer.
func TestBatch(t *testing.T) {
	query := prepare(t, newEngine(t), "data.authz.level")
	answers, err := query.EvaluateBatchJSON([][]byte{[]byte(`{"level":"first"}`), []byte(`{}`), []byte(`{`)})
	if err != nil || len(answers) != 3 {
		t.Fatal(answers, err)
	}
	if _, err := query.EvaluateJSON([]byte(`{"level":"xxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`)); err != nil {
		t.Fatal(err)
	}
	if string(answers[0].JSON) != `"first"` || !errors.Is(answers[1].Err, sark.ErrUndefined) ||
		!errors.Is(answers[2].Err, sark.ErrSerialization) {
		t.Fatalf("%+v", answers)
	}
	if answers, err := query.EvaluateBatch(nil); err != nil || len(answers) != 0 {
		t.Fatal(answers, err)
	}
}

func TestUpdate(t *testing.T) {
	engine := newEngine(t)
	before, err := engine.Revision()
	if err != nil {
		t.Fatal(err)
	}
	update, err := engine.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	if err := update.SetData(object{"x": 1}); err != nil {
		t.Fatal(err)
	}
	after, err := update.Commit(before)
	if now, _ := engine.Revision(); err != nil || after == before || after != now {
		t.Fatal(before, after, now, err)
	}
	if _, err := update.Commit(before); !errors.Is(err, sark.ErrConflict) {
		t.Fatal(err)
	}
	update.Close()
	update.Close()
	if err := update.ClearPolicies(); !errors.Is(err, sark.ErrClosed) {
		t.Fatal(err)
	}
}

func TestLoadPoliciesIsAllOrNothing(t *testing.T) {
	engine := newEngine(t)
	// Each needs the other: one after the other they would not load.
	good := map[string]string{
		"a": "package a\n\nf(x) := x + 1\n\ny := data.b.g(1)",
		"b": "package b\n\ng(x) := x * 2\n\ny := data.a.f(1)",
	}
	if err := engine.LoadPolicies(map[string]string{"a": good["a"], "b": "package b\n\ng(x) := {"}); !errors.Is(err, sark.ErrCompilation) {
		t.Fatal(err)
	}
	if names, err := engine.PolicyNames(); err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if err := engine.LoadPolicies(good); err != nil {
		t.Fatal(err)
	}
	if got, err := engine.Evaluate("data.b.y", sark.NoInput); err != nil || got != json.Number("2") {
		t.Fatal(got, err)
	}
}

func TestEveryNounSaysClosed(t *testing.T) {
	engine := newEngine(t)
	query := prepare(t, engine, "data.authz.allow")
	input, err := engine.ParseInput(object{})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := sark.NewCache()
	if err != nil {
		t.Fatal(err)
	}
	flags, err := sark.NewFlags("memory:")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := sark.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	client, err := sark.NewClient(engine)
	if err != nil {
		t.Fatal(err)
	}
	input.Close()
	_, err = query.EvaluateInput(input)
	closed(t, "input", err)
	for _, object := range []io.Closer{query, client, cache, flags, metrics, engine} {
		if err := errors.Join(object.Close(), object.Close()); err != nil {
			t.Error(err)
		}
	}
	_, err = query.Allows(nil)
	closed(t, "query", err)
	_, err = client.Decide("authz", nil, "")
	closed(t, "client", err)
	_, _, err = cache.Get("k")
	closed(t, "cache", err)
	_, err = flags.IsEnabled("f", "u")
	closed(t, "flags", err)
	_, err = metrics.Render()
	closed(t, "metrics", err)
	_, err = engine.HasPolicy("authz")
	closed(t, "engine", err)
}

func closed(t *testing.T, noun string, err error) {
	t.Helper()
	if !errors.Is(err, sark.ErrClosed) {
		t.Errorf("%s: %v", noun, err)
	}
}

// Evaluations on many goroutines while another changes the engine and a third closes the query: every answer is
// right or ErrClosed.
func TestConcurrentUseAndClose(t *testing.T) {
	engine := newEngine(t)
	query, err := engine.Prepare("data.authz.allow")
	if err != nil {
		t.Fatal(err)
	}
	var wrong, right atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for {
				yes, err := query.Allows(object{"role": "admin"})
				if errors.Is(err, sark.ErrClosed) {
					return
				}
				if err != nil || !yes {
					wrong.Add(1)
					return
				}
				right.Add(1)
			}
		}()
	}
	for i := range 50 {
		if err := engine.SetData(object{"i": i}); err != nil {
			t.Error(err)
		}
	}
	for right.Load() < 100 && wrong.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	query.Close()
	workers.Wait()
	if wrong.Load() != 0 {
		t.Fatal(wrong.Load(), "wrong answers")
	}
}

// What nobody closes is freed all the same, in any order, while what was made from it lives on.
func TestGarbageCollection(t *testing.T) {
	metrics, err := sark.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		abandon(t, metrics)
	}
	query := abandonEngine(t)
	for range 3 {
		runtime.GC()
	}
	if yes, err := query.Allows(object{"role": "admin"}); err != nil || !yes {
		t.Fatal("a query outlives its engine's Go object:", yes, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		runtime.GC()
		text, err := metrics.Render()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "\nrust_opa_policies_loaded 0\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("engines are not freed")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func abandon(t *testing.T, metrics *sark.Metrics) {
	engine, err := sark.NewEngine(sark.EngineOptions{Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.LoadPolicy("authz", policy); err != nil {
		t.Fatal(err)
	}
}

func abandonEngine(t *testing.T) *sark.Query {
	engine, err := sark.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.LoadPolicy("authz", policy); err != nil {
		t.Fatal(err)
	}
	query, err := engine.Prepare("data.authz.allow")
	if err != nil {
		t.Fatal(err)
	}
	return query
}

func TestDecideContext(t *testing.T) {
	client, err := sark.NewClient(newEngine(t))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	decision, err := client.DecideContext(ctx, "data.authz.allow", object{"role": "admin"}, "alice")
	if err != nil || !decision.Allowed || decision.Undefined || string(decision.JSON) != "true" {
		t.Fatal(decision, err)
	}
	if decision.Implementation != "rust" || decision.Revision == "" || decision.Duration <= 0 {
		t.Fatalf("%+v", decision)
	}
	cancel()
	if _, err := client.DecideContext(ctx, "data.authz.allow", nil, ""); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestLargeAnswersLeaveThePool(t *testing.T) {
	query := prepare(t, newEngine(t), "data.authz.level")
	large := strings.Repeat("x", 3<<20)
	for range 3 {
		got, err := query.Evaluate(object{"level": large})
		if err != nil || got != large {
			t.Fatal(len(got.(string)), err)
		}
	}
}

func BenchmarkAllowsJSON(b *testing.B) {
	query := prepare(b, newEngine(b), "data.authz.allow")
	input := []byte(`{"role":"admin"}`)
	b.ReportAllocs()
	for b.Loop() {
		if yes, err := query.AllowsJSON(input); err != nil || !yes {
			b.Fatal(yes, err)
		}
	}
}
