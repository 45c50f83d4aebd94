package sark

/*
#include <sark.h>
#cgo noescape sark_client_decide
#cgo nocallback sark_client_decide
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// ClientOptions are what a client is made of.
type ClientOptions struct {
	Cache                  *Cache // nil: every answer is worked out
	Flags                  *Flags // nil: everyone is decided locally
	OPAURL                 string // the remote OPA, "http://HOST:PORT"; empty: local only, and then Flags must be nil
	Feature                string // what Flags is asked for; empty: "rust_opa"
	Timeout                time.Duration
	CacheTTL               time.Duration
	MaxConcurrentFallbacks uint32
	MaxAnswerBytes         uint64
	Metrics                *Metrics // nil: none
}

// DecideOptions are about one decision.
type DecideOptions struct {
	Timeout time.Duration // of the whole decision; zero: the client's; NoTimeout: none
}

// Client decides here or by a remote OPA, as the flags say, and falls back to the remote where it cannot here.
type Client struct {
	handle *C.sark_client
	flags  *Flags // the library keeps its own; without this one, nobody would log what happens to them
}

// NewClient makes a client of an engine.
func NewClient(engine *Engine, options ...ClientOptions) (*Client, error) {
	chosen := last(options)
	raw := C.sark_client_options{
		struct_size:              C.sizeof_sark_client_options,
		max_concurrent_fallbacks: C.uint32_t(chosen.MaxConcurrentFallbacks),
		timeout_ns:               nanoseconds(chosen.Timeout),
		cache_ttl_ns:             nanoseconds(chosen.CacheTTL),
		max_answer_bytes:         C.uint64_t(chosen.MaxAnswerBytes),
		metrics:                  chosen.Metrics.pointer(),
	}
	var cache *C.sark_cache
	if chosen.Cache != nil {
		cache = chosen.Cache.handle
	}
	var flags *C.sark_flags
	if chosen.Flags != nil {
		flags = chosen.Flags.handle
	}
	urlPointer, urlLength := textOrNull(chosen.OPAURL)
	featurePointer, featureLength := textOrNull(chosen.Feature)
	var handle *C.sark_client
	var failed *C.sark_error
	status := C.sark_client_new(
		engine.handle, cache, flags, urlPointer, urlLength, featurePointer, featureLength, &raw, &handle, &failed)
	runtime.KeepAlive(engine)
	runtime.KeepAlive(chosen)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Client{handle, chosen.Flags}
	runtime.AddCleanup(made, freeClient, handle)
	return made, nil
}

func freeClient(handle *C.sark_client) { C.sark_client_free(handle) }

// Close makes later calls fail with ErrClosed. It never fails.
func (c *Client) Close() error {
	C.sark_client_close(c.handle)
	runtime.KeepAlive(c)
	return nil
}

// Decide gives a decision, which may be undefined, or an error, which is never an allow. The user is any bytes, and
// empty for nobody.
func (c *Client) Decide(policy string, input any, user string, options ...DecideOptions) (*Decision, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, err
	}
	policyPointer, policyLength := text(policy)
	inputPointer, inputLength := rawOrNull(encoded)
	userPointer, userLength := textBytes(user)
	chosen := C.sark_decide_options{
		struct_size: C.sizeof_sark_decide_options,
		timeout_ns:  nanoseconds(last(options).Timeout),
	}
	var handle *C.sark_decision
	var failed *C.sark_error
	status := C.sark_client_decide(
		c.handle, policyPointer, policyLength, inputPointer, inputLength, userPointer, userLength,
		&chosen, nil, &handle, &failed)
	runtime.KeepAlive(c)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	return newDecision(handle), nil
}

// DecideContext is Decide within the context's deadline. A context that is cancelled without one is looked at before
// the call, not during it.
func (c *Client) DecideContext(
	ctx context.Context, policy string, input any, user string, options ...DecideOptions,
) (*Decision, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chosen := last(options)
	if deadline, ok := ctx.Deadline(); ok {
		chosen.Timeout = sooner(chosen.Timeout, time.Until(deadline))
	}
	decision, err := c.Decide(policy, input, user, chosen)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return decision, err
}

// sooner never gives zero, which would mean the client's default.
func sooner(timeout, left time.Duration) time.Duration {
	if timeout != 0 && timeout < left {
		return timeout
	}
	return max(left, 1)
}
