package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	sark "github.com/sark-policy/sark/bindings/go"
)

// runSchemas compares what OPA and sark refuse by JSON schemas: those among the strings of OPA's tests and those of ownSchemas, each as
// the schema of the input, in an annotation, and by a name; and OPA's own policies whose annotations are about schemas.
func (r *runner) runSchemas(module string) error {
	found, err := harvest(module, jsonSchemas)
	if err != nil {
		return err
	}
	for i, source := range ownSchemas {
		found = append(found, harvested{fmt.Sprintf("own:%d", i+1), source})
	}
	table := newTable("schemas")
	for _, schema := range found {
		for way, c := range asksOf(schema.source) {
			r.take(table, filepath.Dir(schema.name), filepath.Base(schema.name)+" "+way, func() (error, string) {
				return c.judgeSchemas(schema.source)
			})
		}
	}
	modules, err := harvest(module, annotatedModules)
	if err != nil {
		return err
	}
	for i, one := range modules {
		for round := range 10 {
			c, schemas := namedByTurns(one.source, found, i+round)
			note := fmt.Sprintf("%s with schemas %d", filepath.Base(one.name), round)
			r.take(table, filepath.Dir(one.name), note, func() (error, string) { return c.judgeSchemas(schemas...) })
		}
	}
	table.print(r.only != "")
	return nil
}

// jsonSchemas takes what is a JSON object with a keyword of schemas in it.
func jsonSchemas(text string) (string, bool) {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return "", false
	}
	for _, keyword := range []string{"$schema", "$ref", "$id", "type", "properties", "items", "allOf", "anyOf", "oneOf", "enum", "definitions"} {
		if _, ok := fields[keyword]; ok {
			return text, true
		}
	}
	return "", false
}

func annotatedModules(text string) (string, bool) {
	source, ok := wholeModules(text)
	return source, ok && strings.Contains(text, "schemas:")
}

// judgeSchemas is judge, with the differences excused that are decided on.
func (c *compilation) judgeSchemas(schemas ...string) (error, string) {
	problem, excuse := c.judge()
	if problem == nil || excuse != "" {
		return problem, excuse
	}
	var found *difference
	if !errors.As(problem, &found) {
		return problem, ""
	}
	if equalBy(withoutRows(found.opa), withoutRows(found.own), diagnostic.String) {
		return problem, "an undefined reference within another one has the row of the last one in OPA"
	}
	for _, schema := range schemas {
		if refersToItself(schema) {
			return problem, "a schema refers to itself: what stands there may be anything"
		}
	}
	return problem, ""
}

// withoutRows leaves out where undefined references stand: terms are shared in OPA, and each new reference moves them.
func withoutRows(found []diagnostic) []diagnostic {
	rest := slices.Clone(found)
	for i := range rest {
		if strings.HasPrefix(rest[i].message, "undefined ref: ") {
			rest[i].row, rest[i].col = 0, 0
		}
	}
	slices.SortFunc(rest, func(a, b diagnostic) int { return strings.Compare(a.String(), b.String()) })
	return rest
}

// refersToItself follows each reference within a schema.
func refersToItself(schema string) bool {
	var root any
	if json.Unmarshal([]byte(schema), &root) != nil {
		return false
	}
	open := map[string]bool{}
	var visit func(node any) bool
	visit = func(node any) bool {
		switch node := node.(type) {
		case []any:
			return slices.ContainsFunc(node, visit)
		case map[string]any:
			if reference, ok := node["$ref"].(string); ok {
				target, known := pointed(root, reference)
				if open[reference] {
					return true
				}
				open[reference] = true
				defer delete(open, reference)
				return known && visit(target)
			}
			return slices.ContainsFunc(slices.Collect(maps.Values(node)), visit)
		}
		return false
	}
	return visit(root)
}

func pointed(root any, reference string) (any, bool) {
	pointer, ok := strings.CutPrefix(reference, "#")
	for _, token := range strings.Split(strings.Trim(pointer, "/"), "/") {
		fields, _ := root.(map[string]any)
		if next, found := fields[token]; found {
			root = next
		}
	}
	return root, ok
}

