// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/internal/railroad"
	"github.com/lsmlite/lsmlite-go/parser"
)

var updateDocs = flag.Bool("update", false, "write the results into docs/dialect.md again")

const dialectPage = "docs/dialect.md"

// rule is the line under the head of a table.
var rule = regexp.MustCompile(`-{2,}`)

// docExample is a fence of SQL in the page, and the fence with its result.
var docExample = regexp.MustCompile("(?s)```sql\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")

// TestDialectPage runs every example of the page and compares what it shows. The first
// example fills the database with which every chapter begins; the examples of a chapter
// follow one another on one connection. These comments mean something in an example:
//
//	-- settings: …     an empty database, opened with these settings
//	-- arguments: …    JSON, a list or an object, for the next statement
//
// A result that ends in a line … goes on as it may.
func TestDialectPage(t *testing.T) {
	raw, err := os.ReadFile(dialectPage)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(raw), "\r\n", "\n")
	var out strings.Builder
	sample, examples := "", 0
	for i, chapter := range regexp.MustCompile(`(?m)^## `).Split(page, -1) {
		if i > 0 {
			out.WriteString("## ")
		}
		session := &docSession{t: t}
		if sample != "" {
			session.open("")
			session.run(sample)
		}
		out.WriteString(docExample.ReplaceAllStringFunc(chapter, func(example string) string {
			m := docExample.FindStringSubmatch(example)
			if sample == "" {
				sample = m[1]
				session.open("")
			}
			examples++
			got := session.run(m[1])
			if first, goesOn := strings.CutSuffix(m[2], "…\n"); goesOn {
				got = firstLines(got, strings.Count(first, "\n")) + "…\n"
				if rule.ReplaceAllString(got, "-") == rule.ReplaceAllString(m[2], "-") {
					got = m[2] // how wide the rest is does not matter
				}
			}
			if got != m[2] && !*updateDocs {
				t.Errorf("this example\n%s\ngives\n%s\nand the page shows\n%s\nThe flag -update writes the page again.", m[1], got, m[2])
			}
			return "```sql\n" + m[1] + "```\n\n```text\n" + got + "```\n"
		}))
		session.close()
	}
	if examples < 40 {
		t.Errorf("only %d examples were found", examples)
	}
	if *updateDocs && !t.Failed() && out.String() != page {
		if err := os.WriteFile(dialectPage, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func firstLines(s string, n int) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[:min(n, len(lines))], "")
}

// docSession is a connection that runs examples.
type docSession struct {
	t    *testing.T
	db   *sql.DB
	conn *sql.Conn
}

func (s *docSession) open(settings string) {
	s.t.Helper()
	s.close()
	db, err := sql.Open("lsmlite", ":memory:?"+settings)
	if err != nil {
		s.t.Fatal(err)
	}
	s.db = db
	if s.conn, err = db.Conn(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *docSession) close() {
	s.t.Helper()
	if s.db == nil {
		return
	}
	if err := s.conn.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.db.Close(); err != nil {
		s.t.Error(err)
	}
	s.db = nil
}

// run runs an example, a text for each line that ends in a semicolon, and returns what
// the page shows as its result.
func (s *docSession) run(example string) string {
	s.t.Helper()
	var results []string
	var args []any
	text := ""
	for _, line := range strings.SplitAfter(example, "\n") {
		if settings, ok := strings.CutPrefix(line, "-- settings: "); ok {
			s.open(strings.TrimSpace(settings))
			continue
		}
		if list, ok := strings.CutPrefix(line, "-- arguments: "); ok {
			args = docArguments(s.t, list)
			continue
		}
		text += line
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			results = append(results, s.one(text, args))
			text, args = "", nil
		}
	}
	if strings.TrimSpace(text) != "" {
		s.t.Errorf("an example does not end in a semicolon: %s", example)
	}
	return strings.Join(results, "\n")
}

func docArguments(t *testing.T, text string) []any {
	t.Helper()
	var list []any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		var named map[string]any
		if err := json.Unmarshal([]byte(text), &named); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for name, v := range named {
			list = append(list, sql.Named(name, docArgument(v)))
		}
		return list
	}
	for i, v := range list {
		list[i] = docArgument(v)
	}
	return list
}

// docArgument makes an integer of a number that is one.
func docArgument(v any) any {
	if f, ok := v.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return v
}

