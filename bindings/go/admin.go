package sark

/*
#include <sark.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
)

// MaxAdminBody is the largest body that the admin takes; what mounts it need not read further.
const MaxAdminBody = 64 << 10

// Token says what its bearer may do. The name stands in the history; the secret has at least 16 visible ASCII characters.
type Token struct {
	Name   string
	Secret string
	Role   Role
}

// String leaves the secret out.
func (t Token) String() string { return string(t.Role) + " token of " + t.Name }

// Role is what the bearer of a token may do.
type Role string

// The roles.
const (
	RoleRead  Role = "read"
	RoleWrite Role = "write"
)

// AdminOptions are about an admin.
type AdminOptions struct {
	Tokens         []Token  // without any, AllowAnonymous must be said
	AllowAnonymous bool     // whoever reaches it may do everything
	Engine         *Engine  // whose policies are shown; nil: none
	Cache          *Cache   // whose figures are shown; nil: none
	Metrics        *Metrics // which are shown; nil: none
	Client         *Client  // whose breaker is shown; nil: none
}

// Admin answers requests that turn the dial, or ask how everything is. It is an http.Handler, to be mounted at /admin/, or with
// http.StripPrefix anywhere. docs/admin.md has the routes.
type Admin struct {
	handle *C.sark_admin
	flags  *Flags
}

// AdminResponse is what to send back.
type AdminResponse struct {
	Status int
	Header http.Header
	Body   []byte
}

// NewAdmin makes an admin of the flags.
func NewAdmin(flags *Flags, options AdminOptions) (*Admin, error) {
	chosen := C.sark_admin_options{struct_size: C.sizeof_sark_admin_options, metrics: options.Metrics.pointer()}
	if flags != nil {
		chosen.flags = flags.handle
	}
	if options.Engine != nil {
		chosen.engine = options.Engine.handle
	}
	if options.Cache != nil {
		chosen.cache = options.Cache.handle
	}
	if options.Client != nil {
		chosen.client = options.Client.handle
	}
	if options.AllowAnonymous {
		chosen.allow_anonymous = 1
	}
	tokens, err := json.Marshal(tokenList(options.Tokens))
	if err != nil {
		return nil, err
	}
	pointer, length := raw(tokens)
	var handle *C.sark_admin
	var failed *C.sark_error
	status := C.sark_admin_new(pointer, length, &chosen, &handle, &failed)
	runtime.KeepAlive(flags)
	runtime.KeepAlive(options)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Admin{handle, flags}
	runtime.AddCleanup(made, freeAdmin, handle)
	return made, nil
}

func freeAdmin(handle *C.sark_admin) { C.sark_admin_free(handle) }

func tokenList(tokens []Token) []map[string]string {
	list := []map[string]string{}
	for _, each := range tokens {
		list = append(list, map[string]string{"name": each.Name, "token": each.Secret, "role": string(each.Role)})
	}
	return list
}

// Close makes later calls fail with ErrClosed. It never fails.
func (a *Admin) Close() error {
	C.sark_admin_close(a.handle)
	runtime.KeepAlive(a)
	return nil
}

// Handle answers a request; target is its path, under /admin, and query. It blocks while the flags' store confirms a change.
func (a *Admin) Handle(method, target string, header http.Header, body []byte) (AdminResponse, error) {
	head, content := newBuffer(), newBuffer()
	defer head.release()
	defer content.release()
	var fields strings.Builder
	if err := header.Write(&fields); err != nil {
		return AdminResponse{}, err
	}
	methodPointer, methodLength := textBytes(method)
	targetPointer, targetLength := textBytes(target)
	fieldsPointer, fieldsLength := textBytes(fields.String())
	bodyPointer, bodyLength := raw(body)
	var code C.uint32_t
	var failed *C.sark_error
	status := C.sark_admin_handle(a.handle, methodPointer, methodLength, targetPointer, targetLength,
		fieldsPointer, fieldsLength, bodyPointer, bodyLength, &code, head.handle, content.handle, &failed)
	runtime.KeepAlive(a)
	if err := failure(status, failed); err != nil {
		return AdminResponse{}, err
	}
	response := AdminResponse{Status: int(code), Header: http.Header{}, Body: content.copy()}
	for line := range strings.SplitSeq(strings.TrimSpace(string(head.view())), "\r\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			response.Header.Set(name, value)
		}
	}
	return response, nil
}

func closedAdmin() AdminResponse {
	header := http.Header{}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	body := `{"detail":"the admin was closed","status":503,"title":"Service Unavailable","type":"about:blank"}`
	return AdminResponse{http.StatusServiceUnavailable, header, []byte(body)}
}

// ServeHTTP implements http.Handler.
func (a *Admin) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, MaxAdminBody+1))
	if err != nil {
		http.Error(writer, "the body did not arrive", http.StatusBadRequest)
		return
	}
	// The server keeps this field apart from the others.
	header := request.Header.Clone()
	header.Set("Host", request.Host)
	target := "/admin" + strings.TrimPrefix(request.URL.EscapedPath(), "/admin")
	if request.URL.RawQuery != "" {
		target += "?" + request.URL.RawQuery
	}
	response, err := a.Handle(request.Method, target, header, body)
	switch {
	case errors.Is(err, ErrClosed):
		response = closedAdmin()
	case err != nil:
		http.Error(writer, "the admin failed", http.StatusInternalServerError)
		return
	}
	// The page is below where the admin is mounted, whatever the name of that; StripPrefix leaves this as it came.
	asked, _, _ := strings.Cut(request.RequestURI, "?")
	if mount := asked[strings.LastIndexByte(asked, '/')+1:]; mount != "" && response.Header.Get("Location") != "" {
		response.Header.Set("Location", mount+"/")
	}
	for name, values := range response.Header {
		writer.Header()[name] = values
	}
	writer.WriteHeader(response.Status)
	// A client that went away needs no answer.
	_, _ = writer.Write(response.Body)
}
