package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
)

const (
	opaModule = "github.com/open-policy-agent/opa"
	aciQuery  = "data.framework.mount_overlay"
)

// aciDir finds the data in the module cache, at the version that go.mod pins. The go command has to run
// inside this module, wherever the caller is: the directory of this source file is known to the compiler.
func aciDir(ctx context.Context) (string, error) {
	_, source, _, ok := runtime.Caller(0)
	if !ok {
		return "", fmt.Errorf("the oracle does not know its own source directory")
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", opaModule)
	list.Dir = filepath.Dir(source)
	list.Stderr = os.Stderr
	module, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w", opaModule, err)
	}
	dir := filepath.Join(strings.TrimSpace(string(module)), "v1", "rego", "testdata", "aci")
	if _, err := os.Stat(filepath.Join(dir, "input.json")); err != nil {
		return "", err
	}
	return dir, nil
}

// aci loads the directory as OPA's own benchmark of it does: as a bundle of Rego v0.
func aci(ctx context.Context, out io.Writer) error {
	dir, err := aciDir(ctx)
	if err != nil {
		return err
	}
	bundle, err := loader.NewFileLoader().WithRegoVersion(ast.RegoV0).AsBundle(dir)
	if err != nil {
		return err
	}
	query, err := rego.New(rego.Query(aciQuery), rego.ParsedBundle("aci", bundle)).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	input, err := os.ReadFile(filepath.Join(dir, "input.json"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, answer(ctx, &query, input))
	return err
}
