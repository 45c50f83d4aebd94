package sark

/*
#include <sark.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"time"
)

// TestOptions say which tests run, and how.
type TestOptions struct {
	// Run is a regular expression: only tests run in whose name with its package, "data.a.test_b", it matches. Empty: all.
	Run     string
	Timeout time.Duration // of one test, 5 s by default; NoTimeout: none
}

// TestPlace is a place in a policy.
type TestPlace struct {
	File   string `json:"file"` // the policy's name
	Row    int    `json:"row"`  // from 1
	Column int    `json:"col"`  // from 1
}

// TestError is what a test's evaluation ended with.
type TestError struct {
	Code     string     `json:"code"` // OPA's: "eval_conflict_error", "eval_cancel_error" for a timeout, …
	Message  string     `json:"message"`
	Location *TestPlace `json:"location,omitempty"`
}

func (e *TestError) Error() string { return e.Code + ": " + e.Message }

// TestFailure is the expression that kept a test, or a case of it, from a value.
type TestFailure struct {
	Location TestPlace `json:"location"`
	Text     string    `json:"text"`
}

// SubResult is a case of a test, "test_a[note]".
type SubResult struct {
	Name       string               `json:"name,omitempty"`
	Fail       bool                 `json:"fail,omitempty"`
	Failure    *TestFailure         `json:"failure,omitempty"`
	SubResults map[string]SubResult `json:"sub_results,omitempty"`
}

// TestResult is what a test came to. Its JSON is that of `opa test --format=json`, and Failure and OutputDropped beside it.
type TestResult struct {
	Location   TestPlace            `json:"location"`
	Package    string               `json:"package"` // "data.a"
	Name       string               `json:"name"`    // "test_b"; "test_b#01" for the second of the name
	Fail       bool                 `json:"fail,omitempty"`
	Error      *TestError           `json:"error,omitempty"`
	Skip       bool                 `json:"skip,omitempty"` // "todo_test_b"
	Duration   time.Duration        `json:"duration"`
	Output     []byte               `json:"output,omitempty"` // what it printed
	SubResults map[string]SubResult `json:"sub_results,omitempty"`
	Failure    *TestFailure         `json:"failure,omitempty"`
	// OutputDropped is how many bytes it printed beyond 1 MiB.
	OutputDropped uint64 `json:"output_dropped,omitempty"`
}

// Pass tells whether the test passed.
func (r TestResult) Pass() bool { return !r.Fail && !r.Skip && r.Error == nil }

// String is the test and its outcome, for people.
func (r TestResult) String() string {
	name := r.Package + "." + r.Name
	switch {
	case r.Skip:
		return name + ": SKIPPED"
	case r.Error != nil:
		return fmt.Sprintf("%s: ERROR (%s:%d): %v", name, r.Location.File, r.Location.Row, r.Error)
	case r.Fail && r.Failure != nil:
		return fmt.Sprintf("%s: FAIL (%s:%d): %s", name, r.Failure.Location.File, r.Failure.Location.Row, r.Failure.Text)
	case r.Fail:
		return fmt.Sprintf("%s: FAIL (%s:%d)", name, r.Location.File, r.Location.Row)
	}
	return name + ": PASS"
}

// RunTests runs the tests among the policies, the rules whose names begin with "test_", over the present policies and data, in the
// order of the policies' names. What goes wrong in a test is in its result. It fails with ErrInvalidArgument for a regular expression
// that is none, and with ErrCompilation where print() has an operand that nothing declares.
func (e *Engine) RunTests(options ...TestOptions) ([]TestResult, error) {
	out := newBuffer()
	defer out.release()
	failed := e.runTests(out, last(options), false)
	return unmarshal[[]TestResult](out, failed)
}

// TestReport is what tests came to, and what they covered.
type TestReport struct {
	Results  []TestResult `json:"results"`
	Coverage Coverage     `json:"coverage"`
}

// Coverage is what tests covered, in the shape of `opa test --coverage`.
type Coverage struct {
	Files           map[string]FileCoverage `json:"files"` // by the policies' names
	CoveredLines    int                     `json:"covered_lines"`
	NotCoveredLines int                     `json:"not_covered_lines"`
	Percentage      float64                 `json:"coverage"`
}

// FileCoverage is what tests covered of one policy.
type FileCoverage struct {
	Covered         []CoverageRange `json:"covered,omitempty"`
	NotCovered      []CoverageRange `json:"not_covered,omitempty"`
	CoveredLines    int             `json:"covered_lines,omitempty"`
	NotCoveredLines int             `json:"not_covered_lines,omitempty"`
	Percentage      float64         `json:"coverage,omitempty"`
}

// CoverageRange is a part of a policy. Kinds says why it was not covered, where that is known: "index_excluded", "early_exit".
type CoverageRange struct {
	Start CoveragePosition `json:"start"`
	End   CoveragePosition `json:"end"`
	Kinds []string         `json:"kinds,omitempty"`
}

// CoveragePosition is a row and a column, from 1.
type CoveragePosition struct {
	Row    int `json:"row"`
	Column int `json:"col"`
}

// CoverTests is RunTests, and says what of the policies the tests covered. Each test is run three times, as OPA runs it, to tell why
// something was not covered.
func (e *Engine) CoverTests(options ...TestOptions) (TestReport, error) {
	out := newBuffer()
	defer out.release()
	failed := e.runTests(out, last(options), true)
	return unmarshal[TestReport](out, failed)
}

func (e *Engine) runTests(out *buffer, options TestOptions, coverage bool) error {
	raw := C.sark_test_options{struct_size: C.sizeof_sark_test_options, timeout_ns: nanoseconds(options.Timeout)}
	if coverage {
		raw.coverage = 1
	}
	runPointer, runLength := textOrNull(options.Run)
	var failed *C.sark_error
	status := C.sark_engine_run_tests(e.handle, runPointer, runLength, &raw, out.handle, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}
