// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var updateDifferences = flag.Bool("update", false, "write the outcomes of the differences into docs/dialect.md")

const dialectPage = "../../docs/dialect.md"

// entry is one of the differences that docs/dialect.md lists.
type entry struct {
	name     string
	examples []example
}

// example is a fence of the page: calls, a line each, and what came of the last one here and
// in SQLite.
type example struct {
	text     string // of the whole fence
	settings string // of the driver's side
	calls    []step
	second   []bool // whether the call is one of the second connection
	driver   string
	sqlite   string
}

var (
	entryHead = regexp.MustCompile(`(?m)^\d+\. \*\*([a-z]+)\*\*: `)
	fence     = regexp.MustCompile("(?s)```differ\n(.*?)```\n")
	repeatOf  = regexp.MustCompile(`\{(.*) \* (\d+)\}`)
)

func readDifferences(t *testing.T) (page string, list []entry) {
	t.Helper()
	raw, err := os.ReadFile(dialectPage)
	if err != nil {
		t.Fatal(err)
	}
	page = strings.ReplaceAll(string(raw), "\r\n", "\n")
	_, chapter, found := strings.Cut(page, "\n## Differences from SQLite\n")
	if !found {
		t.Fatal("no chapter on differences")
	}
	heads := entryHead.FindAllStringSubmatchIndex(chapter, -1)
	for i, at := range heads {
		end := len(chapter)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		if n, _, _ := strings.Cut(chapter[at[0]:], "."); n != strconv.Itoa(i+1) {
			t.Errorf("entry %d has the number %s", i+1, n)
		}
		e := entry{name: chapter[at[2]:at[3]]}
		for _, m := range fence.FindAllStringSubmatch(chapter[at[0]:end], -1) {
			e.examples = append(e.examples, readExample(t, m[1]))
		}
		list = append(list, e)
	}
	return page, list
}

func readExample(t *testing.T, text string) example {
	t.Helper()
	e := example{text: text}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		line := line
		if v, ok := strings.CutPrefix(line, "settings: "); ok {
			e.settings = v
			continue
		}
		if v, ok := strings.CutPrefix(line, "lsmlite: "); ok {
			e.driver = v
			continue
		}
		if v, ok := strings.CutPrefix(line, "SQLite:  "); ok {
			e.sqlite = v
			continue
		}
		line, second := strings.CutPrefix(line, "2: ")
		line = repeatOf.ReplaceAllStringFunc(line, func(s string) string {
			m := repeatOf.FindStringSubmatch(s)
			n, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			return strings.Repeat(m[1], n)
		})
		var st step
		query, args, found := strings.Cut(line, " @ [")
		st.call.text = query
		if found {
			st.call.args = readArgs(t, "["+args)
		}
		e.calls, e.second = append(e.calls, st), append(e.second, second)
	}
	return e
}

// outcomes runs the example on both, as it is written, and says what came of the last call.
func (e *example) outcomes(t *testing.T) (driver, sqlite string) {
	t.Helper()
	dir := t.TempDir()
	table := schema
	if e.settings == "key_type=int64" {
		table = strings.Replace(schema, "key BLOB", "key NUMERIC", 1)
	}
	show := func(name, dsn, table string) string {
		p := &pair{}
		defer func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}()
		var sides [2]*side
		for i := range sides {
			c, err := p.open(name, dsn)
			if err != nil {
				t.Fatal(err)
			}
			c.explained = true
			sides[i] = c
		}
		if table != "" {
			if _, err := sides[0].ExecContext(context.Background(), table); err != nil {
				t.Fatal(err)
			}
		}
		var o *outcome
		for i, st := range e.calls {
			c := sides[0]
			if e.second[i] {
				c = sides[1]
			}
			o = c.ask(st.call.text, st.call.args, returnsRows(st.call.text))
		}
		return o.inShort(returnsRows(e.calls[len(e.calls)-1].call.text))
	}
	driver = show("lsmlite", filepath.Join(dir, "a.lsm")+"?busy_timeout=0&"+e.settings, "")
	sqlite = show("sqlite", filepath.Join(dir, "b.db")+"?_pragma=busy_timeout(0)", table)
	return driver, sqlite
}

// returnsRows reports whether a text is asked for rows.
func returnsRows(text string) bool {
	for _, word := range []string{"SELECT", "EXPLAIN", "PRAGMA"} {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

// inShort shows an outcome in a line.
func (o *outcome) inShort(rows bool) string {
	switch {
	case o.err != nil:
		return "an error"
	case !rows:
		return fmt.Sprintf("%d rows affected", o.count)
	case len(o.rows) == 0:
		return "no rows"
	}
	return strings.ReplaceAll(strings.Join(o.rows, ", "), "<nil>", "NULL")
}

// TestDifferences runs the examples of all differences that the page lists, on both: what
// comes of each is what the page says, and differs.
func TestDifferences(t *testing.T) {
	page, list := readDifferences(t)
	n := 0
	for _, e := range list {
		if len(e.examples) == 0 {
			t.Errorf("%s has no example", e.name)
		}
		for i := range e.examples {
			x := &e.examples[i]
			driver, sqlite := x.outcomes(t)
			n++
			if driver == sqlite {
				t.Errorf("%s, example %d: no difference: %s\n%s", e.name, i+1, driver, x.text)
			}
			if *updateDifferences {
				var lines []string
				for _, line := range strings.Split(strings.TrimSuffix(x.text, "\n"), "\n") {
					if !strings.HasPrefix(line, "lsmlite: ") && !strings.HasPrefix(line, "SQLite:  ") {
						lines = append(lines, line)
					}
				}
				lines = append(lines, "lsmlite: "+driver, "SQLite:  "+sqlite)
				page = strings.Replace(page, "```differ\n"+x.text+"```", "```differ\n"+strings.Join(lines, "\n")+"\n```", 1)
				continue
			}
			if driver != x.driver || sqlite != x.sqlite {
				t.Errorf("%s, example %d:\n%s gives\nlsmlite: %s\nSQLite:  %s\nThe flag -update writes the page again.", e.name, i+1, x.text, driver, sqlite)
			}
		}
	}
	t.Logf("%d differences, %d examples", len(list), n)
	if *updateDifferences && !t.Failed() {
		if err := os.WriteFile(dialectPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStepAroundsAreListed checks that what the generator leaves out, what the rewriting
// changes and what the comparison does not look at is listed as a difference, and that
// every difference is the reason of something like that. The places say so in a comment:
// "differs:" and the names of the differences.
func TestStepAroundsAreListed(t *testing.T) {
	_, list := readDifferences(t)
	known := map[string]int{}
	for _, e := range list {
		if _, twice := known[e.name]; twice {
			t.Errorf("%s is listed twice", e.name)
		}
		known[e.name] = 0
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile(`(?m)// differs: ([a-z, ]+)`)
	marks := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mark.FindAllStringSubmatch(string(text), -1) {
			marks++
			for _, name := range strings.Split(m[1], ", ") {
				if _, ok := known[name]; !ok {
					t.Errorf("%s steps around %q, which the page does not list", file, name)
					continue
				}
				known[name]++
			}
		}
	}
	t.Logf("%d places step around differences", marks)
	for name, n := range known {
		if n == 0 {
			t.Errorf("nothing steps around %s: is it a difference?", name)
		}
	}
}
