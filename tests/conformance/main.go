// Command conformance runs OPA's own test suite through sark's C ABI.
//
//	conformance [-known FILE] [-part PART] [-only TEXT] [-v] [-n NUMBER] [-seed NUMBER]
//
// Its parts are
//
//	cases       OPA's cases of evaluation, judged as OPA's own runner judges them (v1/topdown/exported_test.go): the set of bindings,
//	            values with their numbers, error codes and messages
//	compile     OPA's cases of what the compiler refuses (v1/test/compilecases)
//	modules     all policies among the strings of OPA's tests, compiled by OPA and by sark: every error is compared
//	statements  the same for the rules among those strings
//	annotations what those policies say in annotations, as `opa inspect` has it and as rego.metadata gives it
//	schemas     policies that are checked by JSON schemas: those of OPA's tests, and some of this directory's own
//	graphql     the builtins graphql.*, with the queries and schemas of the tests of the library that OPA has for them
//	network     http.send, with requests to servers that the run starts: a list, what is kept between queries, and drawn ones
//	mutations   modules and rules of both that are changed at random; not part of the whole, since OPA's own answers vary
//
// All of it is read from OPA's Go module, at the version that go.mod pins; nothing of it is kept here. What is known to fail stands in a
// file with a reason each; a case that fails and is not there, or is there and passes, fails the run.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/open-policy-agent/opa/v1/test/cases"
	sark "github.com/sark-policy/sark/bindings/go"
)

// A suite is one folder of OPA's cases under one set of options.
type suite struct {
	name     string
	folder   string
	version  sark.RegoVersion
	keywords []string // imported into each module, as OPA's runner turns them on for all
}

var suites = []suite{
	{name: "v1", folder: "v1", version: sark.RegoV1},
	{name: "v0", folder: "v0", version: sark.RegoV0},
	{name: "v1-not", folder: "v1", version: sark.RegoV1, keywords: []string{"not"}},
	{name: "v0-not", folder: "v0", version: sark.RegoV0, keywords: []string{"not"}},
}

func main() {
	knownFile := flag.String("known", "known.txt", "what is known to fail")
	only := flag.String("only", "", "run the cases whose name holds this text, and say what is wrong with them")
	part := flag.String("part", "all", "cases, compile, modules, statements, annotations, schemas, graphql, documents, certificates, network, mutations, or all but mutations")
	verbose := flag.Bool("v", false, "say what is wrong with each failing case")
	mutations := flag.Int("n", 2000, "how many modules, schemas and certificates are changed or drawn at random")
	seed := flag.Uint64("seed", 1, "of the random changes")
	flag.Parse()
	known, err := readKnown(*knownFile)
	if err == nil {
		err = run(&runner{known: known, only: *only, verbose: *verbose || *only != "", mutations: *mutations, seed: *seed}, *part)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// A runner judges cases by what is known.
type runner struct {
	known     map[string]string
	only      string
	verbose   bool
	bad       int
	mutations int
	seed      uint64
}

func run(r *runner, part string) error {
	module, err := opaModule()
	if err != nil {
		return err
	}
	for _, one := range []struct {
		name string
		run  func(string) error
	}{{"cases", r.runCases}, {"compile", r.runCompileCases}, {"modules", r.runModules}, {"statements", r.runStatements}, {"annotations", r.runAnnotations}, {"schemas", r.runSchemas}, {"graphql", r.runGraphql}, {"documents", r.runDocuments}, {"certificates", r.runCertificates}, {"network", r.runNetwork}, {"mutations", r.runMutations}} {
		if part != one.name && (part != "all" || one.name == "mutations") {
			continue
		}
		if err := one.run(module); err != nil {
			return err
		}
	}
	if r.bad > 0 {
		return fmt.Errorf("%d cases are not as known.txt says", r.bad)
	}
	return nil
}

// runCases has sark evaluate OPA's own cases of evaluation.
func (r *runner) runCases(module string) error {
	for _, s := range suites {
		table := newTable(s.name)
		set, err := cases.Load(filepath.Join(module, "v1", "test", "cases", "testdata", s.folder))
		if err != nil {
			return err
		}
		for _, tc := range set.Sorted().Cases {
			r.take(table, folderOf(tc), tc.Note, func() (error, string) { return judge(&tc, &s), "" })
		}
		table.print(r.only != "")
	}
	return nil
}

// take judges one case and counts it. A judge may excuse what it finds, where the cause is known and has no line in known.txt.
func (r *runner) take(table *table, folder, note string, judge func() (problem error, excuse string)) {
	name := table.name + "/" + folder + "/" + note
	if !strings.Contains(name, r.only) {
		return
	}
	problem, excuse := judge()
	reason := r.known[name]
	if reason == "" {
		reason = excuse
	}
	verdict := table.add(folder, problem, reason)
	if verdict == unexpected {
		r.bad++
	}
	if verdict == unexpected || (r.verbose && problem != nil) {
		fmt.Printf("%s: %v\n", name, describe(problem, reason))
	}
}

func folderOf(tc cases.TestCase) string { return filepath.Base(filepath.Dir(tc.Filename)) }

// sourceDir is the directory of this module. The go command has to run inside it, wherever the caller is.
func sourceDir() string {
	_, source, _, _ := runtime.Caller(0)
	return filepath.Dir(source)
}

// opaModule is the directory of OPA's module.
func opaModule() (string, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa")
	list.Dir = sourceDir()
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
