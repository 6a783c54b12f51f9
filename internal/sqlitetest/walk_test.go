// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import "github.com/lsmlite/lsmlite-go/parser"

// eachSlot calls f for every place in a statement where an expression stands, those of
// subexpressions after their own.
func eachSlot(s *parser.Statement, f func(*parser.Expr)) {
	var walk func(*parser.Expr)
	list := func(l []parser.Expr) {
		for i := range l {
			walk(&l[i])
		}
	}
	walk = func(slot *parser.Expr) {
		if *slot == nil {
			return
		}
		f(slot)
		switch e := (*slot).(type) {
		case *parser.Unary:
			walk(&e.X)
		case *parser.Binary:
			walk(&e.X)
			walk(&e.Y)
			walk(&e.Escape)
		case *parser.Logic:
			list(e.Args)
		case *parser.Between:
			walk(&e.X)
			walk(&e.Lo)
			walk(&e.Hi)
		case *parser.In:
			walk(&e.X)
			list(e.List)
		case *parser.Call:
			list(e.Args)
		case *parser.Cast:
			walk(&e.X)
		}
	}
	results := func(l []parser.Result) {
		for i := range l {
			walk(&l[i].Expr)
		}
	}
	switch b := s.Body.(type) {
	case *parser.Select:
		results(b.Results)
		walk(&b.Where)
		walk(&b.Limit)
		walk(&b.Offset)
	case *parser.Insert:
		for i := range b.Rows {
			list(b.Rows[i][:])
		}
		if b.Upsert != nil && b.Upsert.Set != nil {
			walk(&b.Upsert.Set.Value)
		}
		results(b.Returning)
	case *parser.Update:
		walk(&b.Set.Value)
		walk(&b.Where)
		results(b.Returning)
	case *parser.Delete:
		walk(&b.Where)
		results(b.Returning)
	}
}

func eachParam(s *parser.Statement, f func(*parser.Param)) {
	eachSlot(s, func(slot *parser.Expr) {
		if p, ok := (*slot).(*parser.Param); ok {
			f(p)
		}
	})
}
