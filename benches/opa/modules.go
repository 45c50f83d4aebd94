package main

/*
#include <stdint.h>
*/
import "C"

import (
	"bytes"
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// What opa_load loaded last: a user who replaces one module keeps the others parsed.
var (
	modules map[string]*ast.Module
	query   string
)

// opa_load parses and compiles modules, and prepares a query. The handle, or -1.
//
//export opa_load
func opa_load(policies *C.char, policiesLength C.uint64_t, path *C.char, pathLength C.uint64_t) C.int32_t {
	texts := bytes.Split(view(policies, policiesLength), []byte("\n%%\n"))
	query = string(view(path, pathLength))
	modules = make(map[string]*ast.Module, len(texts))
	for number, text := range texts {
		if err := parse(number, text); err != nil {
			return fail(err)
		}
	}
	return compile()
}

// opa_replace replaces one module of opa_load's, and prepares the query anew. A new handle, or -1.
//
//export opa_replace
func opa_replace(number C.int32_t, policy *C.char, length C.uint64_t) C.int32_t {
	if err := parse(int(number), view(policy, length)); err != nil {
		return fail(err)
	}
	return compile()
}

func parse(number int, text []byte) error {
	name := fmt.Sprintf("m%d.rego", number)
	module, err := ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1})
	modules[name] = module
	return err
}

func compile() C.int32_t {
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return fail(compiler.Errors)
	}
	store := inmem.NewFromObjectWithOpts(map[string]any{}, inmem.OptReturnASTValuesOnRead(true))
	prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler), rego.Store(store)).PrepareForEval(context.Background())
	if err != nil {
		return fail(err)
	}
	lock.Lock()
	defer lock.Unlock()
	queries = append(queries, prepared)
	return C.int32_t(len(queries) - 1)
}
