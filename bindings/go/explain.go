package sark

/*
#include <sark.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"time"
)

// Explain is how much of a decision is told.
type Explain uint32

const (
	ExplainDefault Explain = C.SARK_EXPLAIN_DEFAULT // the same as ExplainFull
	ExplainNotes   Explain = C.SARK_EXPLAIN_NOTES   // the calls of trace, and what led there
	ExplainFails   Explain = C.SARK_EXPLAIN_FAILS   // the expressions without a solution, and what led there
	ExplainFull    Explain = C.SARK_EXPLAIN_FULL    // every step but which terms were made equal
	ExplainDebug   Explain = C.SARK_EXPLAIN_DEBUG   // every step
)

// ExplainOptions are about one explanation.
type ExplainOptions struct {
	Explain             Explain
	Timeout             time.Duration // zero: the engine's; NoTimeout: none
	StrictBuiltinErrors bool          // a builtin's error fails the decision
	Info                *EvaluateInfo // filled where it is not nil and the call is not an error
}

// TraceEvent is a step on the way to a decision, in the shape of OPA's; Location is sark's.
type TraceEvent struct {
	Op       string          `json:"op"` // "enter", "exit", "eval", "redo", "fail", "duplicate", "note", "index", "unify"
	QueryID  uint64          `json:"query_id"`
	ParentID uint64          `json:"parent_id"`
	Type     string          `json:"type"` // of the node: "body", "expr", "rule"; empty for a note
	Node     json.RawMessage `json:"node"` // OPA's JSON of the syntax tree
	Locals   []TraceBinding  `json:"locals"`
	Message  string          `json:"message,omitempty"`
	Location *TraceLocation  `json:"location,omitempty"`
}

// TraceBinding is a variable and its value, as OPA's JSON has terms.
type TraceBinding struct {
	Key   json.RawMessage `json:"key"`
	Value json.RawMessage `json:"value"`
}

// TraceLocation is a place in a policy; in the query itself where File is empty.
type TraceLocation struct {
	File   string `json:"file"`
	Row    int    `json:"row"` // from 1
	Column int    `json:"col"` // from 1
}

// Explain decides as Evaluate does, and tells how it came to the decision, in lines as OPA prints them. The result is ErrUndefined's
// where the document is undefined: the lines are there all the same. It is for people, not for traffic.
func (e *Engine) Explain(policyOrPath string, input any, options ...ExplainOptions) (lines []string, result any, err error) {
	return explained[string](e, policyOrPath, input, last(options), 1)
}

// Trace is Explain with an event for each step.
func (e *Engine) Trace(policyOrPath string, input any, options ...ExplainOptions) (events []TraceEvent, result any, err error) {
	return explained[TraceEvent](e, policyOrPath, input, last(options), 0)
}

func explained[T any](e *Engine, path string, input any, options ExplainOptions, pretty uint32) ([]T, any, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, nil, err
	}
	out := newBuffer()
	defer out.release()
	var reply struct {
		Explanation []T             `json:"explanation"`
		Result      json.RawMessage `json:"result"` // nil where it is left out, as for an undefined document; null is a result
	}
	if err := e.explain(out, path, encoded, options, pretty); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(out.view(), &reply); err != nil {
		return nil, nil, err
	}
	if reply.Result == nil {
		return reply.Explanation, nil, ErrUndefined
	}
	result, err := decode(reply.Result)
	return reply.Explanation, result, err
}

func (e *Engine) explain(out *buffer, path string, input []byte, options ExplainOptions, pretty uint32) error {
	chosen := C.sark_explain_options{
		struct_size: C.sizeof_sark_explain_options,
		explain:     C.uint32_t(options.Explain),
		pretty:      C.uint32_t(pretty),
		timeout_ns:  nanoseconds(options.Timeout),
	}
	if options.StrictBuiltinErrors {
		chosen.strict_builtin_errors = 1
	}
	var info *C.sark_evaluate_info
	if options.Info != nil {
		info = &C.sark_evaluate_info{struct_size: C.sizeof_sark_evaluate_info}
	}
	pathPointer, pathLength := text(path)
	inputPointer, inputLength := rawOrNull(input)
	var failed *C.sark_error
	status := C.sark_engine_explain(
		e.handle, pathPointer, pathLength, inputPointer, inputLength, &chosen, info, out.handle, &failed)
	runtime.KeepAlive(e)
	return evaluated(status, failed, options.Info, info)
}
