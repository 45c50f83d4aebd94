package sark

/*
#include <sark.h>
*/
import "C"

import (
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Failure is why an HTTP request got no response.
type Failure uint32

const (
	FailConnection Failure = C.SARK_FAIL_CONNECTION // there was no connection, or it broke
	FailTimeout    Failure = C.SARK_FAIL_TIMEOUT    // it took too long
)

// Ticket is what is left to do for a decision: Client.Begin gives it. One goroutine at a time; it gives one decision.
type Ticket struct {
	URL    string      // where to POST; empty where there is nothing to send, and Run is the way
	Header http.Header // the request's, a bearer token among them
	Body   []byte      // the request's, JSON
	handle *C.sark_ticket
}

// Begin is Decide without blocking: the decision, where flags, cache and engine come to it within a millisecond; otherwise a ticket
// for the rest. A goroutine may block as well, so this is for who has an HTTP client of his own.
func (c *Client) Begin(policy string, input any, user string, options ...DecideOptions) (*Decision, *Ticket, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, nil, err
	}
	policyPointer, policyLength := text(policy)
	inputPointer, inputLength := rawOrNull(encoded)
	userPointer, userLength := textBytes(user)
	given := last(options)
	chosen := C.sark_decide_options{struct_size: C.sizeof_sark_decide_options, timeout_ns: nanoseconds(given.Timeout)}
	setTrace(&chosen, given.Traceparent)
	var handle *C.sark_decision
	var ticket *C.sark_ticket
	var failed *C.sark_error
	status := C.sark_client_begin(
		c.handle, policyPointer, policyLength, inputPointer, inputLength, userPointer, userLength,
		&chosen, nil, &handle, &ticket, &failed)
	runtime.KeepAlive(c)
	if err := failure(status, failed); err != nil {
		return nil, nil, err
	}
	if status == C.SARK_PENDING {
		return nil, newTicket(ticket), nil
	}
	return newDecision(handle), nil, nil
}

func newTicket(handle *C.sark_ticket) *Ticket {
	made := &Ticket{
		URL:    goString(C.sark_ticket_url(handle)),
		Header: http.Header{},
		Body:   []byte(goString(C.sark_ticket_body(handle))),
		handle: handle,
	}
	for line := range strings.SplitSeq(goString(C.sark_ticket_headers(handle)), "\r\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			made.Header.Add(name, value)
		}
	}
	runtime.AddCleanup(made, freeTicket, handle)
	return made
}

func freeTicket(handle *C.sark_ticket) { C.sark_ticket_free(handle) }

// Timeout is what is left for the response; NoTimeout for no bound.
func (t *Ticket) Timeout() time.Duration {
	left := C.sark_ticket_timeout_ns(t.handle)
	runtime.KeepAlive(t)
	if left == C.SARK_NO_TIMEOUT {
		return NoTimeout
	}
	return time.Duration(left)
}

// Complete makes the decision of the response's status and body.
func (t *Ticket) Complete(status int, body []byte) (*Decision, error) {
	pointer, length := rawOrNull(body)
	var handle *C.sark_decision
	var failed *C.sark_error
	done := C.sark_ticket_complete(t.handle, C.uint32_t(max(0, status)), pointer, length, nil, &handle, &failed)
	return t.decided(done, handle, failed)
}

// Fail makes the decision where no response came: the local engine's, where the mode says so, or an error.
func (t *Ticket) Fail(why Failure) (*Decision, error) {
	var handle *C.sark_decision
	var failed *C.sark_error
	done := C.sark_ticket_fail(t.handle, C.uint32_t(why), nil, &handle, &failed)
	return t.decided(done, handle, failed)
}

// Run makes the decision, however long it takes, by the library's own HTTP client or engine.
func (t *Ticket) Run() (*Decision, error) {
	var handle *C.sark_decision
	var failed *C.sark_error
	done := C.sark_ticket_run(t.handle, nil, &handle, &failed)
	return t.decided(done, handle, failed)
}

func (t *Ticket) decided(status C.int32_t, handle *C.sark_decision, failed *C.sark_error) (*Decision, error) {
	runtime.KeepAlive(t)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	return newDecision(handle), nil
}
