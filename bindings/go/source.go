package sark

/*
#include <sark.h>
*/
import "C"

import (
	"iter"
	"runtime"
	"time"
	"unsafe"
)

// SourceOptions say how a source is followed, with the names of OPA's configuration in JSON. Zero is the library's default; a list or
// map that is empty, but not nil, says that there is none.
type SourceOptions struct {
	// Name stands before the names of the source's policies, and in revisions; by default the file's, as in bundles/<name>.
	Name        string `json:"name,omitempty"`
	RegoVersion string `json:"rego_version,omitempty"` // "v0", "v1" or "v2"; by default the engine's
	// Roots are what of data and of packages is a directory's; by default everything.
	Roots  []string `json:"roots,omitzero"`
	Ignore []string `json:"ignore,omitzero"` // patterns of names that are passed over; by default "..*"
	// Polling says how often is asked.
	Polling Polling `json:"polling,omitzero"`
	// Keys verify bundles, by their ids: with a key, nothing unsigned comes into force.
	Keys    map[string]Key `json:"keys,omitzero"`
	Signing *Signing       `json:"signing,omitempty"`
	// Credentials, TLS and Headers are for bundles that a server has.
	Credentials          Credentials       `json:"credentials,omitzero"`
	TLS                  TLS               `json:"tls,omitzero"`
	Headers              map[string]string `json:"headers,omitempty"`
	SizeLimitBytes       uint64            `json:"size_limit_bytes,omitempty"`      // of a file, and of all together
	PersistenceDirectory string            `json:"persistence_directory,omitempty"` // what is in force is kept there for the next start
	// MaxStalenessSeconds is how old what is in force may become before WhenStale applies; 0: no bound.
	MaxStalenessSeconds          float64 `json:"max_staleness_seconds,omitempty"`
	WhenStale                    string  `json:"when_stale,omitempty"` // "serve" (by default), "remote" or "deny"
	ResponseHeaderTimeoutSeconds float64 `json:"response_header_timeout_seconds,omitempty"`
	DownloadTimeoutSeconds       float64 `json:"download_timeout_seconds,omitempty"`
}

// Polling says how often a source is asked. The two delays go together.
type Polling struct {
	MinDelaySeconds           float64 `json:"min_delay_seconds,omitempty"`
	MaxDelaySeconds           float64 `json:"max_delay_seconds,omitempty"`
	LongPollingTimeoutSeconds float64 `json:"long_polling_timeout_seconds,omitempty"` // how long a server may wait for something new
}

// Key verifies bundles.
type Key struct {
	Algorithm string `json:"algorithm,omitempty"` // by default "RS256"
	Key       string `json:"key,omitempty"`       // a public key or a certificate in PEM, or a shared secret
	Scope     string `json:"scope,omitempty"`
}

// Signing says which signatures are accepted.
type Signing struct {
	KeyID        string   `json:"keyid,omitempty"`
	Scope        string   `json:"scope,omitempty"`
	ExcludeFiles []string `json:"exclude_files,omitempty"` // patterns of files that no signature covers
}

// Credentials say who asks.
type Credentials struct {
	Bearer    Bearer    `json:"bearer,omitzero"`
	ClientTLS ClientTLS `json:"client_tls,omitzero"`
}

// Bearer is a token, or the name of a file that has one: one of the two.
type Bearer struct {
	Token     string `json:"token,omitempty"`
	TokenPath string `json:"token_path,omitempty"`
}

// ClientTLS names the files of a certificate and of its key.
type ClientTLS struct {
	Cert       string `json:"cert,omitempty"`
	PrivateKey string `json:"private_key,omitempty"`
}

// TLS names the file of the authorities that a server's certificate may be of.
type TLS struct {
	CACert string `json:"ca_cert,omitempty"`
}

// SourceStatus is how a source is.
type SourceStatus struct {
	Name                     string        `json:"name"`
	URL                      string        `json:"url"`             // without anything secret
	Ready                    bool          `json:"ready"`           // something of it is in force
	Closed                   bool          `json:"closed"`          // nobody follows it any more
	Revision                 string        `json:"revision"`        // the source's own
	EngineRevision           string        `json:"engine_revision"` // the engine's after the last activation
	Type                     *string       `json:"type"`            // "snapshot" or "delta"; nil: nothing is in force
	FromDisk                 bool          `json:"from_disk"`       // what is in force was kept, and the source has not answered since
	Policies                 uint64        `json:"policies"`
	Bytes                    uint64        `json:"bytes"`
	Activations              uint64        `json:"activations"`
	LastRequest              *time.Time    `json:"last_request"`
	LastSuccessfulRequest    *time.Time    `json:"last_successful_request"`
	LastSuccessfulActivation *time.Time    `json:"last_successful_activation"`
	AgeSeconds               *float64      `json:"age_seconds"`           // since the source last had what is in force; nil: never
	MaxStalenessSeconds      *float64      `json:"max_staleness_seconds"` // nil: no bound
	WhenStale                string        `json:"when_stale"`
	Stale                    bool          `json:"stale"`
	OutsideCalls             []OutsideCall `json:"outside_calls"` // what would reach outside, where AllowNet was not called
	Error                    *Error        `json:"error"`         // what went wrong last; nil where all is well
}

