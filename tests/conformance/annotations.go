package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	astjson "github.com/open-policy-agent/opa/v1/ast/json"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/test/cases"
	sark "github.com/sark-policy/sark/bindings/go"
)

// runAnnotations compares what OPA and sark say of the annotations of all policies among OPA's tests, those of its cases of evaluation
// among them: as `opa inspect --annotations` says it, and as rego.metadata.chain() gives it.
func (r *runner) runAnnotations(module string) error {
	astjson.SetOptions(astjson.Options{MarshalOptions: astjson.MarshalOptions{IncludeLocation: astjson.NodeToggle{AnnotationsRef: true}}})
	modules, err := harvest(module, wholeModules)
	if err != nil {
		return err
	}
	table := newTable("annotations")
	for _, one := range modules {
		r.compareAnnotations(table, filepath.Dir(one.name), filepath.Base(one.name), map[string]string{"module.rego": one.source})
	}
	set, err := cases.Load(filepath.Join(module, "v1", "test", "cases", "testdata", "v1"))
	if err != nil {
		return err
	}
	for _, tc := range set.Sorted().Cases {
		sources := map[string]string{}
		for i, source := range tc.Modules {
			sources[fmt.Sprintf("test-%d.rego", i)] = source
		}
		r.compareAnnotations(table, folderOf(tc), tc.Note, sources)
	}
	table.print(r.only != "")
	return nil
}

// compareAnnotations leaves out what OPA does not compile, and what has no annotation.
func (r *runner) compareAnnotations(table *table, folder, note string, sources map[string]string) {
	c := compilation{modules: sources, version: ast.RegoV1}
	compiler, errs := c.compiled()
	if len(errs) > 0 || len(compiler.GetAnnotationSet().Flatten()) == 0 {
		return
	}
	r.take(table, folder, note, func() (error, string) { return c.judgeAnnotations(compiler), "" })
}

func (c *compilation) judgeAnnotations(compiler *ast.Compiler) error {
	engine, err := sark.NewEngine(sark.EngineOptions{RegoVersion: versions[c.version]})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.LoadPolicies(c.modules); err != nil {
		return err
	}
	own, err := engine.Inspect()
	if err != nil {
		return err
	}
	if err := sameJSON(compiler.GetAnnotationSet().Flatten(), own.Annotations); err != nil {
		return err
	}
	return c.judgeChains()
}

// judgeChains has a rule of its own below each annotation of a rule, and compares what the chains of those rules give.
func (c *compilation) judgeChains() error {
	asked := compilation{modules: map[string]string{}, version: c.version}
	for name, source := range c.modules {
		asked.modules[name] = asking(source)
	}
	compiler, errs := asked.compiled()
	if len(errs) > 0 {
		return nil // rules of one path are not side by side any more
	}
	engine, err := sark.NewEngine(sark.EngineOptions{RegoVersion: versions[c.version]})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.LoadPolicies(asked.modules); err != nil {
		return err
	}
	for _, module := range compiler.Modules {
		for _, rule := range module.Rules {
			if !strings.HasPrefix(string(rule.Head.Name), chainRule) {
				continue
			}
			path := rule.Ref().String()
			set, err := rego.New(rego.Compiler(compiler), rego.Query(path)).Eval(context.Background())
			if err != nil {
				return err
			}
			own, err := engine.EvaluateJSON(path, []byte("null"))
			if err != nil {
				return err
			}
			if err := sameJSON(set[0].Expressions[0].Value, json.RawMessage(own)); err != nil {
				return err
			}
		}
	}
	return nil
}

const chainRule = "chain_of_annotations_"

var annotationOfRule = regexp.MustCompile(`(?m)^# *METADATA.*\n(?:#.*\n)+`)

// asking puts a rule below each annotation that is not about a package.
func asking(source string) string {
	var out strings.Builder
	at := 0
	for i, found := range annotationOfRule.FindAllStringIndex(source, -1) {
		out.WriteString(source[at:found[1]])
		at = found[1]
		if strings.Contains(source[:found[0]], "package") {
			fmt.Fprintf(&out, "%s%d := [rego.metadata.chain(), rego.metadata.rule()]\n\n", chainRule, i)
		}
	}
	return out.String() + source[at:]
}

func sameJSON(opa, own any) error {
	var decoded [2]any
	var texts [2][]byte
	for i, value := range []any{opa, own} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &decoded[i]); err != nil {
			return err
		}
		texts[i] = text
	}
	if !reflect.DeepEqual(decoded[0], decoded[1]) {
		return fmt.Errorf("annotations differ\n    OPA:  %s\n    sark: %s", texts[0], texts[1])
	}
	return nil
}
