package sark

/*
#include <sark.h>
#cgo noescape sark_client_decide
#cgo nocallback sark_client_decide
*/
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"
	"weak"
)

// ClientOptions are what a client is made of.
type ClientOptions struct {
	Cache                  *Cache // nil: every answer is worked out
	Flags                  *Flags // nil: everyone is decided locally
	OPAURL                 string // the remote OPA, "http[s]://HOST:PORT[?ca_file=…&cert_file=…&key_file=…&token_file=…&connect_timeout_ms=…]"; empty: local only, and then Flags must be nil
	Feature                string // what Flags is asked for; empty: "rust_opa"
	Timeout                time.Duration
	CacheTTL               time.Duration
	MaxConcurrentFallbacks uint32
	MaxAnswerBytes         uint64
	Metrics                *Metrics // nil: none
	Mode                   Mode     // who decides; zero: the side that Flags says
	// ShadowRate is the percentage of local decisions that are compared with the remote's, in steps of 0.01; 0: none.
	ShadowRate float64
	// ShadowMaxWaiting is how many may wait to be compared; of more, the new ones are dropped and counted.
	ShadowMaxWaiting uint32
	// ShadowKeepInputs keeps the input of a differing answer, for Status.
	ShadowKeepInputs bool
	// Guard is when the dial goes back by itself; the zero value: never.
	Guard Guard
	// DecisionLog is where each decision is logged; nil: nowhere.
	DecisionLog *DecisionLog
	// Logger gets what happens: fallbacks, differing answers, the guard. nil: nobody; see NextEvent.
	Logger *slog.Logger
}

// Mode is who decides.
type Mode uint32

const (
	Dial        Mode = C.SARK_MODE_DIAL         // the side that the flags say; without flags, the local engine
	LocalOnly   Mode = C.SARK_MODE_LOCAL        // the local engine alone
	RemoteOnly  Mode = C.SARK_MODE_REMOTE       // the remote alone
	RemoteFirst Mode = C.SARK_MODE_REMOTE_FIRST // the remote, and the local engine where it is away
)

// Guard is when the dial goes back by itself: where, within the window, one of the thresholds is reached. Zero is off.
type Guard struct {
	Window       time.Duration
	ErrorRate    float64       // so many percent of the local decisions failed, in steps of 0.01
	P95          time.Duration // the 95th percentile of their time is longer
	Differing    uint32        // so many answers differ from the remote's
	MinDecisions uint32        // with fewer local decisions, ErrorRate and P95 say nothing
}

// DecideOptions are about one decision.
type DecideOptions struct {
	Timeout time.Duration // of the whole decision; zero: the client's; NoTimeout: none
	// Traceparent is W3C's header of the request, passed on to the remote; one that is malformed is left out.
	Traceparent string
}

// Client decides here or by a remote OPA, as the flags say, and falls back to the remote where it cannot here.
type Client struct {
	handle *C.sark_client
	flags  *Flags // the library keeps its own; without this one, nobody would log what happens to them
}

