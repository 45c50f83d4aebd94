package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A document and a schema, and the file of OPA's that has them.
type documented struct {
	Schema, Document any
	file             string
}

// runDocuments matches documents with schemas: those of OPA's gojsonschema, as they are and changed at random.
func (r *runner) runDocuments(module string) error {
	found, err := documents(filepath.Join(module, "internal", "gojsonschema", "testdata"))
	if err != nil {
		return err
	}
	match, err := newCall("json.match_schema", 2)
	if err != nil {
		return err
	}
	defer match.engine.Close()
	verify, err := newCall("json.verify_schema", 1)
	if err != nil {
		return err
	}
	defer verify.engine.Close()
	table := newTable("documents")
	random := rand.New(rand.NewPCG(r.seed, 1))
	take := func(one documented, note string) {
		document, schema := operand(one.Document, random), operand(one.Schema, random)
		r.take(table, one.file, note, func() (error, string) {
			if problem := match.judge(document, schema); problem != nil {
				return problem, ""
			}
			return verify.judge(schema), ""
		})
	}
	for _, one := range found {
		take(one, "as it is")
	}
	for range r.mutations {
		one := found[random.IntN(len(found))]
		one.Document = changed(one.Document, random)
		// A reference that comes to refer to itself ends OPA.
		if text, _ := json.Marshal(one.Schema); !strings.Contains(string(text), "$ref") {
			one.Schema = changed(one.Schema, random)
		}
		take(one, "changed")
	}
	table.print(r.only != "")
	return nil
}

func documents(folder string) ([]documented, error) {
	var found []documented
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		draft := strings.HasPrefix(strings.TrimPrefix(path, folder), string(filepath.Separator)+"draft")
		if err != nil || !draft || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var groups []struct {
			Schema any
			Tests  []struct{ Data any }
		}
		if err := json.Unmarshal(text, &groups); err != nil {
			return err
		}
		for _, group := range groups {
			for _, test := range group.Tests {
				found = append(found, documented{group.Schema, test.Data, filepath.Base(path)})
			}
		}
		return nil
	})
	return found, err
}

// operand is an object or an array as it is, or anything as a text.
func operand(value any, random *rand.Rand) any {
	switch value.(type) {
	case map[string]any, []any:
		if random.IntN(4) > 0 {
			return value
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// What values and keywords are changed to.
var (
	otherValues = []any{nil, true, false, 0, 1, -1, 1.5, 1e21, 1e-7, 1234567, "", "a", "foo", "2020-01-02", "a@b.c", "1.2.3.4", "^a", "(?=a)", []any{}, []any{1, 1.0}, []any{"a", 1}, map[string]any{}, map[string]any{"foo": 1}, "integer", "object", []any{"string", "null"}}
	otherNames  = strings.Split("type|items|properties|enum|const|not|minimum|maximum|exclusiveMinimum|multipleOf|required|format|pattern|minLength|maxItems|uniqueItems|contains|additionalProperties|additionalItems|patternProperties|propertyNames|dependencies|allOf|anyOf|oneOf|if|then|else|definitions|$id|id|$schema|title|foo|bar", "|")
)

// changed is a value that differs from another one in one place.
func changed(value any, random *rand.Rand) any {
	other := otherValues[random.IntN(len(otherValues))]
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 || random.IntN(4) == 0 {
			break
		}
		names := slices.Sorted(maps.Keys(value))
		name, copied := names[random.IntN(len(names))], maps.Clone(value)
		switch random.IntN(6) {
		case 0:
			delete(copied, name)
		case 1:
			copied[otherNames[random.IntN(len(otherNames))]] = copied[name]
		case 2:
			copied[otherNames[random.IntN(len(otherNames))]] = other
		default:
			copied[name] = changed(copied[name], random)
		}
		return copied
	case []any:
		if len(value) == 0 || random.IntN(4) == 0 {
			break
		}
		copied, at := slices.Clone(value), random.IntN(len(value))
		copied[at] = changed(copied[at], random)
		return copied
	}
	return other
}
