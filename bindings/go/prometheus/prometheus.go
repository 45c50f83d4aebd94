// Package prometheus shows sark's metrics in a registry of client_golang, beside those of the application. It is a module of its own, so
// that who does not use it does not depend on client_golang.
//
//	metrics, err := sark.NewMetrics()
//	registry.MustRegister(prometheus.NewCollector(metrics))
package prometheus

import (
	"github.com/prometheus/client_golang/prometheus"
	sark "github.com/sark-policy/sark/bindings/go"
)

type collector struct{ metrics *sark.Metrics }

// NewCollector gives a collector of what metrics has, at each scrape. Many goroutines may use it.
func NewCollector(metrics *sark.Metrics) prometheus.Collector { return collector{metrics} }

// Describe sends nothing: which families there are depends on what happened, so that the collector is what client_golang calls unchecked.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends everything; a closed Metrics fails the scrape.
func (c collector) Collect(into chan<- prometheus.Metric) {
	families, err := c.metrics.Gather()
	if err != nil {
		into <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	for _, family := range families {
		describe := prometheus.NewDesc(family.Name, family.Help, family.Labels, nil)
		for _, sample := range family.Samples {
			into <- metric(describe, family.Type, sample)
		}
	}
}

func metric(describe *prometheus.Desc, kind string, sample sark.MetricSample) prometheus.Metric {
	var made prometheus.Metric
	var err error
	switch kind {
	case "histogram":
		buckets := make(map[float64]uint64, len(sample.Buckets))
		for _, bucket := range sample.Buckets {
			buckets[bucket[0]] = uint64(bucket[1])
		}
		made, err = prometheus.NewConstHistogram(describe, sample.Count, sample.Sum, buckets, sample.Labels...)
	case "counter":
		made, err = prometheus.NewConstMetric(describe, prometheus.CounterValue, sample.Value, sample.Labels...)
	default:
		made, err = prometheus.NewConstMetric(describe, prometheus.GaugeValue, sample.Value, sample.Labels...)
	}
	if err != nil {
		return prometheus.NewInvalidMetric(describe, err)
	}
	return made
}
