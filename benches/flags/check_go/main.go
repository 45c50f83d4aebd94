// One check of the dial in Go, sark beside the SDKs offline and a bare murmur3: nanoseconds as JSON, one round.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/growthbook/growthbook-golang"
	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/memprovider"
	sark "github.com/sark-policy/sark/bindings/go"
	"github.com/twmb/murmur3"
)

const feature = "rust_opa"

var users = func() []string {
	made := make([]string, 1000)
	for number := range made {
		made[number] = "user" + strconv.Itoa(number*7919)
	}
	return made
}()

type check func(user string) bool

func timed(c check, rounds int) float64 {
	start := time.Now()
	for range rounds {
		for _, user := range users {
			c(user)
		}
	}
	return float64(time.Since(start).Nanoseconds()) / float64(rounds) / float64(len(users))
}

func sarkCheck() check {
	flags, err := sark.NewFlags("memory:")
	must(err)
	_, err = flags.SetRollout(feature, 25)
	must(err)
	return func(user string) bool {
		on, err := flags.IsEnabled(feature, user)
		return on && err == nil
	}
}

func openfeatureCheck() check {
	evaluate := func(flag memprovider.InMemoryFlag, flat openfeature.FlattenedContext) (any, openfeature.ProviderResolutionDetail) {
		on := murmur3.StringSum32(feature+":"+flat[openfeature.TargetingKey].(string))%100 < 25
		return on, openfeature.ProviderResolutionDetail{Reason: openfeature.TargetingMatchReason}
	}
	flag := memprovider.InMemoryFlag{
		Key: feature, State: memprovider.Enabled, DefaultVariant: "on", Variants: map[string]any{"on": true, "off": false},
		ContextEvaluator: &evaluate,
	}
	must(openfeature.SetProviderAndWait(memprovider.NewInMemoryProvider(map[string]memprovider.InMemoryFlag{feature: flag})))
	client := openfeature.NewClient("bench")
	background := context.Background()
	return func(user string) bool {
		on, err := client.BooleanValue(background, feature, false, openfeature.NewEvaluationContext(user, nil))
		return on && err == nil
	}
}

func growthbookCheck() check {
	features := `{"rust_opa": {"defaultValue": false, "rules": [{"force": true, "coverage": 0.25, "hashAttribute": "id"}]}}`
	background := context.Background()
	client, err := growthbook.NewClient(background, growthbook.WithJsonFeatures(features))
	must(err)
	return func(user string) bool {
		one, err := client.WithAttributes(growthbook.Attributes{"id": user})
		return err == nil && one.EvalFeature(background, feature).On
	}
}

func murmurCheck() check {
	return func(user string) bool { return murmur3.StringSum32(user)%100 < 25 }
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	checks := []struct {
		name string
		check
		rounds int
	}{
		{"sark", sarkCheck(), 500}, {"OpenFeature", openfeatureCheck(), 50}, {"GrowthBook", growthbookCheck(), 50}, {"bare murmur3", murmurCheck(), 500},
	}
	times := map[string]float64{}
	for _, each := range checks {
		on := 0
		for _, user := range users {
			if each.check(user) {
				on++
			}
		}
		if on < 150 || on > 350 {
			fmt.Fprintf(os.Stderr, "%s: %d of 1000 users are on at 25 %%\n", each.name, on)
			os.Exit(1)
		}
		times[each.name] = timed(each.check, each.rounds)
	}
	must(json.NewEncoder(os.Stdout).Encode(times))
}