// asksOf has rules ask for what a schema knows and does not know, the schema being given in each way that there is.
func asksOf(schema string) map[string]*compilation {
	paths := []string{"", ".nope", "[0]", `["a"]["b"]`}
	var value any
	if json.Unmarshal([]byte(schema), &value) == nil {
		paths = append(paths, pathsOf(value, 0)...)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) > 60 {
		paths = paths[:60]
	}
	asks := map[string]*compilation{}
	for at, some := range slices.Collect(slices.Chunk(paths, 8)) {
		for kind, rule := range askingRules {
			way := fmt.Sprintf("%d %s", at, kind)
			asks["input, "+way] = askingAll("", "input", some, rule, map[string]string{"schema": schema})
			asks["held, "+way] = askingAll("# METADATA\n# schemas:\n# - input: "+oneLine(schema), "input", some, rule, nil)
			asks["within, "+way] = askingAll("# METADATA\n# schemas:\n# - input.x: "+oneLine(schema), "input.x", some, rule, nil)
			asks["data, "+way] = askingAll("# METADATA\n# schemas:\n# - data.d: "+oneLine(schema), "data.d", some, rule, map[string]string{"schema": `{"type": "object"}`})
		}
	}
	return asks
}

// How rules ask for a path, %s.
var askingRules = map[string]string{
	"itself":   "%s = x; x",
	"number":   "%s + 1 > 0",
	"string":   `%s == "a"`,
	"text":     `startswith(%s, "a")`,
	"member":   "some x in %s; x == 1; x.y",
	"anywhere": `%s[_] == "a"`,
}

func askingAll(annotation, root string, paths []string, rule string, schemas map[string]string) *compilation {
	var source strings.Builder
	source.WriteString("package p\n")
	for i, path := range paths {
		fmt.Fprintf(&source, "%s\nr%d if { %s }\n", annotation, i, fmt.Sprintf(rule, root+path))
	}
	return &compilation{modules: map[string]string{"module.rego": source.String()}, version: ast.RegoV1, schemas: schemas, annotations: true}
}

// oneLine is a schema as an annotation holds it, YAML that is JSON.
func oneLine(schema string) string {
	var value any
	if json.Unmarshal([]byte(schema), &value) != nil {
		return schema
	}
	text, err := json.Marshal(value)
	if err != nil {
		return schema
	}
	return string(text)
}

// pathsOf gives paths of documents that a schema may have something to say about.
func pathsOf(schema any, depth int) []string {
	fields, ok := schema.(map[string]any)
	if !ok || depth > 6 {
		return nil
	}
	var paths []string
	below := func(step string, schema any) {
		paths = append(paths, step, step+".nope")
		for _, rest := range pathsOf(schema, depth+1) {
			paths = append(paths, step+rest)
		}
	}
	for _, keyword := range slices.Sorted(maps.Keys(fields)) {
		switch inner := fields[keyword].(type) {
		case map[string]any:
			switch keyword {
			case "properties":
				for _, name := range slices.Sorted(maps.Keys(inner)) {
					below(fmt.Sprintf("[%q]", name), inner[name])
				}
			case "items":
				below("[_]", inner)
			case "definitions":
				for _, name := range slices.Sorted(maps.Keys(inner)) {
					paths = append(paths, pathsOf(inner[name], depth+1)...)
				}
			default:
				paths = append(paths, pathsOf(inner, depth+1)...)
			}
		case []any:
			for i, one := range inner {
				if keyword == "items" {
					below(fmt.Sprintf("[%d]", i), one)
				} else {
					paths = append(paths, pathsOf(one, depth+1)...)
				}
			}
		}
	}
	return paths
}

var schemaName = regexp.MustCompile(`: *(schema(?:\.\w+|\["[^"]*"\])+)`)

// namedByTurns gives a schema to each name in a module's annotations, and none to some.
func namedByTurns(source string, found []harvested, turn int) (*compilation, []string) {
	c := &compilation{modules: map[string]string{"module.rego": source}, version: ast.RegoV0, schemas: map[string]string{}, annotations: true}
	if _, err := ast.ParseModuleWithOpts("", source, ast.ParserOptions{RegoVersion: ast.RegoV1}); err == nil {
		c.version = ast.RegoV1
	}
	var given []string
	for i, name := range schemaName.FindAllStringSubmatch(source, -1) {
		schema := found[(turn*7+i*13)%len(found)].source
		if _, err := ast.ParseRef(name[1]); err != nil || (turn+i)%11 == 0 || !compiles(schema) {
			continue
		}
		c.schemas[name[1]] = schema
		given = append(given, schema)
	}
	return c, given
}

