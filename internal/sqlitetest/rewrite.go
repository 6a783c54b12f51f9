// Package sqlitetest compares the dialect with SQLite. It rewrites statements by the
// rule that defines the dialect, runs the originals on the driver and what they are
// rewritten to on SQLite, and demands the same rows, the same counts, and an error from
// both or from neither.
//
// It is a module of its own, so that SQLite is in no program that uses the driver.
package sqlitetest

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
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

func column(e *parser.ColumnRef) string {
	if e.Table != nil {
		return e.Table.Text + "." + e.Name.Text
	}
	return e.Name.Text
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

// text is expr as a blob.
//
// differs: bytes
func text(e parser.Expr) string { return "lsmtext(" + expr(e) + ")" }

// expr returns e as SQLite needs it, with parentheses around everything.
func expr(e parser.Expr) string {
	switch e := e.(type) {
	case *parser.Literal:
		return literal(e.Value)
	case *parser.Param:
		return "?" + strconv.Itoa(e.Number)
	case *parser.ColumnRef:
		// The sign keeps SQLite from its index, so that it visits all rows in the order of
		// their keys: the plainest of its plans, and the order that RETURNING has here.
		//
		// differs: order
		return "(+" + column(e) + ")"
	case *parser.Unary:
		if e.Op == "-" {
			return "(- " + numeral(e.X) + ")"
		}
		return "(" + e.Op + " (" + expr(e.X) + "))"
	case *parser.Binary:
		return binary(e)
	case *parser.Logic:
		op := " AND "
		if e.Or {
			op = " OR "
		}
		return "(" + list(e.Args, op) + ")"
	case *parser.Between:
		return fmt.Sprintf("(%s %s BETWEEN %s AND %s)", expr(e.X), not(e.Not), expr(e.Lo), expr(e.Hi))
	case *parser.In:
		return fmt.Sprintf("(%s %s IN (%s))", expr(e.X), not(e.Not), list(e.List, ", "))
	case *parser.Cast:
		if e.Type == "INTEGER" || e.Type == "REAL" {
			return "CAST(" + expr(e.X) + " AS " + e.Type + ")"
		}
		return text(e.X)
	case *parser.Call:
		return function(e)
	}
	panic(fmt.Sprintf("no rewriting for %T", e))
}

func not(b bool) string {
	if b {
		return "NOT"
	}
	return ""
}

func list(l []parser.Expr, separator string) string {
	var out []string
	for _, e := range l {
		out = append(out, expr(e))
	}
	return strings.Join(out, separator)
}

func binary(e *parser.Binary) string {
	switch e.Op {
	case "||":
		return "CAST((" + text(e.X) + " || " + text(e.Y) + ") AS BLOB)"
	case "LIKE", "GLOB":
		escape := ""
		if e.Escape != nil {
			escape = " ESCAPE CAST(" + text(e.Escape) + " AS TEXT)"
		}
		return fmt.Sprintf("(CAST(%s AS TEXT) %s %s CAST(%s AS TEXT)%s)", text(e.X), not(e.Not), e.Op, text(e.Y), escape)
	}
	if strings.Contains("*/%+-", e.Op) {
		return "(" + numeral(e.X) + " " + e.Op + " " + numeral(e.Y) + ")"
	}
	return "(" + expr(e.X) + " " + e.Op + " " + expr(e.Y) + ")"
}

// numeral is expr as an operand of arithmetic. What SQLite makes of a text with a NUL in it
// is not defined, it says: an integer with a NUL after it is a real there (3.54.1), with
// any other letter it is an integer. Here a NUL is like any other byte, and the function
// lsmnumeral puts a letter in its place.
//
// differs: numerals
func numeral(e parser.Expr) string {
	if l, ok := e.(*parser.Literal); ok && l.Value.Kind != parser.Bytes {
		return expr(e)
	}
	return "lsmnumeral(" + expr(e) + ")"
}

func function(e *parser.Call) string {
	name := strings.ToLower(e.Name.Text)
	switch name {
	case "count":
		return "count(*)"
	case "min", "max":
		return name + "(key)"
	case "length":
		return "length(" + text(e.Args[0]) + ")"
	case "substr":
		// SQLite's substr of an empty blob is NULL, though that of an empty text is not; here it
		// is empty.
		//
		// differs: empty
		x, rest := text(e.Args[0]), list(e.Args[1:], ", ")
		known := x + " IS NOT NULL"
		for _, arg := range e.Args[1:] {
			known += " AND " + expr(arg) + " IS NOT NULL"
		}
		return fmt.Sprintf("coalesce(substr(%s, %s), iif(%s, x'', NULL))", x, rest, known)
	}
	return "CAST(" + name + "(" + text(e.Args[0]) + ") AS BLOB)"
}

func literal(v parser.Value) string {
	switch v.Kind {
	case parser.Int:
		if v.Int == math.MinInt64 {
			return "(-9223372036854775807 - 1)"
		}
		return "(" + strconv.FormatInt(v.Int, 10) + ")"
	case parser.Real:
		if math.IsInf(v.Real, 0) {
			return "(" + strconv.FormatFloat(math.Copysign(1, v.Real), 'f', 0, 64) + "*9e999)"
		}
		return "(" + strconv.FormatFloat(v.Real, 'e', -1, 64) + ")"
	}
	return "x'" + hex.EncodeToString(v.Bytes) + "'"
}
