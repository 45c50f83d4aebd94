package sark

/*
#include <sark.h>
*/
import "C"

import "runtime"

// Metrics counts what is made with it in its options.
type Metrics struct{ handle *C.sark_metrics }

// NewMetrics makes an empty set of metrics.
func NewMetrics() (*Metrics, error) {
	options := C.sark_metrics_options{struct_size: C.sizeof_sark_metrics_options}
	var handle *C.sark_metrics
	var failed *C.sark_error
	status := C.sark_metrics_new(&options, &handle, &failed)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Metrics{handle}
	runtime.AddCleanup(made, freeMetrics, handle)
	return made, nil
}

func freeMetrics(handle *C.sark_metrics) { C.sark_metrics_free(handle) }

// Close makes later calls fail with ErrClosed. It never fails.
func (m *Metrics) Close() error {
	C.sark_metrics_close(m.handle)
	runtime.KeepAlive(m)
	return nil
}

// Render gives Prometheus' text format 0.0.4.
func (m *Metrics) Render() (string, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_metrics_render(m.handle, out.handle, &failed)
	runtime.KeepAlive(m)
	if err := failure(status, failed); err != nil {
		return "", err
	}
	return string(out.view()), nil
}

// pointer is NULL for no metrics.
func (m *Metrics) pointer() *C.sark_metrics {
	if m == nil {
		return nil
	}
	return m.handle
}
