// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

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

func column(e *parser.ColumnRef) string {
	if e.Table != nil {
		return e.Table.Text + "." + e.Name.Text
	}
	return e.Name.Text
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
