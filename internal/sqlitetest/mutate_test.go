// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

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
