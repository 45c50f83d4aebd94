// Command server_go is a server of Go with an admin, mounted in every way that its documentation says. It prints its port, and ends
// when its input does.
//
// Usage: server_go URL-OF-THE-FLAGS [PORT]      SARK_TOKENS: [{"name": …, "secret": …, "role": …}]
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"

	sark "github.com/sark-policy/sark/bindings/go"
)

const policy = "package authz\n\nallow if input.user == \"alice\""

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	port := "0"
	if len(arguments) > 1 {
		port = arguments[1]
	}
	mux, err := routes(arguments[0])
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, mux)
}

func routes(url string) (*http.ServeMux, error) {
	metrics, err := sark.NewMetrics()
	if err != nil {
		return nil, err
	}
	cache, err := sark.NewCache()
	if err != nil {
		return nil, err
	}
	engine, err := sark.NewEngine(sark.EngineOptions{Metrics: metrics})
	if err != nil {
		return nil, err
	}
	if err := engine.LoadPolicy("authz", policy); err != nil {
		return nil, err
	}
	client, err := sark.NewClient(engine, sark.ClientOptions{Cache: cache, Metrics: metrics})
	if err != nil {
		return nil, err
	}
	flags, err := sark.NewFlags(url, sark.FlagsOptions{Metrics: metrics, Logger: slog.Default()})
	if err != nil {
		return nil, err
	}
	var tokens []sark.Token
	if err := json.Unmarshal([]byte(os.Getenv("SARK_TOKENS")), &tokens); err != nil {
		return nil, err
	}
	admin, err := sark.NewAdmin(flags, sark.AdminOptions{Tokens: tokens, Engine: engine, Cache: cache, Metrics: metrics})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/admin", admin)
	mux.Handle("/admin/", admin)
	mux.Handle("/ops/dial", http.StripPrefix("/ops/dial", admin))
	mux.Handle("/ops/dial/", http.StripPrefix("/ops/dial", admin))
	mux.HandleFunc("POST /close", func(http.ResponseWriter, *http.Request) { _ = admin.Close() })
	mux.HandleFunc("GET /decide", func(writer http.ResponseWriter, request *http.Request) {
		decision, err := client.Decide("data.authz.allow", map[string]string{"user": request.URL.Query().Get("user")}, "")
		if err != nil {
			http.Error(writer, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(writer).Encode(map[string]bool{"allowed": decision.Allowed})
	})
	return mux, nil
}
