package sark

/*
#include <sark.h>
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// buffer is where the library writes an answer. Its memory is used again and again.
type buffer struct {
	handle  *C.sark_buffer
	cleanup runtime.Cleanup
}

// keepUpTo: one huge answer must not hold its memory for as long as the pool likes.
const keepUpTo = 1 << 20

var buffers = sync.Pool{New: func() any {
	made := &buffer{handle: C.sark_buffer_new()}
	made.cleanup = runtime.AddCleanup(made, freeBuffer, made.handle)
	return made
}}

func freeBuffer(handle *C.sark_buffer) { C.sark_buffer_free(handle) }

func newBuffer() *buffer { return buffers.Get().(*buffer) }

func (b *buffer) release() {
	if b.handle.capacity <= keepUpTo {
		buffers.Put(b)
		return
	}
	b.cleanup.Stop()
	freeBuffer(b.handle)
}

// view is the library's memory: valid until the buffer is used again or released.
func (b *buffer) view() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(b.handle.data)), int(b.handle.length))
}

func (b *buffer) copy() []byte { return append([]byte{}, b.view()...) }