// compiles tells whether OPA reads a schema: sark refuses those that are none as they are given, OPA at the first rule that names them.
func compiles(schema string) bool {
	c := compilation{modules: map[string]string{}, schemas: map[string]string{"schema": schema}}
	return len(c.byOPA()) == 0
}

// schemaSet is nil where there are no schemas: then their names mean nothing.
func (c *compilation) schemaSet() *ast.SchemaSet {
	if len(c.schemas) == 0 {
		return nil
	}
	set := ast.NewSchemaSet()
	for name, text := range c.schemas {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil {
			continue
		}
		at := ast.SchemaRootRef
		if name != at.String() {
			at = ast.MustParseRef(name)
		}
		set.Put(at, value)
	}
	return set
}

// giveSchemas has the refusal of a schema as OPA has it, which compiles it with the policies.
func (c *compilation) giveSchemas(engine *sark.Engine) ([]diagnostic, error) {
	var found []diagnostic
	for _, name := range sortedNames(c.schemas) {
		err := engine.SetSchemaJSON(name, []byte(c.schemas[name]))
		switch message := fmt.Sprint(err); {
		case err == nil:
		case errors.Is(err, sark.ErrInvalidArgument):
			_, message, _ = strings.Cut(message, "schema: ")
			found = append(found, diagnostic{code: ast.TypeErr, message: message})
		default:
			return nil, err
		}
	}
	return found, nil
}

