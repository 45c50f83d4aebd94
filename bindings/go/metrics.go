package sark

/*
#include <sark.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
)

// Metrics counts what is made with it in its options.
type Metrics struct {
	handle *C.sark_metrics
	_      ownBlock
}

// NewMetrics makes an empty set of metrics.
func NewMetrics() (*Metrics, error) {
	options := C.sark_metrics_options{struct_size: C.sizeof_sark_metrics_options}
	var handle *C.sark_metrics
	var failed *C.sark_error
	status := C.sark_metrics_new(&options, &handle, &failed)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Metrics{handle: handle}
	runtime.AddCleanup(made, freeMetrics, handle)
	return made, nil
}

// NewSharedMetrics makes metrics that all processes with this directory share: what any of them renders is of all, those that ended
// included. The directory is made where there is none, belongs to one service on one machine, and takes 64 KiB for each process;
// ErrUnavailable where it cannot be used.
func NewSharedMetrics(directory string) (*Metrics, error) {
	options := C.sark_metrics_options{struct_size: C.sizeof_sark_metrics_options}
	pointer, length := text(directory)
	var handle *C.sark_metrics
	var failed *C.sark_error
	status := C.sark_metrics_new_shared(pointer, length, &options, &handle, &failed)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Metrics{handle: handle}
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

// RenderOpenMetrics gives OpenMetrics 1.0.0.
func (m *Metrics) RenderOpenMetrics() (string, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_metrics_render_as(m.handle, C.SARK_METRICS_OPENMETRICS, out.handle, &failed)
	runtime.KeepAlive(m)
	if err := failure(status, failed); err != nil {
		return "", err
	}
	return string(out.view()), nil
}

// MetricFamily is one name and its samples. Type is "counter", "gauge" or "histogram".
type MetricFamily struct {
	Name    string         `json:"name"`
	Help    string         `json:"help"`
	Type    string         `json:"type"`
	Unit    string         `json:"unit"`
	Labels  []string       `json:"labels"`
	Samples []MetricSample `json:"samples"`
}

// MetricSample has a value, or where it is of a histogram all but that: Buckets are pairs of a bound in seconds and how many took at
// most as long. Labels are the values of the family's labels.
type MetricSample struct {
	Labels  []string     `json:"labels"`
	Value   float64      `json:"value"`
	Buckets [][2]float64 `json:"buckets"`
	Count   uint64       `json:"count"`
	Sum     float64      `json:"sum"`
}

// Gather gives everything, for collectors of a metrics library; the package prometheus beside this one is one.
func (m *Metrics) Gather() ([]MetricFamily, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_metrics_gather(m.handle, out.handle, &failed)
	runtime.KeepAlive(m)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	var families []MetricFamily
	err := json.Unmarshal(out.view(), &families)
	return families, err
}

// pointer is NULL for no metrics.
func (m *Metrics) pointer() *C.sark_metrics {
	if m == nil {
		return nil
	}
	return m.handle
}
