package sark_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

// world is what one case has made: one object of each noun.
type world struct {
	engine   *sark.Engine
	update   *sark.Update
	query    *sark.Query
	input    *sark.Input
	cache    *sark.Cache
	flags    *sark.Flags
	client   *sark.Client
	admin    *sark.Admin
	metrics  *sark.Metrics
	log      *sark.DecisionLog
	source   *sark.Source
	dir      string // where the case writes files; empty: nowhere yet
	made     []io.Closer
	revision string // the last that the case was given
}

func (w *world) close() {
	for _, object := range w.made {
		object.Close()
	}
}

// keep remembers what was made, so that it is closed when the case ends.
func keep[T io.Closer](w *world, place *T, made T, err error) (any, error) {
	if err == nil {
		*place = made
		w.made = append(w.made, made)
	}
	return nil, err
}

func (w *world) run(t *testing.T, call string, args arguments) (any, error) {
	noun, verb, _ := strings.Cut(call, ".")
	run, ok := map[string]func(*testing.T, string, arguments) (any, error){
		"sleep": w.sleep, "engine": w.runEngine, "query": w.runQuery, "input": w.runInput, "update": w.runUpdate,
		"cache": w.runCache, "flags": w.runFlags, "admin": w.runAdmin, "client": w.runClient, "metrics": w.runMetrics,
		"decision_log": w.runDecisionLog, "source": w.runSource, "files": w.runFiles,
	}[noun]
	if !ok {
		t.Fatalf("no such call: %s", call)
	}
	return run(t, verb, args)
}

func (w *world) sleep(_ *testing.T, _ string, args arguments) (any, error) {
	time.Sleep(args.time("ms"))
	return nil, nil
}

// directory is the case's own.
func (w *world) directory(t *testing.T) string {
	if w.dir == "" {
		w.dir = t.TempDir()
	}
	return w.dir
}

