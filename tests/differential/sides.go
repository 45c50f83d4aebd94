package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
	sark "github.com/sark-policy/sark/bindings/go"
)

// dataText is the base data of all modules.
const dataText = `{"d":{"a":1,"b":"b","list":[1,2,"a",null,1.0],"map":{"a":1,"b":[1,2],"c":{"a":"x"}},"users":{"alice":{"roles":["admin","dev"],"level":3},"bob":{"roles":["dev"],"level":1}},"t":true,"f":false}}`

const (
	undefined       = "undefined"
	refusedQuestion = "refused"
)

type refusal int

const (
	byNone refusal = iota
	byBoth
	byOPA
	bySark
)

// sides are one module, loaded on both.
type sides struct {
	compiler *ast.Compiler
	document map[string]any
	engine   *sark.Engine
	prepared map[string]*rego.PreparedEvalQuery
}

func (s *sides) close() { s.engine.Close() }

// options are the same for all modules: to make capabilities takes as long as to compile one.
var options = ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(true))}

func compileOPA(text string) (*ast.Compiler, error) {
	return ast.CompileModulesWithOpt(map[string]string{"p.rego": text}, ast.CompileOpts{ParserOptions: options})
}

func loadSark(text string) (*sark.Engine, error) {
	engine, err := sark.NewEngine(sark.EngineOptions{Timeout: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	if err := engine.LoadPolicy("p.rego", text); err != nil {
		engine.Close()
		return nil, err
	}
	return engine, engine.SetDataJSON([]byte(dataText))
}

// why is told each refusal of OPA, where somebody wants to know.
var why func(error)

func load(m *module) (*sides, refusal) {
	text := m.String()
	compiler, wrong := compileOPA(text)
	engine, bad := loadSark(text)
	if why != nil && wrong != nil {
		why(wrong)
	}
	switch {
	case wrong != nil && bad != nil:
		return nil, byBoth
	case wrong != nil:
		engine.Close()
		return nil, byOPA
	case bad != nil:
		return nil, bySark
	}
	var document map[string]any
	if err := util.UnmarshalJSON([]byte(dataText), &document); err != nil {
		panic(err)
	}
	return &sides{compiler: compiler, document: document, engine: engine, prepared: map[string]*rego.PreparedEvalQuery{}}, byNone
}

func loadErrors(m *module) (string, string) {
	_, bad := loadSark(m.String())
	if bad == nil {
		return "", ""
	}
	return strings.ReplaceAll(bad.Error(), "\n", " | "), ""
}

// ask gives each side's answer: JSON, "undefined", or "error CODE".
func (s *sides) ask(q *question) (opa, ours string) {
	return s.askOPA(q), s.askSark(q)
}

func (s *sides) askOPA(q *question) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	query, err := s.prepare(ctx, q)
	var results rego.ResultSet
	if err == nil {
		var options []rego.EvalOption
		if q.input != "" {
			input, err := ast.ValueFromReader(strings.NewReader(q.input))
			if err != nil {
				panic(err)
			}
			options = append(options, rego.EvalParsedInput(input))
		}
		results, err = query.Eval(ctx, options...)
	}
	if err != nil {
		var failed *topdown.Error
		var refused ast.Errors
		switch {
		case errors.As(err, &failed) && failed.Code == topdown.InternalErr:
			// A defect of OPA's own: it says that it should not happen.
			return refusedQuestion
		case errors.As(err, &failed):
			return "error " + failed.Code
		case errors.As(err, &refused) && refused[0].Code == ast.TypeErr:
			// The question itself does not type-check against the rules.
			return refusedQuestion
		}
		return "error " + err.Error()
	}
	if len(results) == 0 {
		return undefined
	}
	return canonical(results[0].Expressions[0].Value)
}

// prepare compiles a question once.
func (s *sides) prepare(ctx context.Context, q *question) (*rego.PreparedEvalQuery, error) {
	key := fmt.Sprint(q.path, q.strict)
	if known := s.prepared[key]; known != nil {
		return known, nil
	}
	query, err := rego.New(
		rego.Query(q.path),
		rego.Compiler(s.compiler),
		rego.Store(inmem.NewFromObject(s.document)),
		rego.StrictBuiltinErrors(q.strict),
	).PrepareForEval(ctx)
	if err == nil {
		s.prepared[key] = &query
	}
	return &query, err
}

func (s *sides) askSark(q *question) string {
	var input []byte
	if q.input != "" {
		input = []byte(q.input)
	}
	answer, err := s.engine.EvaluateJSON(q.path, input, sark.EvaluateOptions{StrictBuiltinErrors: q.strict})
	if errors.Is(err, sark.ErrUndefined) {
		return undefined
	}
	if err != nil {
		var failed *sark.Error
		if errors.As(err, &failed) && failed.Code != "" {
			return "error " + failed.Code
		}
		return "error " + err.Error()
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return "error decoding " + string(answer)
	}
	return canonical(value)
}

func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "error marshalling: " + err.Error()
	}
	return string(text)
}
