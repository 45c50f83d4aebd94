package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	sark "github.com/sark-policy/sark/bindings/go"
)

// A document is a query beside a schema, of the tests of the GraphQL library that OPA has.
type document struct {
	name          string
	query, schema string
}

// What sark evaluates for each call; OPA's builtins are called themselves.
const graphqlPolicy = `package graphql_calls

answer["graphql.parse"] := graphql.parse(input.query, input.schema) if input.call == "graphql.parse"
answer["graphql.parse_and_verify"] := graphql.parse_and_verify(input.query, input.schema) if input.call == "graphql.parse_and_verify"
answer["graphql.is_valid"] := graphql.is_valid(input.query, input.schema) if input.call == "graphql.is_valid"
answer["graphql.parse_query"] := graphql.parse_query(input.query) if input.call == "graphql.parse_query"
answer["graphql.parse_schema"] := graphql.parse_schema(input.schema) if input.call == "graphql.parse_schema"
answer["graphql.schema_is_valid"] := graphql.schema_is_valid(input.schema) if input.call == "graphql.schema_is_valid"
`

var graphqlCalls = map[string][]string{
	"graphql.parse":            {"query", "schema"},
	"graphql.parse_and_verify": {"query", "schema"},
	"graphql.is_valid":         {"query", "schema"},
	"graphql.parse_query":      {"query"},
	"graphql.parse_schema":     {"schema"},
	"graphql.schema_is_valid":  {"schema"},
}

// runGraphql compares what the six builtins give for each query and schema of those tests, as texts and as the objects that they are
// read into, and for texts that are changed at random.
func (r *runner) runGraphql(string) error {
	documents, err := graphqlDocuments()
	if err != nil {
		return err
	}
	engine, err := sark.NewEngine(sark.EngineOptions{})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.LoadPolicy("graphql.rego", graphqlPolicy); err != nil {
		return err
	}
	table := newTable("graphql")
	judge := func(note string, query, schema any) {
		for call, operands := range graphqlCalls {
			input := map[string]any{"call": call, "query": query, "schema": schema}
			r.take(table, call, note, func() (error, string) { return judgeGraphql(engine, call, operands, input), "" })
		}
	}
	random := rand.New(rand.NewPCG(r.seed, 0))
	for _, d := range documents {
		judge(d.name, d.query, d.schema)
		query, schema := graphqlObject("graphql.parse_query", d.query), graphqlObject("graphql.parse_schema", d.schema)
		judge(d.name+" as objects", query, schema)
	}
	for n := range r.mutations {
		d := documents[random.IntN(len(documents))]
		if random.IntN(3) > 0 {
			d.query = mutate(d.query, random)
		} else {
			d.schema = mutate(d.schema, random)
		}
		judge(fmt.Sprintf("%s changed %d", d.name, n), d.query, d.schema)
	}
	table.print(r.only != "")
	return nil
}

// judgeGraphql is nil where both give the same.
func judgeGraphql(engine *sark.Engine, call string, operands []string, input map[string]any) error {
	own, err := ownAnswer(engine, call, input)
	if err != nil {
		return err
	}
	var terms []*ast.Term
	for _, operand := range operands {
		terms = append(terms, ast.NewTerm(ast.MustInterfaceToValue(input[operand])))
	}
	theirs, panicked := graphqlAnswer(call, terms)
	if !panicked && anyOrder(theirs) != anyOrder(own) {
		return fmt.Errorf("OPA %s\nsark %s\nof %v", theirs, own, input)
	}
	return nil
}

// Of types that are as near, OPA suggests any first.
var suggestedTypes = regexp.MustCompile(`(Unknown type "[^"]*"\.) Did you mean [^?]*\?`)

func anyOrder(answer string) string { return suggestedTypes.ReplaceAllString(answer, "$1") }