func (w *world) runFiles(t *testing.T, verb string, args arguments) (any, error) {
	if verb != "write" {
		t.Fatalf("no such call: files.%s", verb)
	}
	for name := range args {
		path := filepath.Join(w.directory(t), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		// Renamed into its place: whoever watches it never sees a half of it.
		partial := filepath.Join(w.directory(t), ".partial")
		if err := os.WriteFile(partial, args.bytes(name), 0o600); err != nil {
			return nil, err
		}
		if err := os.Rename(partial, path); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func regoVersion(args arguments) sark.RegoVersion {
	return map[string]sark.RegoVersion{"v0": sark.RegoV0, "v1": sark.RegoV1, "v2": sark.RegoV2}[args.text("rego_version")]
}

func evaluateOptions(args arguments) sark.EvaluateOptions {
	var at time.Time
	if ns := args.number("time_ns"); ns != 0 {
		at = time.Unix(0, int64(ns))
	}
	return sark.EvaluateOptions{
		Time:    at,
		Timeout: args.time("timeout_ms"), StrictBuiltinErrors: args.yes("strict"), RegoVersion: regoVersion(args),
		Seed: args.count("seed"),
	}
}

func evaluator(args arguments) sark.Evaluator {
	return map[string]sark.Evaluator{"sark": sark.EvaluatorSark, "regorus": sark.EvaluatorRegorus}[args.text("evaluator")]
}

func (w *world) runEngine(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := sark.NewEngine(sark.EngineOptions{
			RegoVersion: regoVersion(args), Timeout: args.time("timeout_ms"),
			MaxInputBytes: args.count("max_input_bytes"), MaxPolicyBytes: args.count("max_policy_bytes"),
			MaxDataBytes: args.count("max_data_bytes"), Metrics: w.metrics, Evaluator: evaluator(args),
			Strict:          args.yes("strict"),
			PrintStatements: args.yes("print_statements"), SchemaAnnotations: args.yes("schema_annotations"),
		})
		return keep(w, &w.engine, made, err)
	case "load_policy":
		options := sark.LoadOptions{RegoVersion: regoVersion(args)}
		return nil, w.engine.LoadPolicy(args.text("name"), args.text("rego"), options)
	case "remove_policy":
		return nil, w.engine.RemovePolicy(args.text("name"))
	case "clear_policies":
		return nil, w.engine.ClearPolicies()
	case "has_policy":
		return w.engine.HasPolicy(args.text("name"))
	case "sources":
		return asJSON(w.engine.Sources())
	case "inspect":
		return asJSON(w.engine.Inspect())
	case "capabilities":
		return asJSON(w.engine.Capabilities())
	case "run_tests":
		return w.runTests(args)
	case "explain":
		return w.explain(args)
	case "next":
		event, happened, err := w.engine.NextEvent(args.time("timeout_ms"))
		if err != nil || !happened {
			return nil, err
		}
		return asJSON(event, nil)
	case "policy_names":
		names, err := w.engine.PolicyNames()
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = name
		}
		return list, err
	case "set_schema":
		schema := args.input("schema")
		if schema == sark.NoInput {
			schema = nil
		}
		return nil, w.engine.SetSchema(args.text("path"), schema)
	case "allow_net":
		hosts := []string{}
		for _, host := range args["hosts"].([]any) {
			hosts = append(hosts, host.(string))
		}
		return nil, w.engine.AllowNet(hosts, sark.NetworkOptions{CAFile: args.text("ca_file"), Timeout: args.time("timeout_ms")})
	case "set_runtime":
		return nil, w.engine.SetRuntime(args.input("runtime"))
	case "set_data":
		return nil, w.engine.SetData(args.input("data"))
	case "patch_data":
		return nil, w.engine.PatchData(args.text("path"), args.input("data"))
	case "revision":
		return w.engine.Revision()
	case "evaluate":
		return w.engine.Evaluate(args.text("policy"), args.input("input"), evaluateOptions(args))
	case "evaluate_json":
		answer, err := w.engine.EvaluateJSON(args.text("policy"), args.document(), evaluateOptions(args))
		return string(answer), err
	case "query":
		results, err := w.engine.Query(args.text("query"), args.input("input"), evaluateOptions(args))
		list := make([]any, len(results))
		for i, bindings := range results {
			list[i] = bindings
		}
		return list, err
	case "query_json":
		answer, err := w.engine.QueryJSON(args.text("query"), args.document(), evaluateOptions(args))
		return string(answer), err
	case "prepare":
		made, err := w.engine.Prepare(args.text("policy"))
		return keep(w, &w.query, made, err)
	case "close":
		return nil, w.engine.Close()
	}
	t.Fatalf("no such call: engine.%s", verb)
	return nil, nil
}

// runTests gives the results as the library writes them.
func (w *world) runTests(args arguments) (any, error) {
	options := sark.TestOptions{Run: args.text("run"), Timeout: args.time("timeout_ms")}
	if args.yes("coverage") {
		return asJSON(w.engine.CoverTests(options))
	}
	return asJSON(w.engine.RunTests(options))
}

// explain gives what the library wrote, rebuilt from what the language makes of it.
func (w *world) explain(args arguments) (any, error) {
	numbers := map[string]sark.Explain{
		"notes": sark.ExplainNotes, "fails": sark.ExplainFails, "full": sark.ExplainFull, "debug": sark.ExplainDebug,
	}
	number, known := numbers[args.text("explain")]
	if !known && args.text("explain") != "" {
		number = 5
	}
	options := sark.ExplainOptions{Explain: number, StrictBuiltinErrors: args.yes("strict"), Timeout: args.time("timeout_ms")}
	var told, result any
	var err error
	if args.yes("events") {
		told, result, err = w.engine.Trace(args.text("policy"), args.input("input"), options)
	} else {
		told, result, err = w.engine.Explain(args.text("policy"), args.input("input"), options)
	}
	if errors.Is(err, sark.ErrUndefined) {
		return asJSON(map[string]any{"explanation": told}, nil)
	}
	return asJSON(map[string]any{"explanation": told, "result": result}, err)
}

func (w *world) runQuery(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "evaluate":
		return w.query.Evaluate(args.input("input"), evaluateOptions(args))
	case "evaluate_input":
		return w.query.EvaluateInput(w.input, evaluateOptions(args))
	case "allows":
		return w.query.Allows(args.input("input"), evaluateOptions(args))
	case "evaluate_batch":
		return w.query.EvaluateBatch(args["inputs"].([]any), evaluateOptions(args))
	case "close":
		return nil, w.query.Close()
	}
	t.Fatalf("no such call: query.%s", verb)
	return nil, nil
}

func (w *world) runInput(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "parse":
		made, err := w.engine.ParseInput(args.input("input"))
		return keep(w, &w.input, made, err)
	case "close":
		return nil, w.input.Close()
	}
	t.Fatalf("no such call: input.%s", verb)
	return nil, nil
}

