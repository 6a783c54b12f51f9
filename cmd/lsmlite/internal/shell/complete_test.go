// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/parser"
)

// withRows is a shell on a database with keys.
func withRows(t testing.TB, keys ...string) *shell {
	t.Helper()
	s := &shell{env: &env.Env{Stdout: io.Discard, Stderr: io.Discard}, ctx: t.Context(), out: &results{to: io.Discard}}
	if err := s.open(filepath.Join(t.TempDir(), "my.lsm"), env.Create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	for _, k := range keys {
		if _, err := s.conn.ExecContext(t.Context(), "INSERT INTO kv VALUES (?, '')", []byte(k)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestCompletions: what is offered is what the parser expects at the place.
func TestCompletions(t *testing.T) {
	s := withRows(t, "a/1", "a/2/x", "a/2/y", "b", "it's", "ä:1", "\xff\xfe", "c\x00")
	for text, want := range map[string]string{
		"SEL":                                   "SELECT",
		"sel":                                   "select",
		"Sel":                                   "",
		"SELECT key F":                          "FROM",
		"SELECT key FROM kv O":                  "ORDER",
		"SELECT key FROM kv ORDER ":             "BY",
		"SELECT key FROM kv WHERE key NOT ":     "LIKE GLOB BETWEEN IN",
		"SELECT 1; DELETE FROM kv W":            "WHERE",
		"SELECT 1; -- x\n rele":                 "release",
		"SELECT l":                              "length( lower(",
		"SELECT hex(k":                          "key",
		"SELECT key FROM ":                      "kv",
		"INSERT INTO kv V":                      "VALUES",
		"INSERT OR ":                            "REPLACE IGNORE ABORT",
		"PRAGMA int":                            "integrity_check",
		"PRAGMA page_s":                         "page_size",
		"PRAGMA page_si":                        "page_size",
		"SELECT CAST(key AS ":                   "INTEGER REAL TEXT BLOB",
		"SELEC key ":                            "",
		"SELECT 1; /* S":                        "",
		"SELECT \"k":                            "",
		"SELECT value WHERE key = 'a":           "'a/",
		"SELECT value WHERE key = 'a/":          "'a/1' 'a/2/",
		"SELECT value WHERE key = 'a/2/":        "'a/2/x' 'a/2/y'",
		"SELECT value WHERE key = '":            "'a/ 'b' 'it''s' 'ä:",
		"SELECT value WHERE key = 'it''":        "'it''s'",
		"SELECT value WHERE key = 'z":           "",
		".mo":                                   ".mode",
		".mode js":                              "json jsonl",
		".timer o":                              "on off",
		".headers ":                             "on off auto",
		".explain SELECT key FR":                "FROM",
		".help tim":                             "timer",
		".nope ":                                "",
		".quit ":                                "",
		"SELECT count(*) FROM kv WHERE 1 = 1 a": "and",
	} {
		c := s.completions(text)
		var got []string
		for _, cand := range c.list {
			got = append(got, cand.text)
			if !strings.HasPrefix(cand.text, c.word) || !strings.HasSuffix(text, c.word) {
				t.Errorf("%q: %q does not complete %q", text, cand.text, c.word)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestWordsThatAreOffered: each is what it is offered as.
func TestWordsThatAreOffered(t *testing.T) {
	for _, c := range operands {
		text := c.text
		if c.open {
			text = strings.Replace(text+"key)", "CAST(key", "CAST(key AS TEXT", 1)
			text = strings.Replace(text, "substr(key", "substr(key, 1", 1)
		}
		if _, err := parser.Parse("SELECT " + text + " FROM kv"); err != nil {
			t.Error(err)
		}
	}
	for _, c := range operators {
		for p := range parser.Pieces(c.text) {
			if p.Kind != parser.PieceKeyword {
				t.Errorf("%s is no word of the grammar", c.text)
			}
		}
	}
	s := withRows(t)
	for _, c := range pragmas() {
		if strings.HasPrefix(c.help, "(") || strings.HasPrefix(c.text, "_") || strings.Contains("flush work checkpoint optimize", c.text) {
			continue
		}
		if err := s.run(t.Context(), "PRAGMA "+c.text); err == nil {
			continue
		} else if !strings.Contains(err.Error(), "does not take 0 arguments") {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// TestManyKeys: not more than MaxCompletions are offered, each once.
func TestManyKeys(t *testing.T) {
	s := withRows(t)
	if _, err := s.conn.ExecContext(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := s.conn.ExecContext(t.Context(), "INSERT INTO kv VALUES ('k' || ? || '/' || ?, '')", i/2+100, i%2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.conn.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	c := s.completions("SELECT value WHERE key >= 'k")
	if len(c.list) != MaxCompletions || c.list[0].text != "'k100/" || c.list[49].text != "'k149/" {
		t.Errorf("%d: %v", len(c.list), c.list)
	}
}

// TestPaths completes files and folders.
func TestPaths(t *testing.T) {
	dir := t.TempDir() + string(filepath.Separator)
	for _, name := range []string{"one.sql", "other.sql", ".hidden"} {
		if err := os.WriteFile(dir+name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir+"old", 0o755); err != nil {
		t.Fatal(err)
	}
	s := withRows(t)
	for word, want := range map[string][]string{
		"on":  {dir + "one.sql"},
		"":    {dir + "old" + string(filepath.Separator), dir + "one.sql", dir + "other.sql"},
		".h":  {dir + ".hidden"},
		"no/": nil,
	} {
		var got []string
		for _, c := range s.completions(".read " + dir + word).list {
			got = append(got, c.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// FuzzTyping: whatever is typed, colours do not change it, and completing and splitting it does not fail.
func FuzzTyping(f *testing.F) {
	s := withRows(f, "a", "a/b", "\xff", "'")
	for _, text := range []string{"", "SELECT key FROM kv", ".mode js", "'a", "-- a\nb", "'a\nb' \"c\nd", "/*\n\n", ".\n", ". a", "x'", "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		colored := highlight(text)
		for _, c := range colors {
			colored = strings.ReplaceAll(colored, c, "")
		}
		if strings.ReplaceAll(colored, colorOff, "") != text && !strings.Contains(text, "\x1b[") {
			t.Fatalf("%q is shown as %q", text, highlight(text))
		}
		c := s.completions(text)
		if !strings.HasSuffix(text, c.word) {
			t.Fatalf("%q: the word is %q", text, c.word)
		}
		complete(text)
		kindOf(text)
		s.arguments(text)
		parameterValue(text)
		words(text)
	})
}