func ownAnswer(engine *sark.Engine, call string, input map[string]any) (string, error) {
	text, err := json.Marshal(input)
	if err != nil {
		return "", err
	}
	var failed *sark.Error
	answer, err := engine.EvaluateJSON("data.graphql_calls.answer", text, sark.EvaluateOptions{StrictBuiltinErrors: true})
	switch {
	case errors.As(err, &failed) && failed.Code != "":
		// It stands between where it happened and the excerpt of the policy.
		_, message, _ := strings.Cut(failed.Message, call+": ")
		message, _, _ = strings.Cut(message, "\n\tanswer[")
		return failed.Code + ": " + message, nil
	case err != nil:
		return "", err
	}
	var answers map[string]any
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	if err := decoder.Decode(&answers); err != nil {
		return "", err
	}
	return ast.MustInterfaceToValue(answers[call]).String(), nil
}

// graphqlAnswer is what OPA's builtin gives. At objects that lack a part it panics.
func graphqlAnswer(call string, terms []*ast.Term) (answer string, panicked bool) {
	defer func() { panicked = panicked || recover() != nil }()
	err := topdown.GetBuiltin(call)(topdown.BuiltinContext{}, terms, func(t *ast.Term) error {
		answer = t.Value.String()
		return nil
	})
	var failed *topdown.Error
	if errors.As(err, &failed) {
		answer = failed.Code + ": " + strings.TrimPrefix(failed.Message, call+": ")
	}
	return answer, false
}

// graphqlObject is the object that a text is read into, or the text where it is none.
func graphqlObject(call, text string) any {
	answer, _ := graphqlAnswer(call, []*ast.Term{ast.StringTerm(text)})
	term, err := ast.ParseTerm(answer)
	if err != nil {
		return text
	}
	object, err := ast.JSON(term.Value)
	if err != nil {
		return text
	}
	return object
}

// graphqlDocuments are the queries and schemas of gqlparser's tests. A query that has no schema of its own is beside each of a few.
func graphqlDocuments() ([]document, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/vektah/gqlparser/v2")
	list.Dir = sourceDir()
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	root := strings.TrimSpace(string(out))
	schemas, err := yamlFile(filepath.Join(root, "validator", "imported", "spec", "schemas.yml"))
	if err != nil {
		return nil, err
	}
	found := slices.Clone(ownDocuments)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch filepath.Ext(path) {
		case ".graphql":
			text, err := os.ReadFile(path)
			found = append(found, document{name, string(text), string(text)})
			return err
		case ".yml":
			value, err := yamlFile(path)
			found = append(found, documentsIn(name, value, schemas)...)
			return err
		}
		return nil
	})
	return slices.CompactFunc(found, func(a, b document) bool { return a.query == b.query && a.schema == b.schema }), err
}

const wideSchema = `type Query { a(i: In, e: E, l: [Int!], x: Int = 5, f: Float, b: Boolean, id: ID, s: String!): Query u: U i: I }
input In @oneOf { a: Int b: String } enum E { RED GREEN BLUE } union U = Query | T
type T implements I { b: Int t: T } interface I { b: Int } type Subscription { a: Int b: Int }
directive @r(a: Int!) repeatable on FIELD | QUERY`

