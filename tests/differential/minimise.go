package main

import "strings"

// minimise drops what can go while the module still shows the same thing: rules, then expressions of bodies, then else branches.
func minimise(m *module, q *question, shows func(*module) bool) *module {
	for changed := true; changed; {
		changed = false
		for i := len(m.rules) - 1; i >= 0; i-- {
			smaller := m.without(i)
			if len(smaller.rules) > 0 && shows(smaller) {
				m, changed = smaller, true
			}
		}
		for i := range m.rules {
			for j := len(m.rules[i].body) - 1; j >= 0; j-- {
				smaller := m.withoutExpr(i, j)
				if shows(smaller) {
					m, changed = smaller, true
				}
			}
			if m.rules[i].tail != "" {
				smaller := m.clone()
				smaller.rules[i].tail = ""
				if shows(smaller) {
					m, changed = smaller, true
				}
			}
		}
	}
	return m
}

func (m *module) clone() *module {
	c := &module{rules: make([]rule, len(m.rules))}
	for i, r := range m.rules {
		c.rules[i] = rule{head: r.head, body: append([]string(nil), r.body...), tail: r.tail}
	}
	return c
}

func (m *module) without(i int) *module {
	c := m.clone()
	c.rules = append(c.rules[:i], c.rules[i+1:]...)
	return c
}

func (m *module) withoutExpr(i, j int) *module {
	c := m.clone()
	body := c.rules[i].body
	c.rules[i].body = append(body[:j], body[j+1:]...)
	return c
}

func comment(text string) string {
	return "# " + strings.ReplaceAll(text, "\n", "\n# ")
}