// ownSchemas are about what OPA's tests leave out.
var ownSchemas = []string{
	`{}`, `true`, `false`, `[]`, `"x"`, `1`,
	`{"type": "null"}`, `{"type": ["string", "null"]}`, `{"type": ["null", "object"], "properties": {"a": {"type": "null"}}}`,
	`{"type": []}`, `{"type": "strin"}`, `{"type": ["string", "string"]}`, `{"type": 1}`, `{"type": [1]}`, `{"type": {}}`,
	`{"properties": {"a": {"items": {"properties": {"b": {"type": "integer"}}}}}}`, `{"properties": []}`, `{"properties": {"a": 1}}`, `{"properties": {"a": true}}`,
	`{"type": "array", "items": [{"type": "string"}, {"type": "number"}], "additionalItems": {"type": "boolean"}}`, `{"items": 1}`, `{"items": [1]}`, `{"items": []}`, `{"items": true}`, `{"items": [true, {}]}`,
	`{"type": "object", "additionalProperties": false}`, `{"type": "object", "additionalProperties": {"type": "string"}, "properties": {"a": {}}}`, `{"additionalProperties": 1}`, `{"additionalProperties": {"type": "x"}}`,
	`{"type": "object", "patternProperties": {"^a": {"type": "string"}}}`, `{"patternProperties": 1}`, `{"propertyNames": {"type": "string"}}`, `{"propertyNames": 1}`,
	`{"oneOf": [{"type": "string"}, {"type": "number"}]}`, `{"oneOf": {}}`, `{"oneOf": [1]}`, `{"anyOf": []}`, `{"allOf": []}`, `{"anyOf": {}}`, `{"allOf": [1]}`, `{"allOf": [true]}`, `{"not": {"type": "string"}}`, `{"not": 1}`,
	`{"if": {"type": "x"}}`, `{"if": {}, "then": {"type": "string"}, "else": 1}`, `{"contains": {"type": "x"}}`, `{"contains": 1}`, `{"const": {"type": "x"}}`,
	`{"enum": [1, 1.0]}`, `{"enum": [1, 2, "a"]}`, `{"enum": 1}`, `{"enum": []}`, `{"enum": [{"$ref": "nowhere"}]}`, `{"type": "string", "enum": [[], []]}`,
	`{"required": ["a", "a"]}`, `{"required": [1]}`, `{"required": "a"}`, `{"required": ["a"], "properties": {"a": {"type": "string"}}}`,
	`{"minimum": "a"}`, `{"minimum": 1, "exclusiveMinimum": true}`, `{"exclusiveMinimum": true}`, `{"exclusiveMaximum": 3}`, `{"exclusiveMaximum": "x"}`, `{"multipleOf": 0}`, `{"multipleOf": -1.5}`, `{"multipleOf": "1"}`, `{"minimum": 5, "maximum": 1}`,
	`{"minLength": -1}`, `{"minLength": 1.5}`, `{"minLength": 2.0}`, `{"minLength": 3, "maxLength": 1}`, `{"minItems": 3, "maxItems": 1}`, `{"minProperties": 3, "maxProperties": 1}`, `{"maxLength": "1"}`, `{"pattern": 1}`, `{"pattern": "("}`, `{"format": 1}`, `{"format": "nope"}`, `{"uniqueItems": 1}`, `{"title": 1}`, `{"description": []}`,
	`{"$schema": 1}`, `{"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": 1}`, `{"$schema": "http://json-schema.org/draft-07/schema#", "exclusiveMinimum": true, "minimum": 1}`, `{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": true}}`, `{"$schema": "http://json-schema.org/draft-06/schema#", "if": 1}`, `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"a": {"type": "string"}}, "$defs": {"x": {"type": "nope"}}}`,
	`{"$id": 1}`, `{"id": 1}`, `{"$id": "http://example.com/a.json", "properties": {"a": {"$ref": "b.json"}, "b": {"$id": "b.json", "type": "string"}}}`, `{"$id": "http://example.com/a.json", "properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "string"}}}`, `{"$id": "http://[", "type": "string"}`,
	`{"properties": {"a": {"$id": "x"}, "b": {"$id": "x"}}}`, `{"properties": {"a": {"$id": "#x", "type": "string"}, "b": {"$ref": "#x"}}}`,
	`{"$ref": "https://example.com/schema.json"}`, `{"$ref": "http://127.0.0.1:1/x#/a"}`, `{"$ref": "other.json"}`, `{"$ref": 1}`, `{"$ref": "#/definitions/none"}`, `{"$ref": "%zz"}`, `{"properties": {"a": {"$ref": "https://example.com/x"}}}`,
	`{"definitions": {"a": {"type": "string"}}, "$ref": "#/definitions/a"}`, `{"definitions": {"a~b": {"type": "string"}, "a/b": {"type": "number"}, "a b": {"type": "boolean"}}, "properties": {"x": {"$ref": "#/definitions/a~0b"}, "y": {"$ref": "#/definitions/a~1b"}, "z": {"$ref": "#/definitions/a%20b"}}}`,
	`{"definitions": {"a": 1}}`, `{"definitions": []}`, `{"definitions": {"a": {"type": "nope"}}}`, `{"definitions": {"a": {"type": "object", "properties": {"b": {"$ref": "#/definitions/b"}}}, "b": {"type": "object", "properties": {"c": {"type": "string"}}}}, "type": "object", "properties": {"x": {"$ref": "#/definitions/a"}, "y": {"$ref": "#/definitions/a", "type": "string"}}}`,
	`{"dependencies": {"a": ["b"], "c": {"type": "x"}}}`, `{"dependencies": 1}`, `{"dependencies": {"a": 1}}`, `{"dependencies": {"a": [1]}}`, `{"dependentRequired": {"a": 1}, "unevaluatedProperties": 1, "prefixItems": 1, "minContains": "x"}`,
	`{"anyOf": [{"type": "string"}, {"type": "number"}]}`, `{"anyOf": [{"type": "string"}, {"type": "string"}]}`, `{"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"properties": {"b": {"type": "number"}}}, {"type": "array", "items": {"type": "string"}}]}`, `{"type": "string", "anyOf": [{"type": "number"}]}`, `{"anyOf": [{"anyOf": [{"type": "string"}, {"type": "boolean"}]}, {"type": "number"}]}`, `{"anyOf": [{}, {"type": "string"}]}`,
	`{"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "number"}}}]}`, `{"allOf": [{"type": "string"}, {"type": "number"}]}`, `{"type": "object", "properties": {"own": {"type": "boolean"}}, "allOf": [{"properties": {"a": {"type": "string"}}}]}`, `{"type": "string", "allOf": [{"type": "number"}]}`, `{"allOf": [{"type": "array", "items": [{"type": "string"}]}, {"type": "array", "items": [{"type": "string"}, {"type": "number"}]}]}`, `{"allOf": [{"items": {"type": "string"}}, {"items": {"type": "number"}}]}`,
	`{"allOf": [{"anyOf": [{"type": "string"}]}, {"type": "number"}]}`, `{"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "number"}}}]}`, `{"definitions": {"d": {"properties": {"a": {"type": "string"}}}}, "allOf": [{"$ref": "#/definitions/d"}, {"$ref": "#/definitions/d"}], "properties": {"x": {"$ref": "#/definitions/d"}}}`, `{"allOf": [{"type": ["string", "null"]}, {"type": ["null", "string"]}]}`, `{"allOf": [{"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]}]}`,
}
