package sark

/*
#include <sark.h>
#cgo noescape sark_query_evaluate
#cgo nocallback sark_query_evaluate
#cgo noescape sark_query_evaluate_input
#cgo nocallback sark_query_evaluate_input
#cgo noescape sark_query_allows
#cgo nocallback sark_query_allows
#cgo noescape sark_query_evaluate_batch
#cgo nocallback sark_query_evaluate_batch
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// EvaluateOptions are about one evaluation.
type EvaluateOptions struct {
	Timeout             time.Duration // zero: the engine's; NoTimeout: none
	StrictBuiltinErrors bool          // a builtin's error fails the query; otherwise it is undefined there, as in OPA
	RegoVersion         RegoVersion   // of a query's text; RegoDefault: the engine's
	Time                time.Time     // what time.now_ns gives; zero: the time that it is
	Seed                uint64        // what rand.intn and uuid.rfc4122 draw from: equal seeds draw the same; zero: the system's randomness
	Info                *EvaluateInfo // filled where it is not nil and the call is not an error
}

// EvaluateInfo is what one evaluation took, and on which state it ran.
type EvaluateInfo struct {
	Read     time.Duration // reading the input
	Evaluate time.Duration
	Duration time.Duration // all of it
	Revision string
}

func evaluateOptions(options *EvaluateOptions) C.sark_evaluate_options {
	raw := C.sark_evaluate_options{
		struct_size:  C.sizeof_sark_evaluate_options,
		timeout_ns:   nanoseconds(options.Timeout),
		rego_version: C.uint32_t(options.RegoVersion),
		seed:         C.uint64_t(options.Seed),
	}
	if options.StrictBuiltinErrors {
		raw.strict_builtin_errors = 1
	}
	if !options.Time.IsZero() {
		raw.time_ns = C.int64_t(options.Time.UnixNano())
	}
	return raw
}

// evaluateInfo is where the library tells about the evaluation: nowhere, unless somebody wants to know.
func evaluateInfo(options *EvaluateOptions) *C.sark_evaluate_info {
	if options.Info == nil {
		return nil
	}
	return &C.sark_evaluate_info{struct_size: C.sizeof_sark_evaluate_info}
}

// evaluated turns the end of an evaluation into an error, ErrUndefined, or nil.
func evaluated(status C.int32_t, failed *C.sark_error, wanted *EvaluateInfo, info *C.sark_evaluate_info) error {
	if err := failure(status, failed); err != nil {
		return err
	}
	fillInfo(wanted, info)
	if status == C.SARK_UNDEFINED {
		return ErrUndefined
	}
	return nil
}

func fillInfo(wanted *EvaluateInfo, info *C.sark_evaluate_info) {
	if wanted != nil {
		*wanted = EvaluateInfo{
			Read:     time.Duration(info.read_ns),
			Evaluate: time.Duration(info.evaluate_ns),
			Duration: time.Duration(info.duration_ns),
			Revision: goText(&info.revision),
		}
	}
}

// Query is a policy or path that was prepared once. It always runs on the engine's present policies and data.
type Query struct {
	handle *C.sark_query
	_      ownBlock
}

func newQuery(handle *C.sark_query) *Query {
	made := &Query{handle: handle}
	runtime.AddCleanup(made, freeQuery, handle)
	return made
}

func freeQuery(handle *C.sark_query) { C.sark_query_free(handle) }

// Close makes later calls fail with ErrClosed. It never fails.
func (q *Query) Close() error {
	C.sark_query_close(q.handle)
	runtime.KeepAlive(q)
	return nil
}

// Evaluate answers the query, or ErrUndefined.
func (q *Query) Evaluate(input any, options ...EvaluateOptions) (any, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, err
	}
	out := newBuffer()
	defer out.release()
	if err := q.evaluate(encoded, last(options), out); err != nil {
		return nil, err
	}
	return decode(out.view())
}

// EvaluateJSON is Evaluate for JSON; a nil input is no input.
func (q *Query) EvaluateJSON(input []byte, options ...EvaluateOptions) ([]byte, error) {
	out := newBuffer()
	defer out.release()
	if err := q.evaluate(input, last(options), out); err != nil {
		return nil, err
	}
	return out.copy(), nil
}

func (q *Query) evaluate(input []byte, options EvaluateOptions, out *buffer) error {
	inputPointer, inputLength := rawOrNull(input)
	chosen := evaluateOptions(&options)
	info := evaluateInfo(&options)
	var failed *C.sark_error
	status := C.sark_query_evaluate(
		q.handle, inputPointer, inputLength, &chosen, info, out.handle, &failed)
	runtime.KeepAlive(q)
	return evaluated(status, failed, options.Info, info)
}

// EvaluateInput is Evaluate for a parsed input.
func (q *Query) EvaluateInput(input *Input, options ...EvaluateOptions) (any, error) {
	out := newBuffer()
	defer out.release()
	if err := q.evaluateInput(input, last(options), out); err != nil {
		return nil, err
	}
	return decode(out.view())
}

// EvaluateInputJSON is EvaluateInput with the result as JSON.
func (q *Query) EvaluateInputJSON(input *Input, options ...EvaluateOptions) ([]byte, error) {
	out := newBuffer()
	defer out.release()
	if err := q.evaluateInput(input, last(options), out); err != nil {
		return nil, err
	}
	return out.copy(), nil
}

func (q *Query) evaluateInput(input *Input, options EvaluateOptions, out *buffer) error {
	chosen := evaluateOptions(&options)
	info := evaluateInfo(&options)
	var failed *C.sark_error
	status := C.sark_query_evaluate_input(q.handle, input.handle, &chosen, info, out.handle, &failed)
	runtime.KeepAlive(q)
	runtime.KeepAlive(input)
	return evaluated(status, failed, options.Info, info)
}

// Allows is true only where the result is exactly true: it is false for undefined, and with any error.
func (q *Query) Allows(input any, options ...EvaluateOptions) (bool, error) {
	encoded, err := encode(input)
	if err != nil {
		return false, err
	}
	return q.AllowsJSON(encoded, options...)
}

// AllowsJSON is Allows for JSON; a nil input is no input.
func (q *Query) AllowsJSON(input []byte, options ...EvaluateOptions) (bool, error) {
	wanted := last(options)
	inputPointer, inputLength := rawOrNull(input)
	chosen := evaluateOptions(&wanted)
	info := evaluateInfo(&wanted)
	var failed *C.sark_error
	yes := C.sark_query_allows(q.handle, inputPointer, inputLength, &chosen, info, &failed)
	runtime.KeepAlive(q)
	if err := predicateFailure(failed, 0); err != nil {
		return false, err
	}
	fillInfo(wanted.Info, info)
	return bool(yes), nil
}

// Answer is one answer of a batch.
type Answer struct {
	JSON []byte // nil where Err is not
	Err  error  // ErrUndefined, an *Error, or nil
}

// Value is the answer as Evaluate would give it.
func (a Answer) Value() (any, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	return decode(a.JSON)
}

// EvaluateBatch answers many inputs on one state of the engine. One that fails does not fail the others.
func (q *Query) EvaluateBatch(inputs []any, options ...EvaluateOptions) ([]Answer, error) {
	encoded := make([][]byte, len(inputs))
	for i, input := range inputs {
		text, err := encode(input)
		if err != nil {
			return nil, err
		}
		encoded[i] = text
	}
	return q.EvaluateBatchJSON(encoded, options...)
}

// EvaluateBatchJSON is EvaluateBatch for JSON. Each input has to be there: a batch has no NoInput.
func (q *Query) EvaluateBatchJSON(inputs [][]byte, options ...EvaluateOptions) ([]Answer, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	wanted := last(options)
	packed, offsets := pack(inputs)
	packedPointer, packedLength := raw(packed)
	results := make([]C.sark_batch_result, len(inputs))
	chosen := evaluateOptions(&wanted)
	info := evaluateInfo(&wanted)
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_query_evaluate_batch(
		q.handle, packedPointer, packedLength, unsafe.SliceData(offsets), C.uint64_t(len(inputs)),
		&chosen, info, unsafe.SliceData(results), out.handle, &failed)
	runtime.KeepAlive(q)
	if err := evaluated(status, failed, wanted.Info, info); err != nil {
		return nil, err
	}
	return answers(results, out.copy()), nil
}

// pack lays the inputs end to end: input i is packed[offsets[i]:offsets[i+1]].
func pack(inputs [][]byte) ([]byte, []C.uint64_t) {
	total := 0
	for _, input := range inputs {
		total += len(input)
	}
	packed := make([]byte, 0, total)
	offsets := make([]C.uint64_t, 1, len(inputs)+1)
	for _, input := range inputs {
		packed = append(packed, input...)
		offsets = append(offsets, C.uint64_t(len(packed)))
	}
	return packed, offsets
}

func answers(results []C.sark_batch_result, texts []byte) []Answer {
	made := make([]Answer, len(results))
	for i, result := range results {
		text := texts[result.offset : result.offset+result.length : result.offset+result.length]
		switch {
		case result.status < 0:
			made[i].Err = newError(Status(result.status), text)
		case result.status == C.SARK_UNDEFINED:
			made[i].Err = ErrUndefined
		default:
			made[i].JSON = text
		}
	}
	return made
}
