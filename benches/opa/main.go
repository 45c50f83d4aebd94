// A C shared library around OPA's Go SDK: the peer that bench-engine measures in its own process, in two ways. opa_evaluate is a call from C,
// JSON bytes in and out; opa_measure runs the same prepared query in a loop within Go, so that nothing of cgo counts.
package main

/*
#include <stdint.h>
*/
import "C"

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"runtime/debug"
	"sync"
	"time"
	"unsafe"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

var (
	queries []rego.PreparedEvalQuery
	lock    sync.Mutex
)

func main() {}

// opa_prepare gives a handle, or -1. Policies are separated by a line of its own that holds only "%%". The store is the SDK's fastest.
//
//export opa_prepare
func opa_prepare(policies, data, path *C.char, policiesLength, dataLength, pathLength C.uint64_t, v0 C.int32_t) C.int32_t {
	var document map[string]any
	if err := util.UnmarshalJSON(view(data, dataLength), &document); err != nil {
		return fail(err)
	}
	version := ast.RegoV1
	if v0 != 0 {
		version = ast.RegoV0
	}
	options := []func(*rego.Rego){
		rego.Query(string(view(path, pathLength))),
		rego.SetRegoVersion(version),
		rego.Store(inmem.NewFromObjectWithOpts(document, inmem.OptReturnASTValuesOnRead(true))),
	}
	for i, module := range bytes.Split(view(policies, policiesLength), []byte("\n%%\n")) {
		options = append(options, rego.Module(fmt.Sprintf("m%d.rego", i), string(module)))
	}
	query, err := rego.New(options...).PrepareForEval(context.Background())
	if err != nil {
		return fail(err)
	}
	lock.Lock()
	defer lock.Unlock()
	queries = append(queries, query)
	return C.int32_t(len(queries) - 1)
}

func fail(err error) C.int32_t {
	fmt.Fprintln(os.Stderr, "opa:", err)
	return -1
}

// view borrows the caller's bytes for the call.
func view(pointer *C.char, length C.uint64_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(pointer)), int(length))
}

func evaluate(query *rego.PreparedEvalQuery, input []byte) ([]byte, error) {
	value, err := ast.ValueFromReader(bytes.NewReader(input))
	if err != nil {
		return nil, err
	}
	results, err := query.Eval(context.Background(), rego.EvalParsedInput(value))
	if err != nil || len(results) == 0 {
		return nil, err
	}
	return json.Marshal(results[0].Expressions[0].Value)
}

// opa_forget gives up what a handle stands for.
//
//export opa_forget
func opa_forget(handle C.int32_t) {
	lock.Lock()
	defer lock.Unlock()
	queries[handle] = rego.PreparedEvalQuery{}
}

// opa_free_memory collects garbage and gives what is free to the system.
//
//export opa_free_memory
func opa_free_memory() {
	debug.FreeOSMemory()
}

// opa_evaluate writes the result and gives its length; 0 is undefined, -1 an error or too little room.
//
//export opa_evaluate
func opa_evaluate(handle C.int32_t, input *C.char, inputLength C.uint64_t, output *C.char, capacity C.uint64_t) C.int64_t {
	result, err := evaluate(&queries[handle], view(input, inputLength))
	if err != nil || len(result) > int(capacity) {
		return -1
	}
	return C.int64_t(copy(view(output, capacity), result))
}

// opa_measure evaluates n times and writes the nanoseconds of each.
//
//export opa_measure
func opa_measure(handle C.int32_t, input *C.char, inputLength C.uint64_t, times *C.uint64_t, n C.uint64_t) {
	bytes := bytes.Clone(view(input, inputLength))
	out := unsafe.Slice((*uint64)(unsafe.Pointer(times)), int(n))
	query := &queries[handle]
	for i := range out {
		start := time.Now()
		_, _ = evaluate(query, bytes)
		out[i] = uint64(time.Since(start).Nanoseconds())
	}
}

// opa_measure_bare verifies a token's signature n times by Go's standard library alone and writes the nanoseconds of each. 1: it verified.
//
//export opa_measure_bare
func opa_measure_bare(token *C.char, tokenLength C.uint64_t, key *C.char, keyLength C.uint64_t, times *C.uint64_t, n C.uint64_t) C.int32_t {
	text := bytes.Clone(view(token, tokenLength))
	block, _ := pem.Decode(view(key, keyLength))
	if block == nil {
		return 0
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return C.int32_t(fail(err))
	}
	end := bytes.LastIndexByte(text, '.')
	signature, err := base64.RawURLEncoding.DecodeString(string(text[end+1:]))
	if err != nil {
		return C.int32_t(fail(err))
	}
	out := unsafe.Slice((*uint64)(unsafe.Pointer(times)), int(n))
	verified := true
	for i := range out {
		start := time.Now()
		verified = verify(public, text[:end], signature) && verified
		out[i] = uint64(time.Since(start).Nanoseconds())
	}
	if !verified {
		return 0
	}
	return 1
}

func verify(key any, message, signature []byte) bool {
	digest := sha256.Sum256(message)
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}
	return false
}
