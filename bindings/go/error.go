package sark

/*
#include <sark.h>

// One crossing for all that an error says.
typedef struct { int32_t status; sark_str code, message, json; } sark_go_error;
static void sark_go_error_read(const sark_error *error, sark_go_error *out) {
  out->status = sark_error_status(error);
  out->code = sark_error_code(error);
  out->message = sark_error_message(error);
  out->json = sark_error_json(error);
}
*/
import "C"

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Status is the kind of an error. Treat one that you do not know as StatusInternalError.
type Status int32

// The statuses of an Error.
const (
	StatusInvalidArgument    Status = C.SARK_INVALID_ARGUMENT
	StatusPolicyNotFound     Status = C.SARK_POLICY_NOT_FOUND
	StatusCompilationError   Status = C.SARK_COMPILATION_ERROR
	StatusEvaluationError    Status = C.SARK_EVALUATION_ERROR
	StatusSerializationError Status = C.SARK_SERIALIZATION_ERROR
	StatusLimitExceeded      Status = C.SARK_LIMIT_EXCEEDED
	StatusUnavailable        Status = C.SARK_UNAVAILABLE
	StatusUnsupported        Status = C.SARK_UNSUPPORTED
	StatusConflict           Status = C.SARK_CONFLICT
	StatusTooLarge           Status = C.SARK_TOO_LARGE
	StatusCancelled          Status = C.SARK_CANCELLED
	StatusClosed             Status = C.SARK_CLOSED
	StatusInternalError      Status = C.SARK_INTERNAL_ERROR
)

// String is the status' name, such as "POLICY_NOT_FOUND".
func (s Status) String() string { return goString(C.sark_status_name(C.int32_t(s))) }

// ErrUndefined is returned where a policy has no answer. It is not a failure, and never an allow.
var ErrUndefined = errors.New("sark: undefined")

// What errors.Is finds in an *Error, one for each status.
var (
	ErrInvalidArgument = errors.New("sark: invalid argument")
	ErrPolicyNotFound  = errors.New("sark: policy not found")
	ErrCompilation     = errors.New("sark: compilation error")
	ErrEvaluation      = errors.New("sark: evaluation error")
	ErrSerialization   = errors.New("sark: serialization error")
	ErrLimitExceeded   = errors.New("sark: limit exceeded")
	ErrUnavailable     = errors.New("sark: unavailable")
	ErrUnsupported     = errors.New("sark: unsupported")
	ErrConflict        = errors.New("sark: conflict")
	ErrTooLarge        = errors.New("sark: too large")
	ErrCancelled       = errors.New("sark: cancelled")
	ErrClosed          = errors.New("sark: closed")
	ErrInternal        = errors.New("sark: internal error")
)

var kinds = map[Status]error{
	StatusInvalidArgument:    ErrInvalidArgument,
	StatusPolicyNotFound:     ErrPolicyNotFound,
	StatusCompilationError:   ErrCompilation,
	StatusEvaluationError:    ErrEvaluation,
	StatusSerializationError: ErrSerialization,
	StatusLimitExceeded:      ErrLimitExceeded,
	StatusUnavailable:        ErrUnavailable,
	StatusUnsupported:        ErrUnsupported,
	StatusConflict:           ErrConflict,
	StatusTooLarge:           ErrTooLarge,
	StatusCancelled:          ErrCancelled,
	StatusClosed:             ErrClosed,
	StatusInternalError:      ErrInternal,
}

// Location is a place in a policy, and what is wrong there.
type Location struct {
	File    string // the policy's name
	Row     int    // from 1
	Column  int    // from 1
	Code    string // OPA's code
	Message string
	Line    string // the line itself, where it is known
}

// Error is why a call failed.
type Error struct {
	Status    Status
	Code      string // OPA's code ("rego_parse_error", "eval_conflict_error", …); empty where there is none
	Message   string
	Offset    int64 // byte offset in malformed JSON; -1 where there is none
	Locations []Location
	JSON      json.RawMessage // all of it, as the library gives it

	cause error
}

func (e *Error) Error() string { return "sark: " + e.Status.String() + ": " + e.Message }

// Unwrap gives the status' Err value, and the cause where the failure was Go's own (json.Marshal).
func (e *Error) Unwrap() []error {
	kind, known := kinds[e.Status]
	if !known {
		kind = ErrInternal
	}
	if e.cause != nil {
		return []error{kind, e.cause}
	}
	return []error{kind}
}

// failure takes over the error of a call that answered status; nil where that is none.
func failure(status C.int32_t, handle *C.sark_error) error {
	if status >= 0 {
		return nil
	}
	return predicateFailure(handle, status)
}

// predicateFailure is for calls whose only sign of an error is the error itself.
func predicateFailure(handle *C.sark_error, status C.int32_t) error {
	if handle == nil {
		if status < 0 {
			return &Error{Status: Status(status), Offset: -1}
		}
		return nil
	}
	defer C.sark_error_free(handle)
	var read C.sark_go_error
	C.sark_go_error_read(handle, &read)
	made := newError(Status(read.status), []byte(goString(read.json)))
	made.Code, made.Message = goString(read.code), goString(read.message)
	return made
}

// UnmarshalJSON reads the JSON form of an error, as it stands in the status of a source.
func (e *Error) UnmarshalJSON(text []byte) error {
	var form struct{ Status string }
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	status := StatusInternalError
	for known := range kinds {
		if known.String() == form.Status {
			status = known
		}
	}
	*e = *newError(status, bytes.Clone(text))
	return nil
}

// MarshalJSON gives all of it, as the library does.
func (e *Error) MarshalJSON() ([]byte, error) {
	if e.JSON != nil {
		return e.JSON, nil
	}
	return json.Marshal(map[string]string{"status": e.Status.String(), "code": e.Code, "message": e.Message})
}

// newError reads the JSON form of an error, which is all that a batch has.
func newError(status Status, text []byte) *Error {
	var form struct {
		Code    string
		Message string
		Offset  *int64
		Errors  []struct {
			Code     string
			Message  string
			Line     string
			Location struct {
				File string
				Row  int
				Col  int
			}
		}
	}
	made := &Error{Status: status, Offset: -1, JSON: text}
	if err := json.Unmarshal(text, &form); err != nil {
		return made
	}
	made.Code, made.Message = form.Code, form.Message
	if form.Offset != nil {
		made.Offset = *form.Offset
	}
	for _, at := range form.Errors {
		made.Locations = append(made.Locations, Location{
			File: at.Location.File, Row: at.Location.Row, Column: at.Location.Col,
			Code: at.Code, Message: at.Message, Line: at.Line,
		})
	}
	return made
}
