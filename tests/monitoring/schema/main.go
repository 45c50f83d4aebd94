// Reads dashboards by the schema that Grafana publishes (its Foundation SDK), strictly: unknown fields, missing ones and
// values out of range fail, in panels, their options and their queries, too. Words of an enumeration it takes as they are.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	// All kinds of panels would take half a minute to compile.
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(statetimeline.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Printf("%s:\n%v\n", path, err)
			os.Exit(1)
		}
	}
}

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// Strict reading answers an empty list, not nil, where nothing is wrong, and takes it for an error itself, so that panels are missing in
	// what it reads: that is read again.
	var strictly, read dashboard.Dashboard
	var problems cog.BuildErrors
	if err := strictly.UnmarshalJSONStrict(text); err != nil && (!errors.As(err, &problems) || len(problems) > 0) {
		return err
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	return errors.Join(read.Validate(), checkPanels(read.Panels))
}

// What is not registered is not looked into.
func checkPanels(panels []dashboard.PanelOrRowPanel) error {
	for _, panel := range panels {
		if panel.Panel == nil {
			continue
		}
		if _, found := cog.NewRuntime().ConfigForPanelcfgVariant(panel.Panel.Type); !found {
			return fmt.Errorf("a panel of the kind %q: register it here, so that its options are checked", panel.Panel.Type)
		}
	}
	return nil
}
