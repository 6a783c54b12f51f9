// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// reached counts how often each production of the grammar was run on both.
type reached map[string]int

// productions are the names of all that statements can reach which SQLite has too.
func productions() (list []string) {
	add := func(kind string, names ...string) {
		for _, n := range names {
			list = append(list, kind+" "+n)
		}
	}
	add("select", "FROM", "no FROM", "WHERE", "ORDER BY", "ASC", "DESC", "LIMIT", "OFFSET", "without the table", "aggregates", "explained")
	add("result", "*", "key", "value", "count", "min", "max", "expression", "alias", "AS alias")
	add("insert", "INTO", "no INTO", "(key, value)", "(value, key)", "INSERT", "OR REPLACE", "OR IGNORE", "OR ABORT", "REPLACE",
		"one row", "several rows", "DO NOTHING", "DO UPDATE", "(key) DO NOTHING", "(key) DO UPDATE", "RETURNING", "explained",
		"OR and ON CONFLICT")
	add("update", "table", "no table", "WHERE", "no WHERE", "RETURNING", "explained")
	add("delete", "FROM", "no FROM", "WHERE", "no WHERE", "RETURNING", "explained")
	add("tx", "BEGIN", "BEGIN DEFERRED", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "COMMIT", "END", "ROLLBACK", "ROLLBACK TO", "ROLLBACK TO SAVEPOINT",
		"SAVEPOINT", "RELEASE", "RELEASE SAVEPOINT", "TRANSACTION")
	add("create", "table")
	add("unary", "-", "+", "NOT")
	add("binary", "||", "*", "/", "%", "+", "-", "<", "<=", ">", ">=", "=", "==", "!=", "<>", "LIKE", "GLOB", "NOT LIKE", "NOT GLOB", "ESCAPE", "AND", "OR")
	add("between", "BETWEEN", "NOT BETWEEN", "of bytes", "of numbers")
	add("in", "IN", "NOT IN", "an empty list", "one item", "several items")
	add("call", "length", "hex", "lower", "upper", "substr/2", "substr/3")
	add("cast", "INTEGER", "REAL", "TEXT", "BLOB")
	add("column", "key", "value", "kv.key", "kv.value", "excluded.key", "excluded.value")
	add("literal", "text", "x'hex'", "integer", "negative integer", "decimal", "exponent", "hex integer")
	add("parameter", "?", "?NNN", ":name", "@name", "$name", "twice", "as LIMIT", "as OFFSET", "in IN", "in BETWEEN")
	add("word", "'quoted'", `"quoted"`, "[quoted]", "`quoted`", "-- comment", "/* comment */", "lower case", "mixed case", "several statements")
	return list
}

// missing lists the productions that were never reached.
func (r reached) missing() (out []string) {
	for _, p := range productions() {
		if r[p] == 0 {
			out = append(out, p)
		}
	}
	return out
}

func (r reached) add(other reached) {
	for k, n := range other {
		r[k] += n
	}
}

func (r reached) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%9d  %s\n", r[k], k)
	}
	return b.String()
}

func (r reached) note(on bool, name string) {
	if on {
		r[name]++
	}
}

// text counts what is not in the tree.
func (r reached) text(text string) {
	for mark, name := range map[string]string{`"`: `word "quoted"`, "[": "word [quoted]", "`": "word `quoted`", "--": "word -- comment", "/*": "word /* comment */"} {
		r.note(strings.Contains(outside(text), mark), name)
	}
	r.note(strings.Contains(text, "'kv'") || strings.Contains(text, "SAVEPOINT '"), "word 'quoted'")
	r.note(strings.Contains(text, "select") || strings.Contains(text, "insert") || strings.Contains(text, "update"), "word lower case")
	r.note(strings.Contains(text, "Select") || strings.Contains(text, "sELECT") || strings.Contains(text, "Where"), "word mixed case")
}

// outside returns text without its text literals.
func outside(text string) string {
	var out []byte
	in := false
	for i := range len(text) {
		if text[i] == '\'' {
			in = !in
		} else if !in {
			out = append(out, text[i])
		}
	}
	return string(out)
}

