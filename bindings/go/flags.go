package sark

/*
#include <sark.h>
#cgo noescape sark_flags_is_enabled
#cgo nocallback sark_flags_is_enabled
#cgo noescape sark_flags_bucket
#cgo nocallback sark_flags_bucket
*/
import "C"

import (
	"encoding/json"
	"log/slog"
	"runtime"
	"time"
	"weak"
)

// FlagsOptions are about a set of flags.
type FlagsOptions struct {
	Metrics *Metrics // nil: none
	// MaxAge is how old the percentages of a store that is away may become before everyone takes the remote path; 0: no bound.
	MaxAge time.Duration
	// Logger gets what happens: changes, a store that is away. nil: nobody; see NextEvent.
	Logger *slog.Logger
}

// By says who changes a dial, and why, for the history. Either may be empty.
type By struct{ Who, Why string }

// Change is a change of a dial.
type Change struct {
	When    time.Time `json:"when"`
	Feature string    `json:"feature"`
	From    *float64  `json:"from"` // nil: the feature was not set
	To      float64   `json:"to"`
	Who     string    `json:"who"`
	Why     string    `json:"why"`
}

// FlagsStatus is how flags are.
type FlagsStatus struct {
	Store      string   `json:"store"`       // its URL, without anything secret
	Known      bool     `json:"known"`       // the percentages came from the store, or from what was kept of it
	AgeSeconds *float64 `json:"age_seconds"` // since the store was last reached; nil: never
	TooOld     bool     `json:"too_old"`     // older than MaxAge: everyone takes the remote path
	Problem    *string  `json:"problem"`     // what is wrong with the store
	Emptied    bool     `json:"emptied"`     // the store lost its contents; the last known percentages hold
	Force      *string  `json:"force"`       // the side that everyone takes: "local" or "remote"
}

// Side is a side that everyone is sent to.
type Side uint32

// The sides; SideNone lets the percentages decide.
const (
	SideNone   Side = C.SARK_FORCE_NONE
	SideLocal  Side = C.SARK_FORCE_LOCAL
	SideRemote Side = C.SARK_FORCE_REMOTE
)

// Rollout is how far a feature is rolled out.
type Rollout struct {
	Feature    string  `json:"feature"`
	Percentage float64 `json:"percentage"` // 0 to 100, in steps of 0.01
}

// Flags say who takes the local path: for each feature a percentage of users. A user is any bytes.
type Flags struct {
	handle *C.sark_flags
	_      ownBlock
}

// NewFlags opens a store by its URL: "memory:", "file:PATH", "redis://…", "rediss://…" or "unix:PATH". A store that is away is no
// error: what was kept of it holds, or 0 %. The environment's SARK_FORCE, "local" or "remote", sends everyone to one side.
func NewFlags(url string, options ...FlagsOptions) (*Flags, error) {
	chosen := last(options)
	raw := C.sark_flags_options{
		struct_size: C.sizeof_sark_flags_options,
		metrics:     chosen.Metrics.pointer(),
		max_age_ns:  C.uint64_t(max(0, chosen.MaxAge)),
	}
	urlPointer, urlLength := text(url)
	var handle *C.sark_flags
	var failed *C.sark_error
	status := C.sark_flags_new(urlPointer, urlLength, &raw, &handle, &failed)
	runtime.KeepAlive(chosen.Metrics)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Flags{handle: handle}
	runtime.AddCleanup(made, freeFlags, handle)
	if chosen.Logger != nil {
		go logEvents(weak.Make(made), (*Flags).NextEvent, chosen.Logger)
	}
	return made, nil
}

func freeFlags(handle *C.sark_flags) { C.sark_flags_free(handle) }

// Close makes later calls fail with ErrClosed. It never fails.
func (f *Flags) Close() error {
	C.sark_flags_close(f.handle)
	runtime.KeepAlive(f)
	return nil
}

// Bucket is where a user stands, from 0 to 9999: a feature at P % is on below P * 100. The same in every process.
func Bucket(feature, user string) (int, error) {
	featurePointer, featureLength := text(feature)
	userPointer, userLength := textBytes(user)
	var bucket C.uint32_t
	var failed *C.sark_error
	status := C.sark_flags_bucket(featurePointer, featureLength, userPointer, userLength, &bucket, &failed)
	return int(bucket), failure(status, failed)
}

