package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	sark "github.com/sark-policy/sark/bindings/go"
)

// A diagnostic is one error that refuses a policy.
type diagnostic struct {
	module   string
	code     string
	row, col int
	message  string
}

func (d diagnostic) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", d.module, d.row, d.col, d.code, d.message)
}

// place is what a diagnostic says before its words.
func (d diagnostic) place() string { return fmt.Sprintf("%s:%d: %s", d.module, d.row, d.code) }

// A compilation is some modules by name, and how they are compiled.
type compilation struct {
	modules map[string]string
	version ast.RegoVersion
	strict  bool
	prints  bool // calls of print() are compiled
	// JSON schemas by the references that name them, and whether those of annotations count.
	schemas     map[string]string
	annotations bool
}

// byOPA is what OPA refuses.
func (c *compilation) byOPA() []diagnostic {
	_, found := c.compiled()
	return found
}

// compiled compiles as OPA's server does when a policy is put: annotations are parsed, ten errors are reported.
func (c *compilation) compiled() (*ast.Compiler, []diagnostic) {
	parsed := map[string]*ast.Module{}
	var found []diagnostic
	for _, name := range sortedNames(c.modules) {
		module, err := ast.ParseModuleWithOpts(name, c.modules[name], ast.ParserOptions{RegoVersion: c.version, ProcessAnnotation: true})
		if err != nil {
			found = append(found, fromOPA(err)...)
			continue
		}
		parsed[name] = module
	}
	if len(found) > 0 {
		return nil, found
	}
	compiler := ast.NewCompiler().WithStrict(c.strict).WithEnablePrintStatements(c.prints).WithUseTypeCheckAnnotations(c.annotations)
	if c.schemas != nil || c.annotations {
		capabilities := ast.CapabilitiesForThisVersion()
		capabilities.AllowNet = []string{} // sark fetches nothing
		compiler = compiler.WithSchemas(c.schemaSet()).WithCapabilities(capabilities)
	}
	if compiler.Compile(parsed); compiler.Failed() {
		return nil, fromOPA(compiler.Errors)
	}
	return compiler, nil
}

func fromOPA(err error) []diagnostic {
	var all ast.Errors
	var one *ast.Error
	if !errors.As(err, &all) {
		if !errors.As(err, &one) {
			return []diagnostic{{message: err.Error()}}
		}
		all = ast.Errors{one}
	}
	found := make([]diagnostic, len(all))
	for i, e := range all {
		found[i] = diagnostic{code: e.Code, message: e.Message}
		if at := e.Location; at != nil {
			found[i].module, found[i].row, found[i].col = at.File, at.Row, at.Col
		}
	}
	return found
}

// bySark compiles through the C ABI.
func (c *compilation) bySark() ([]diagnostic, error) {
	engine, err := sark.NewEngine(sark.EngineOptions{RegoVersion: versions[c.version], Strict: c.strict, PrintStatements: c.prints, SchemaAnnotations: c.annotations})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	if refused, err := c.giveSchemas(engine); err != nil || len(refused) > 0 {
		return refused, err
	}
	err = engine.LoadPolicies(c.modules)
	var failed *sark.Error
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &failed) || !errors.Is(err, sark.ErrCompilation):
		return nil, fmt.Errorf("not a compilation error: %w", err)
	}
	found := make([]diagnostic, len(failed.Locations))
	for i, at := range failed.Locations {
		found[i] = diagnostic{at.File, at.Code, at.Row, at.Column, at.Message}
	}
	return found, nil
}

var versions = map[ast.RegoVersion]sark.RegoVersion{ast.RegoV0: sark.RegoV0, ast.RegoV1: sark.RegoV1}

// differ says how far two lists of diagnostics are from one another; equal ones are no difference.
func differ(opa, own []diagnostic) error {
	switch {
	case (len(opa) == 0) != (len(own) == 0):
		return &difference{verdictDiffers, opa, own}
	case !equalBy(opa, own, diagnostic.place):
		return &difference{placeDiffers, opa, own}
	case !equalBy(opa, own, diagnostic.String):
		return &difference{textDiffers, opa, own}
	}
	return nil
}

func equalBy(a, b []diagnostic, what func(diagnostic) string) bool {
	return slices.EqualFunc(a, b, func(x, y diagnostic) bool { return what(x) == what(y) })
}

// The kinds of differences, the worst first.
const (
	verdictDiffers = "one accepts and one refuses"
	placeDiffers   = "codes or rows differ"
	textDiffers    = "columns or messages differ"
)