// NewClient makes a client of an engine.
func NewClient(engine *Engine, options ...ClientOptions) (*Client, error) {
	chosen := last(options)
	shadowRate, err := hundredths("ShadowRate", chosen.ShadowRate)
	if err != nil {
		return nil, err
	}
	errorRate, err := hundredths("Guard.ErrorRate", chosen.Guard.ErrorRate)
	if err != nil {
		return nil, err
	}
	raw := C.sark_client_options{
		struct_size:              C.sizeof_sark_client_options,
		max_concurrent_fallbacks: C.uint32_t(chosen.MaxConcurrentFallbacks),
		timeout_ns:               nanoseconds(chosen.Timeout),
		cache_ttl_ns:             nanoseconds(chosen.CacheTTL),
		max_answer_bytes:         C.uint64_t(chosen.MaxAnswerBytes),
		metrics:                  chosen.Metrics.pointer(),
		mode:                     C.uint32_t(chosen.Mode),
		shadow_rate:              shadowRate,
		shadow_max_waiting:       C.uint32_t(chosen.ShadowMaxWaiting),
		guard_window_ns:          nanoseconds(chosen.Guard.Window),
		guard_p95_ns:             nanoseconds(chosen.Guard.P95),
		guard_error_rate:         errorRate,
		guard_differing:          C.uint32_t(chosen.Guard.Differing),
		guard_min_decisions:      C.uint32_t(chosen.Guard.MinDecisions),
		decision_log:             chosen.DecisionLog.pointer(),
	}
	if chosen.ShadowKeepInputs {
		raw.shadow_keep_inputs = 1
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
	if chosen.Logger != nil {
		go logEvents(weak.Make(made), (*Client).NextEvent, chosen.Logger)
	}
	return made, nil
}

// hundredths is a percentage in steps of 0.01, as the library wants it.
func hundredths(name string, percentage float64) (C.uint32_t, error) {
	steps := math.Round(percentage * 100)
	if !(steps >= 0 && steps <= 10_000) || math.Abs(percentage*100-steps) > 1e-9 {
		message := fmt.Sprintf("%s is %v: a percentage from 0 to 100 in steps of 0.01 wanted", name, percentage)
		return 0, &Error{Status: StatusInvalidArgument, Message: message, Offset: -1}
	}
	return C.uint32_t(steps), nil
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
	given := last(options)
	chosen := C.sark_decide_options{struct_size: C.sizeof_sark_decide_options, timeout_ns: nanoseconds(given.Timeout)}
	setTrace(&chosen, given.Traceparent)
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

// setTrace reads a W3C traceparent, and leaves one that is malformed out.
func setTrace(options *C.sark_decide_options, traceparent string) {
	parts := strings.Split(strings.TrimSpace(traceparent), "-")
	if len(parts) < 4 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return
	}
	var numbers [4]uint64
	for at, digits := range []string{parts[1][:16], parts[1][16:], parts[2], parts[3]} {
		number, err := strconv.ParseUint(digits, 16, 64)
		if err != nil {
			return
		}
		numbers[at] = number
	}
	options.trace_id_high, options.trace_id_low = C.uint64_t(numbers[0]), C.uint64_t(numbers[1])
	options.trace_parent_id, options.trace_flags = C.uint64_t(numbers[2]), C.uint32_t(numbers[3])
}

// Status says how the client is: its breaker, what shadow and guard found, and the fallbacks under way, as
// sark_client_status has it.
func (c *Client) Status() (map[string]any, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_client_status(c.handle, out.handle, &failed)
	runtime.KeepAlive(c)
	return unmarshal[map[string]any](out, failure(status, failed))
}

// SetMask leaves places out of whatever is kept of inputs and results: JSON pointers such as "/input/password".
func (c *Client) SetMask(pointers ...string) error {
	encoded, err := json.Marshal(append([]string{}, pointers...))
	if err != nil {
		return err
	}
	pointer, length := rawOrNull(encoded)
	var failed *C.sark_error
	status := C.sark_client_set_mask(c.handle, pointer, length, &failed)
	runtime.KeepAlive(c)
	return failure(status, failed)
}

// Replay is what came of deciding a decision log again.
type Replay struct {
	Events    uint64 `json:"events"`
	Equal     uint64 `json:"equal"`
	Differing uint64 `json:"differing"`
	Skipped   struct {
		Erased           uint64 `json:"erased"`           // a part was masked
		Nondeterministic uint64 `json:"nondeterministic"` // time, randomness or the network is reached
		Failed           uint64 `json:"failed"`           // a side had no answer
		Unreadable       uint64 `json:"unreadable"`       // no event
	} `json:"skipped"`
	Differences []Difference `json:"differences"` // at most 100
}

// Difference is a decision that is not what was logged. A side is {"result": …}, {"undefined": true} or {"error": true}.
type Difference struct {
	DecisionID string         `json:"decision_id"`
	Path       string         `json:"path"`
	Logged     map[string]any `json:"logged"`
	Local      map[string]any `json:"local"`
}

// Replay decides events of a decision log (JSON lines, in OPA's format) again, by the engine alone.
func (c *Client) Replay(log []byte) (Replay, error) {
	out := newBuffer()
	defer out.release()
	pointer, length := rawOrNull(log)
	var failed *C.sark_error
	status := C.sark_client_replay(c.handle, pointer, length, out.handle, &failed)
	runtime.KeepAlive(c)
	return unmarshal[Replay](out, failure(status, failed))
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