// statement counts the productions of s, which stands in text.
func (r reached) statement(s *parser.Statement, text string) {
	r.note(s.Offset > 0 && strings.Contains(text[:s.Offset], ";"), "word several statements")
	explained := s.Explain || s.QueryPlan
	switch b := s.Body.(type) {
	case *parser.Select:
		r.selectBody(b)
		r.note(explained, "select explained")
		r.note(b.OrderBy != nil && strings.HasSuffix(strings.ToUpper(s.Text), "ASC"), "select ASC")
	case *parser.Insert:
		r.insert(b, s.Text)
		r.note(explained, "insert explained")
	case *parser.Update:
		r.choose(b.Table != nil, "update", "table", "no table")
		r.choose(b.Where != nil, "update", "WHERE", "no WHERE")
		r.note(b.Returning != nil, "update RETURNING")
		r.note(explained, "update explained")
	case *parser.Delete:
		r.choose(b.From != nil, "delete", "FROM", "no FROM")
		r.choose(b.Where != nil, "delete", "WHERE", "no WHERE")
		r.note(b.Returning != nil, "delete RETURNING")
		r.note(explained, "delete explained")
	case *parser.CreateTable:
		r["create table"]++
	case *parser.Transaction:
		r.transaction(b, s.Text)
	}
	for _, res := range resultsOf(s) {
		r.result(&res)
	}
	r.spelling(outside(s.Text))
	numbers := map[int]bool{}
	eachSlot(s, func(slot *parser.Expr) {
		if p, ok := (*slot).(*parser.Param); ok {
			r.note(numbers[p.Number], "parameter twice")
			numbers[p.Number] = true
		}
		r.expr(*slot, s)
	})
}

