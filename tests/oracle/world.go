package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/server/types"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"
	"github.com/open-policy-agent/opa/v1/util"
)

// errNotOPAs is for what OPA has no opinion about.
var errNotOPAs = errors.New("OPA has no such thing")

type source struct {
	rego    string
	version ast.RegoVersion
}

// state is what an engine holds: changed as a copy, and kept only where OPA accepts it.
type state struct {
	print    bool
	sources  map[string]source
	data     map[string]any
	modules  map[string]*ast.Module
	compiler *ast.Compiler
	store    storage.Store
	strict   bool
	schemas  map[string]any // by the references that name them
	annotate bool           // annotations' schemas count
	hosts    []string       // whom builtins may reach
	runtime  *ast.Term
}

// world is what one case has made, of the nouns that OPA knows.
type world struct {
	version ast.RegoVersion
	foreign bool // an engine that regorus evaluates, or that follows a source: nothing that OPA could be asked about
	now     *state
	update  *state
	query   string
	input   []byte
}

func newWorld() *world {
	w := &world{version: ast.RegoV1, now: &state{sources: map[string]source{}, data: map[string]any{}}}
	if err := w.now.settle(context.Background()); err != nil {
		panic(err)
	}
	return w
}

type call func(context.Context, *step) (string, error)

func (w *world) calls() map[string]call {
	change := func(edit func(*state, *step) error) call {
		return func(ctx context.Context, s *step) (string, error) {
			next := w.now.clone()
			if err := edit(next, s); err != nil {
				return "", err
			}
			return "", w.install(ctx, next)
		}
	}
	pending := func(edit func(*state, *step) error) call {
		return func(_ context.Context, s *step) (string, error) { return "", edit(w.update, s) }
	}
	return map[string]call{
		"engine.new":            w.renew,
		"source.new":            func(context.Context, *step) (string, error) { w.foreign = true; return "", errNotOPAs },
		"engine.load_policy":    change(w.load),
		"engine.remove_policy":  change(remove),
		"engine.clear_policies": change(clear),
		"engine.set_data":       change(setData),
		"engine.set_schema":     change(setSchema),
		"engine.allow_net":      change(allowNet),
		"engine.set_runtime":    change(setRuntime),
		"engine.patch_data":     change(patchData),
		"engine.evaluate":       w.evaluate,
		"engine.evaluate_json":  w.evaluate,
		"engine.explain":        w.explain,
		"engine.query":          w.ask,
		"engine.query_json":     w.ask,
		"engine.prepare":        func(_ context.Context, s *step) (string, error) { w.query = s.arg("policy"); return "", nil },
		"query.evaluate": func(ctx context.Context, s *step) (string, error) {
			return w.document(ctx, w.query, s.document("input"), s)
		},
		"query.evaluate_input":  func(ctx context.Context, s *step) (string, error) { return w.document(ctx, w.query, w.input, s) },
		"input.parse":           func(_ context.Context, s *step) (string, error) { w.input = s.document("input"); return "", nil },
		"update.new":            func(context.Context, *step) (string, error) { w.update = w.now.clone(); return "", nil },
		"update.load_policy":    pending(w.load),
		"update.remove_policy":  pending(remove),
		"update.clear_policies": pending(clear),
		"update.set_data":       pending(setData),
		"update.patch_data":     pending(patchData),
		"update.commit":         func(ctx context.Context, _ *step) (string, error) { return "", w.install(ctx, w.update.clone()) },
	}
}

func (w *world) renew(_ context.Context, s *step) (string, error) {
	*w = *newWorld()
	w.version = versionOf(s.arg("rego_version"), ast.RegoV1)
	w.now.strict = string(s.Args["strict"]) == "true"
	w.now.annotate = string(s.Args["schema_annotations"]) == "true"
	w.foreign = s.arg("evaluator") == "regorus"
	w.now.print = string(s.Args["print_statements"]) == "true"
	return "", nil
}

func versionOf(name string, fallback ast.RegoVersion) ast.RegoVersion {
	if version, ok := map[string]ast.RegoVersion{"v0": ast.RegoV0, "v1": ast.RegoV1, "v2": ast.RegoV2}[name]; ok {
		return version
	}
	return fallback
}

func (w *world) load(next *state, s *step) error {
	next.sources[s.arg("name")] = source{s.arg("rego"), versionOf(s.arg("rego_version"), w.version)}
	return nil
}

func remove(next *state, s *step) error {
	delete(next.sources, s.arg("name"))
	return nil
}

func clear(next *state, _ *step) error {
	next.sources = map[string]source{}
	return nil
}

