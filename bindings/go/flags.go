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
	"runtime"
)

// FlagsOptions are about a set of flags.
type FlagsOptions struct {
	Metrics *Metrics // nil: none
}

// Rollout is how far a feature is rolled out.
type Rollout struct {
	Feature    string  `json:"feature"`
	Percentage float64 `json:"percentage"` // 0 to 100, in steps of 0.01
}

// Flags say who takes the local path: for each feature a percentage of users. A user is any bytes.
type Flags struct{ handle *C.sark_flags }

// NewFlags opens a store by its URL: "memory:".
func NewFlags(url string, options ...FlagsOptions) (*Flags, error) {
	chosen := last(options)
	raw := C.sark_flags_options{
		struct_size: C.sizeof_sark_flags_options,
		metrics:     chosen.Metrics.pointer(),
	}
	urlPointer, urlLength := text(url)
	var handle *C.sark_flags
	var failed *C.sark_error
	status := C.sark_flags_new(urlPointer, urlLength, &raw, &handle, &failed)
	runtime.KeepAlive(chosen.Metrics)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Flags{handle}
	runtime.AddCleanup(made, freeFlags, handle)
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

// SetRollout sets a feature's percentage, from 0 to 100 in steps of 0.01.
func (f *Flags) SetRollout(feature string, percentage float64) error {
	featurePointer, featureLength := text(feature)
	var failed *C.sark_error
	status := C.sark_flags_set_rollout(f.handle, featurePointer, featureLength, C.double(percentage), &failed)
	runtime.KeepAlive(f)
	return failure(status, failed)
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

// Rollback sets a feature to 0 %.
func (f *Flags) Rollback(feature string) error {
	featurePointer, featureLength := text(feature)
	var failed *C.sark_error
	status := C.sark_flags_rollback(f.handle, featurePointer, featureLength, &failed)
	runtime.KeepAlive(f)
	return failure(status, failed)
}

// RollbackAll sets every feature to 0 %.
func (f *Flags) RollbackAll() error {
	var failed *C.sark_error
	status := C.sark_flags_rollback_all(f.handle, &failed)
	runtime.KeepAlive(f)
	return failure(status, failed)
}

// List gives all rollouts, sorted by feature.
func (f *Flags) List() ([]Rollout, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_flags_list(f.handle, out.handle, &failed)
	runtime.KeepAlive(f)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	var rollouts []Rollout
	err := json.Unmarshal(out.view(), &rollouts)
	return rollouts, err
}
