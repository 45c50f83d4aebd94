package sark_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sark "github.com/sark-policy/sark/bindings/go"
)

// object is one object of a case's JSON; what is absent is not in it.
type object = map[string]any

// TestCases runs tests/cases, which every language runs.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("../../tests/cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content := parse(t, text).(object)
		for _, one := range content["cases"].([]any) {
			one := one.(object)
			t.Run(content["noun"].(string)+"/"+one["name"].(string), func(t *testing.T) {
				runCase(t, one["steps"].([]any))
			})
		}
	}
}

func runCase(t *testing.T, steps []any) {
	w := &world{}
	defer w.close()
	for i, step := range steps {
		step := step.(object)
		call := step["call"].(string)
		args, _ := step["args"].(object)
		value, err := w.run(t, call, arguments(args))
		expect, _ := step["expect"].(object)
		if complaint := w.check(expect, value, err); complaint != "" {
			t.Fatalf("step %d, %s: %s", i+1, call, complaint)
		}
		if call == "engine.revision" && err == nil {
			w.revision = value.(string)
		}
	}
}

// miss is the value of a lookup that found nothing.
type miss struct{}

// check returns what is wrong, or nothing.
func (w *world) check(expect object, value any, err error) string {
	if wanted, ok := expect["error"]; ok {
		return checkError(expect, wanted.(string), err)
	}
	if _, ok := expect["undefined"]; ok {
		if !errors.Is(err, sark.ErrUndefined) {
			return fmt.Sprintf("expected undefined, got %v, %v", value, err)
		}
		return ""
	}
	if errors.Is(err, sark.ErrUndefined) && len(expect) == 0 {
		return ""
	}
	if err != nil {
		return fmt.Sprintf("expected %v, got the error %v", expect, err)
	}
	for name, wanted := range expect {
		if complaint := w.checkOne(name, wanted, value); complaint != "" {
			return complaint
		}
	}
	return ""
}

func (w *world) checkOne(name string, wanted, value any) string {
	switch name {
	case "value":
		if !equal(wanted, value) {
			return fmt.Sprintf("expected %v, got %v", wanted, value)
		}
	case "like":
		if !like(wanted, value) {
			return fmt.Sprintf("expected something like %v, got %v", wanted, value)
		}
	case "miss":
		if value != (miss{}) {
			return fmt.Sprintf("expected a miss, got %v", value)
		}
	case "changed":
		if w.revision == "" || (value != w.revision) != wanted {
			return fmt.Sprintf("changed should be %v: %v after %v", wanted, value, w.revision)
		}
	case "contains":
		lines := strings.Split(value.(string), "\n")
		for _, line := range wanted.([]any) {
			if !slices.Contains(lines, line.(string)) {
				return fmt.Sprintf("no line %q", line)
			}
		}
	case "values":
		return w.checkAnswers(wanted.([]any), value.([]sark.Answer))
	case "decision":
		return checkDecision(wanted.(object), value.(*sark.Decision))
	default:
		return "an expectation that this runner does not know: " + name
	}
	return ""
}

func checkError(expect object, status string, err error) string {
	var failed *sark.Error
	if !errors.As(err, &failed) || failed.Status.String() != status {
		return fmt.Sprintf("expected the error %s, got %v", status, err)
	}
	got := object{"error": status, "code": failed.Code, "offset": json.Number(fmt.Sprint(failed.Offset))}
	if i := slices.IndexFunc(failed.Locations, func(l sark.Location) bool { return l.Row > 0 }); i >= 0 {
		got["row"] = json.Number(fmt.Sprint(failed.Locations[i].Row))
		got["col"] = json.Number(fmt.Sprint(failed.Locations[i].Column))
	}
	for name, wanted := range expect {
		if name == "message" {
			if !strings.Contains(failed.Message, wanted.(string)) {
				return fmt.Sprintf("no %q in %q", wanted, failed.Message)
			}
		} else if !equal(wanted, got[name]) {
			return fmt.Sprintf("%s: expected %v, got %v of %v", name, wanted, got[name], err)
		}
	}
	return ""
}