func setData(next *state, s *step) error {
	next.data = nil
	return util.UnmarshalJSON(s.document("data"), &next.data)
}

// setSchema puts what sark takes for a schema; what is none is sark's to refuse.
func allowNet(next *state, s *step) error {
	next.hosts = nil
	return json.Unmarshal(s.Args["hosts"], &next.hosts)
}

func setRuntime(next *state, s *step) error {
	value, err := ast.ValueFromReader(strings.NewReader(string(s.Args["runtime"])))
	next.runtime = ast.NewTerm(value)
	return err
}

func setSchema(next *state, s *step) error {
	ref, err := ast.ParseSchemaRef(s.arg("path"))
	if err != nil {
		return errNotOPAs
	}
	next.schemas = maps.Clone(next.schemas)
	delete(next.schemas, ref.String())
	document := s.document("schema")
	if document == nil {
		return nil
	}
	var schema any
	if err := util.UnmarshalJSON(document, &schema); err != nil {
		return errNotOPAs
	}
	if next.schemas == nil {
		next.schemas = map[string]any{}
	}
	next.schemas[ref.String()] = schema
	return nil
}

// schemaSet is nil where there are no schemas: then names of schemas mean nothing.
func (s *state) schemaSet() *ast.SchemaSet {
	if len(s.schemas) == 0 {
		return nil
	}
	set := ast.NewSchemaSet()
	for name, schema := range s.schemas {
		if ref, err := ast.ParseSchemaRef(name); err == nil {
			set.Put(ref, schema)
		}
	}
	return set
}

func patchData(next *state, s *step) error {
	var value any
	if err := util.UnmarshalJSON(s.document("data"), &value); err != nil {
		return err
	}
	parts := strings.Split(strings.Trim(s.arg("path"), "/"), "/")
	at := next.data
	for _, part := range parts[:len(parts)-1] {
		below, ok := at[part].(map[string]any)
		if at[part] != nil && !ok {
			return errNotOPAs // sark's own words; OPA's store answers this with a 404
		}
		if !ok {
			below = map[string]any{}
			at[part] = below
		}
		at = below
	}
	at[parts[len(parts)-1]] = value
	return nil
}

func (s *state) clone() *state {
	copied, err := json.Marshal(s.data)
	next := &state{sources: maps.Clone(s.sources), strict: s.strict, print: s.print, schemas: s.schemas, annotate: s.annotate, hosts: s.hosts, runtime: s.runtime}
	if err == nil {
		err = util.UnmarshalJSON(copied, &next.data)
	}
	if err != nil {
		panic(err)
	}
	return next
}

func (w *world) install(ctx context.Context, next *state) error {
	if err := next.settle(ctx); err != nil {
		return err
	}
	w.now = next
	return nil
}

// capabilities let builtins, and what fetches schemas, reach these hosts and no other.
func capabilities(hosts []string) *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = append([]string{}, hosts...)
	return capabilities
}

// settle parses and compiles as OPA's server does: all modules, with the check that data overlaps no rule.
func (s *state) settle(ctx context.Context) error {
	s.modules = map[string]*ast.Module{}
	for _, name := range slices.Sorted(maps.Keys(s.sources)) {
		module, err := ast.ParseModuleWithOpts(name, s.sources[name].rego, ast.ParserOptions{RegoVersion: s.sources[name].version, ProcessAnnotation: true})
		if err == nil && module == nil {
			return ast.NewError(ast.ParseErr, nil, "empty module")
		}
		if err != nil {
			return err
		}
		s.modules[name] = module
	}
	s.store = inmem.NewFromObject(s.data)
	return storage.Txn(ctx, s.store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		s.compiler = ast.NewCompiler().WithStrict(s.strict).WithEnablePrintStatements(s.print).
			WithCapabilities(capabilities(s.hosts)).WithSchemas(s.schemaSet()).WithUseTypeCheckAnnotations(s.annotate).
			WithPathConflictsCheck(storage.NonEmpty(ctx, s.store, txn))
		if s.compiler.Compile(s.modules); s.compiler.Failed() {
			return s.compiler.Errors
		}
		return nil
	})
}

func (w *world) evaluate(ctx context.Context, s *step) (string, error) {
	return w.document(ctx, s.arg("policy"), s.document("input"), s)
}

