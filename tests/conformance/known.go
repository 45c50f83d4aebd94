package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

// readKnown reads lines of "SUITE/FOLDER/NOTE: REASON"; the name ends at the last ": ".
func readKnown(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for number, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, ": ")
		if at < 0 {
			return nil, fmt.Errorf("%s:%d: no reason; write NAME: REASON", file, number+1)
		}
		known[line[:at]] = line[at+2:]
	}
	return known, nil
}

// A verdict says how a case's outcome stands to what is known.
type verdict int

const (
	right verdict = iota
	missing
	unexpected
)

// A table counts a suite by folder.
type table struct {
	name    string
	folders map[string]*[3]int
}

func newTable(name string) *table { return &table{name: name, folders: map[string]*[3]int{}} }

func (t *table) add(folder string, problem error, reason string) verdict {
	counts := t.folders[folder]
	if counts == nil {
		counts = new([3]int)
		t.folders[folder] = counts
	}
	is := right
	switch {
	case problem != nil && reason != "":
		is = missing
	case problem != nil || reason != "":
		is = unexpected
	}
	counts[is]++
	return is
}

// print writes a line for each folder that is not all right, and one for the suite.
func (t *table) print(all bool) {
	var names []string
	var total [3]int
	for name, counts := range t.folders {
		names = append(names, name)
		for i, n := range counts {
			total[i] += n
		}
	}
	sort.Strings(names)
	for _, name := range names {
		if counts := t.folders[name]; all || counts[missing]+counts[unexpected] > 0 {
			fmt.Printf("  %-8s %-40s right %4d  wrong %3d  missing %3d\n", t.name, name, counts[right], counts[unexpected], counts[missing])
		}
	}
	fmt.Printf("%-10s %d folders: right %d, wrong %d, missing %d\n", t.name, len(names), total[right], total[unexpected], total[missing])
}

func describe(problem error, reason string) string {
	if problem == nil {
		return "passes, though known.txt says: " + reason
	}
	return problem.Error()
}
