package sark_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

// follow has a new engine follow a directory with one policy, and gives what replaces the policy.
func follow(t *testing.T, rego string, options *sark.SourceOptions) (*sark.Source, func(rego string)) {
	t.Helper()
	engine, err := sark.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	write := func(rego string) {
		if err := os.WriteFile(filepath.Join(directory, "p.rego"), []byte(rego), 0o600); err != nil {
			t.Error(err)
		}
	}
	write(rego)
	source, err := engine.Follow("dir:"+directory, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { errors.Join(source.Close(), engine.Close()) })
	return source, write
}

func TestActivationsEndAtClose(t *testing.T) {
	source, write := follow(t, "package p\nx := 1", &sark.SourceOptions{Name: "mine"})
	var seen []sark.Event
	for event := range source.Activations() {
		seen = append(seen, event)
		switch len(seen) {
		case 1:
			write("package p\nx := 22")
			if err := source.Trigger(); err != nil {
				t.Fatal(err)
			}
		case 2:
			// Another goroutine's, while this one waits for more.
			time.AfterFunc(10*time.Millisecond, func() { source.Close() })
		}
	}
	if len(seen) != 2 || seen[1].Name != "activated" || seen[1].Fields["source"] != "mine" {
		t.Fatal(seen)
	}
	closed(t, "source", source.Wait(time.Second))
	_, _, err := source.NextEvent(time.Second)
	closed(t, "source", err)
}

func TestActivationsMayBeLeft(t *testing.T) {
	source, _ := follow(t, "package p", nil)
	for range source.Activations() {
		break
	}
	status, err := source.Status()
	if err != nil || !status.Ready || status.Closed || status.Error != nil || *status.Type != "snapshot" || time.Since(*status.LastSuccessfulActivation) > time.Minute {
		t.Fatal(status, err)
	}
}

func TestStatusHasTheErrorItself(t *testing.T) {
	source, _ := follow(t, "package p\nx :=", nil)
	status, err := source.Status()
	if err != nil || status.Ready || status.Type != nil || status.LastSuccessfulActivation != nil {
		t.Fatal(status, err)
	}
	waited := new(sark.Error)
	if !errors.As(source.Wait(0), &waited) || !errors.Is(status.Error, sark.ErrCompilation) {
		t.Fatal(waited, status.Error)
	}
	if status.Error.Code != "rego_parse_error" || status.Error.Locations[0] != waited.Locations[0] || status.Error.Message != waited.Message {
		t.Fatal(status.Error)
	}
}

func TestSourceOptionsHaveTheNamesOfOPA(t *testing.T) {
	for _, each := range []struct {
		options sark.SourceOptions
		want    string
	}{
		{sark.SourceOptions{}, `{}`},
		// What is there but empty is said: whoever gives keys wants them to be checked.
		{
			sark.SourceOptions{Keys: map[string]sark.Key{}, Signing: &sark.Signing{}, Ignore: []string{}},
			`{"ignore":[],"keys":{},"signing":{}}`,
		},
		{
			sark.SourceOptions{
				Polling:     sark.Polling{MinDelaySeconds: 0.5, MaxDelaySeconds: 1, LongPollingTimeoutSeconds: 10},
				Keys:        map[string]sark.Key{"k": {Algorithm: "HS256", Key: "secret", Scope: "read"}},
				Signing:     &sark.Signing{KeyID: "k", Scope: "read", ExcludeFiles: []string{"x"}},
				Credentials: sark.Credentials{Bearer: sark.Bearer{TokenPath: "t"}, ClientTLS: sark.ClientTLS{Cert: "c", PrivateKey: "p"}},
				TLS:         sark.TLS{CACert: "ca"}, Headers: map[string]string{"A": "b"},
			},
			`{"polling":{"min_delay_seconds":0.5,"max_delay_seconds":1,"long_polling_timeout_seconds":10},` +
				`"keys":{"k":{"algorithm":"HS256","key":"secret","scope":"read"}},"signing":{"keyid":"k","scope":"read","exclude_files":["x"]},` +
				`"credentials":{"bearer":{"token_path":"t"},"client_tls":{"cert":"c","private_key":"p"}},"tls":{"ca_cert":"ca"},"headers":{"A":"b"}}`,
		},
	} {
		if text, err := json.Marshal(each.options); err != nil || string(text) != each.want {
			t.Errorf("%s, %v instead of %s", text, err, each.want)
		}
	}
}

// TestEverySourceOptionIsKnown: a name that the library does not know would be refused as such, rather than for the directory.
func TestEverySourceOptionIsKnown(t *testing.T) {
	engine := newEngine(t)
	_, err := engine.Follow("bundle:/dev/null/b", &sark.SourceOptions{
		Name: "n", RegoVersion: "v0", Ignore: []string{"x"}, Polling: sark.Polling{MinDelaySeconds: 1, MaxDelaySeconds: 2},
		Keys: map[string]sark.Key{"k": {Algorithm: "HS256", Key: "secret", Scope: "read"}}, Signing: &sark.Signing{KeyID: "k", ExcludeFiles: []string{"x"}},
		Credentials: sark.Credentials{Bearer: sark.Bearer{Token: "t", TokenPath: "p"}, ClientTLS: sark.ClientTLS{Cert: "c", PrivateKey: "p"}},
		TLS:         sark.TLS{CACert: "ca"}, Headers: map[string]string{"A": "b"}, SizeLimitBytes: 1, MaxStalenessSeconds: 1, WhenStale: "remote",
		ResponseHeaderTimeoutSeconds: 1, DownloadTimeoutSeconds: 1, PersistenceDirectory: "/dev/null/kept",
	})
	failed := new(sark.Error)
	if !errors.As(err, &failed) || failed.Message != "config.persistence_directory: only bundles that a server has are kept" {
		t.Fatal(err)
	}
}
