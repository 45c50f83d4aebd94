// Decide the gateway's requests with sark, from Go.
//
// Usage: demo_go POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE    (see demo.py)
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

type summary struct {
	Language  string          `json:"language"`
	Decisions int             `json:"decisions"`
	Allowed   int             `json:"allowed"`
	Denied    int             `json:"denied"`
	Undefined int             `json:"undefined"`
	Errors    int             `json:"errors"`
	Seconds   float64         `json:"seconds"`
	ACI       json.RawMessage `json:"aci"`
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: demo_go POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		fmt.Fprintln(os.Stderr, "demo_go:", err)
		os.Exit(1)
	}
}

func run(policies, data, requestsFile, aci, output string) error {
	text, err := os.ReadFile(requestsFile)
	if err != nil {
		return err
	}
	requests := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	told := summary{Language: "go", Decisions: len(requests)}
	lines, err := decideAll(policies, data, requests, &told)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output, append(bytes.Join(lines, []byte("\n")), '\n'), 0o644); err != nil {
		return err
	}
	if err := count(lines, &told); err != nil {
		return err
	}
	if told.ACI, err = decideACI(aci); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func decideAll(policies, data string, requests [][]byte, told *summary) ([][]byte, error) {
	engine, err := load(policies, data, sark.EngineOptions{})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	query, err := engine.Prepare("data.gateway.decision")
	if err != nil {
		return nil, err
	}
	defer query.Close()

	lines := make([][]byte, len(requests))
	started := time.Now()
	for i, request := range requests {
		if lines[i], err = decide(query, request); err != nil {
			return nil, err
		}
	}
	told.Seconds = time.Since(started).Seconds()
	return lines, nil
}

// decide gives a request's decision as a line.
func decide(query *sark.Query, request []byte) ([]byte, error) {
	result, err := query.EvaluateJSON(request)
	var failed *sark.Error
	switch {
	case err == nil:
		return result, nil
	case errors.Is(err, sark.ErrUndefined):
		return []byte("undefined"), nil
	case errors.As(err, &failed):
		return []byte("error " + failed.Status.String()), nil
	}
	return nil, err
}

// decideACI decides Azure's confidential container policy, which is written in Rego v0.
func decideACI(directory string) ([]byte, error) {
	options := sark.EngineOptions{RegoVersion: sark.RegoV0}
	engine, err := load(directory, filepath.Join(directory, "data.json"), options)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	input, err := os.ReadFile(filepath.Join(directory, "input.json"))
	if err != nil {
		return nil, err
	}
	return engine.EvaluateJSON("data.framework.mount_overlay", input)
}

// load makes an engine with every policy of a directory, named after its file, and with the data.
func load(directory, data string, options sark.EngineOptions) (*sark.Engine, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.rego"))
	if err != nil {
		return nil, err
	}
	policies := map[string]string{}
	for _, file := range files {
		rego, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		policies[strings.TrimSuffix(filepath.Base(file), ".rego")] = string(rego)
	}
	document, err := os.ReadFile(data)
	if err != nil {
		return nil, err
	}
	engine, err := sark.NewEngine(options)
	if err != nil {
		return nil, err
	}
	return engine, errors.Join(engine.LoadPolicies(policies), engine.SetDataJSON(document))
}

func count(lines [][]byte, told *summary) error {
	for _, line := range lines {
		var decision struct{ Allow any }
		switch {
		case bytes.Equal(line, []byte("undefined")):
			told.Undefined++
			continue
		case bytes.HasPrefix(line, []byte("error ")):
			told.Errors++
			continue
		case bytes.HasPrefix(line, []byte("{")):
			if err := json.Unmarshal(line, &decision); err != nil {
				return err
			}
		}
		if decision.Allow == true {
			told.Allowed++
		} else {
			told.Denied++
		}
	}
	return nil
}
