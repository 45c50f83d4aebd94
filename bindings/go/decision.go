package sark

/*
#include <sark.h>

// One crossing for all that a decision says.
typedef struct {
  sark_str result, implementation, fallback, revision, id;
  uint64_t duration_ns;
  int32_t status;
  bool allowed, cached;
} sark_go_decision;
static void sark_go_decision_read(const sark_decision *decision, sark_go_decision *out) {
  out->result = sark_decision_result(decision);
  out->implementation = sark_decision_implementation(decision);
  out->fallback = sark_decision_fallback(decision);
  out->revision = sark_decision_revision(decision);
  out->id = sark_decision_id(decision);
  out->duration_ns = sark_decision_duration_ns(decision);
  out->status = sark_decision_status(decision);
  out->allowed = sark_decision_allowed(decision);
  out->cached = sark_decision_cached(decision);
}
#cgo noescape sark_go_decision_read
#cgo nocallback sark_go_decision_read
*/
import "C"

import (
	"encoding/json"
	"time"
)

// Decision is what a client decided, and how. It is plain Go memory: there is nothing to close.
type Decision struct {
	// Allowed is true only where the result is exactly true, or an object whose "allow" (or, without one,
	// "allowed") is.
	Allowed        bool
	Undefined      bool
	JSON           json.RawMessage // the result; nil where undefined
	Implementation string          // "rust" (decided here) or "http" (by the remote OPA)
	Cached         bool
	// Fallback is why the other side decided than the one that was chosen: "", "evaluation", "serialization", "limit",
	// "internal", "unsupported" (the remote decided), or "unavailable" (the one that was there did).
	Fallback string
	Revision string
	ID       string // a random UUID, by which logs and events name the decision
	Duration time.Duration
}

// Result is the result's value, or ErrUndefined.
func (d *Decision) Result() (any, error) {
	if d.Undefined {
		return nil, ErrUndefined
	}
	return decode(d.JSON)
}

// newDecision takes over the C object.
func newDecision(handle *C.sark_decision) *Decision {
	var read C.sark_go_decision
	C.sark_go_decision_read(handle, &read)
	made := &Decision{
		Allowed:        bool(read.allowed),
		Undefined:      read.status == C.SARK_UNDEFINED,
		Implementation: goString(read.implementation),
		Cached:         bool(read.cached),
		Fallback:       goString(read.fallback),
		Revision:       goString(read.revision),
		ID:             goString(read.id),
		Duration:       time.Duration(read.duration_ns),
	}
	if !made.Undefined {
		made.JSON = json.RawMessage(goString(read.result))
	}
	C.sark_decision_free(handle)
	return made
}