// document asks for a policy's package or for a path.
func (w *world) document(ctx context.Context, target string, input []byte, s *step) (string, error) {
	if !regexp.MustCompile(`^data($|[.\[])`).MatchString(target) {
		module := w.now.modules[target]
		if module == nil {
			return "", errNotOPAs
		}
		target = module.Package.Path.String()
	}
	results, err := w.eval(ctx, target, ast.RegoV1, input, s)
	if code, message, _, _ := describe(err); code == ast.TypeErr && strings.Contains(message, "undefined ref") {
		// OPA's types show before it evaluates that nothing can be there; for a path, sark says the same by "undefined".
		return "undefined", nil
	}
	if err != nil || len(results) == 0 {
		return "undefined", err
	}
	return compact(results[0].Expressions[0].Value)
}

// explain is what OPA's server tells of a document, in lines. What sark's events have beside OPA's, no case asks OPA for.
func (w *world) explain(ctx context.Context, s *step) (string, error) {
	if string(s.Args["events"]) == "true" {
		return "", errNotOPAs
	}
	target := s.arg("policy")
	if module := w.now.modules[target]; module != nil {
		target = module.Package.Path.String()
	}
	tracer := topdown.NewBufferTracer()
	results, err := w.eval(ctx, target, ast.RegoV1, s.document("input"), s, rego.QueryTracer(tracer))
	if err != nil {
		return "", err
	}
	lines, err := types.NewTraceV1(filters[s.arg("explain")](*tracer), true)
	if err != nil {
		return "", err
	}
	reply := map[string]any{"explanation": json.RawMessage(lines)}
	if string(lines) == `[""]` {
		reply["explanation"] = []string{}
	}
	if len(results) > 0 {
		reply["result"] = results[0].Expressions[0].Value
	}
	return compact(reply)
}

// filters are what OPA's server leaves of a trace.
var filters = map[string]func([]*topdown.Event) []*topdown.Event{
	"": lineage.Full, "notes": lineage.Notes, "fails": lineage.Fails, "full": lineage.Full, "debug": lineage.Debug,
}

func (w *world) ask(ctx context.Context, s *step) (string, error) {
	results, err := w.eval(ctx, s.arg("query"), versionOf(s.arg("rego_version"), w.version), s.document("input"), s)
	if err != nil {
		return "", err
	}
	bindings := []rego.Vars{}
	for _, result := range results {
		// The SDK also gives what a single expression came to, false among it; as a query, one that is false has no result.
		if !slices.ContainsFunc(result.Expressions, func(e *rego.ExpressionValue) bool { return e.Value == false }) {
			bindings = append(bindings, result.Bindings)
		}
	}
	return compact(bindings)
}

func (w *world) eval(ctx context.Context, query string, version ast.RegoVersion, input []byte, s *step, more ...func(*rego.Rego)) (rego.ResultSet, error) {
	options := []func(*rego.Rego){
		rego.Query(query), rego.SetRegoVersion(version), rego.Compiler(w.now.compiler), rego.Store(w.now.store),
		rego.StrictBuiltinErrors(string(s.Args["strict"]) == "true"),
	}
	if s.Args["seed"] != nil {
		return nil, errNotOPAs // what is drawn from a seed is each one's own
	}
	if w.now.runtime != nil {
		options = append(options, rego.Runtime(w.now.runtime))
	}
	if at := s.Args["time_ns"]; at != nil {
		ns, err := strconv.ParseInt(string(at), 10, 64)
		if err != nil {
			return nil, err
		}
		options = append(options, rego.Time(time.Unix(0, ns)))
	}
	if input != nil {
		value, err := ast.ValueFromReader(strings.NewReader(string(input)))
		if err != nil {
			return nil, err
		}
		options = append(options, rego.ParsedInput(value))
	}
	return rego.New(append(options, more...)...).Eval(ctx)
}

// describe gives an error's code, its text without the column, and its place.
func describe(err error) (code, message string, row, col int) {
	var all ast.Errors
	var one *ast.Error
	var many rego.Errors
	var evaluation *topdown.Error
	switch {
	case errors.As(err, &many) && len(many) > 0 && !errors.As(many[0], &evaluation):
		return describe(many[0])
	// Before the errors of a module that a builtin has parsed.
	case errors.As(err, &evaluation):
		if at := evaluation.Location; at != nil {
			row, col = at.Row, at.Col
		}
		return evaluation.Code, err.Error(), row, col
	case errors.As(err, &all) && len(all) > 0:
		one = all[0]
	case errors.As(err, &one):
	case err != nil:
		return "", err.Error(), 0, 0
	default:
		return "", "", 0, 0
	}
	if one.Location != nil {
		row, col = one.Location.Row, one.Location.Col
	}
	return one.Code, fmt.Sprint(err), row, col
}
