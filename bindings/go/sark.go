// Package sark is an embedded policy decision point: Rego decided inside the process, over sark's C library.
//
//	engine, err := sark.NewEngine()
//	err = engine.LoadPolicy("authz", "package authz\nallow if input.role == \"admin\"")
//	query, err := engine.Prepare("data.authz.allow")
//	yes, err := query.Allows(map[string]any{"role": "admin"})
//
// The library is found through pkg-config (sark.pc) when a program is built.
//
// # What holds for every type
//
// Every type but Error and Decision holds a C handle. Close makes all later calls, on any goroutine, fail with
// ErrClosed; memory is given back when the garbage collector finds the object unused, whether it was closed or not.
// All types may be used from many goroutines at once.
//
// A failing call returns an *Error. errors.Is tells its kind (ErrPolicyNotFound, ErrEvaluation, …) and errors.As
// gives OPA's code and the places in the policy. A result that is undefined is ErrUndefined, which is not an *Error.
//
// Inputs and data are marshalled by encoding/json; a json.RawMessage is passed on as it is, NoInput is no input at
// all (nil is null). Results are nil, bool, json.Number, string, []any and map[string]any; methods whose name ends
// in JSON take and give JSON itself. A zero in an options struct means the library's default.
package sark

/*
#cgo pkg-config: sark
#include <sark.h>
*/
import "C"

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
	"unsafe"
)

// NoTimeout is no deadline at all, and as a time to live no expiry.
const NoTimeout = time.Duration(math.MaxInt64)

// NoInput, given as an input, evaluates without one: `input` is then undefined, which is not null.
var NoInput any = noInput{}

type noInput struct{}

// ABIVersion is the version of the C interface that the loaded library speaks. It only grows.
func ABIVersion() uint32 { return uint32(C.sark_abi_version()) }

// Version is the loaded library's version, "MAJOR.MINOR.PATCH".
func Version() string { return goString(C.sark_version()) }

// encode gives the JSON of an input: nil for NoInput.
func encode(value any) ([]byte, error) {
	switch value := value.(type) {
	case noInput:
		return nil, nil
	case json.RawMessage:
		if value != nil {
			return value, nil
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, &Error{Status: StatusSerializationError, Message: err.Error(), Offset: -1, cause: err}
	}
	return text, nil
}

// decode keeps numbers as they were written: float64 would change a large one.
func decode(text []byte) (any, error) {
	var value any
	err := decodeInto(text, &value)
	return value, err
}

func decodeInto(text []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(value); err != nil {
		return &Error{Status: StatusSerializationError, Message: err.Error(), Offset: -1, cause: err}
	}
	return nil
}

// ownBlock keeps a type that holds a handle alone out of the allocator's blocks of 16 bytes, which tiny objects share: an object there is
// found unused only when all of its block is, and what the library made for it would live as long.
type ownBlock [8]byte

// nothing is what an empty string or slice points at: the library refuses a null pointer where a value is needed.
var nothing [1]byte

// text passes a string's own memory; the library only reads it, and only during the call.
func text(value string) (*C.char, C.uint64_t) {
	if value == "" {
		return (*C.char)(unsafe.Pointer(&nothing)), 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(value))), C.uint64_t(len(value))
}

func textBytes(value string) (*C.uint8_t, C.uint64_t) {
	pointer, length := text(value)
	return (*C.uint8_t)(unsafe.Pointer(pointer)), length
}

func raw(value []byte) (*C.uint8_t, C.uint64_t) {
	if len(value) == 0 {
		return (*C.uint8_t)(unsafe.Pointer(&nothing)), 0
	}
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(value))), C.uint64_t(len(value))
}

// rawOrNull is for what may be absent, which a nil slice says.
func rawOrNull(value []byte) (*C.uint8_t, C.uint64_t) {
	if value == nil {
		return nil, 0
	}
	return raw(value)
}

// textOrNull is for what may be absent, which an empty string says.
func textOrNull(value string) (*C.char, C.uint64_t) {
	if value == "" {
		return nil, 0
	}
	return text(value)
}

func goString(value C.sark_str) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(value.data)), int(value.length)))
}

// goText reads the NUL-terminated text of a revision field.
func goText(field *[64]C.char) string { return C.GoString(&field[0]) }

// nanoseconds: a time that has run out already must not turn into "default" or, unsigned, into for ever.
func nanoseconds(duration time.Duration) C.uint64_t {
	switch {
	case duration == NoTimeout:
		return C.SARK_NO_TIMEOUT
	case duration < 0:
		return 1
	}
	return C.uint64_t(duration)
}

// last is the options of a call: the last given, or all defaults.
func last[T any](options []T) (chosen T) {
	if len(options) > 0 {
		chosen = options[len(options)-1]
	}
	return chosen
}
