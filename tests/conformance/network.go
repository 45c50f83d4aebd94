package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
	sark "github.com/sark-policy/sark/bindings/go"
)

// Both ask a server of their own, which does the same, so that what it counts is the asker's. Where it is stands in no answer.
type site struct {
	mutex       sync.Mutex
	requests    []string // what was asked since the last answer, request by request
	plain, tls  *httptest.Server
	certificate string
}

// What the sites' answers are dated.
const fixedDate = "Thu, 02 Jan 2025 03:04:05 GMT"

func newSite() *site {
	s := &site{}
	s.plain = httptest.NewServer(s)
	s.plain.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.tls = httptest.NewTLSServer(s)
	s.tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.tls.Certificate().Raw}))
	return s
}

func (s *site) close() {
	s.plain.Close()
	s.tls.Close()
}

// at puts the site's own addresses and certificate into a text that names them.
func (s *site) at(text string) string {
	quoted, _ := json.Marshal(s.certificate)
	return strings.NewReplacer("PLAIN", s.plain.URL, "SECURE", s.tls.URL, `"CERTIFICATE"`, string(quoted)).Replace(text)
}

var siteAddress = regexp.MustCompile(`(127\.0\.0\.1|localhost)(:|%3A)\d+`)

// ServeHTTP answers by the first part of the path.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	headers := r.Header.Clone()
	// Who asks is no secret, and differs.
	headers.Del("User-Agent")
	seen, _ := json.Marshal(map[string]any{
		"method": r.Method, "host": siteAddress.ReplaceAllString(r.Host, "$1"), "headers": headers,
		// How a query is escaped is the asker's business.
		"path": r.URL.EscapedPath(), "query": r.URL.Query(),
		"body": string(body), "length": r.ContentLength, "encoding": r.TransferEncoding,
	})
	seen = siteAddress.ReplaceAll(seen, []byte("$1"))
	s.mutex.Lock()
	s.requests = append(s.requests, string(seen))
	s.mutex.Unlock()
	w.Header().Set("Date", fixedDate)
	for name, values := range r.URL.Query() {
		if header, ok := strings.CutPrefix(name, "h."); ok {
			w.Header()[http.CanonicalHeaderKey(header)] = values
		}
	}
	verb, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.answer(w, r, verb, rest, seen)
}

