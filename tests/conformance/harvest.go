package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
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

// A sieve takes a string of OPA's tests for a module, and says what that module is.
type sieve func(text string) (source string, ok bool)

// wholeModules takes what begins with its package, or what OPA's parser takes for a module.
func wholeModules(text string) (string, bool) {
	if strings.HasPrefix(strings.TrimSpace(text), "package") {
		return text, true
	}
	return text, strings.Contains(text, "package") && parses(text)
}

// statements takes rules and what was meant to be rules, and puts a package before them.
func statements(text string) (string, bool) {
	if _, ok := wholeModules(text); ok || !statement.MatchString(text) {
		return "", false
	}
	return "package test\n\n" + text, true
}

// What may be meant for Rego has a bracket, a keyword or an operator, and is no sentence.
var statement = regexp.MustCompile(`(?s)^[^A-Z%]*([{(\[]|:=|=|\bif\b|\bcontains\b|\bimport\b|\bdefault\b)`)

func parses(text string) bool {
	_, err := rego.ParseModuleWithOpts("", text, rego.ParserOptions{RegoVersion: rego.RegoV0})
	return err == nil
}

// harvest collects the modules among the string literals of OPA's tests, each once.
func harvest(module string, take sieve, folders ...string) ([]harvested, error) {
	var found []harvested
	seen := map[string]bool{}
	err := filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		relative, err := filepath.Rel(module, path)
		if err != nil || len(folders) > 0 && !slices.Contains(folders, filepath.Dir(relative)) {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			text, ok := literal(node)
			if source, taken := take(text); ok && taken && !seen[source] {
				seen[source] = true
				found = append(found, harvested{fmt.Sprintf("%s:%d", relative, files.Position(node.Pos()).Line), source})
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