var (
	givesRows   = regexp.MustCompile(`\b(SELECT|EXPLAIN|PRAGMA|RETURNING)\b`)
	changesRows = regexp.MustCompile(`(?m)^(INSERT|REPLACE|UPDATE|DELETE)\b`)
)

// one runs one text and returns its results.
func (s *docSession) one(text string, args []any) string {
	if givesRows.MatchString(text) {
		rows, err := s.conn.QueryContext(context.Background(), text, args...)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		defer rows.Close()
		return resultSets(s.t, rows)
	}
	res, err := s.conn.ExecContext(context.Background(), text, args...)
	switch {
	case err != nil:
		return "error: " + err.Error() + "\n"
	case !changesRows.MatchString(text):
		return "ok\n"
	}
	n, err := res.RowsAffected()
	switch {
	case err != nil:
		return "ok; RowsAffected: " + err.Error() + "\n"
	case n == 1:
		return "1 row affected\n"
	}
	return strconv.FormatInt(n, 10) + " rows affected\n"
}

// resultSets shows rows as tables, one for each result set that has columns.
func resultSets(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	var sets []string
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		if len(columns) == 0 {
			continue
		}
		table := [][]string{columns}
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			line := make([]string, len(columns))
			for i, v := range row {
				line[i] = shownValue(v)
			}
			table = append(table, line)
		}
		if err := rows.Err(); err != nil {
			return "error: " + err.Error() + "\n"
		}
		sets = append(sets, aligned(table))
	}
	return strings.Join(sets, "\n")
}

// shownValue writes text as it is, other bytes as a literal, and numbers as SQL does.
func shownValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		return string(parser.Value{Kind: parser.Real, Real: v}.AppendText(nil))
	case []byte:
		if !utf8.Valid(v) || strings.ContainsFunc(string(v), unicode.IsControl) {
			return fmt.Sprintf("x'%x'", v)
		}
		return string(v)
	}
	return fmt.Sprint(v)
}

// aligned writes a table with its first row as the head.
func aligned(table [][]string) string {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			for line := range strings.Lines(cell) {
				widths[i] = max(widths[i], utf8.RuneCountInString(strings.TrimSpace(line)))
			}
		}
	}
	var b strings.Builder
	line := func(row []string, fill, between string) {
		var cells []string
		for i, cell := range row {
			cells = append(cells, cell+strings.Repeat(fill, max(0, widths[i]-utf8.RuneCountInString(cell))))
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, between), " ") + "\n")
	}
	line(table[0], " ", " | ")
	line(make([]string, len(widths)), "-", "-+-")
	for _, row := range table[1:] {
		line(row, " ", " | ")
	}
	if len(table) == 1 {
		b.WriteString("(no rows)\n")
	}
	return b.String()
}

// The page names every word of the grammar and shows every picture, and it names every
// PRAGMA and setting that the driver knows.
func TestDialectPageIsComplete(t *testing.T) {
	raw, err := os.ReadFile(dialectPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	text, err := os.ReadFile("docs/railroad/grammar.ebnf")
	if err != nil {
		t.Fatal(err)
	}
	g, err := railroad.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	examples := ""
	for _, m := range docExample.FindAllStringSubmatch(page, -1) {
		examples += strings.ToUpper(m[1])
	}
	for _, term := range g.Terminals() {
		if !strings.Contains(examples, strings.ToUpper(term.Text)) {
			t.Errorf("no example of the page has %s", term.Text)
		}
	}
	for _, r := range g.Rules {
		if !strings.Contains(page, "](railroad/"+r.Name+".svg)") {
			t.Errorf("the page does not show railroad/%s.svg", r.Name)
		}
	}

	db := openMemory(t, "")
	_, err = db.Exec("PRAGMA no_such_pragma")
	checkError(t, "PRAGMA no_such_pragma", err, "there are: ", lsmlite.ErrMisuse)
	_, names, _ := strings.Cut(err.Error(), "there are: ")
	for _, name := range strings.Split(names, ", ") {
		if !strings.Contains(page, "`"+name) {
			t.Errorf("the page does not name PRAGMA %s", name)
		}
		if !strings.Contains(examples, "PRAGMA "+strings.ToUpper(name)) {
			t.Errorf("no example of the page has PRAGMA %s", name)
		}
	}
}