func (s *site) answer(w http.ResponseWriter, r *http.Request, verb, rest string, seen []byte) {
	code, _ := strconv.Atoi(rest)
	switch verb {
	case "echo":
		w.Header().Set("Content-Type", "application/json")
		w.Write(seen)
	case "status":
		w.WriteHeader(code)
		fmt.Fprint(w, "status")
	case "redirect":
		w.Header().Set("Location", s.at(r.URL.Query().Get("to")))
		w.WriteHeader(code)
	case "body":
		fmt.Fprint(w, r.URL.Query().Get("is"))
	case "gzip":
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		zipped.Write(seen)
		zipped.Close()
	case "chunks":
		for range 3 {
			fmt.Fprint(w, "chunk ")
			w.(http.Flusher).Flush()
		}
	case "slow":
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		time.Sleep(300 * time.Millisecond)
	case "late":
		time.Sleep(300 * time.Millisecond)
	case "hang-up":
		panic(http.ErrAbortHandler)
	case "conditional":
		if r.Header.Get("If-None-Match") == `"one"` || r.Header.Get("If-Modified-Since") != "" {
			w.Header().Set("X-Renewed", "yes")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(seen)
	}
}

// took is what was asked since the last time.
func (s *site) took() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// A reaching asks OPA and sark, each with a site of its own.
type reaching struct {
	opas, sarks *site
	query       rego.PreparedEvalQuery
	kept        cache.InterQueryCache
	engine      *sark.Engine
}

var reachable = []string{"127.0.0.1", "localhost", "::1"}

// Each query sends all requests of its input, so that what is the same throughout a query shows.
const sending = `package calls

answers := [http.send(request) | request := input[_]]
`

func newReaching() (*reaching, error) {
	r := &reaching{opas: newSite(), sarks: newSite()}
	if err := r.anew(); err != nil {
		return nil, err
	}
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = reachable
	var err error
	r.query, err = rego.New(
		rego.Query("x := data.calls.answers"), rego.Module("calls.rego", sending), rego.StrictBuiltinErrors(true), rego.Capabilities(capabilities),
	).PrepareForEval(context.Background())
	return r, err
}

// anew forgets what was kept.
func (r *reaching) anew() error {
	config, err := cache.ParseCachingConfig(nil)
	if err != nil {
		return err
	}
	r.kept = cache.NewInterQueryCacheWithContext(context.Background(), config)
	if r.engine != nil {
		r.engine.Close()
	}
	r.engine, err = sark.NewEngine(sark.EngineOptions{})
	if err != nil {
		return err
	}
	if err := r.engine.LoadPolicy("calls.rego", sending); err != nil {
		return err
	}
	return r.engine.AllowNet(append([]string{"127.0.0.0/8"}, reachable...))
}

func (r *reaching) close() {
	r.engine.Close()
	r.opas.close()
	r.sarks.close()
}

// compare sends requests at a time in one query, and nothing where both did, and gave, the same.
func (r *reaching) compare(requests string, at time.Time) error {
	own, err := r.ofSark(r.sarks.at(requests), at)
	if err != nil {
		return err
	}
	other, err := r.ofOPA(r.opas.at(requests), at)
	if errors.Is(err, errPanic) {
		// OPA's own: headers that are no object, where some are to be ignored.
		return nil
	}
	if err != nil {
		return err
	}
	asked, others := strings.Join(r.sarks.took(), "\n"), strings.Join(r.opas.took(), "\n")
	if plainAnswer(own) != plainAnswer(other) {
		return fmt.Errorf("OPA gives %s, sark %s, for %s", plainAnswer(other), plainAnswer(own), requests)
	}
	if asked != others {
		return fmt.Errorf("OPA asks %s, sark %s, for %s", others, asked, requests)
	}
	return nil
}

// Where the sites are, and what a machine's own words are about, is none of the answer.
func plainAnswer(one answer) string {
	text := sortedText(one.value)
	// sark shows the line, too.
	message, _, _ := strings.Cut(one.message, "\n")
	if at := strings.Index(message, "http.send: "); at > 0 {
		message = message[at:]
	}
	both := strings.ReplaceAll(siteAddress.ReplaceAllString(text+" "+one.code+" "+message, "$1"), `\ufffd`, "\ufffd")
	for _, plain := range plainWords {
		both = plain.words.ReplaceAllString(both, plain.as)
	}
	return both
}

var plainWords = []struct {
	words *regexp.Regexp
	as    string
}{
	{regexp.MustCompile(`read tcp \S+->\S+: read: connection reset by peer`), "EOF"},
	{regexp.MustCompile(`dial tcp \[::1\]:`), "dial tcp 127.0.0.1:"},
	{regexp.MustCompile(`lookup (\S+) on \S+: `), "lookup $1: "},
	{regexp.MustCompile(`lookup (\S+): (no such host|Temporary failure in name resolution|server misbehaving)`), "lookup $1: no such host"},
	{regexp.MustCompile(`(certificate signed by unknown authority).*?("|$)`), "$1$2"},
	{regexp.MustCompile(`certificate is (valid for|not valid for) .*?("|$)`), "certificate is not valid$2"},
}

func (r *reaching) ofOPA(requests string, at time.Time) (found answer, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: %v", errPanic, fault)
		}
	}()
	var input any
	decoder := json.NewDecoder(strings.NewReader(requests))
	decoder.UseNumber()
	if err := decoder.Decode(&input); err != nil {
		return answer{}, err
	}
	results, err := r.query.Eval(context.Background(), rego.EvalInput(input), rego.EvalTime(at), rego.EvalInterQueryBuiltinCache(r.kept))
	var failed *topdown.Error
	switch {
	case errors.As(err, &failed):
		return answer{code: failed.Code, message: failed.Message}, nil
	case err != nil:
		return answer{message: err.Error()}, nil
	case len(results) == 0:
		return answer{}, nil
	}
	return answer{value: results[0].Bindings["x"]}, nil
}

func (r *reaching) ofSark(requests string, at time.Time) (answer, error) {
	options := sark.EvaluateOptions{StrictBuiltinErrors: true, Timeout: time.Minute, Time: at}
	text, err := r.engine.EvaluateJSON("data.calls.answers", []byte(requests), options)
	var failed *sark.Error
	switch {
	case errors.Is(err, sark.ErrInternal):
		return answer{}, fmt.Errorf("%w: %w", errPanic, err)
	case errors.As(err, &failed):
		return answer{code: failed.Code, message: failed.Message}, nil
	case err != nil:
		return answer{}, err
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	return answer{value: value}, errors.Join(decoder.Decode(&value), nil)
}

// runNetwork sends requests to servers on this machine: those of the list, and drawn ones.
func (r *runner) runNetwork(string) error {
	reaching, err := newReaching()
	if err != nil {
		return err
	}
	defer reaching.close()
	folder, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "not.pem"), []byte("none"), 0o600); err != nil {
		return err
	}
	table := newTable("network")
	now := time.Date(2025, 1, 2, 3, 4, 10, 0, time.UTC)
	for _, one := range networkRequests {
		requests := strings.ReplaceAll(one.requests, "FOLDER", folder)
		r.take(table, one.folder, requests, func() (error, string) { return reaching.compare(requests, now), "" })
	}
	for _, one := range networkScenes {
		r.take(table, "kept", one.name, func() (error, string) { return one.play(reaching, now), "" })
	}
	random := rand.New(rand.NewPCG(r.seed, 2))
	for range r.mutations {
		request := drawnRequest(random)
		r.take(table, "drawn", request, func() (error, string) { return reaching.compare("["+request+"]", now), "" })
	}
	table.print(r.only != "")
	return nil
}

