package sark

/*
#include <sark.h>
#cgo noescape sark_engine_evaluate
#cgo nocallback sark_engine_evaluate
#cgo noescape sark_engine_query
#cgo nocallback sark_engine_query
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"time"
)

// RegoVersion is the version of the language that a policy is written in.
type RegoVersion uint32

// RegoDefault is v1 for an engine and the engine's version for a policy.
const (
	RegoDefault RegoVersion = C.SARK_REGO_DEFAULT
	RegoV0      RegoVersion = C.SARK_REGO_V0
	RegoV1      RegoVersion = C.SARK_REGO_V1
	RegoV2      RegoVersion = C.SARK_REGO_V2
)

// Evaluator is who evaluates.
type Evaluator uint32

// EvaluatorSark decides as OPA decides, and is the default; EvaluatorRegorus is a second opinion, where the library has it.
const (
	EvaluatorDefault Evaluator = C.SARK_EVALUATOR_DEFAULT
	EvaluatorSark    Evaluator = C.SARK_EVALUATOR_SARK
	EvaluatorRegorus Evaluator = C.SARK_EVALUATOR_REGORUS
)

// EngineOptions are an engine's defaults and limits.
type EngineOptions struct {
	RegoVersion    RegoVersion
	Timeout        time.Duration // of one evaluation; NoTimeout: none
	MaxInputBytes  uint64
	MaxPolicyBytes uint64
	MaxDataBytes   uint64
	Metrics        *Metrics // nil: none
	Evaluator      Evaluator
	Strict         bool // OPA's strict mode: what is unused, shadows or is deprecated does not compile
	// PrintStatements compiles calls of print(): each line is an event, which Engine.NextEvent gives. Otherwise they cost nothing.
	PrintStatements bool
	// SchemaAnnotations checks types by the schemas that annotations hold, and by those that they name and Engine.SetSchema put there.
	SchemaAnnotations bool
}

// LoadOptions are about one policy.
type LoadOptions struct {
	RegoVersion RegoVersion
}

// Engine holds policies and data. A change is taken whole or not at all, and an evaluation that runs meanwhile sees
// the state before it.
type Engine struct {
	handle *C.sark_engine
	_      ownBlock
}

// NewEngine makes an engine without policies and data.
func NewEngine(options ...EngineOptions) (*Engine, error) {
	chosen := last(options)
	raw := C.sark_engine_options{
		struct_size:      C.sizeof_sark_engine_options,
		rego_version:     C.uint32_t(chosen.RegoVersion),
		timeout_ns:       nanoseconds(chosen.Timeout),
		max_input_bytes:  C.uint64_t(chosen.MaxInputBytes),
		max_policy_bytes: C.uint64_t(chosen.MaxPolicyBytes),
		max_data_bytes:   C.uint64_t(chosen.MaxDataBytes),
		metrics:          chosen.Metrics.pointer(),
		evaluator:        C.uint32_t(chosen.Evaluator),
	}
	if chosen.Strict {
		raw.strict = 1
	}
	if chosen.PrintStatements {
		raw.print_statements = 1
	}
	if chosen.SchemaAnnotations {
		raw.schema_annotations = 1
	}
	var handle *C.sark_engine
	var failed *C.sark_error
	status := C.sark_engine_new(&raw, &handle, &failed)
	runtime.KeepAlive(chosen.Metrics)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Engine{handle: handle}
	runtime.AddCleanup(made, freeEngine, handle)
	return made, nil
}

func freeEngine(handle *C.sark_engine) { C.sark_engine_free(handle) }

// Close makes later calls, also on what was made from the engine, fail with ErrClosed. It never fails.
func (e *Engine) Close() error {
	C.sark_engine_close(e.handle)
	runtime.KeepAlive(e)
	return nil
}

// LoadPolicy adds or replaces a policy. Where it does not compile (ErrCompilation), all stays as it was.
func (e *Engine) LoadPolicy(name, rego string, options ...LoadOptions) error {
	chosen := loadOptions(last(options))
	namePointer, nameLength := text(name)
	regoPointer, regoLength := text(rego)
	var failed *C.sark_error
	status := C.sark_engine_load_policy(
		e.handle, namePointer, nameLength, regoPointer, regoLength, &chosen, nil, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// LoadPolicies adds or replaces many policies, by name: all of them or, where one does not compile, none.
func (e *Engine) LoadPolicies(policies map[string]string, options ...LoadOptions) error {
	update, err := e.NewUpdate()
	if err != nil {
		return err
	}
	defer update.Close()
	for name, rego := range policies {
		if err := update.LoadPolicy(name, rego, options...); err != nil {
			return err
		}
	}
	_, err = update.Commit("")
	return err
}

func loadOptions(options LoadOptions) C.sark_load_options {
	return C.sark_load_options{
		struct_size:  C.sizeof_sark_load_options,
		rego_version: C.uint32_t(options.RegoVersion),
	}
}

// RemovePolicy fails with ErrPolicyNotFound where the policy is not loaded.
func (e *Engine) RemovePolicy(name string) error {
	namePointer, nameLength := text(name)
	var failed *C.sark_error
	status := C.sark_engine_remove_policy(e.handle, namePointer, nameLength, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// ClearPolicies removes all policies; the data stays.
func (e *Engine) ClearPolicies() error {
	var failed *C.sark_error
	status := C.sark_engine_clear_policies(e.handle, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// HasPolicy tells whether a policy of that name is loaded.
func (e *Engine) HasPolicy(name string) (bool, error) {
	namePointer, nameLength := text(name)
	var failed *C.sark_error
	yes := C.sark_engine_has_policy(e.handle, namePointer, nameLength, &failed)
	runtime.KeepAlive(e)
	return bool(yes), predicateFailure(failed, 0)
}

// PolicyNames lists the loaded policies, sorted.
func (e *Engine) PolicyNames() ([]string, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_policy_names(e.handle, out.handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	var names []string
	err := json.Unmarshal(out.view(), &names)
	return names, err
}

// SetData replaces all data; it has to be an object.
func (e *Engine) SetData(data any) error {
	encoded, err := encode(data)
	if err != nil {
		return err
	}
	return e.SetDataJSON(encoded)
}

// SetDataJSON is SetData for JSON.
func (e *Engine) SetDataJSON(data []byte) error {
	dataPointer, dataLength := raw(data)
	var failed *C.sark_error
	status := C.sark_engine_set_data(e.handle, dataPointer, dataLength, nil, nil, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// PatchData puts data at a path such as "/users/alice", as OPA's PUT /v1/data does. Missing parents are made; one
// that is not an object is ErrConflict.
func (e *Engine) PatchData(path string, data any) error {
	encoded, err := encode(data)
	if err != nil {
		return err
	}
	return e.PatchDataJSON(path, encoded)
}

// PatchDataJSON is PatchData for JSON.
func (e *Engine) PatchDataJSON(path string, data []byte) error {
	pathPointer, pathLength := text(path)
	dataPointer, dataLength := raw(data)
	var failed *C.sark_error
	status := C.sark_engine_patch_data(
		e.handle, pathPointer, pathLength, dataPointer, dataLength, nil, nil, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// SetSchema puts a JSON schema at a path such as "schema.user", or with nil takes away what is there. All policies are checked by it: their
// input by the one at "schema", and what annotations name where SchemaAnnotations is on.
func (e *Engine) SetSchema(path string, schema any) error {
	if schema == nil {
		return e.SetSchemaJSON(path, nil)
	}
	encoded, err := encode(schema)
	if err != nil {
		return err
	}
	return e.SetSchemaJSON(path, encoded)
}

// SetSchemaJSON is SetSchema for JSON; nil takes away what is there.
func (e *Engine) SetSchemaJSON(path string, schema []byte) error {
	pathPointer, pathLength := text(path)
	schemaPointer, schemaLength := raw(schema)
	if schema == nil {
		schemaPointer = nil
	}
	var failed *C.sark_error
	status := C.sark_engine_set_schema(e.handle, pathPointer, pathLength, schemaPointer, schemaLength, nil, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// Revision is opaque text that differs whenever policies or data do.
func (e *Engine) Revision() (string, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_revision(e.handle, out.handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return "", err
	}
	return string(out.view()), nil
}

// Evaluate answers the document of a policy's package (by the policy's name) or of a path that starts with "data.".
func (e *Engine) Evaluate(policyOrPath string, input any, options ...EvaluateOptions) (any, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, err
	}
	out := newBuffer()
	defer out.release()
	if err := e.evaluate(policyOrPath, encoded, last(options), out); err != nil {
		return nil, err
	}
	return decode(out.view())
}

// EvaluateJSON is Evaluate for JSON; a nil input is no input.
func (e *Engine) EvaluateJSON(policyOrPath string, input []byte, options ...EvaluateOptions) ([]byte, error) {
	out := newBuffer()
	defer out.release()
	if err := e.evaluate(policyOrPath, input, last(options), out); err != nil {
		return nil, err
	}
	return out.copy(), nil
}

func (e *Engine) evaluate(policyOrPath string, input []byte, options EvaluateOptions, out *buffer) error {
	pathPointer, pathLength := text(policyOrPath)
	inputPointer, inputLength := rawOrNull(input)
	chosen := evaluateOptions(&options)
	info := evaluateInfo(&options)
	var failed *C.sark_error
	status := C.sark_engine_evaluate(
		e.handle, pathPointer, pathLength, inputPointer, inputLength, &chosen, info, out.handle, &failed)
	runtime.KeepAlive(e)
	return evaluated(status, failed, options.Info, info)
}

// Query answers a query in Rego, such as "x := data.roles[input.user]": the bindings of each result. It is compiled at each
// call; Prepare what is asked often.
func (e *Engine) Query(query string, input any, options ...EvaluateOptions) ([]map[string]any, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, err
	}
	answer, err := e.QueryJSON(query, encoded, options...)
	if err != nil {
		return nil, err
	}
	var results []map[string]any
	err = decodeInto(answer, &results)
	return results, err
}

// QueryJSON is Query for JSON; a nil input is no input.
func (e *Engine) QueryJSON(query string, input []byte, options ...EvaluateOptions) ([]byte, error) {
	out := newBuffer()
	defer out.release()
	queryPointer, queryLength := text(query)
	inputPointer, inputLength := rawOrNull(input)
	given := last(options)
	chosen := evaluateOptions(&given)
	info := evaluateInfo(&given)
	var failed *C.sark_error
	status := C.sark_engine_query(
		e.handle, queryPointer, queryLength, inputPointer, inputLength, &chosen, info, out.handle, &failed)
	runtime.KeepAlive(e)
	if err := evaluated(status, failed, given.Info, info); err != nil {
		return nil, err
	}
	return out.copy(), nil
}

// Prepare readies a policy or path for many evaluations.
func (e *Engine) Prepare(policyOrPath string) (*Query, error) {
	pathPointer, pathLength := text(policyOrPath)
	var handle *C.sark_query
	var failed *C.sark_error
	status := C.sark_engine_prepare(e.handle, pathPointer, pathLength, nil, nil, &handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	return newQuery(handle), nil
}
