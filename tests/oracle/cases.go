package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A step of tests/cases, as tests/cases/README.md describes it.
type step struct {
	Call   string
	Args   map[string]json.RawMessage
	Expect map[string]json.RawMessage
}

// Statuses that say something about Rego, and not about sark's own bounds, names and handles.
var opasOwn = map[string]bool{"COMPILATION_ERROR": true, "EVALUATION_ERROR": true, "CONFLICT": true}

// checkCases has OPA take the steps of engine and update, and fails where a case expects what OPA does not say.
func checkCases(ctx context.Context, files []string, out io.Writer) error {
	asked, wrong := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var document struct {
			Cases []struct {
				Name  string
				Steps []step
			}
		}
		if err := json.Unmarshal(text, &document); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, one := range document.Cases {
			w := newWorld()
			for number, step := range one.Steps {
				compared, err := w.take(ctx, &step)
				if compared {
					asked++
				}
				if err != nil {
					wrong++
					fmt.Fprintf(out, "%s: %s: step %d, %s: %v\n", filepath.Base(file), one.Name, number+1, step.Call, err)
				}
			}
		}
	}
	fmt.Fprintf(out, "%d answers of OPA compared with what the cases expect, %d differ\n", asked, wrong)
	if wrong > 0 {
		return fmt.Errorf("%d expectations are not OPA's", wrong)
	}
	return nil
}

// take tells whether OPA was asked, and what is wrong with the expectation.
func (w *world) take(ctx context.Context, s *step) (bool, error) {
	status := s.text(s.Expect, "error")
	if status != "" && !(opasOwn[status] && (status != "CONFLICT" || s.Expect["code"] != nil)) {
		return false, nil // sark refuses this by itself, and nothing comes of it
	}
	run, ok := w.calls()[s.Call]
	if !ok || w.foreign && s.Call != "engine.new" {
		return false, nil
	}
	answer, err := run(ctx, s)
	if err == errNotOPAs {
		return false, nil
	}
	if status == "" && err != nil {
		return true, fmt.Errorf("OPA fails: %v", err)
	}
	if status != "" {
		return true, w.checkError(s, err)
	}
	return answer != "", checkAnswer(s, answer)
}

func checkAnswer(s *step, answer string) error {
	want := ""
	switch value, ok := s.Expect["value"]; {
	case s.Expect["undefined"] != nil:
		want = "undefined"
	case !ok || answer == "":
		return nil
	case strings.HasSuffix(s.Call, "_json"):
		want = s.text(s.Expect, "value")
	default:
		var err error
		if want, err = normal(value); err != nil {
			return err
		}
		if answer != "undefined" {
			if answer, err = normal([]byte(answer)); err != nil {
				return err
			}
		}
	}
	if want != answer {
		return fmt.Errorf("the case expects %s, OPA says %s", want, answer)
	}
	return nil
}

// normal is JSON with sorted keys, and numbers as values: the cases take 1 and 1.0 for equal.
func normal(text []byte) (string, error) {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return "", err
	}
	return compact(value)
}

var column = regexp.MustCompile(`^([^:]+:\d+):\d+: `)

// checkError compares code, message and place. sark's texts have the column, OPA's do not.
func (w *world) checkError(s *step, err error) error {
	if err == nil {
		return fmt.Errorf("the case expects an error, OPA has none")
	}
	code, message, row, col := describe(err)
	if want := s.text(s.Expect, "code"); want != "" && want != code {
		return fmt.Errorf("the case expects code %s, OPA says %s: %v", want, code, err)
	}
	if want := column.ReplaceAllString(s.text(s.Expect, "message"), "$1: "); want != "" && !strings.Contains(message, want) {
		return fmt.Errorf("the case expects %q, OPA says %q", want, message)
	}
	for name, got := range map[string]int{"row": row, "col": col} {
		if want := string(s.Expect[name]); want != "" && want != fmt.Sprint(got) {
			return fmt.Errorf("the case expects %s %s, OPA says %d: %v", name, want, got, err)
		}
	}
	return nil
}

func (s *step) text(from map[string]json.RawMessage, name string) string {
	var value string
	if json.Unmarshal(from[name], &value) != nil {
		return ""
	}
	return value
}

func (s *step) arg(name string) string { return s.text(s.Args, name) }

// document is the JSON under a name, or the text under "json"; nil where neither is there.
func (s *step) document(name string) []byte {
	if value, ok := s.Args[name]; ok {
		return value
	}
	if _, ok := s.Args["json"]; ok {
		return []byte(s.arg("json"))
	}
	return nil
}
