// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// TestLimitErrors goes beyond each limit, and checks the error and that nothing happened.
func TestLimitErrors(t *testing.T) {
	nested := func(n int) string { return "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }
	long := func(n int) string { return "SELECT '" + strings.Repeat("x", n-len("SELECT ''")) + "'" }
	pattern := strings.Repeat("a", parser.MaxPatternBytes)
	many := make([]any, parser.MaxParams+1)
	for i := range many {
		many[i] = 1
	}
	in := func(n int) string {
		return "SELECT 1 WHERE 1 IN (" + strings.Repeat("?, ", n-1) + "?)"
	}
	db := openMemory(t, "")
	exec(t, db, letters)
	runScript(t, db, []step{
		{query: nested(parser.MaxNesting), rows: "1"},
		{query: nested(parser.MaxNesting + 1), err: "parentheses nest deeper than 1000", is: lsmlite.ErrSyntax},
		{query: "SELECT 1" + strings.Repeat(" + 1", parser.MaxNesting), err: "operators nest deeper than 1000", is: lsmlite.ErrSyntax},
		{query: long(parser.MaxTextBytes + 1), err: "the text is longer than 16777216 bytes", is: lsmlite.ErrTooBig},
		{query: "SELECT 1" + strings.Repeat(", 1", parser.MaxParsedTokens/2), err: "more than 16384 tokens to parse", is: lsmlite.ErrTooBig},
		{query: "SELECT 1 WHERE 1 IN (1" + strings.Repeat(", 1", parser.MaxTokens/2) + ")", err: "more than 262144 tokens", is: lsmlite.ErrTooBig},
		{exec: strings.Repeat("BEGIN;", parser.MaxStatements+1), err: "more than 32768 statements", is: lsmlite.ErrTooBig},
		{query: in(parser.MaxParams), args: many[1:], rows: "1"},
		{query: in(parser.MaxParams + 1), args: many, err: "more than 32766 parameters", is: lsmlite.ErrSyntax},
		{query: "SELECT ?32767", args: many, err: "between ?1 and ?32766", is: lsmlite.ErrSyntax},
		{query: "SELECT ?0", err: "between ?1 and ?32766", is: lsmlite.ErrSyntax},
		{query: "SELECT key WHERE key LIKE '" + pattern + "'", rows: ""},
		{query: "SELECT key WHERE key LIKE '" + pattern + "a'", err: "longer than 50000 bytes", is: lsmlite.ErrTooBig},
		{query: "SELECT key WHERE key GLOB ?", args: args(pattern), rows: ""},
		{query: "SELECT key WHERE key GLOB ?", args: args(pattern + "a"), err: "longer than 50000 bytes", is: lsmlite.ErrTooBig},
		{query: "SELECT key WHERE key GLOB ? || key", args: args(pattern), err: "longer than 50000 bytes", is: lsmlite.ErrTooBig},
		{exec: "DELETE WHERE key LIKE ?", args: args(pattern + "a"), err: "longer than 50000 bytes", is: lsmlite.ErrTooBig},
		{exec: "INSERT INTO kv VALUES ('x', 1), (?, 1)", args: args(make([]byte, engine.MaxKeySize+1)), err: "the limits are", is: lsmlite.ErrTooBig},
		{exec: "INSERT INTO kv VALUES ('x', 1), ('y', ?)", args: args(make([]byte, engine.MaxValueSize+1)), err: "the limits are", is: lsmlite.ErrTooBig},
		{query: "SELECT key", rows: "a b c d e f"},
	})
}

// TestCorruptionNamesItsPlace damages every page of a file in turn and reads it. An error
// must say which file is damaged and where, and rows that do come must be right.
func TestCorruptionNamesItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	const settings = "?page_size=1024&block_size=64"
	db := openDSN(t, path+settings)
	thousandRows(t, db)
	want, err := ask(db, "SELECT key, value")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`page \d+|offset \d+|meta page`)
	found := 0
	for page := 0; (page+1)*1024 <= len(intact); page++ {
		if page == 2 {
			page = 8 // what follows the meta pages, 4 KB each, belongs to no page
		}
		damaged := append([]byte{}, intact...)
		damaged[page*1024+100] ^= 0x55
		bad := filepath.Join(t.TempDir(), "bad.lsm")
		if err := os.WriteFile(bad, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		db := openDSN(t, bad+settings+"&mode=ro")
		got, err := ask(db, "SELECT key, value")
		switch {
		case err == nil && got != want:
			t.Errorf("page %d: wrong rows and no error", page+1)
		case err != nil:
			found++
			checkError(t, "SELECT", err, bad, lsmlite.ErrCorrupt)
			if !place.MatchString(err.Error()) {
				t.Errorf("page %d: the error does not say where: %v", page+1, err)
			}
		}
	}
	t.Logf("%d damages were found", found)
	if found < 10 {
		t.Error("too few damages were found")
	}
}