// IsEnabled tells whether the feature is on for the user. An empty user is nobody: on only at 100 %.
func (f *Flags) IsEnabled(feature, user string) (bool, error) {
	featurePointer, featureLength := text(feature)
	userPointer, userLength := textBytes(user)
	var failed *C.sark_error
	yes := C.sark_flags_is_enabled(f.handle, featurePointer, featureLength, userPointer, userLength, &failed)
	runtime.KeepAlive(f)
	if err := predicateFailure(failed, 0); err != nil {
		return false, err
	}
	return bool(yes), nil
}

// SetRollout sets a feature's percentage, from 0 to 100 in steps of 0.01, and says what it was.
func (f *Flags) SetRollout(feature string, percentage float64, by ...By) (Change, error) {
	out := newBuffer()
	defer out.release()
	featurePointer, featureLength := text(feature)
	chosen := last(by)
	who, whoLength := textOrNull(chosen.Who)
	why, whyLength := textOrNull(chosen.Why)
	var failed *C.sark_error
	status := C.sark_flags_set_rollout_by(
		f.handle, featurePointer, featureLength, C.double(percentage), who, whoLength, why, whyLength, out.handle, &failed)
	runtime.KeepAlive(f)
	return unmarshal[Change](out, failure(status, failed))
}

// Rollout is a feature's percentage; 0 where it was never set.
func (f *Flags) Rollout(feature string) (float64, error) {
	featurePointer, featureLength := text(feature)
	var percentage C.double
	var failed *C.sark_error
	status := C.sark_flags_rollout(f.handle, featurePointer, featureLength, &percentage, &failed)
	runtime.KeepAlive(f)
	return float64(percentage), failure(status, failed)
}

// Rollback sets a feature to 0 %, and says what it was.
func (f *Flags) Rollback(feature string, by ...By) (Change, error) {
	pointer, length := text(feature)
	changes, err := f.rollBack(pointer, length, last(by))
	if err != nil {
		return Change{}, err
	}
	return changes[0], nil
}

// RollbackAll sets every feature to 0 %, at once, and says what they were.
func (f *Flags) RollbackAll(by ...By) ([]Change, error) { return f.rollBack(nil, 0, last(by)) }

func (f *Flags) rollBack(feature *C.char, length C.uint64_t, by By) ([]Change, error) {
	out := newBuffer()
	defer out.release()
	who, whoLength := textOrNull(by.Who)
	why, whyLength := textOrNull(by.Why)
	var failed *C.sark_error
	status := C.sark_flags_rollback_by(f.handle, feature, length, who, whoLength, why, whyLength, out.handle, &failed)
	runtime.KeepAlive(f)
	return unmarshal[[]Change](out, failure(status, failed))
}

// List gives all rollouts, sorted by feature.
func (f *Flags) List() ([]Rollout, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_flags_list(f.handle, out.handle, &failed)
	runtime.KeepAlive(f)
	return unmarshal[[]Rollout](out, failure(status, failed))
}

// History gives the last changes, the newest first: of a feature, or, where it is empty, of all. At most so many; 0: all that the
// store keeps, which are the last 1,000.
func (f *Flags) History(feature string, most uint) ([]Change, error) {
	out := newBuffer()
	defer out.release()
	pointer, length := textOrNull(feature)
	var failed *C.sark_error
	status := C.sark_flags_history(f.handle, pointer, length, C.uint64_t(most), out.handle, &failed)
	runtime.KeepAlive(f)
	return unmarshal[[]Change](out, failure(status, failed))
}

// Status tells how the flags are.
func (f *Flags) Status() (FlagsStatus, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_flags_status(f.handle, out.handle, &failed)
	runtime.KeepAlive(f)
	return unmarshal[FlagsStatus](out, failure(status, failed))
}

// Force sends everyone to one side, in this process alone, whatever the percentages say.
func (f *Flags) Force(side Side) error {
	var failed *C.sark_error
	status := C.sark_flags_force(f.handle, C.uint32_t(side), &failed)
	runtime.KeepAlive(f)
	return failure(status, failed)
}

func unmarshal[T any](out *buffer, err error) (value T, _ error) {
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal(out.view(), &value)
}
