package sark

/*
#include <sark.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
)

// Inspection is what an engine's policies offer.
type Inspection struct {
	Policies    []InspectedPolicy     `json:"policies"`
	Documents   []InspectedDocument   `json:"documents"`
	Entrypoints []string              `json:"entrypoints"` // documents and packages that annotations call so: "data.a.allow"
	Annotations []InspectedAnnotation `json:"annotations"` // what "# METADATA" says, by paths and places
}

// InspectedAnnotation is what one "# METADATA" says, in the shape of "opa inspect --annotations --format=json".
type InspectedAnnotation struct {
	Path        []AnnotationTerm   `json:"path"` // of the package or the rule
	Location    AnnotationLocation `json:"location"`
	Annotations json.RawMessage    `json:"annotations"` // an object: scope, title, description, custom and so on
}

// AnnotationTerm is a part of a path, as OPA writes terms.
type AnnotationTerm struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// AnnotationLocation is where the package or the rule stands.
type AnnotationLocation struct {
	File string `json:"file"` // the policy
	Row  int    `json:"row"`
	Col  int    `json:"col"`
}

// InspectedPolicy is a policy that is loaded.
type InspectedPolicy struct {
	Name        string `json:"name"`
	Package     string `json:"package"`
	RegoVersion string `json:"rego_version"`
	Bytes       int    `json:"bytes"`
}

// InspectedDocument is a path that rules define.
type InspectedDocument struct {
	Path             string        `json:"path"`
	Policies         []string      `json:"policies"`
	Rules            int           `json:"rules"`
	Function         bool          `json:"function"`
	Deterministic    bool          `json:"deterministic"`
	Nondeterministic []string      `json:"nondeterministic"` // the builtins that make it so
	Reads            []string      `json:"reads"`            // what of the input and of base data it can read: "input.user"; "input" alone is all
	Network          []string      `json:"network"`          // the builtins by which it reaches outside, where AllowNet lets it
	Index            *IndexOfRules `json:"index"`            // nil where there is nothing to find
	Entrypoint       bool          `json:"entrypoint"`       // whether an annotation calls it one
}

// IndexOfRules says how the rules of a document are found.
type IndexOfRules struct {
	By     []string `json:"by"`     // what tells them apart, such as "input.role"
	Hashed bool     `json:"hashed"` // whether by a hash
	Rules  int      `json:"rules"`
	Always int      `json:"always"` // how many are looked at whatever the input is
}

// Capabilities gives the builtins that policies may call, with their types, and the features of the language: a JSON object in the shape of
// "opa capabilities --current", such as OPA's ast.LoadCapabilitiesJSON reads.
func (e *Engine) Capabilities() (json.RawMessage, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_capabilities(e.handle, out.handle, &failed)
	runtime.KeepAlive(e)
	return unmarshal[json.RawMessage](out, failure(status, failed))
}

// Inspect says what the policies offer, for whoever deploys them. It plans each document: seconds, where there are thousands.
func (e *Engine) Inspect() (Inspection, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_inspect(e.handle, out.handle, &failed)
	runtime.KeepAlive(e)
	return unmarshal[Inspection](out, failure(status, failed))
}