type difference struct {
	kind     string
	opa, own []diagnostic
}

func (d *difference) Error() string {
	return fmt.Sprintf("%s\n    OPA:  %s\n    sark: %s", d.kind, list(d.opa), list(d.own))
}

func list(found []diagnostic) string {
	if len(found) == 0 {
		return "accepts"
	}
	texts := make([]string, len(found))
	for i, d := range found {
		texts[i] = d.String()
	}
	return strings.Join(texts, "\n          ")
}

// withoutWay leaves out which rules a cycle goes through: of several cycles OPA takes one by chance, the order of a Go map.
func withoutWay(found []diagnostic) []diagnostic {
	shorter := slices.Clone(found)
	for i := range shorter {
		shorter[i].message, _, _ = strings.Cut(shorter[i].message, " recursive: ")
	}
	return shorter
}

// withoutPlaces leaves out where references stand: OPA gives the place of the last use of a name (docs/decisions.md, "Where an error stands").
func withoutPlaces(found []diagnostic) []diagnostic {
	moved := slices.Clone(found)
	for i, d := range moved {
		if strings.HasPrefix(d.message, "undefined ref: ") || strings.HasSuffix(d.message, " used as reference, not called") {
			moved[i].row, moved[i].col = 0, 0
		}
	}
	slices.SortFunc(moved, func(a, b diagnostic) int { return strings.Compare(a.String(), b.String()) })
	return moved
}

// judge compares how OPA and sark compile modules; a second answer excuses a difference that has one known cause.
func (c *compilation) judge() (error, string) {
	opa := c.byOPA()
	own, err := c.bySark()
	if err != nil {
		return err, ""
	}
	problem := differ(opa, own)
	switch {
	case problem == nil:
		return nil, ""
	case onlyMissing(opa, own):
		return problem, "calls a builtin that sark lacks"
	case equalBy(withoutWay(opa), withoutWay(own), diagnostic.String):
		return problem, "OPA goes another way round a cycle"
	case equalBy(withoutPlaces(opa), withoutPlaces(own), diagnostic.String):
		return problem, "OPA gives the place of a name's last use"
	}
	return problem, ""
}

// onlyMissing tells whether sark refuses the modules for builtins that OPA has and sark lacks, and otherwise agrees.
func onlyMissing(opa, own []diagnostic) bool {
	rest := slices.DeleteFunc(slices.Clone(own), func(d diagnostic) bool {
		return strings.HasSuffix(d.message, "sark has no such builtin yet")
	})
	return len(rest) < len(own) && differ(opa, rest) == nil
}

// A way is how harvested modules are compiled.
type way struct {
	name    string
	version ast.RegoVersion
	strict  bool
}

// runModules compiles all policies among the strings of OPA's tests.
func (r *runner) runModules(module string) error {
	modules, err := harvest(module, wholeModules)
	if err != nil {
		return err
	}
	for _, way := range []way{{"modules-v1", ast.RegoV1, false}, {"modules-v0", ast.RegoV0, false}, {"modules-strict", ast.RegoV1, true}} {
		r.runWay(way, modules)
	}
	return nil
}

// runStatements compiles what else in the tests of the parser and the compiler is Rego, or was meant to be.
func (r *runner) runStatements(module string) error {
	modules, err := harvest(module, statements, "v1/ast", "v1/format", "v1/rego", "v1/topdown")
	if err != nil {
		return err
	}
	for _, way := range []way{{"rules-v1", ast.RegoV1, false}, {"rules-v0", ast.RegoV0, false}} {
		r.runWay(way, modules)
	}
	return nil
}

func (r *runner) runWay(way way, modules []harvested) {
	table := newTable(way.name)
	kinds := map[string]int{}
	for _, one := range modules {
		r.take(table, filepath.Dir(one.name), filepath.Base(one.name), func() (error, string) {
			c := compilation{modules: map[string]string{"module.rego": one.source}, version: way.version, strict: way.strict}
			problem, excuse := c.judge()
			kinds[kindOf(problem, excuse)]++
			return problem, excuse
		})
	}
	table.print(r.only != "")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Printf("  %-14s %-40s %5d\n", way.name, kind, kinds[kind])
	}
}

func kindOf(problem error, excuse string) string {
	var found *difference
	switch {
	case problem == nil:
		return "equal"
	case excuse != "":
		return excuse
	case errors.As(problem, &found):
		return found.kind
	}
	return "sark fails"
}
