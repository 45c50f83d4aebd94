package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	sark "github.com/sark-policy/sark/bindings/go"
)

// Where OPA goes through a map, what it gives may differ each time: so often it is asked for what sark has given.
const tries = 40

// A call asks OPA and sark for what a builtin gives.
type call struct {
	query    string
	prepared rego.PreparedEvalQuery
	engine   *sark.Engine
}

// An answer is a value, or an error's code and message.
type answer struct {
	value         any
	code, message string
}

func newCall(name string, arity int) (*call, error) {
	operands := make([]string, arity)
	for i := range operands {
		operands[i] = fmt.Sprintf("input[%d]", i)
	}
	c := &call{query: fmt.Sprintf("x := %s(%s)", name, strings.Join(operands, ", "))}
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = []string{}
	var err error
	c.prepared, err = rego.New(rego.Query(c.query), rego.StrictBuiltinErrors(true), rego.Capabilities(capabilities)).PrepareForEval(context.Background())
	if err != nil {
		return nil, err
	}
	c.engine, err = sark.NewEngine(sark.EngineOptions{})
	return c, err
}

// judge is nil where sark gives what OPA may give.
func (c *call) judge(operands ...any) error {
	input, err := json.Marshal(operands)
	if err != nil {
		return err
	}
	own, err := c.ofSark(input)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for range tries {
		other := c.ofOPA(operands)
		if equalAnswers(own, other) {
			return nil
		}
		seen[fmt.Sprint(other)] = true
	}
	opas := slices.Sorted(maps.Keys(seen))
	return fmt.Errorf("OPA gives %s, sark %v, for %s", strings.Join(opas, " or "), own, input)
}

func (c *call) ofOPA(operands []any) answer {
	results, err := c.prepared.Eval(context.Background(), rego.EvalInput(operands))
	var failed *topdown.Error
	switch {
	case errors.As(err, &failed):
		return answer{code: failed.Code, message: failed.Message}
	case err != nil:
		return answer{message: err.Error()}
	case len(results) == 0:
		return answer{}
	}
	return answer{value: results[0].Bindings["x"]}
}

func (c *call) ofSark(input []byte) (answer, error) {
	text, err := c.engine.QueryJSON(c.query, input, sark.EvaluateOptions{StrictBuiltinErrors: true, Timeout: time.Minute})
	if errors.Is(err, sark.ErrInternal) {
		return answer{}, fmt.Errorf("%w: %w", errPanic, err)
	}
	var failed *sark.Error
	if errors.As(err, &failed) {
		return answer{code: failed.Code, message: failed.Message}, nil
	}
	var results []map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&results); err != nil || len(results) == 0 {
		return answer{}, err
	}
	return answer{value: results[0]["x"]}, nil
}

// Go tells where in memory it keeps a tag that it wanted.
var address = regexp.MustCompile(`tag:0x[0-9a-f]+`)

// equalAnswers takes the lists of what is wrong for sets, and a message of sark's as one that may say where it is.
func equalAnswers(own, other answer) bool {
	plain := func(message string) string { return address.ReplaceAllString(message, "tag:0x") }
	if own.code != other.code || !strings.Contains(plain(own.message), plain(other.message)) {
		return false
	}
	return sortedText(own.value) == sortedText(other.value)
}

func sortedText(value any) string {
	if pair, ok := value.([]any); ok && len(pair) == 2 {
		if list, ok := pair[1].([]any); ok {
			texts := make([]string, len(list))
			for i, one := range list {
				texts[i] = sortedText(one)
			}
			slices.Sort(texts)
			return fmt.Sprint(pair[0], texts)
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}