// What those tests leave out: comments everywhere, what every schema has, numbers that are too large, bytes that are no text.
var ownDocuments = []document{
	{"own comments", "# a\nquery # b\n Q # c\n ( # d\n $x # e\n : # f\n Int # g\n = # h\n 5 # i\n ) # j\n @skip # k\n ( # l\n if: # m\n true # n\n ) # o\n" +
		"{ # p\n a # q\n : # r\n a( # s\n s # t\n : # u\n [ # v\n 1 # w\n { # x\n k # y\n : $x # z\n }]) # A\n ... # B\n on # C\n Query # D\n { a } # E\n ... # F\n F # G\n }" +
		" # H\n fragment # I\n F # J\n on # K\n Query { a } # L",
		"# a\nschema { # b\n query: Q # c\n}\n# d\n\"\"\"e\"\"\" # f\ntype Q # g\n { # h\n \"i\" # j\n a # k\n (# l\n b: Int # m\n = # n\n [ # o\n ] ): Int # p\n @deprecated # q\n } # r\n" +
			"# s\nextend # t\n enum E # u\n { # v\n A # w\n } # x"},
	{"own introspection's fields", "{ __type(name: 1) { kind } }", "extend type __Type implements I interface I { kind: Int }"},
	{"own introspection's values", "{ __typename }", "extend enum __TypeKind { SCALAR }"},
	{"own introspection's kinds", "{ a }", "extend enum __TypeKind { null } type Query { a: Int }"},
	{"own scalars", "{ a }", "extend scalar Int @specifiedBy(url: 1) type Query { a: Int }"},
	{"own directives", "{ a @skip(x: 1) @skip(if: true) }", "directive @skip(x: Int) on FIELD type Query { a: Int }"},
	{"own inputs", "{ a }", "input A { b: B! } input B { c: [C!]!, d: C! } input C { a: A! } type Query { a: Int }"},
	{"own members", "{ u { __typename } }", "union U = A | B | A type A { a: Int } type B { a: Int } type Query { u: U }"},
	{"own interfaces", "{ i { a } }", "interface I { a(x: Int, y: String!): [I!] } type T implements I { a(x: Int, y: String!, z: Int!): [T!] } type Query { i: I }"},
	{"own one of", "query ($v: In = null, $w: Int) { a(i: {a: $w}, s: \"\") { __typename } x: a(i: {a: null, b: \"\"}, s: \"\") { u { __typename } } y: a(i: $v, s: \"\") { i { b } } }", wideSchema},
	{"own values", "{ a(f: 1e999, s: 1, b: 1, id: 1.5, x: 99999999999, e: REED, l: [1, null, \"a\"]) { u { __typename } } b: a(e: \"RED\", s: \"\") { i { b } } }", wideSchema},
	{"own large values", "{ a(l: [99999999999999999999], x: -2147483649, s: \"\"\"\n  a\n   b\"\"\") { i { b } } }", wideSchema},
	{"own operations", "query A { a(s: \"\") @r(a: 1) @r(a: 2) @skip(if: 1) @zork { __typename } } query A { u } { u } mutation { a }", wideSchema},
	{"own subscriptions", "subscription S { a ...F __typename ...N b } fragment F on Subscription { b }", wideSchema},
	{"own fragments", "{ u { ... on T { b } ... on E { x } ... on Nope { x } ...F ...G } } fragment F on T { b ...G } fragment G on T { b ...F } fragment H on Tt { b }", wideSchema},
	{"own words", "{ ... \"on\" Query { a(x: \"\\u00e9\\ud83d\\n\", s: 01) } }", "type T \"implements\" I { a: Int }"},
	{"own runes", "{ a(s: \"é\", x: \"\ufffd\") { é } }", "\ufeff\"é\" type Query { a: Int } # é\r\n\r type É { a: Int }"},
}

func yamlFile(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var value any
	return value, yaml.Unmarshal(text, &value)
}

// documentsIn takes what tests call `query`, with its schema or the number of one, and what they call `input`, as both.
func documentsIn(name string, value, schemas any) []document {
	var found []document
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			found = append(found, documentsIn(fmt.Sprintf("%s:%d", name, i), element, schemas)...)
		}
	case map[string]any:
		if text, ok := value["input"].(string); ok {
			return []document{{name, text, text}, {name + " query", text, "type Query { name: String }"}}
		}
		if query, ok := value["query"].(string); ok {
			schema := value["schema"]
			if at, ok := schema.(int); ok {
				schema = schemas.([]any)[at]
			}
			text, _ := schema.(string)
			return []document{{name, query, text}}
		}
		for key, element := range value {
			found = append(found, documentsIn(name+":"+key, element, schemas)...)
		}
		slices.SortFunc(found, func(a, b document) int { return strings.Compare(a.name, b.name) })
	}
	return found
}
