// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/parser"
)

// TestDotCommands: the table is in order, says what each command does, and every command is found by its name.
func TestDotCommands(t *testing.T) {
	if !slices.IsSortedFunc(dots, func(a, b dotCommand) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the commands are not in order")
	}
	for i, d := range dots {
		if found, err := dotNamed(d.name); err != nil || found.name != d.name {
			t.Errorf(".%s: .%s, %v", d.name, found.name, err)
		}
		if i > 0 && dots[i-1].name == d.name {
			t.Errorf(".%s is there twice", d.name)
		}
		if d.help == "" || strings.HasSuffix(d.help, ".") || d.run == nil || d.min > 0 && d.args == "" {
			t.Errorf(".%s: %+v", d.name, d)
		}
	}
	for _, known := range strings.Fields("help mode timer headers output once read dump import export stats structure check backup open close " +
		"explain echo bail nullvalue separator show prompt quit exit changes print cd tables schema dbinfo log") {
		if d, err := dotNamed(known); err != nil || d.name != known {
			t.Errorf("there is no .%s: %v", known, err)
		}
	}
	if _, err := dotNamed(""); err == nil {
		t.Error("a dot alone is a command")
	}
}

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                      nil,
		" a  b\t\r\n":           {"a", "b"},
		`'a b' "c d"`:           {"a b", "c d"},
		`'a\n''b'`:              {`a\n`, "b"},
		`"a\tb\n\"\\\0\r\q"`:    {"a\tb\n\"\\\x00\r\\q"},
		`a'b`:                   {"a'b"},
		`"" ''`:                 {"", ""},
		`C:\folder\new.lsm`:     {`C:\folder\new.lsm`},
		"'two\nlines' 'Zürich'": {"two\nlines", "Zürich"},
	} {
		got, err := words(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"'", `"`, `"a\"`, "a 'b"} {
		if got, err := words(line); err == nil {
			t.Errorf("%q: %q", line, got)
		}
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string]kind{
		"":                        kindNothing,
		" -- a comment":           kindNothing,
		"/* x */ SELECT 1":        kindRows,
		"explain select 1":        kindRows,
		"pragma stats":            kindRows,
		"INSERT INTO kv VALUES (": kindChange,
		"replace into kv values ('returning', 1)":             kindChange,
		"DELETE FROM kv WHERE key = 'a' returning *":          kindRows,
		"UPDATE kv SET value = '' /* RETURNING */":            kindChange,
		"UPDATE kv SET value = \"returning\"":                 kindChange,
		"INSERT INTO kv VALUES ('a', 'b') RETURNING 'a', 'b'": kindRows,
		"BEGIN":       kindControl,
		"ROLLBACK TO": kindControl,
		"nonsense":    kindControl,
		"(":           kindControl,
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestFollow: the prompt knows whether a transaction is open, as the driver does.
func TestFollow(t *testing.T) {
	s := withRows(t)
	for _, step := range []struct {
		text string
		want int // savepoints, with the transaction itself
	}{
		{"BEGIN", 1}, {"BEGIN", 1}, {"SAVEPOINT a", 2}, {"SAVEPOINT B", 3}, {"SAVEPOINT a", 4}, {"RELEASE none", 4}, {"ROLLBACK TO b", 3},
		{"RELEASE A", 1}, {"COMMIT", 0}, {"COMMIT", 0}, {"SAVEPOINT x", 1}, {"SAVEPOINT y", 2}, {"ROLLBACK TO x", 1}, {"RELEASE x", 0},
		{"BEGIN DEFERRED", 1}, {"ROLLBACK", 0}, {"END", 0}, {"SAVEPOINT \"X y\"", 1}, {"RELEASE [x Y]", 0}, {"BEGIN", 1}, {"END TRANSACTION", 0},
	} {
		_ = s.run(t.Context(), step.text) // some fail, which must not confuse it
		if len(s.savepoints) != step.want || (s.savepoints == nil) != (step.want == 0) {
			t.Fatalf("after %s: %q, want %d", step.text, s.savepoints, step.want)
		}
		_, err := s.conn.ExecContext(t.Context(), "PRAGMA flush") // is refused in a transaction that may write
		if step.text != "BEGIN DEFERRED" && (err != nil) != (step.want > 0) {
			t.Errorf("after %s: %v", step.text, err)
		}
	}
}

// TestBrokenConnection: the shell goes on with another connection, and says what became of the transaction.
func TestBrokenConnection(t *testing.T) {
	s := withRows(t)
	if err := s.run(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	err := s.after(fmt.Errorf("broken: %w", driver.ErrBadConn))
	if err == nil || !strings.Contains(err.Error(), "the transaction that was open has been rolled back") || s.savepoints != nil {
		t.Errorf("%v, %q", err, s.savepoints)
	}
	if err := s.run(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
	other := errors.New("another error")
	if err := s.after(other); err != other {
		t.Error(err)
	}
}

// TestPlaces: an error of a statement in a script has the line and column of the script, and its exit code.
func TestPlaces(t *testing.T) {
	_, syntax := parser.Parse("SELECT key\nFROM kv WERE")
	_, first := parser.Parse("SELECT )")
	for _, c := range []struct {
		o    origin
		err  error
		want string
	}{
		{origin{}, syntax, "syntax error: line 11, column 9: "},
		{origin{}, first, "syntax error: line 10, column 11: "},
		{origin{name: "a.sql", lines: true}, first, "a.sql: syntax error: line 10, column 11: "},
		{origin{name: "a.sql", lines: true}, errors.New("lsmlite: it failed"), "a.sql: line 10: it failed"},
		{origin{}, errors.New("it failed"), "it failed"},
	} {
		if got := c.o.locate(c.err, place{10, 4}); !strings.HasPrefix(got.Error(), c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"check", "check", 0}, {"chekc", "check", 1}, {"chck", "check", 1}, {"checks", "check", 1}, {"xheck", "check", 1}, {"", "abc", 3}, {"my", "check", 5}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestUnderstood: statements that are arguments are checked before anything runs.
func TestUnderstood(t *testing.T) {
	for text, good := range map[string]bool{
		"SELECT 1; SELECT 2": true, "": true, ";": true, ".mode csv": true, "SELECT 1;\n.mode csv\nSELEC": true,
		"SELECT 1; SELEC 2": false, "SELECT '": false, "my.lsm": false,
	} {
		if err := understood(text); (err == nil) != good || err != nil && env.CodeOf(err) != env.Refused {
			t.Errorf("%q: %v", text, err)
		}
	}
}
