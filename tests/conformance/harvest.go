package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	rego "github.com/open-policy-agent/opa/v1/ast"
)

// A harvested module is a string of OPA's own tests that is a policy, or was meant to be one.
type harvested struct {
	name   string // FILE:LINE of its first occurrence, in OPA's module
	source string
}

// harvest collects the modules among the string literals of OPA's tests, each once.
func harvest(module string) ([]harvested, error) {
	var found []harvested
	seen := map[string]bool{}
	err := filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(module, path)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if text, ok := literal(node); ok && !seen[text] && isModule(text) {
				seen[text] = true
				found = append(found, harvested{fmt.Sprintf("%s:%d", relative, files.Position(node.Pos()).Line), text})
			}
			return true
		})
		return nil
	})
	return numbered(found), err
}

func literal(node ast.Node) (string, bool) {
	basic, ok := node.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

func isModule(text string) bool {
	if strings.HasPrefix(strings.TrimSpace(text), "package") {
		return true
	}
	if !strings.Contains(text, "package") {
		return false
	}
	_, err := rego.ParseModuleWithOpts("", text, rego.ParserOptions{RegoVersion: rego.RegoV0})
	return err == nil
}

// numbered tells modules of one line apart.
func numbered(found []harvested) []harvested {
	count := map[string]int{}
	for i := range found {
		count[found[i].name]++
		if n := count[found[i].name]; n > 1 {
			found[i].name = fmt.Sprintf("%s#%d", found[i].name, n)
		}
	}
	return found
}

func sortedNames(modules map[string]string) []string { return slices.Sorted(maps.Keys(modules)) }
