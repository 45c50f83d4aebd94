package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
)

// callTime is the clock of all calls.
const callTime = 1_700_000_000_000_000_000

// builtinCall is one line of input. Strings are written in hexadecimal, since they need not be UTF-8; see callTerm.
type builtinCall struct {
	Name string            `json:"name"`
	Args []json.RawMessage `json:"args"`
}

// builtinAnswer is one line of output: a value as Rego writes it, that there is none, an error with its code, or a panic of OPA's.
type builtinAnswer struct {
	Value     *string `json:"v,omitempty"`
	Undefined bool    `json:"u,omitempty"`
	Code      string  `json:"e,omitempty"`
	Message   string  `json:"m,omitempty"`
	Panic     string  `json:"p,omitempty"`
}

// answerCalls answers calls of builtins, a line each, outside any policy.
func answerCalls(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<28)
	encoder := json.NewEncoder(out)
	values := cache.NewInterQueryValueCache(ctx, nil)
	for lines.Scan() {
		var call builtinCall
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			return err
		}
		answer, err := answerCall(ctx, &call, values)
		if err != nil {
			return err
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answerCall(ctx context.Context, call *builtinCall, values cache.InterQueryValueCache) (answer *builtinAnswer, err error) {
	function := topdown.GetBuiltin(call.Name)
	if function == nil {
		return nil, fmt.Errorf("OPA has no builtin %s", call.Name)
	}
	operands := make([]*ast.Term, 0, len(call.Args))
	for _, arg := range call.Args {
		term, err := callTerm(arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", call.Name, err)
		}
		operands = append(operands, term)
	}
	defer func() {
		if problem := recover(); problem != nil {
			answer = &builtinAnswer{Panic: fmt.Sprint(problem)}
		}
	}()
	var results []*ast.Term
	err = function(callContext(ctx, values), operands, func(result *ast.Term) error {
		results = append(results, result)
		return nil
	})
	if err != nil {
		return callError(call.Name, err), nil
	}
	if builtin := ast.BuiltinMap[call.Name]; builtin.Relation {
		results = []*ast.Term{ast.ArrayTerm(results...)}
	}
	if len(results) == 0 {
		return &builtinAnswer{Undefined: true}, nil
	}
	text := hex.EncodeToString([]byte(results[0].Value.String()))
	return &builtinAnswer{Value: &text}, nil
}

func callContext(ctx context.Context, values cache.InterQueryValueCache) topdown.BuiltinContext {
	return topdown.BuiltinContext{
		Context: ctx, Metrics: metrics.New(), Seed: rand.New(rand.NewSource(1)), Time: ast.NumberTerm(json.Number(fmt.Sprint(callTime))),
		Cancel: topdown.NewCancel(), Cache: builtins.Cache{}, InterQueryBuiltinValueCache: values, Capabilities: capabilities(nil),
	}
}

// callError is the code and the text of an error, without the builtin's name before it.
func callError(name string, err error) *builtinAnswer {
	code, message := "halt", err.Error()
	var coded *topdown.Error
	if errors.As(err, &coded) {
		code, message = coded.Code, strings.TrimPrefix(coded.Message, name+": ")
	}
	return &builtinAnswer{Code: code, Message: hex.EncodeToString([]byte(message))}
}

// callTerm reads null, true, false, {"s": hexadecimal}, {"n": number}, {"a": elements}, {"t": elements of a set} or {"o": pairs}.
func callTerm(text json.RawMessage) (*ast.Term, error) {
	switch string(text) {
	case "null":
		return ast.NullTerm(), nil
	case "true", "false":
		return ast.BooleanTerm(string(text) == "true"), nil
	}
	var form struct {
		String *string              `json:"s"`
		Number *json.Number         `json:"n"`
		Array  []json.RawMessage    `json:"a"`
		Set    *[]json.RawMessage   `json:"t"`
		Object *[][]json.RawMessage `json:"o"`
	}
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, err
	}
	switch {
	case form.String != nil:
		bytes, err := hex.DecodeString(*form.String)
		return ast.StringTerm(string(bytes)), err
	case form.Number != nil:
		return ast.NumberTerm(*form.Number), nil
	case form.Set != nil:
		terms, err := callTerms(*form.Set)
		return ast.SetTerm(terms...), err
	case form.Object != nil:
		object := ast.NewObject()
		for _, pair := range *form.Object {
			terms, err := callTerms(pair)
			if err != nil || len(terms) != 2 {
				return nil, fmt.Errorf("a pair is a key and a value: %w", err)
			}
			object.Insert(terms[0], terms[1])
		}
		return ast.NewTerm(object), nil
	}
	terms, err := callTerms(form.Array)
	return ast.ArrayTerm(terms...), err
}

func callTerms(texts []json.RawMessage) ([]*ast.Term, error) {
	terms := make([]*ast.Term, 0, len(texts))
	for _, text := range texts {
		term, err := callTerm(text)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
	return terms, nil
}
