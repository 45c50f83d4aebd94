package sark

/*
#include <sark.h>
*/
import "C"

import (
	"runtime"
	"time"
)

// NetworkOptions bound the requests of http.send.
type NetworkOptions struct {
	CAFile           string        // a PEM file of certificates to trust; empty: whom the machine trusts
	Timeout          time.Duration // the most that one request takes; zero: 5 s
	MaxResponseBytes uint64        // the largest answer, after decompressing; zero: 16 MiB
	MaxCacheBytes    uint64        // the most that answers take which one evaluation leaves to later ones; zero: 64 MiB
}

// AllowNet lets http.send and net.lookup_ip_addr reach hosts, from the next evaluation on: names, addresses, networks ("10.0.0.0/8"), and "*"
// for every name. Private addresses are reached where they are listed themselves. Without hosts the engine is closed for good; until it is
// called, a client's remote OPA decides what would reach outside (docs/network.md).
func (e *Engine) AllowNet(hosts []string, options ...NetworkOptions) error {
	if hosts == nil {
		hosts = []string{}
	}
	encoded, err := encode(hosts)
	if err != nil {
		return err
	}
	given := last(options)
	chosen := C.sark_network_options{
		struct_size:        C.sizeof_sark_network_options,
		timeout_ns:         nanoseconds(given.Timeout),
		max_response_bytes: C.uint64_t(given.MaxResponseBytes),
		max_cache_bytes:    C.uint64_t(given.MaxCacheBytes),
	}
	hostsPointer, hostsLength := raw(encoded)
	filePointer, fileLength := text(given.CAFile)
	if given.CAFile == "" {
		filePointer = nil
	}
	var failed *C.sark_error
	status := C.sark_engine_allow_net(e.handle, hostsPointer, hostsLength, filePointer, fileLength, &chosen, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}

// SetRuntime says what opa.runtime() gives: an object, such as {"env": {"REGION": "eu"}}. Without it that is an empty one.
func (e *Engine) SetRuntime(value any) error {
	encoded, err := encode(value)
	if err != nil {
		return err
	}
	pointer, length := raw(encoded)
	var failed *C.sark_error
	status := C.sark_engine_set_runtime(e.handle, pointer, length, &failed)
	runtime.KeepAlive(e)
	return failure(status, failed)
}
