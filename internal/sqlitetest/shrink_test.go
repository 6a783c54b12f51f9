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

// mutate returns c with its n-th simplification, or false if there are no more than n.
func mutate(c call, n int) (call, bool) {
	list, err := parser.Parse(c.text)
	if err != nil {
		return c, false
	}
	args := byNumber(list, c.args)
	m := &mutator{left: n, args: args}
	for i := range list {
		if m.here() && len(list) > 1 {
			return render(slices.Delete(list, i, i+1), args), true
		}
		m.statement(list[i])
		if m.done {
			return render(list, args), true
		}
	}
	// The canonical text of the call, unchanged, is a simplification too.
	if m.here() {
		return render(list, args), true
	}
	return c, false
}

// mutator makes one change to a statement: the one that it comes to when left is 0.
type mutator struct {
	left int
	done bool
	args map[int]any
}

// here reports whether the change is to be made at this place.
func (m *mutator) here() bool {
	if m.done {
		return false
	}
	m.done = m.left == 0
	m.left--
	return m.done
}

// clear changes a place to nothing.
func clearAt[T comparable](m *mutator, place *T) {
	var zero T
	if *place != zero && m.here() {
		*place = zero
	}
}

// shorten leaves out an element of a list, which keeps at least as many as that.
func shorten[T any](m *mutator, list *[]T, least int) {
	for i := 0; i < len(*list) && len(*list) > least; i++ {
		if m.here() {
			*list = slices.Delete(slices.Clone(*list), i, i+1)
			return
		}
	}
}

func (m *mutator) statement(s *parser.Statement) {
	clearAt(m, &s.Explain)
	clearAt(m, &s.QueryPlan)
	results := func(list *[]parser.Result, least int) {
		shorten(m, list, least)
		for i := range *list {
			clearAt(m, &(*list)[i].Alias)
		}
	}
	switch b := s.Body.(type) {
	case *parser.Select:
		clearAt(m, &b.Where)
		clearAt(m, &b.Offset)
		if b.Offset == nil {
			clearAt(m, &b.Limit)
		}
		clearAt(m, &b.Desc)
		if !b.Desc {
			clearAt(m, &b.OrderBy)
		}
		clearAt(m, &b.From)
		results(&b.Results, 1)
	case *parser.Insert:
		results(&b.Returning, 0)
		if u := b.Upsert; u != nil {
			clearAt(m, &u.Target)
		}
		clearAt(m, &b.Upsert)
		if b.Or && m.here() {
			b.Or, b.OnConflict = false, parser.Replace
		}
		clearAt(m, &b.Into)
		shorten(m, &b.Rows, 1)
		if b.Columns != nil && m.here() {
			b.Columns = nil
		}
	case *parser.Update:
		clearAt(m, &b.Where)
		clearAt(m, &b.Table)
		results(&b.Returning, 0)
	case *parser.Delete:
		clearAt(m, &b.Where)
		clearAt(m, &b.From)
		results(&b.Returning, 0)
	case *parser.Transaction:
		clearAt(m, &b.Mode)
	}
	eachSlot(s, func(slot *parser.Expr) {
		if !m.done {
			m.expr(slot)
		}
	})
}

func (m *mutator) expr(slot *parser.Expr) {
	condition := classOf(*slot) == conditionClass
	replace := func(e parser.Expr) {
		// A number in the place of bytes may fail for its class. That is another kind of
		// difference, or none.
		if (classOf(e) == conditionClass) == condition && m.here() {
			*slot = e
		}
	}
	switch e := (*slot).(type) {
	case *parser.Param:
		if l := literalOf(m.args[e.Number]); l != nil && m.here() {
			*slot = l
		}
		return
	case *parser.Literal:
		for _, v := range simpler(e.Value) {
			if m.here() {
				*slot = &parser.Literal{Value: v}
			}
		}
		return
	case *parser.ColumnRef:
		clearAt(m, &e.Table)
	case *parser.Unary:
		replace(e.X)
	case *parser.Binary:
		replace(e.X)
		replace(e.Y)
		clearAt(m, &e.Not)
		if e.Escape != nil && m.here() {
			e.Escape = nil
		}
	case *parser.Logic:
		for _, x := range e.Args {
			replace(x)
		}
		shorten(m, &e.Args, 2)
	case *parser.Between:
		clearAt(m, &e.Not)
	case *parser.In:
		clearAt(m, &e.Not)
		shorten(m, &e.List, 0)
	case *parser.Call:
		for _, x := range e.Args {
			replace(x)
		}
		if strings.EqualFold(e.Name.Text, "substr") {
			shorten(m, &e.Args, 2)
		}
	case *parser.Cast:
		replace(e.X)
	}
	for _, v := range simplest {
		replace(&parser.Literal{Value: v})
	}
}

// simplest are the values that an expression is replaced with.
var simplest = []parser.Value{
	{Kind: parser.Bytes}, {Kind: parser.Bytes, Bytes: []byte("a")}, {Kind: parser.Int}, {Kind: parser.Int, Int: 1},
}

// simpler returns values that are simpler than v.
func simpler(v parser.Value) (out []parser.Value) {
	switch v.Kind {
	case parser.Bytes:
		for i := range v.Bytes {
			out = append(out, parser.Value{Kind: parser.Bytes, Bytes: slices.Delete(slices.Clone(v.Bytes), i, i+1)})
		}
	case parser.Int:
		out = append(out, parser.Value{Kind: parser.Int}, parser.Value{Kind: parser.Int, Int: v.Int / 10})
	case parser.Real:
		out = append(out, parser.Value{Kind: parser.Int, Int: 1}, parser.Value{Kind: parser.Real, Real: 1})
	}
	return out
}

// literalOf returns an argument as a literal, or nil.
func literalOf(v any) parser.Expr {
	switch v := blob(v).(type) {
	case []byte:
		return &parser.Literal{Value: parser.Value{Kind: parser.Bytes, Bytes: v}}
	case int64:
		return &parser.Literal{Value: parser.Value{Kind: parser.Int, Int: v}}
	case float64:
		return &parser.Literal{Value: parser.Value{Kind: parser.Real, Real: v}}
	}
	return nil
}

// class is what an expression is, as far as the dialect checks it.
type class int

const (
	bytesClass class = iota
	numberClass
	paramClass
	conditionClass
)

func classOf(e parser.Expr) class {
	switch e := e.(type) {
	case *parser.Literal:
		if e.Value.Kind == parser.Bytes {
			return bytesClass
		}
		return numberClass
	case *parser.Param:
		return paramClass
	case *parser.ColumnRef:
		return bytesClass
	case *parser.Unary:
		switch e.Op {
		case "NOT":
			return conditionClass
		case "+":
			return classOf(e.X)
		}
		return numberClass
	case *parser.Binary:
		switch e.Op {
		case "||":
			return bytesClass
		case "*", "/", "%", "+", "-":
			return numberClass
		}
		return conditionClass
	case *parser.Call:
		if strings.EqualFold(e.Name.Text, "length") {
			return numberClass
		}
		return bytesClass
	case *parser.Cast:
		if e.Type == "TEXT" || e.Type == "BLOB" {
			return bytesClass
		}
		return numberClass
	}
	return conditionClass
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
