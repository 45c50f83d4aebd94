package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/util"
	sark "github.com/sark-policy/sark/bindings/go"
)

// A panic of the library is its own verdict: there must be none.
var errPanic = errors.New("PANIC")

// judge is nil where sark does with a case what OPA's runner wants.
func judge(tc *cases.TestCase, s *suite) error {
	for k, v := range tc.Env {
		os.Setenv(k, v)
		defer os.Unsetenv(k)
	}
	engine, err := sark.NewEngine(sark.EngineOptions{RegoVersion: s.version})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.AllowNet([]string{"*", "0.0.0.0/0", "::/0"}); err != nil {
		return err
	}
	if err := load(engine, tc, s); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	results, err := ask(engine, tc)
	if errors.Is(err, sark.ErrInternal) {
		return fmt.Errorf("%w: %w", errPanic, err)
	}
	switch {
	case tc.WantError != nil && (err == nil || !strings.Contains(textOf(err), *tc.WantError)):
		return fmt.Errorf("want error %q, got %v, %s", *tc.WantError, err, results)
	case tc.WantErrorCode != nil && codeOf(err) != *tc.WantErrorCode:
		return fmt.Errorf("want code %q, got %v, %s", *tc.WantErrorCode, err, results)
	case err != nil && tc.WantError == nil && tc.WantErrorCode == nil:
		return err
	case err == nil && tc.WantResult != nil:
		return compare(tc, results)
	}
	return nil
}

func load(engine *sark.Engine, tc *cases.TestCase, s *suite) error {
	if tc.Data != nil {
		if err := engine.SetData(*tc.Data); err != nil {
			return err
		}
	}
	modules := map[string]string{}
	for i, module := range tc.Modules {
		modules[fmt.Sprintf("test-%d.rego", i)] = withKeywords(module, s.keywords)
	}
	return engine.LoadPolicies(modules)
}

var packageLine = regexp.MustCompile(`(?m)^\s*package\s+[^\s#;]+`)

// withKeywords imports future keywords on the package's own line, so that rows stay.
func withKeywords(module string, keywords []string) string {
	for _, keyword := range keywords {
		if strings.Contains(module, "import future.keywords."+keyword) {
			continue
		}
		if at := packageLine.FindStringIndex(module); at != nil {
			module = module[:at[1]] + " import future.keywords." + keyword + module[at[1]:]
		}
	}
	return module
}

func ask(engine *sark.Engine, tc *cases.TestCase) ([]byte, error) {
	options := sark.EvaluateOptions{StrictBuiltinErrors: tc.StrictError, RegoVersion: sark.RegoV1, Timeout: 20 * time.Second}
	query := tc.Query
	var input []byte
	switch {
	case tc.InputTerm != nil:
		query += " with input as " + *tc.InputTerm
	case tc.Input != nil:
		var err error
		if input, err = json.Marshal(*tc.Input); err != nil {
			return nil, err
		}
	}
	return engine.QueryJSON(query, input, options)
}

var column = regexp.MustCompile(`(\.rego:\d+):\d+: `)

// textOf is an error's text as OPA writes it: without the column.
func textOf(err error) string { return column.ReplaceAllString(err.Error(), "$1: ") }

func codeOf(err error) string {
	var failed *sark.Error
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

// compare takes results for a set of objects of bindings, as OPA's runner does.
func compare(tc *cases.TestCase, text []byte) error {
	want := ast.NewSet()
	for _, bindings := range *tc.WantResult {
		object := ast.NewObject()
		for name, value := range bindings {
			object.Insert(ast.StringTerm(name), ast.NewTerm(ast.MustInterfaceToValue(value)))
		}
		want.Add(ast.NewTerm(object))
	}
	var results []map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&results); err != nil {
		return fmt.Errorf("%w in %s", err, text)
	}
	got := ast.NewSet()
	for _, bindings := range results {
		object := ast.NewObject()
		for name, value := range bindings {
			if list, ok := value.([]any); ok && tc.SortBindings {
				slices.SortFunc(list, util.Compare)
			}
			object.Insert(ast.StringTerm(name), ast.NewTerm(ast.MustInterfaceToValue(value)))
		}
		got.Add(ast.NewTerm(object))
	}
	if want.Compare(got) != 0 {
		return fmt.Errorf("want %v, got %v", want, got)
	}
	return nil
}