// spelling counts what has two spellings that are one in the tree.
func (r reached) spelling(text string) {
	r.note(strings.Contains(text, "=="), "binary ==")
	r.note(strings.Contains(text, "<>"), "binary <>")
	for i, c := range text {
		if c == '?' {
			r.choose(i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9', "parameter", "?NNN", "?")
		}
	}
}

func (r reached) choose(on bool, kind, yes, no string) {
	r.note(on, kind+" "+yes)
	r.note(!on, kind+" "+no)
}

func (r reached) selectBody(b *parser.Select) {
	r.choose(b.From != nil, "select", "FROM", "no FROM")
	r.note(b.Where != nil, "select WHERE")
	r.note(b.OrderBy != nil, "select ORDER BY")
	r.note(b.Desc, "select DESC")
	r.note(b.Limit != nil, "select LIMIT")
	r.note(b.Offset != nil, "select OFFSET")
	r.note(aggregate(b.Results), "select aggregates")
	r.note(b.From == nil && b.OrderBy == nil && !mentionsTable(b), "select without the table")
	_, limit := b.Limit.(*parser.Param)
	_, offset := b.Offset.(*parser.Param)
	r.note(limit, "parameter as LIMIT")
	r.note(offset, "parameter as OFFSET")
}

func (r reached) result(res *parser.Result) {
	r.note(res.Alias != nil, "result alias")
	if res.Alias != nil {
		r.note(strings.HasPrefix(strings.ToUpper(lastWords(res.Source)), "AS "), "result AS alias")
	}
	switch e := res.Expr.(type) {
	case nil:
		r["result *"]++
	case *parser.ColumnRef:
		r["result "+strings.ToLower(e.Name.Text)]++
	case *parser.Call:
		switch name := strings.ToLower(e.Name.Text); name {
		case "count", "min", "max":
			r["result "+name]++
		}
	default:
		r["result expression"]++
	}
}

// lastWords returns the last two words of s.
func lastWords(s string) string {
	f := strings.Fields(s)
	return strings.Join(f[max(0, len(f)-2):], " ")
}

func (r reached) insert(b *parser.Insert, text string) {
	r.choose(b.Into != nil, "insert", "INTO", "no INTO")
	if b.Columns != nil {
		r.choose(strings.EqualFold(b.Columns[0].Text, "key"), "insert", "(key, value)", "(value, key)")
	}
	switch {
	case strings.EqualFold(text[:min(7, len(text))], "REPLACE"):
		r["insert REPLACE"]++
	case b.Or:
		r["insert OR "+[...]string{parser.Replace: "REPLACE", parser.Ignore: "IGNORE", parser.Abort: "ABORT"}[b.OnConflict]]++
	default:
		r["insert INSERT"]++
	}
	r.choose(len(b.Rows) > 1, "insert", "several rows", "one row")
	if u := b.Upsert; u != nil {
		what := "DO NOTHING"
		if u.Set != nil {
			what = "DO UPDATE"
		}
		r.choose(u.Target != nil, "insert", "(key) "+what, what)
		r.note(b.Or, "insert OR and ON CONFLICT")
	}
	r.note(b.Returning != nil, "insert RETURNING")
}

func (r reached) transaction(b *parser.Transaction, text string) {
	text = strings.ToUpper(text)
	r.note(strings.Contains(text, "TRANSACTION"), "tx TRANSACTION")
	savepoint := ""
	if strings.Count(text, "SAVEPOINT") > 0 {
		savepoint = " SAVEPOINT"
	}
	switch b.Op {
	case parser.OpBegin:
		r["tx BEGIN"+[...]string{"", " DEFERRED", " IMMEDIATE", " EXCLUSIVE"}[b.Mode]]++
	case parser.OpCommit:
		r.choose(strings.HasPrefix(text, "END"), "tx", "END", "COMMIT")
	case parser.OpRollback:
		r["tx ROLLBACK"]++
	case parser.OpRollbackTo:
		r["tx ROLLBACK TO"+savepoint]++
	case parser.OpRelease:
		r["tx RELEASE"+savepoint]++
	case parser.OpSavepoint:
		r["tx SAVEPOINT"]++
	}
}

func (r reached) expr(e parser.Expr, s *parser.Statement) {
	switch e := e.(type) {
	case *parser.Literal:
		r["literal "+literalKind(e.Value)]++
		r.literalText(s, e)
	case *parser.Param:
		if e.Name != "" {
			r["parameter "+e.Name[:1]+"name"]++
		}
	case *parser.ColumnRef:
		r["column "+strings.ToLower(column(e))]++
	case *parser.Unary:
		r["unary "+e.Op]++
	case *parser.Binary:
		op := e.Op
		if e.Not {
			op = "NOT " + op
		}
		r["binary "+op]++
		r.note(e.Escape != nil, "binary ESCAPE")
	case *parser.Logic:
		r.choose(e.Or, "binary", "OR", "AND")
	case *parser.Between:
		r.choose(e.Not, "between", "NOT BETWEEN", "BETWEEN")
		r.choose(classOf(e.Hi) == bytesClass, "between", "of bytes", "of numbers")
		r.note(isParam(e.Lo) || isParam(e.Hi), "parameter in BETWEEN")
	case *parser.In:
		r.choose(e.Not, "in", "NOT IN", "IN")
		r["in "+[...]string{"an empty list", "one item", "several items"}[min(len(e.List), 2)]]++
		r.note(len(e.List) > 0 && isParam(e.List[0]), "parameter in IN")
	case *parser.Call:
		name := strings.ToLower(e.Name.Text)
		if name == "substr" {
			name = fmt.Sprintf("substr/%d", len(e.Args))
		}
		r["call "+name]++
	case *parser.Cast:
		r["cast "+e.Type]++
	}
}

func isParam(e parser.Expr) bool {
	_, ok := e.(*parser.Param)
	return ok
}

func literalKind(v parser.Value) string {
	switch {
	case v.Kind == parser.Real:
		return "decimal"
	case v.Kind == parser.Int && v.Int < 0:
		return "negative integer"
	case v.Kind == parser.Int:
		return "integer"
	}
	return "text"
}

// literalText counts what a literal looks like in the text. The tree knows the value only,
// so any literal of the text that looks like it will do.
func (r reached) literalText(s *parser.Statement, e *parser.Literal) {
	switch e.Value.Kind {
	case parser.Bytes:
		r.note(strings.Contains(strings.ToLower(s.Text), fmt.Sprintf("x'%x'", e.Value.Bytes)), "literal x'hex'")
	case parser.Real:
		r.note(strings.Contains(strings.ToLower(outside(s.Text)), "1e"), "literal exponent")
	case parser.Int:
		r.note(strings.Contains(strings.ToLower(outside(s.Text)), "0x"), "literal hex integer")
	}
}

// TestProductionsAreKnown checks that what the statements of the scripts reach has a name
// among the productions, so that the list cannot fall behind what is counted.
func TestProductionsAreKnown(t *testing.T) {
	known := map[string]bool{}
	for _, p := range productions() {
		known[p] = true
	}
	r := reached{}
	for _, s := range readScripts(t) {
		for _, st := range s.steps {
			list, err := parser.Parse(st.call.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range list {
				r.statement(one, st.call.text)
			}
		}
	}
	for p := range r {
		if !known[p] && p != "call count" && p != "call min" && p != "call max" {
			t.Errorf("%s is reached and not listed", p)
		}
	}
}
