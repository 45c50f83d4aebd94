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

// DecisionLogOptions bound a decision log; zero is the library's default.
type DecisionLogOptions struct {
	MaxWaiting      uint32   // events that may wait; of more, the oldest are dropped and counted
	MaxWaitingBytes uint64   // of inputs and results
	Metrics         *Metrics // nil: none
	MaxEventBytes   uint64   // a larger input or result is left out of its event, which then names it in "erased"
}

// DecisionLogStatus is how a decision log is.
type DecisionLogStatus struct {
	Location     string  `json:"location"`
	Waiting      uint64  `json:"waiting"`
	WaitingBytes uint64  `json:"waiting_bytes"`
	Events       uint64  `json:"events"`  // written, or given to callers
	Dropped      uint64  `json:"dropped"` // lost: too many waited, or the file could not be written
	Failing      *string `json:"failing"` // why the file cannot be written now
}

// DecisionLog has what clients decided, in the format of OPA's decision log (EventV1): inputs too, without the places that the
// clients' masks name.
type DecisionLog struct {
	handle *C.sark_decision_log
	_      ownBlock
}

// NewDecisionLog opens "queue:", for Next, or "file:PATH?max_bytes=100000000&keep=5": JSON lines, the full file renamed to PATH.1,
// of which so many stay. Several processes may write one file.
func NewDecisionLog(location string, options ...DecisionLogOptions) (*DecisionLog, error) {
	chosen := last(options)
	raw := C.sark_decision_log_options{
		struct_size:       C.sizeof_sark_decision_log_options,
		max_waiting:       C.uint32_t(chosen.MaxWaiting),
		max_waiting_bytes: C.uint64_t(chosen.MaxWaitingBytes),
		max_event_bytes:   C.uint64_t(chosen.MaxEventBytes),
		metrics:           chosen.Metrics.pointer(),
	}
	pointer, length := text(location)
	var handle *C.sark_decision_log
	var failed *C.sark_error
	if err := failure(C.sark_decision_log_new(pointer, length, &raw, &handle, &failed), failed); err != nil {
		return nil, err
	}
	made := &DecisionLog{handle: handle}
	runtime.AddCleanup(made, freeDecisionLog, handle)
	return made, nil
}

func freeDecisionLog(handle *C.sark_decision_log) { C.sark_decision_log_free(handle) }

func (l *DecisionLog) pointer() *C.sark_decision_log {
	if l == nil {
		return nil
	}
	return l.handle
}

// Close writes what waits for the file, for up to 2 s, and ends the log. What waits in a queue may still be taken. It never fails.
func (l *DecisionLog) Close() error {
	C.sark_decision_log_close(l.handle)
	runtime.KeepAlive(l)
	return nil
}

// Next gives the oldest event of a queue as JSON, and false where none came within the time. Once all were taken after Close, it
// fails with ErrClosed; a log in a file always fails.
func (l *DecisionLog) Next(timeout time.Duration) (json.RawMessage, bool, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_decision_log_next(l.handle, C.uint64_t(max(0, timeout)), out.handle, &failed)
	runtime.KeepAlive(l)
	if err := failure(status, failed); err != nil || status == C.SARK_MISS {
		return nil, false, err
	}
	return out.copy(), true, nil
}

// Flush waits until all events so far are written, or taken; it says whether that was so within the time.
func (l *DecisionLog) Flush(timeout time.Duration) (bool, error) {
	var failed *C.sark_error
	status := C.sark_decision_log_flush(l.handle, C.uint64_t(max(0, timeout)), &failed)
	runtime.KeepAlive(l)
	return status == C.SARK_OK, failure(status, failed)
}

// Status says how the log is.
func (l *DecisionLog) Status() (DecisionLogStatus, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_decision_log_status(l.handle, out.handle, &failed)
	runtime.KeepAlive(l)
	return unmarshal[DecisionLogStatus](out, failure(status, failed))
}
