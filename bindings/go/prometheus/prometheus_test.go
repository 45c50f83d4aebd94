package prometheus_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	sark "github.com/sark-policy/sark/bindings/go"
	sarkprometheus "github.com/sark-policy/sark/bindings/go/prometheus"
	"google.golang.org/protobuf/proto"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func busyMetrics(t *testing.T) *sark.Metrics {
	t.Helper()
	metrics := must(sark.NewMetrics())
	engine := must(sark.NewEngine(sark.EngineOptions{Metrics: metrics}))
	if err := engine.LoadPolicy("p", "package p\n\nx := 1\n\ny := 1\n\ny := 2"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		must(engine.Evaluate("data.p.x", nil))
	}
	if _, err := engine.Evaluate("data.p.y", nil); !errors.Is(err, sark.ErrEvaluation) {
		t.Fatal(err)
	}
	flags := must(sark.NewFlags("memory:", sark.FlagsOptions{Metrics: metrics}))
	must(flags.SetRollout("a \"feature\"\\\n", 12.5))
	return metrics
}

// read gives families by name, with each sample's labels in order.
func read(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.Metric {
			slices.SortFunc(metric.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
	}
	return families
}

func shown(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	var text bytes.Buffer
	for _, family := range must(registry.Gather()) {
		must(expfmt.MetricFamilyToText(&text, family))
	}
	return text.String()
}

func TestTheRegistryShowsWhatSarkRenders(t *testing.T) {
	metrics := busyMetrics(t)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(sarkprometheus.NewCollector(metrics))
	ours, theirs := read(t, must(metrics.Render())), read(t, shown(t, registry))
	if len(ours) != len(theirs) || len(ours) < 12 {
		t.Fatalf("%d families are rendered, %d gathered", len(ours), len(theirs))
	}
	for name, family := range ours {
		if !proto.Equal(family, theirs[name]) {
			t.Errorf("rendered: %v\ngathered: %v", family, theirs[name])
		}
	}
	rust := ours["opa_evaluations_total"].Metric[1]
	if rust.Label[0].GetValue() != "rust" || rust.Counter.GetValue() != 3 {
		t.Error(rust)
	}
}

func TestAClosedObjectFailsTheScrape(t *testing.T) {
	metrics := busyMetrics(t)
	registry := prometheus.NewRegistry()
	registry.MustRegister(sarkprometheus.NewCollector(metrics))
	if err := metrics.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}

func TestObjectsWithOneDirectoryAddUp(t *testing.T) {
	folder := t.TempDir()
	for _, metrics := range []*sark.Metrics{must(sark.NewSharedMetrics(folder)), must(sark.NewSharedMetrics(folder))} {
		engine := must(sark.NewEngine(sark.EngineOptions{Metrics: metrics}))
		if err := engine.LoadPolicy("p", "package p\n\nx := 1"); err != nil {
			t.Fatal(err)
		}
		must(engine.Evaluate("data.p.x", nil))
	}
	if text := must(must(sark.NewSharedMetrics(folder)).Render()); !strings.Contains(text, "opa_evaluations_total{implementation=\"rust\"} 2\n") {
		t.Error(text)
	}
	if _, err := sark.NewSharedMetrics("/dev/null/metrics"); !errors.Is(err, sark.ErrUnavailable) {
		t.Error(err)
	}
}
