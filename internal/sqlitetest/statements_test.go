// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"database/sql"

	"github.com/lsmlite/lsmlite-go/parser"
)

// hasRows reports whether a text is asked by Query: the others have nothing but a count.
func hasRows(list []*parser.Statement) bool {
	rows := 0
	for _, s := range list {
		switch b := s.Body.(type) {
		case *parser.Select:
			rows++
		case *parser.Insert:
			rows += len(b.Returning)
		case *parser.Update:
			rows += len(b.Returning)
		case *parser.Delete:
			rows += len(b.Returning)
		}
	}
	return rows > 0
}

// named says for the columns of all result sets whether they have a name that does not
// come from the text.
func named(list []*parser.Statement) (out []bool) {
	for _, s := range list {
		for _, r := range resultsOf(s) {
			_, column := r.Expr.(*parser.ColumnRef)
			out = append(out, r.Expr == nil || column || r.Alias != nil)
			if r.Expr == nil {
				out = append(out, true)
			}
		}
	}
	return out
}

func resultsOf(s *parser.Statement) []parser.Result {
	if s.Explain || s.QueryPlan {
		return nil
	}
	switch b := s.Body.(type) {
	case *parser.Select:
		return b.Results
	case *parser.Insert:
		return b.Returning
	case *parser.Update:
		return b.Returning
	case *parser.Delete:
		return b.Returning
	}
	return nil
}

// positional returns the arguments by the numbers of their parameters, as SQLite gets
// them.
//
// differs: parameters
func positional(list []*parser.Statement, args []any) []any {
	var out []any
	put := func(n int, v any) {
		for len(out) < n {
			out = append(out, nil)
		}
		out[n-1] = blob(v)
	}
	for i, a := range args {
		if _, ok := a.(sql.NamedArg); !ok {
			put(i+1, a)
		}
	}
	for _, s := range list {
		eachParam(s, func(p *parser.Param) {
			for _, a := range args {
				if n, ok := a.(sql.NamedArg); ok && p.Name != "" && n.Name == p.Name[1:] {
					put(p.Number, n.Value)
				}
			}
		})
	}
	return out
}