// A scene is a sequence of queries, each so many seconds after the first.
type scene struct {
	name  string
	steps []struct {
		seconds  int
		requests string
	}
}

func (s scene) play(r *reaching, now time.Time) error {
	if err := r.anew(); err != nil {
		return err
	}
	for number, step := range s.steps {
		if err := r.compare(step.requests, now.Add(time.Duration(step.seconds)*time.Second)); err != nil {
			return fmt.Errorf("query %d: %w", number+1, err)
		}
	}
	return nil
}

// Where a drawn request goes.
func drawnURL(random *rand.Rand) string {
	headers := []string{"", "&h.content-type=application/json", "&h.content-type=application/yaml", "&h.content-type=text/plain", "&h.x-many=a&h.x-many=b", "&h.content-type=application/problem%2Bjson;charset=utf-8"}
	bodies := []string{`{"a": 1}`, `[1, 2`, `{"a": 1} x`, "a: 1", "", "null", `"\xff"`, "1.50", "- a\n- b", "{}\n\n", "1e400"}
	header := oneOf(random, headers)
	switch random.IntN(6) {
	case 0:
		return fmt.Sprintf("PLAIN/redirect/%d?to=PLAIN/echo", oneOf(random, []int{301, 302, 303, 307, 308, 304, 300}))
	case 1:
		return fmt.Sprintf("PLAIN/status/%d?x=1%s", oneOf(random, []int{200, 201, 204, 400, 404, 418, 500, 503, 299, 599}), header)
	case 2, 3:
		return "PLAIN/body?is=" + url.QueryEscape(oneOf(random, bodies)) + header
	case 4:
		return "PLAIN/gzip?x=1" + header
	default:
		return "PLAIN/echo?x=1" + header
	}
}

func oneOf[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// drawnRequest is an object that `http.send` is asked by, right more often than not.
func drawnRequest(random *rand.Rand) string {
	values := func(good ...string) string {
		if random.IntN(12) > 0 {
			return oneOf(random, good)
		}
		return oneOf(random, []string{`"x"`, "1", "true", "null", "[]", "{}", `[1]`, `{"a": "b"}`, `""`, "1.5", "-1"})
	}
	fields := map[string]func() string{
		"method": func() string {
			return values(`"GET"`, `"get"`, `"POST"`, `"put"`, `"DELETE"`, `"patch"`, `"HEAD"`, `"options"`)
		},
		"url":      func() string { return strconv.Quote(drawnURL(random)) },
		"body":     func() string { return values(`{"a": [1, 2.50, "<x>"]}`, `"text"`, "1", "null") },
		"raw_body": func() string { return values(`"raw"`, `"\"quoted\""`, `""`) },
		"headers": func() string {
			return values(`{"x-one": "1"}`, `{"Content-Type": "text/plain"}`, `{"Authorization": "Bearer x", "host": "other"}`, `{"a b": "x"}`, `{"x": "a\nb"}`, `{"x": 1}`)
		},
		"enable_redirect":              func() string { return values("true", "false") },
		"force_json_decode":            func() string { return values("true", "false") },
		"force_yaml_decode":            func() string { return values("true", "false") },
		"raise_error":                  func() string { return values("true", "false", "false", "false") },
		"timeout":                      func() string { return values(`"5s"`, "5000000000", `"5000000000"`, `"1m"`) },
		"max_retry_attempts":           func() string { return values("0", "1") },
		"cache":                        func() string { return values("true", "false") },
		"force_cache":                  func() string { return values("false") },
		"force_cache_duration_seconds": func() string { return values("1") },
		"caching_mode":                 func() string { return values(`"serialized"`, `"deserialized"`) },
		"cache_ignored_headers":        func() string { return values(`["x-one"]`, "null") },
		"tls_use_system_certs":         func() string { return values("true", "false") },
		"tls_insecure_skip_verify":     func() string { return values("true", "false") },
		"tls_server_name":              func() string { return values(`"example.com"`) },
		"unknown":                      func() string { return "1" },
	}
	chosen := []string{}
	for _, name := range drawnFields {
		chance := 6
		if name == "method" || name == "url" {
			chance = 1
		}
		if name == "unknown" {
			chance = 60
		}
		if random.IntN(chance) == 0 && (chance > 1 || random.IntN(40) > 0) {
			chosen = append(chosen, fmt.Sprintf("%q: %s", name, fields[name]()))
		}
	}
	// What differs in time only is no other request.
	chosen = append(chosen, fmt.Sprintf(`"tls_client_cert": "%d"`, random.Uint32()))
	return "{" + strings.Join(chosen, ", ") + "}"
}

var drawnFields = []string{
	"method", "url", "body", "raw_body", "headers", "enable_redirect", "force_json_decode", "force_yaml_decode", "raise_error", "timeout",
	"max_retry_attempts", "cache", "force_cache", "force_cache_duration_seconds", "caching_mode", "cache_ignored_headers",
	"tls_use_system_certs", "tls_insecure_skip_verify", "tls_server_name", "unknown",
}
