package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

const longestRequest = 64 << 20

func decide(ctx context.Context, policies, data, requests, path string, out io.Writer) error {
	query, err := prepare(ctx, policies, data, path)
	if err != nil {
		return err
	}
	file, err := os.Open(requests)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, longestRequest)
	for lines.Scan() {
		if _, err := fmt.Fprintln(out, answer(ctx, query, lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func prepare(ctx context.Context, policies, data, path string) (*rego.PreparedEvalQuery, error) {
	text, err := os.ReadFile(data)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := util.UnmarshalJSON(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", data, err)
	}
	files, err := filepath.Glob(filepath.Join(policies, "*.rego"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no policies in %s", policies)
	}
	options := []func(*rego.Rego){
		rego.Query(path),
		rego.SetRegoVersion(ast.RegoV1),
		rego.Store(inmem.NewFromObject(document)),
	}
	for _, file := range files {
		module, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		options = append(options, rego.Module(file, string(module)))
	}
	query, err := rego.New(options...).PrepareForEval(ctx)
	return &query, err
}

// answer is one line: JSON, "undefined", or "error CODE" with the code that OPA's server would report.
func answer(ctx context.Context, query *rego.PreparedEvalQuery, request []byte) string {
	input, err := ast.ValueFromReader(bytes.NewReader(request))
	if err != nil {
		return "error invalid_input"
	}
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return "error " + code(err)
	}
	if len(results) == 0 {
		return "undefined"
	}
	text, err := compact(results[0].Expressions[0].Value)
	if err != nil {
		return "error invalid_result"
	}
	return text
}

func code(err error) string {
	var evaluation *topdown.Error
	if errors.As(err, &evaluation) {
		return evaluation.Code
	}
	return "internal_error"
}

// compact writes sorted keys without spaces and, unlike json.Marshal, leaves <, > and & alone.
func compact(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return string(bytes.TrimRight(text.Bytes(), "\n")), nil
}