func (w *world) runUpdate(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := w.engine.NewUpdate()
		return keep(w, &w.update, made, err)
	case "load_policy":
		options := sark.LoadOptions{RegoVersion: regoVersion(args)}
		return nil, w.update.LoadPolicy(args.text("name"), args.text("rego"), options)
	case "remove_policy":
		return nil, w.update.RemovePolicy(args.text("name"))
	case "clear_policies":
		return nil, w.update.ClearPolicies()
	case "set_data":
		return nil, w.update.SetData(args.input("data"))
	case "patch_data":
		return nil, w.update.PatchData(args.text("path"), args.input("data"))
	case "commit":
		expected := ""
		if args.text("expected") == "last" {
			expected = w.revision
		}
		return w.update.Commit(expected)
	}
	t.Fatalf("no such call: update.%s", verb)
	return nil, nil
}

func (w *world) runCache(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := sark.NewCache(sark.CacheOptions{
			MaxEntries: args.count("max_entries"), MaxBytes: args.count("max_bytes"),
			DefaultTTL: args.time("default_ttl_ms"), Metrics: w.metrics,
		})
		return keep(w, &w.cache, made, err)
	case "get":
		value, found, err := w.cache.Get(args.text("key"))
		if err == nil && !found {
			return miss{}, nil
		}
		return bytesValue(value), err
	case "set":
		return nil, w.cache.Set(args.text("key"), args.bytes("value"), args.time("ttl_ms"))
	case "remove":
		return w.cache.Remove(args.text("key"))
	case "clear":
		return nil, w.cache.Clear()
	case "len":
		return asNumber(w.cache.Len())
	case "bytes":
		return asNumber(w.cache.Bytes())
	case "cleanup_expired":
		return asNumber(w.cache.CleanupExpired())
	case "stats":
		return asJSON(w.cache.Stats())
	case "close":
		return nil, w.cache.Close()
	}
	t.Fatalf("no such call: cache.%s", verb)
	return nil, nil
}

func (w *world) runFlags(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := sark.NewFlags(args.text("url"), sark.FlagsOptions{Metrics: w.metrics})
		return keep(w, &w.flags, made, err)
	case "bucket":
		return asNumber(sark.Bucket(args.text("feature"), args.text("user")))
	case "is_enabled":
		return w.flags.IsEnabled(args.text("feature"), args.text("user"))
	case "set_rollout":
		return asJSON(w.flags.SetRollout(args.text("feature"), args.number("percentage"), args.by()))
	case "rollout":
		return asNumber(w.flags.Rollout(args.text("feature")))
	case "rollback":
		return asJSON(w.flags.Rollback(args.text("feature"), args.by()))
	case "rollback_all":
		return asJSON(w.flags.RollbackAll(args.by()))
	case "history":
		return asJSON(w.flags.History(args.text("feature"), uint(args.number("most"))))
	case "status":
		return asJSON(w.flags.Status())
	case "force":
		side, known := map[string]sark.Side{"": sark.SideNone, "local": sark.SideLocal, "remote": sark.SideRemote}[args.text("side")]
		if !known {
			side = 99
		}
		return nil, w.flags.Force(side)
	case "list":
		return asJSON(w.flags.List())
	case "close":
		return nil, w.flags.Close()
	}
	t.Fatalf("no such call: flags.%s", verb)
	return nil, nil
}

func (w *world) runClient(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		options := sark.ClientOptions{OPAURL: args.text("opa_url"), Feature: args.text("feature"), Metrics: w.metrics}
		if options.OPAURL == "$OPA" { // stands for the server that the environment names
			if options.OPAURL = os.Getenv("SARK_TEST_OPA_URL"); options.OPAURL == "" {
				t.Skip("SARK_TEST_OPA_URL is not set")
			}
		}
		if args.yes("cache") {
			options.Cache = w.cache
		}
		if args.yes("flags") {
			options.Flags = w.flags
		}
		options.Mode = map[string]sark.Mode{
			"local": sark.LocalOnly, "remote": sark.RemoteOnly, "remote_first": sark.RemoteFirst,
		}[args.text("mode")]
		options.ShadowRate = float64(args.count("shadow_rate")) / 100
		if args.yes("decision_log") {
			options.DecisionLog = w.log
		}
		made, err := sark.NewClient(w.engine, options)
		return keep(w, &w.client, made, err)
	case "decide":
		return w.client.Decide(args.text("policy"), args.input("input"), args.text("user"))
	case "status":
		return asJSON(w.client.Status())
	case "set_mask":
		var pointers []string
		for _, pointer := range args["pointers"].([]any) {
			pointers = append(pointers, pointer.(string))
		}
		return nil, w.client.SetMask(pointers...)
	case "next":
		return nextOf(w.client.NextEvent(0))
	case "begin":
		decision, ticket, err := w.client.Begin(args.text("policy"), args.input("input"), args.text("user"))
		if err != nil || ticket == nil {
			return decision, err
		}
		if failure, failed := args["fail"]; failed {
			return ticket.Fail(map[any]sark.Failure{"connection": sark.FailConnection, "timeout": sark.FailTimeout}[failure])
		}
		if _, responded := args["status"]; responded {
			return ticket.Complete(int(args.count("status")), args.bytes("body"))
		}
		return ticket.Run()
	case "replay":
		return asJSON(w.client.Replay(args.bytes("log")))
	case "close":
		return nil, w.client.Close()
	}
	t.Fatalf("no such call: client.%s", verb)
	return nil, nil
}

