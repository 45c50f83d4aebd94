package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Words, numbers, strings and operators, each on its own; spaces and comments between them.
var part = regexp.MustCompile("(?s)\"(?:\\\\.|[^\"\\\\\n])*\"|`[^`]*`|#[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|:=|==|!=|<=|>=|[ \t]+|\n|.")

// Parts that make a difference where they stand.
var inserted = strings.Split("if|contains|every|some|not|in|else|default|import data.x|import rego.v1|as|with input as 1|{|}|[|]|(|)|:=|=|==|,|;|.|:||_|x|y|p|input|data|1|null|\"s\"|$\"{x}\"|and|or|\n|# METADATA\n|f(x)|{x |[y |count(x)|walk(x)|set()", "|")

// mutate changes a module in one to three places, by parts of its own or of others.
func mutate(source string, random *rand.Rand) string {
	parts := part.FindAllString(source, -1)
	for range 1 + random.IntN(3) {
		if len(parts) == 0 {
			break
		}
		at := random.IntN(len(parts))
		switch random.IntN(5) {
		case 0:
			parts = slices.Delete(parts, at, at+1)
		case 1:
			parts = slices.Insert(parts, at, parts[random.IntN(len(parts))])
		case 2:
			parts[at] = parts[random.IntN(len(parts))]
		case 3:
			parts = slices.Insert(parts, at, " "+inserted[random.IntN(len(inserted))]+" ")
		case 4:
			other := random.IntN(len(parts))
			parts[at], parts[other] = parts[other], parts[at]
		}
	}
	return strings.Join(parts, "")
}

// runMutations compiles modules that were changed at random: what nobody wrote as a test.
func (r *runner) runMutations(module string) error {
	modules, err := harvest(module, wholeModules)
	if err != nil {
		return err
	}
	more, err := harvest(module, statements, "v1/ast")
	if err != nil {
		return err
	}
	modules = append(modules, more...)
	modules = slices.DeleteFunc(modules, func(h harvested) bool { return strings.Contains(h.source, "internal.") })
	random := rand.New(rand.NewPCG(r.seed, 0))
	kinds := map[string]int{}
	for n := range r.mutations {
		c := compilation{modules: map[string]string{}, version: []ast.RegoVersion{ast.RegoV1, ast.RegoV1, ast.RegoV0}[n%3], strict: n%4 == 0}
		for i := range 1 + random.IntN(5)/4 + random.IntN(5)/4 {
			source := modules[random.IntN(len(modules))].source
			// Several modules are more often right without a change.
			if i == 0 || random.IntN(4) == 0 {
				source = mutate(source, random)
			}
			c.modules[fmt.Sprintf("%c.rego", 'a'+i)] = source
		}
		problem, excuse := c.judge()
		kinds[kindOf(problem, excuse)]++
		if problem != nil && excuse == "" {
			r.bad++
			fmt.Printf("mutation %d (%v, strict %v): %v\n", n, c.version, c.strict, problem)
			for _, name := range sortedNames(c.modules) {
				fmt.Printf("---- %s\n%s\n", name, c.modules[name])
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Printf("  mutations      %-40s %5d\n", kind, kinds[kind])
	}
	return nil
}