func (w *world) checkAnswers(wanted []any, answers []sark.Answer) string {
	if len(wanted) != len(answers) {
		return fmt.Sprintf("expected %d answers, got %d", len(wanted), len(answers))
	}
	for i, answer := range answers {
		value, err := answer.Value()
		if complaint := w.check(wanted[i].(object), value, err); complaint != "" {
			return fmt.Sprintf("answer %d: %s", i, complaint)
		}
	}
	return ""
}

func checkDecision(wanted object, decision *sark.Decision) string {
	result, err := decision.Result()
	if errors.Is(err, sark.ErrUndefined) != decision.Undefined {
		return fmt.Sprintf("undefined is %v, but the result's error is %v", decision.Undefined, err)
	}
	got := object{
		"undefined": decision.Undefined, "allowed": decision.Allowed, "cached": decision.Cached,
		"implementation": decision.Implementation, "fallback": decision.Fallback, "revision": decision.Revision,
	}
	if !decision.Undefined {
		got["result"] = result
	}
	for name, value := range wanted {
		if actual, ok := got[name]; !ok || !equal(value, actual) {
			return fmt.Sprintf("%s: expected %v, got %v", name, value, actual)
		}
	}
	return ""
}

// equal compares as JSON: 1 and 1.0 are the same.
func equal(left, right any) bool {
	switch left := left.(type) {
	case json.Number:
		right, ok := right.(json.Number)
		return ok && number(left).Cmp(number(right)) == 0
	case []any:
		right, ok := right.([]any)
		return ok && slices.EqualFunc(left, right, equal)
	case object:
		if raw, ok := right.(bytesValue); ok {
			return string(decodeBytes(left)) == string(raw)
		}
		right, ok := right.(object)
		return ok && maps.EqualFunc(left, right, equal)
	case string:
		if raw, ok := right.(bytesValue); ok {
			return left == string(raw)
		}
	}
	return left == right
}

// like tells whether the value is the model, but for members that its objects have beyond the model's.
func like(model, value any) bool {
	if model, ok := model.([]any); ok {
		value, ok := value.([]any)
		return ok && slices.EqualFunc(model, value, like)
	}
	wanted, ok := model.(object)
	if !ok {
		return equal(model, value)
	}
	got, ok := value.(object)
	for name, member := range wanted {
		actual, there := got[name]
		ok = ok && there && like(member, actual)
	}
	return ok
}

// bytesValue is what a cache holds: any bytes, which a case may write as text or as {"hex": …}.
type bytesValue []byte

func number(text json.Number) *big.Float {
	value, _, err := big.ParseFloat(string(text), 10, 256, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return value
}

// arguments of a step.
type arguments object

// bytes: text or {"hex": …}; nil where absent.
func (a arguments) bytes(name string) []byte { return decodeBytes(a[name]) }

func (a arguments) text(name string) string { return string(a.bytes(name)) }

func (a arguments) by() sark.By { return sark.By{Who: a.text("who"), Why: a.text("why")} }

func decodeBytes(value any) []byte {
	switch value := value.(type) {
	case string:
		return []byte(value)
	case object:
		decoded, err := hex.DecodeString(value["hex"].(string))
		if err != nil {
			panic(err)
		}
		return decoded
	}
	return nil
}

// input is what stands under name, or under "json" as it is; NoInput where neither is there.
func (a arguments) input(name string) any {
	if value, ok := a[name]; ok {
		return value
	}
	if text, ok := a["json"]; ok {
		return json.RawMessage(text.(string))
	}
	return sark.NoInput
}

// document is the input as JSON; nil where there is none.
func (a arguments) document() []byte {
	value := a.input("input")
	if value == sark.NoInput {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

func (a arguments) number(name string) float64 {
	value, ok := a[name]
	if !ok {
		return 0
	}
	if value == "NaN" {
		return math.NaN()
	}
	parsed, err := value.(json.Number).Float64()
	if err != nil {
		panic(err)
	}
	return parsed
}

func (a arguments) count(name string) uint64 { return uint64(a.number(name)) }

func (a arguments) time(name string) time.Duration {
	return time.Duration(a.number(name) * float64(time.Millisecond))
}

func (a arguments) yes(name string) bool { return a[name] == true }

func parse(t *testing.T, text []byte) any {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
