// SPDX-License-Identifier: Apache-2.0

// Package sqlitetest compares the dialect with SQLite. It rewrites statements by the
// rule that defines the dialect, runs the originals on the driver and what they are
// rewritten to on SQLite, and demands the same rows, the same counts, and an error from
// both or from neither.
//
// It is a module of its own, so that SQLite is in no program that uses the driver.
package sqlitetest

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

// schema is the table that the dialect is about.
const schema = `CREATE TABLE kv (key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID`

// rewrite returns the statement as SQLite needs it. numbers says that keys are
// numbers. The function lsmtext, which
// the tests add to SQLite, gives a number's text as a blob and leaves a blob alone; for
// lsmnumeral see there.
func rewrite(s *parser.Statement, numbers bool) string {
	q := rewriteBody(s, numbers)
	switch {
	case s.Explain:
		return "EXPLAIN " + q
	case s.QueryPlan:
		return "EXPLAIN QUERY PLAN " + q
	}
	return q
}

func rewriteBody(s *parser.Statement, numbers bool) string {
	switch b := s.Body.(type) {
	case *parser.Select:
		return selectText(b)
	case *parser.Insert:
		return insertText(b, numbers)
	case *parser.Update:
		return "UPDATE kv SET value = " + text(b.Set.Value) + where(b.Where) + returning(b.Returning)
	case *parser.Delete:
		return "DELETE FROM kv" + where(b.Where) + returning(b.Returning)
	}
	return s.Text // CREATE TABLE, transactions and savepoints are the same
}

// selectText says FROM and ORDER BY where the dialect means them.
//
// differs: from, order
func selectText(b *parser.Select) string {
	q := "SELECT " + results(b.Results)
	if b.From != nil || b.OrderBy != nil || mentionsTable(b) {
		q += " FROM kv" + where(b.Where)
		switch {
		case aggregate(b.Results):
		case b.Desc:
			q += " ORDER BY kv.key DESC"
		default:
			q += " ORDER BY kv.key"
		}
	} else {
		q += where(b.Where)
	}
	if b.Limit != nil {
		q += " LIMIT " + expr(b.Limit)
	}
	if b.Offset != nil {
		q += " OFFSET " + expr(b.Offset)
	}
	return q
}

func insertText(b *parser.Insert, numbers bool) string {
	q := "INSERT"
	if b.Or {
		q += [...]string{parser.Replace: " OR REPLACE", parser.Ignore: " OR IGNORE", parser.Abort: " OR ABORT"}[b.OnConflict]
	}
	q += " INTO kv"
	if b.Columns != nil {
		q += " (" + b.Columns[0].Text + ", " + b.Columns[1].Text + ")"
	}
	key := 0
	if b.Columns != nil && strings.EqualFold(b.Columns[1].Text, "key") {
		key = 1
	}
	for i, row := range b.Rows {
		stored := [2]string{text(row[0]), text(row[1])}
		if numbers {
			stored[key] = expr(row[key])
		}
		q += [...]string{" VALUES ", ", "}[min(i, 1)] + "(" + stored[0] + ", " + stored[1] + ")"
	}
	if u := b.Upsert; u != nil {
		q += " ON CONFLICT"
		if u.Target != nil {
			q += " (key)"
		}
		if u.Set == nil {
			q += " DO NOTHING"
		} else {
			q += " DO UPDATE SET value = " + text(u.Set.Value)
		}
	}
	return q + returning(b.Returning)
}

func where(e parser.Expr) string {
	if e == nil {
		return ""
	}
	return " WHERE " + expr(e)
}

func returning(list []parser.Result) string {
	if len(list) == 0 {
		return ""
	}
	return " RETURNING " + results(list)
}

func results(list []parser.Result) string {
	var out []string
	for _, r := range list {
		s := "*"
		switch e := r.Expr.(type) {
		case nil:
		case *parser.ColumnRef:
			s = column(e)
		default:
			s = expr(e)
		}
		if r.Alias != nil {
			s += ` AS "` + strings.ReplaceAll(r.Alias.Text, `"`, `""`) + `"`
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func aggregate(list []parser.Result) bool {
	c, ok := list[0].Expr.(*parser.Call)
	if !ok {
		return false
	}
	switch strings.ToLower(c.Name.Text) {
	case "count", "min", "max":
		return true
	}
	return false
}

func mentionsTable(b *parser.Select) bool {
	found := aggregate(b.Results)
	for _, r := range b.Results {
		found = found || r.Expr == nil || mentions(r.Expr)
	}
	return found || b.Where != nil && mentions(b.Where)
}

// mentions reports whether a column is in e.
func mentions(e parser.Expr) bool {
	some := func(list ...parser.Expr) bool {
		for _, x := range list {
			if mentions(x) {
				return true
			}
		}
		return false
	}
	switch e := e.(type) {
	case *parser.ColumnRef:
		return true
	case *parser.Unary:
		return mentions(e.X)
	case *parser.Binary:
		return some(e.X, e.Y) || e.Escape != nil && mentions(e.Escape)
	case *parser.Logic:
		return some(e.Args...)
	case *parser.Between:
		return some(e.X, e.Lo, e.Hi)
	case *parser.In:
		return mentions(e.X) || some(e.List...)
	case *parser.Call:
		return some(e.Args...)
	case *parser.Cast:
		return mentions(e.X)
	}
	return false
}
