package sark

/*
#include <sark.h>
*/
import "C"

import (
	"runtime"
	"sync"
)

// Update collects changes that an engine takes all at once or not at all.
type Update struct {
	// The C object is for one thread at a time, and has no close of its own: the lock makes both good.
	lock    sync.Mutex
	handle  *C.sark_update
	cleanup runtime.Cleanup
}

// NewUpdate starts a collection of changes; nothing happens before Commit.
func (e *Engine) NewUpdate() (*Update, error) {
	var handle *C.sark_update
	var failed *C.sark_error
	status := C.sark_update_new(e.handle, &handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Update{handle: handle}
	made.cleanup = runtime.AddCleanup(made, freeUpdate, handle)
	return made, nil
}

func freeUpdate(handle *C.sark_update) { C.sark_update_free(handle) }

// Close forgets what was not committed; later calls fail with ErrClosed. It never fails.
func (u *Update) Close() error {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.handle != nil {
		u.cleanup.Stop()
		freeUpdate(u.handle)
		u.handle = nil
	}
	return nil
}

// while runs one call with the C object held.
func (u *Update) while(call func(handle *C.sark_update) error) error {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.handle == nil {
		return &Error{Status: StatusClosed, Message: "the update is closed", Offset: -1}
	}
	err := call(u.handle)
	runtime.KeepAlive(u)
	return err
}

// LoadPolicy adds or replaces a policy.
func (u *Update) LoadPolicy(name, rego string, options ...LoadOptions) error {
	return u.while(func(handle *C.sark_update) error {
		chosen := loadOptions(last(options))
		namePointer, nameLength := text(name)
		regoPointer, regoLength := text(rego)
		var failed *C.sark_error
		status := C.sark_update_load_policy(
			handle, namePointer, nameLength, regoPointer, regoLength, &chosen, &failed)
		return failure(status, failed)
	})
}

// RemovePolicy removes a policy.
func (u *Update) RemovePolicy(name string) error {
	return u.while(func(handle *C.sark_update) error {
		namePointer, nameLength := text(name)
		var failed *C.sark_error
		status := C.sark_update_remove_policy(handle, namePointer, nameLength, &failed)
		return failure(status, failed)
	})
}

// ClearPolicies removes all policies.
func (u *Update) ClearPolicies() error {
	return u.while(func(handle *C.sark_update) error {
		var failed *C.sark_error
		status := C.sark_update_clear_policies(handle, &failed)
		return failure(status, failed)
	})
}

// SetData replaces all data; it has to be an object.
func (u *Update) SetData(data any) error {
	encoded, err := encode(data)
	if err != nil {
		return err
	}
	return u.SetDataJSON(encoded)
}

// SetDataJSON is SetData for JSON.
func (u *Update) SetDataJSON(data []byte) error {
	return u.while(func(handle *C.sark_update) error {
		dataPointer, dataLength := raw(data)
		var failed *C.sark_error
		status := C.sark_update_set_data(handle, dataPointer, dataLength, nil, &failed)
		return failure(status, failed)
	})
}

// PatchData puts data at a path such as "/users/alice".
func (u *Update) PatchData(path string, data any) error {
	encoded, err := encode(data)
	if err != nil {
		return err
	}
	return u.PatchDataJSON(path, encoded)
}

// PatchDataJSON is PatchData for JSON.
func (u *Update) PatchDataJSON(path string, data []byte) error {
	return u.while(func(handle *C.sark_update) error {
		pathPointer, pathLength := text(path)
		dataPointer, dataLength := raw(data)
		var failed *C.sark_error
		status := C.sark_update_patch_data(
			handle, pathPointer, pathLength, dataPointer, dataLength, nil, &failed)
		return failure(status, failed)
	})
}

// Commit puts the changes in force and returns the engine's revision after them. Where expected is not empty and no
// longer the engine's revision, it fails with ErrConflict. After a success the update is empty and can be used again.
func (u *Update) Commit(expected string) (revision string, err error) {
	err = u.while(func(handle *C.sark_update) error {
		expectedPointer, expectedLength := textOrNull(expected)
		info := C.sark_revision_info{struct_size: C.sizeof_sark_revision_info}
		var failed *C.sark_error
		status := C.sark_update_commit(handle, expectedPointer, expectedLength, &info, &failed)
		revision = goText(&info.revision)
		return failure(status, failed)
	})
	if err != nil {
		return "", err
	}
	return revision, nil
}
