package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/compilecases"
)

// judgeCompileCase is nil where sark refuses a case's modules as the case wants. The order is not part of a case.
func judgeCompileCase(tc *compilecases.TestCase) error {
	version, err := versionOf(tc.RegoVersion)
	if err != nil {
		return err
	}
	c := compilation{modules: map[string]string{}, version: version, strict: tc.Strict, prints: tc.PrintStatements}
	for i, module := range tc.Modules {
		c.modules[compilecases.ModuleName(i)] = module
	}
	got, err := c.bySark()
	if err != nil {
		return err
	}
	var missing []diagnostic
	for _, e := range tc.WantErrors {
		want := diagnostic{e.ModuleOrDefault(), e.Code, e.Row, e.Col, e.Message}
		at := slices.IndexFunc(got, func(d diagnostic) bool { return fits(want, d) })
		if at < 0 {
			missing = append(missing, want)
			continue
		}
		got = slices.Delete(got, at, at+1)
	}
	if len(missing) > 0 || tc.Exhaustive && len(got) > 0 {
		return fmt.Errorf("missing %v, and besides %v", missing, got)
	}
	return nil
}

func fits(want, got diagnostic) bool {
	if want.col == 0 {
		got.col = 0
	}
	return want == got
}

func versionOf(name string) (ast.RegoVersion, error) {
	switch name {
	case "v0":
		return ast.RegoV0, nil
	case "", "v1":
		return ast.RegoV1, nil
	}
	return ast.RegoUndefined, fmt.Errorf("sark has no version %s", name)
}

// runCompileCases has sark refuse what OPA's own cases of diagnostics refuse.
func (r *runner) runCompileCases(module string) error {
	for _, folder := range []string{"v1", "v0"} {
		set, err := compilecases.Load(filepath.Join(module, "v1", "test", "compilecases", "testdata", folder))
		if err != nil {
			return err
		}
		table := newTable("compile-" + folder)
		for _, tc := range set.Sorted().Cases {
			r.take(table, filepath.Base(filepath.Dir(tc.Filename)), tc.Note, func() (error, string) { return judgeCompileCase(&tc), "" })
		}
		table.print(r.only != "")
	}
	return nil
}