// OutsideCall is a call of a builtin that reaches outside.
type OutsideCall struct {
	Policy  string `json:"policy"`
	Builtin string `json:"builtin"`
	Row     *int   `json:"row"`
	Column  *int   `json:"col"`
}

// Source is a source that an engine follows. It is a view: the engine follows the source until Close, or its own end, whether
// anybody has the view or not.
type Source struct {
	handle *C.sark_source
	_      ownBlock
}

// Follow has the engine follow a source of policies and data: what is new there comes into force, whole or not at all. The URL is
// "dir:PATH", "bundle:PATH", "https://…" (a bundle that a server has) or "opa:http://…" (what a running OPA has); nil options are
// all defaults.
//
// It waits up to 3 s for the first answer. A source that is away, or has what is refused, is no error: Wait and Status say it. It
// fails with ErrUnsupported for another kind of source, and with ErrConflict for a name that another source of the engine has.
func (e *Engine) Follow(url string, options *SourceOptions) (*Source, error) {
	if options == nil {
		options = &SourceOptions{}
	}
	config, err := encode(options)
	if err != nil {
		return nil, err
	}
	return e.FollowJSON(url, config)
}

// FollowJSON is Follow for options in JSON, such as those of a file; nil is all defaults. A setting that is not known is refused.
func (e *Engine) FollowJSON(url string, config []byte) (*Source, error) {
	urlPointer, urlLength := text(url)
	configPointer, configLength := jsonOrNull(config)
	var handle *C.sark_source
	var failed *C.sark_error
	status := C.sark_source_new(e.handle, urlPointer, urlLength, configPointer, configLength, &handle, &failed)
	runtime.KeepAlive(e)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Source{handle: handle}
	runtime.AddCleanup(made, freeSource, handle)
	return made, nil
}

func freeSource(handle *C.sark_source) { C.sark_source_free(handle) }

// jsonOrNull is JSON that may be absent, for a parameter of text.
func jsonOrNull(value []byte) (*C.char, C.uint64_t) {
	pointer, length := rawOrNull(value)
	return (*C.char)(unsafe.Pointer(pointer)), length
}

// Close stops following. What is in force stays, and may be changed by hand or by another source from then on. It never fails.
func (s *Source) Close() error {
	C.sark_source_close(s.handle)
	runtime.KeepAlive(s)
	return nil
}

// Wait waits until something of the source is in force. It fails with what keeps it from that once the time is over: with the error of
// what was refused, or with ErrUnavailable.
func (s *Source) Wait(timeout time.Duration) error {
	var failed *C.sark_error
	status := C.sark_source_wait(s.handle, C.uint64_t(max(0, timeout)), &failed)
	runtime.KeepAlive(s)
	return failure(status, failed)
}

// Trigger asks the source now, rather than when it is due, and does not wait for the answer.
func (s *Source) Trigger() error {
	var failed *C.sark_error
	status := C.sark_source_trigger(s.handle, &failed)
	runtime.KeepAlive(s)
	return failure(status, failed)
}

// Activations gives what comes into force, as it comes, and ends once the source is closed. It takes what else happens, too, and
// passes over it: whoever wants to log a source takes all by NextEvent instead.
func (s *Source) Activations() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			event, happened, err := s.NextEvent(patience)
			if err != nil {
				return
			}
			if happened && event.Name == "activated" && !yield(event) {
				return
			}
		}
	}
}

// Status tells how the source is; after Close, too.
func (s *Source) Status() (SourceStatus, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_source_status(s.handle, out.handle, &failed)
	runtime.KeepAlive(s)
	return unmarshal[SourceStatus](out, failure(status, failed))
}

// Sources says how the sources are that the engine follows.
func (e *Engine) Sources() ([]SourceStatus, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_sources(e.handle, out.handle, &failed)
	runtime.KeepAlive(e)
	return unmarshal[[]SourceStatus](out, failure(status, failed))
}
