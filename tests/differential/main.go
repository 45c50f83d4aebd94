// Command differential draws policies, data and inputs, and compares what sark and OPA decide.
//
//	differential [-defects | -explain] [-n COUNT] [-seed SEED] [-keep DIR]
//
// With -defects, modules with one defect each are drawn, and what is compared is why both sides refuse them. With -explain, what is compared
// is how both sides explain their decisions, event by event.
//
// OPA is its own Go SDK in this process, sark its C ABI. Values are compared with the text of their numbers, undefined and error codes as
// such; what one side refuses to compile and the other takes is counted apart. Where errors are strict and both sides fail, but with another
// error first, the pair is counted apart, too (docs/decisions.md, "Strict errors"). A disagreement is made as small as it stays one, and written to
// DIR. Where OPA itself varies over three runs, the case is dropped and counted.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// perModule is how many questions each drawn module is asked: three paths, ten inputs each.
const perModule = 30

func main() {
	count := flag.Int("n", 20000, "how many pairs of a module and an input")
	seed := flag.Int64("seed", 1, "the first module's seed; each has its own")
	keep := flag.String("keep", "", "where disagreements are written")
	refusals := flag.Bool("refusals", false, "print why OPA refuses modules")
	most := flag.Int("most", 20, "stop after so many disagreements")
	spoilt := flag.Bool("defects", false, "draw modules with a defect, and compare errors")
	explained := flag.Bool("explain", false, "compare how both sides explain their decisions")
	flag.Parse()
	if *explained {
		if err := compareExplanations(*count, *seed, *keep, *most); err != nil {
			fmt.Fprintln(os.Stderr, "differential:", err)
			os.Exit(1)
		}
		return
	}
	if *spoilt {
		if err := compareDefects(*count, *seed, *keep, *most); err != nil {
			fmt.Fprintln(os.Stderr, "differential:", err)
			os.Exit(1)
		}
		return
	}
	if *refusals {
		why = func(err error) { fmt.Println("refused:", strings.ReplaceAll(err.Error(), "\n", " | ")) }
	}
	totals, err := run(*count, *seed, *keep, *most)
	fmt.Println(totals)
	if err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
}

// Totals counts what was compared.
type totals struct {
	pairs, defined, undefined, errors, varied, refusedByBoth, refusedByOPA, refusedBySark, refusedQuestions, strictOrder, differ int
	seconds                                                                                                                      float64
}

func (t *totals) String() string {
	return fmt.Sprintf("%d pairs in %.0f s: %d values, %d undefined, %d errors; %d modules refused by both, %d by OPA alone, %d by sark alone; "+
		"%d questions refused by OPA; %d dropped since OPA varied; "+
		"%d strict pairs in which both fail, with another error first; %d disagreements",
		t.pairs, t.seconds, t.defined, t.undefined, t.errors, t.refusedByBoth, t.refusedByOPA, t.refusedBySark, t.refusedQuestions, t.varied, t.strictOrder, t.differ)
}

func run(count int, seed int64, keep string, most int) (*totals, error) {
	t := &totals{}
	start := time.Now()
	last := start
	for number := seed; t.pairs < count && t.differ+t.refusedBySark < most; number++ {
		g := newGenerator(rand.New(rand.NewSource(number)))
		g.many = number%7 == 0
		g.joins = number%5 == 0
		if err := g.compare(t, number, keep); err != nil {
			return t, err
		}
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			fmt.Fprintf(os.Stderr, "%d pairs, %d disagreements\n", t.pairs, t.differ)
		}
	}
	t.seconds = time.Since(start).Seconds()
	if t.differ+t.refusedBySark > 0 {
		return t, fmt.Errorf("%d disagreements", t.differ+t.refusedBySark)
	}
	return t, nil
}

// compare asks both sides about one module.
func (g *generator) compare(t *totals, number int64, keep string) error {
	draw := g.module
	if g.joins {
		draw = g.acceptable
	}
	m := draw()
	questions := make([]question, perModule)
	for i := range questions {
		if i%10 == 0 {
			questions[i] = g.question()
			continue
		}
		questions[i] = questions[i-1]
		questions[i].input = g.input()
	}
	both, refused := load(m)
	switch refused {
	case byBoth:
		t.refusedByBoth++
		return nil
	case byOPA:
		t.refusedByOPA++
		return nil
	case bySark:
		t.refusedBySark++
		small := minimise(m, nil, func(m *module) bool { _, refused := load(m); return refused == bySark })
		return report(number, keep, small, nil, "")
	}
	defer both.close()
	for i := range questions {
		q := &questions[i]
		want, got := both.ask(q)
		if want == refusedQuestion {
			t.refusedQuestions++
			continue
		}
		t.pairs++
		t.count(want)
		if want == got {
			continue
		}
		if varies(both, q, want) {
			t.varied++
			continue
		}
		if q.strict && isError(want) && isError(got) {
			t.strictOrder++
			continue
		}
		t.differ++
		small := minimise(m, q, func(m *module) bool { return differ(m, q) })
		return report(number, keep, small, q, explain(small, q))
	}
	return nil
}

func (t *totals) count(want string) {
	switch {
	case want == undefined:
		t.undefined++
	case isError(want):
		t.errors++
	default:
		t.defined++
	}
}

func isError(answer string) bool { return strings.HasPrefix(answer, "error ") }

// varies is true where OPA does not answer the same thing three times.
func varies(both *sides, q *question, first string) bool {
	for range 3 {
		if again, _ := both.ask(q); again != first {
			return true
		}
	}
	return false
}

func differ(m *module, q *question) bool {
	both, refused := load(m)
	if refused != byNone {
		return false
	}
	defer both.close()
	want, got := both.ask(q)
	return want != refusedQuestion && want != got && !varies(both, q, want)
}

func explain(m *module, q *question) string {
	both, refused := load(m)
	if refused != byNone {
		return "it no longer loads"
	}
	defer both.close()
	want, got := both.ask(q)
	return "OPA:  " + want + "\nsark: " + got
}

func report(number int64, keep string, m *module, q *question, answers string) error {
	text := fmt.Sprintf("# seed %d\n%s", number, m)
	if q == nil {
		both, err := loadErrors(m)
		text += "\n# refused by sark alone: " + both + " " + err
	} else {
		text += fmt.Sprintf("\n# data:  %s\n# query: %s strict=%v\n# input: %s\n%s", dataText, q.path, q.strict, q.input, comment(answers))
	}
	fmt.Println(text)
	fmt.Println("--------")
	if keep == "" {
		return nil
	}
	if err := os.MkdirAll(keep, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(keep, fmt.Sprintf("%d.rego", number)), []byte(text), 0o644)
}
