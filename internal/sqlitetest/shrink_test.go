// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// replay makes calls on a new pair until the first difference, which it returns.
func replay(where place, calls []call) (*difference, error) {
	p, err := newPair(where)
	if err != nil {
		return nil, err
	}
	var d *difference
	for _, c := range calls {
		if d = p.run(c); d != nil {
			break
		}
	}
	return d, p.Close()
}

// A shrinker makes calls that lead to a difference fewer and simpler, as long as a
// difference of the same kind is left.
type shrinker struct {
	// differs makes calls from the beginning and returns the kind of the first
	// difference, "" if there is none.
	differs func([]call) string
	kind    string
	calls   []call
	// tries bounds the work.
	tries int
}

// maxTries is how often a shrinker makes calls: thousands of times a few of them.
const maxTries = 20_000

// shrink returns the smallest calls that it finds.
func shrink(calls []call, differs func([]call) string) []call {
	s := &shrinker{differs: differs, kind: differs(calls), calls: calls, tries: maxTries}
	if s.kind == "" {
		return calls
	}
	s.drop()
	s.split()
	for again := true; again; {
		again = false
		for i := len(s.calls) - 1; i >= 0; i-- {
			again = s.simplify(i) || again
		}
		again = s.drop() || again
	}
	return s.calls
}

// try makes calls the current ones if they differ in the same way.
func (s *shrinker) try(calls []call) bool {
	if s.tries--; s.tries < 0 || s.differs(calls) != s.kind {
		return false
	}
	s.calls = calls
	return true
}

// drop leaves out calls, many at once as long as that works.
func (s *shrinker) drop() (any bool) {
	for size := max(1, len(s.calls)/2); size > 0; size /= 2 {
		for i := 0; i+size <= len(s.calls); {
			if s.try(slices.Concat(s.calls[:i], s.calls[i+size:])) {
				any = true
			} else {
				i += size
			}
		}
	}
	return any
}

// split makes a call of every statement.
func (s *shrinker) split() {
	for i := len(s.calls) - 1; i >= 0; i-- {
		list, _ := parser.Parse(s.calls[i].text)
		if len(list) < 2 {
			continue
		}
		args := byNumber(list, s.calls[i].args)
		var parts []call
		for _, st := range list {
			parts = append(parts, render([]*parser.Statement{st}, args))
		}
		s.try(slices.Concat(s.calls[:i], parts, s.calls[i+1:]))
	}
	s.drop()
}

// simplify makes the call i smaller, step by step.
func (s *shrinker) simplify(i int) (any bool) {
	for n := 0; ; {
		c := s.calls[i]
		smaller, ok := mutate(c, n)
		if !ok {
			return any
		}
		if less(smaller, c) && s.try(slices.Concat(s.calls[:i], []call{smaller}, s.calls[i+1:])) {
			any = true
		} else {
			n++
		}
	}
}

// less orders calls by simplicity, so that simplifying comes to an end.
func less(a, b call) bool {
	if len(a.args) != len(b.args) {
		return len(a.args) < len(b.args)
	}
	x, y := a.String(), b.String()
	if len(x) != len(y) {
		return len(x) < len(y)
	}
	return x < y
}

// byNumber returns the arguments as they were given, by the numbers of their parameters.
func byNumber(list []*parser.Statement, args []any) map[int]any {
	out := map[int]any{}
	for i, a := range args {
		if _, ok := a.(sql.NamedArg); !ok {
			out[i+1] = a
		}
	}
	for _, s := range list {
		eachParam(s, func(p *parser.Param) {
			for _, a := range args {
				if n, ok := a.(sql.NamedArg); ok && p.Name != "" && n.Name == p.Name[1:] {
					out[p.Number] = n.Value
				}
			}
		})
	}
	return out
}

// render writes statements with their parameters numbered anew.
func render(list []*parser.Statement, args map[int]any) call {
	var c call
	numbers := map[int]int{}
	var texts []string
	for _, s := range list {
		eachParam(s, func(p *parser.Param) {
			if _, ok := numbers[p.Number]; !ok {
				c.args = append(c.args, args[p.Number])
				numbers[p.Number] = len(c.args)
			}
		})
		eachSlot(s, func(slot *parser.Expr) {
			if p, ok := (*slot).(*parser.Param); ok {
				*slot = &parser.Param{Number: numbers[p.Number]}
			}
		})
		texts = append(texts, s.String())
	}
	c.text = strings.Join(texts, "; ")
	return c
}

// TestShrink takes for a difference what is none, and looks at what is left of a long
// sequence.
func TestShrink(t *testing.T) {
	calls := []call{
		{text: "INSERT INTO kv VALUES ('a', 1), ('b', 2), ('c', 3)"},
		{text: "BEGIN IMMEDIATE"},
		{text: "UPDATE kv SET value = value + 1 WHERE key > ? RETURNING key", args: []any{"a"}},
		{text: "SELECT key AS k, 1 + length(value || :x) * 2 -- a comment\n FROM kv WHERE NOT (key = 'a' AND value > 'x') OR key LIKE 'b%' ORDER BY key LIMIT 10",
			args: []any{sql.Named("x", int64(7))}},
		{text: "COMMIT"},
		{text: "SELECT count(*); DELETE FROM kv WHERE key = 'z'"},
	}
	tests := []struct {
		name    string
		differs func(list []*parser.Statement, c call, found bool) bool
		want    string
	}{
		{"an operator, where it finds rows", func(_ []*parser.Statement, c call, found bool) bool {
			return found && strings.Contains(c.text, "||")
		}, "[SELECT '' || 0]"},
		{"an argument of a change that finds rows", func(_ []*parser.Statement, c call, found bool) bool {
			return found && len(c.args) > 0 && !strings.Contains(c.text, "SELECT")
		}, `[INSERT VALUES ('c', 0) UPDATE SET value = '' WHERE key > ?1  -- args: "a"]`},
		{"more than two rows", func(list []*parser.Statement, _ call, _ bool) bool {
			b, ok := list[0].Body.(*parser.Insert)
			return ok && len(b.Rows) > 2
		}, "[INSERT VALUES ('', 0), ('', 0), ('', 0)]"},
		{"the second statement of a text", func(list []*parser.Statement, _ call, _ bool) bool {
			return len(list) > 1
		}, "[SELECT ''; DELETE]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := fmt.Sprint(shrink(calls, func(calls []call) string {
				p, err := newPair(place{})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
				}()
				for _, c := range calls {
					effective := p.effective
					if d := p.run(c); d != nil {
						return d.kind
					}
					list, _ := parser.Parse(c.text)
					if test.differs(list, c, p.effective > effective) {
						return "different"
					}
				}
				return ""
			}))
			if got != test.want {
				t.Errorf("the sequence shrinks to %s, want %s", got, test.want)
			}
		})
	}
}
