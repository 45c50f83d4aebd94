package sark

/*
#include <sark.h>
*/
import "C"

import "runtime"

// Input was parsed once and can be given to many queries of its engine.
type Input struct {
	handle *C.sark_input
	_      ownBlock
}

// ParseInput parses an input.
func (e *Engine) ParseInput(input any) (*Input, error) {
	encoded, err := encode(input)
	if err != nil {
		return nil, err
	}
	return e.ParseInputJSON(encoded)
}

// ParseInputJSON is ParseInput for JSON.
func (e *Engine) ParseInputJSON(input []byte) (*Input, error) {
	inputPointer, inputLength := raw(input)
	var handle *C.sark_input
	var failed *C.sark_error
	status := C.sark_input_parse(e.handle, inputPointer, inputLength, &handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Input{handle: handle}
	runtime.AddCleanup(made, freeInput, handle)
	return made, nil
}

func freeInput(handle *C.sark_input) { C.sark_input_free(handle) }

// Close makes later uses fail with ErrClosed. It never fails.
func (i *Input) Close() error {
	C.sark_input_close(i.handle)
	runtime.KeepAlive(i)
	return nil
}