func (w *world) runDecisionLog(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := sark.NewDecisionLog(args.text("location"), sark.DecisionLogOptions{MaxWaiting: uint32(args.count("max_waiting")), Metrics: w.metrics})
		return keep(w, &w.log, made, err)
	case "next":
		event, _, err := w.log.Next(args.time("timeout_ms"))
		return asJSON(event, err)
	case "flush":
		return w.log.Flush(args.time("timeout_ms"))
	case "status":
		return asJSON(w.log.Status())
	case "close":
		return nil, w.log.Close()
	}
	t.Fatalf("no such call: decision_log.%s", verb)
	return nil, nil
}

func (w *world) runSource(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		made, err := w.follow(strings.ReplaceAll(args.text("url"), "${dir}", w.directory(t)), args["config"])
		return keep(w, &w.source, made, err)
	case "wait":
		return nil, w.source.Wait(args.time("timeout_ms"))
	case "trigger":
		return nil, w.source.Trigger()
	case "next":
		return nextOf(w.source.NextEvent(args.time("timeout_ms")))
	case "status":
		return asJSON(w.source.Status())
	case "close":
		return nil, w.source.Close()
	}
	t.Fatalf("no such call: source.%s", verb)
	return nil, nil
}

// follow takes a config as Go's struct; what the struct cannot say, as JSON.
func (w *world) follow(url string, config any) (*sark.Source, error) {
	if config == nil {
		return w.engine.Follow(url, nil)
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	var options sark.SourceOptions
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&options) != nil {
		return w.engine.FollowJSON(url, text)
	}
	return w.engine.Follow(url, &options)
}

// nextOf gives an event as a case's JSON has it.
func nextOf(event sark.Event, happened bool, err error) (any, error) {
	if err != nil || !happened {
		return sark.Event{}, err
	}
	return asJSON(object{"event": event.Name, "level": event.Level, "message": event.Message, "fields": event.Fields}, nil)
}

func (w *world) runMetrics(t *testing.T, verb string, _ arguments) (any, error) {
	switch verb {
	case "new":
		made, err := sark.NewMetrics()
		return keep(w, &w.metrics, made, err)
	case "render":
		return w.metrics.Render()
	case "render_openmetrics":
		return w.metrics.RenderOpenMetrics()
	case "close":
		return nil, w.metrics.Close()
	}
	t.Fatalf("no such call: metrics.%s", verb)
	return nil, nil
}

// asNumber gives a number as a case's JSON has it.
func asNumber[N uint64 | int | float64](value N, err error) (any, error) { return asJSON(value, err) }

func (w *world) runAdmin(t *testing.T, verb string, args arguments) (any, error) {
	switch verb {
	case "new":
		options := sark.AdminOptions{AllowAnonymous: args.yes("allow_anonymous"), Engine: w.engine, Cache: w.cache, Metrics: w.metrics, Client: w.client}
		tokens, _ := args["tokens"].([]any)
		for _, each := range tokens {
			token := each.(object)
			options.Tokens = append(options.Tokens, sark.Token{
				Name: token["name"].(string), Secret: token["token"].(string), Role: sark.Role(token["role"].(string)),
			})
		}
		made, err := sark.NewAdmin(w.flags, options)
		return keep(w, &w.admin, made, err)
	case "handle":
		header := http.Header{}
		for line := range strings.SplitSeq(args.text("headers"), "\r\n") {
			if name, value, found := strings.Cut(line, ": "); found {
				header.Add(name, value)
			}
		}
		answer, err := w.admin.Handle(args.text("method"), args.text("target"), header, args.bytes("body"))
		body := any(string(answer.Body))
		if json.Valid(answer.Body) {
			body = json.RawMessage(answer.Body)
		}
		return asJSON(object{"status": answer.Status, "headers": answer.Header, "body": body}, err)
	case "close":
		return nil, w.admin.Close()
	}
	t.Fatalf("no such call: admin.%s", verb)
	return nil, nil
}

func asJSON[T any](value T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var decoded any
	err = decoder.Decode(&decoded)
	return decoded, err
}
