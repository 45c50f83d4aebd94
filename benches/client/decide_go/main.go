// One decision in Go: medians and 99th percentiles in nanoseconds as JSON. Usage: decide_go POLICY INPUT PORT
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

const local, remote = 20_000, 2000

func measure(count int, decide func() bool) []int64 {
	times := make([]int64, 0, count)
	for number := -500; number < count; number++ {
		start := time.Now()
		allowed := decide()
		taken := time.Since(start).Nanoseconds()
		if !allowed {
			log.Fatal("not allowed")
		}
		if number >= 0 {
			times = append(times, taken)
		}
	}
	slices.Sort(times)
	return []int64{times[count/2], times[count*99/100]}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	policy, raw := must(os.ReadFile(os.Args[1])), bytes.TrimSpace(must(os.ReadFile(os.Args[2])))
	url := "http://127.0.0.1:" + os.Args[3] + "/v1/data/authz/allow"
	var input any
	if err := json.Unmarshal(raw, &input); err != nil {
		log.Fatal(err)
	}
	engine := must(sark.NewEngine())
	if err := engine.LoadPolicy("authz", string(policy)); err != nil {
		log.Fatal(err)
	}
	client := must(sark.NewClient(engine))
	cached := must(sark.NewClient(engine, sark.ClientOptions{Cache: must(sark.NewCache())}))
	decide := func(by *sark.Client, input any) func() bool {
		return func() bool { return must(by.Decide("data.authz.allow", input, "ada")).Allowed }
	}
	ask := func() bool {
		body := must(json.Marshal(map[string]any{"input": input}))
		answer := must(http.Post(url, "application/json", bytes.NewReader(body)))
		var read struct{ Result bool }
		err := json.NewDecoder(answer.Body).Decode(&read)
		_ = answer.Body.Close()
		return err == nil && read.Result
	}
	figures := map[string][]int64{
		"decide":      measure(local, decide(client, input)),
		"decide, raw": measure(local, decide(client, json.RawMessage(raw))),
		"cached":      measure(local, decide(cached, json.RawMessage(raw))),
		"http":        measure(remote, ask),
	}
	fmt.Println(string(must(json.Marshal(figures))))
}
