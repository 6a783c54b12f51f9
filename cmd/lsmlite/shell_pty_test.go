// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Keys.
const (
	ctrlA, ctrlC, ctrlD, ctrlE, ctrlK = "\x01", "\x03", "\x04", "\x05", "\x0b"
	up, left                          = "\x1b[A", "\x1b[D"
	enter, tab, backspace             = "\r", "\t", "\x7f"
)

const prompt = "lsmlite>"

// inShell starts the shell on my.lsm in a folder, and waits for its prompt.
func inShell(t *testing.T, dir string, settings ...string) *emulator {
	t.Helper()
	s := inTerminal(t, dir, settings, "my.lsm")
	s.see(prompt)
	return s
}

// leaves ends the shell with Ctrl-D.
func (s *emulator) leaves() {
	s.t.Helper()
	s.keys(ctrlD)
	if code := s.ends(); code != 0 {
		s.t.Errorf("exit code %d", code)
	}
}

// TestShellStatements: statements that are typed give tables, and say how many rows they have changed.
func TestShellStatements(t *testing.T) {
	dir := t.TempDir()
	s := inTerminal(t, dir, nil, "my.lsm")
	s.see("lsmlite: my.lsm, which is new. .help lists the commands, Ctrl-D leaves.", prompt)
	s.keys("INSERT INTO kv VALUES ('a', 1), ('b', 2);" + enter)
	s.see("2 rows affected", prompt)
	s.keys("SELECT * FROM kv; SELECT 'it''s; one';" + enter)
	s.see(
		"┌─────┬───────┐",
		"│ key │ value │",
		"├─────┼───────┤",
		"│ a   │ 1     │",
		"│ b   │ 2     │",
		"└─────┴───────┘",
		"┌──────────────┐",
		"│ 'it''s; one' │",
		"├──────────────┤",
		"│ it's; one    │",
		"└──────────────┘", prompt)
	s.keys(".mode line" + enter + "SELECT key FROM kv LIMIT 1;" + enter)
	s.see("key = a", prompt)
	s.leaves()

	s = inTerminal(t, dir, nil, "my.lsm")
	s.see("lsmlite: my.lsm. .help lists the commands, Ctrl-D leaves.", prompt)
	s.keys(".exit 5" + enter)
	if code := s.ends(); code != 5 {
		t.Errorf("exit code %d after .exit 5", code)
	}
}

// TestShellErrors: an error shows its place, and the shell goes on.
func TestShellErrors(t *testing.T) {
	s := inShell(t, t.TempDir())
	s.keys("SELECT key FROM kv WERE key = 1;" + enter)
	s.see(
		`error: syntax error: line 1, column 20: unexpected "WERE"; expected WHERE, ORDER, LIMIT or the end o`,
		"f the statement",
		"  SELECT key FROM kv WERE key = 1",
		"                     ^", prompt)
	s.keys(".nope" + enter)
	s.see("error: there is no command .nope; .help lists all", prompt)
	s.leaves()
}

// TestShellEditing: the cursor moves, and Ctrl-C clears what has been typed.
func TestShellEditing(t *testing.T) {
	s := inShell(t, t.TempDir())
	s.keys("CT 'edited';" + ctrlA + "SELE" + ctrlE + backspace + " AS word;" + left + "s" + ctrlK + ";" + enter)
	s.contains("edited")
	s.see("└────────┘", prompt)
	s.contains("│ words  │")
	s.keys("SELECT 'not run'")
	s.see(prompt + " SELECT 'not run'")
	s.keys(ctrlC)
	s.until("the line is cleared", func() bool { return strings.HasSuffix(s.screen(), "\n"+prompt) })
	s.keys("SELECT" + enter + "'not run")
	s.see(prompt+" SELECT", "    ...> 'not run")
	s.keys(ctrlC)
	s.until("all lines are cleared", func() bool { return strings.HasSuffix(s.screen(), "\n"+prompt) })
	s.keys("SELECT 'run';" + enter)
	s.see("│ run   │", "└───────┘", prompt)
	s.leaves()
}

// TestShellLines: a statement may span lines; a semicolon in a text or a comment does not end it.
func TestShellLines(t *testing.T) {
	s := inShell(t, t.TempDir())
	s.keys("SELECT 'one;" + enter)
	s.keys("two' -- a comment;" + enter)
	s.keys("AS lines;" + enter)
	s.see("│ lines       │", "├─────────────┤", `│ "one;\ntwo" │`, "└─────────────┘", prompt)
	s.keys(up)
	s.until("the history gives all lines", func() bool {
		return strings.Contains(s.screen()[strings.LastIndex(s.screen(), "└"):], "AS lines;")
	})
	s.keys(enter)
	s.until("it runs again", func() bool { return strings.Count(s.screen(), `│ "one;\ntwo" │`) == 2 })
	s.leaves()
}

// TestShellHistory: what has been typed is there in the next session, in a file that nobody else reads.
func TestShellHistory(t *testing.T) {
	dir := t.TempDir()
	s := inShell(t, dir)
	s.keys("SELECT 'first';" + enter)
	s.see("└─────────┘", prompt)
	s.keys(" SELECT 'a secret';" + enter)
	s.contains("│ a secret")
	s.see(prompt)
	s.keys("SELECT 'second';" + enter)
	s.contains("│ second")
	s.see(prompt)
	s.leaves()

	file := filepath.Join(dir, "state", "lsmlite", "history")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "\"SELECT 'first';\"\n\"SELECT 'second';\"\n" {
		t.Errorf("%q, %v", raw, err)
	}

	s = inShell(t, dir)
	s.keys(up)
	s.see(prompt + " SELECT 'second';")
	s.keys(up)
	s.see(prompt + " SELECT 'first';")
	s.keys(enter)
	s.see("│ first   │", "└─────────┘", prompt)
	s.leaves()

	s = inShell(t, dir, "LSMLITE_HISTORY=")
	s.keys("SELECT 'third';" + enter)
	s.contains("│ third")
	s.see(prompt)
	s.leaves()
	if raw, err := os.ReadFile(file); err != nil || strings.Contains(string(raw), "third") {
		t.Errorf("%q, %v", raw, err)
	}
}

// TestShellHistoryWithKey: what is typed into an encrypted database is in no file, unless the user has named one.
func TestShellHistoryWithKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	session := func(secret string, settings ...string) {
		t.Helper()
		s := inTerminal(t, dir, settings, "--key-file", "key", "my.lsm")
		s.see(prompt)
		s.keys("SELECT '" + secret + "';" + enter)
		s.contains("│ " + secret)
		s.see(prompt)
		s.keys(up)
		s.see(prompt + " SELECT '" + secret + "';")
		s.keys(ctrlC)
		s.until("the line is cleared", func() bool { return strings.HasSuffix(s.screen(), "\n"+prompt) })
		s.leaves()
	}
	session("secret")
	if _, err := os.Stat(filepath.Join(dir, "state")); !os.IsNotExist(err) {
		t.Errorf("there is a folder for the history: %v", err)
	}
	session("known", "LSMLITE_HISTORY="+filepath.Join(dir, "mine"))
	if raw, err := os.ReadFile(filepath.Join(dir, "mine")); err != nil || !strings.Contains(string(raw), "known") {
		t.Errorf("%q, %v", raw, err)
	}
}

// TestShellTransaction: the prompt shows that a transaction is open, and leaving rolls it back.
func TestShellTransaction(t *testing.T) {
	dir := t.TempDir()
	s := inShell(t, dir)
	s.keys("BEGIN;" + enter)
	s.see("lsmlite*>")
	s.keys("SAVEPOINT s; ROLLBACK TO s; RELEASE s; COMMIT;" + enter)
	s.see(prompt)
	s.keys("SAVEPOINT s;" + enter)
	s.see("lsmlite*>")
	s.keys("INSERT INTO kv VALUES ('a', 1);" + enter)
	s.see("1 row affected", "lsmlite*>")
	s.keys(ctrlD)
	s.contains("lsmlite: the transaction that is open is rolled back")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s = inShell(t, dir)
	s.keys("SELECT count(*) FROM kv;" + enter)
	s.see("│        0 │", "└──────────┘", prompt)
	s.leaves()
}

// TestShellColors: words are coloured as they are typed, unless NO_COLOR is set.
func TestShellColors(t *testing.T) {
	s := inShell(t, t.TempDir())
	s.keys("SELECT 'a', 12 -- c")
	for _, want := range []string{"\x1b[1;34mSELECT\x1b[0m", "\x1b[32m'a'\x1b[0m", "\x1b[36m12\x1b[0m", "\x1b[2m-- c\x1b[0m"} {
		s.until(fmt.Sprintf("there is %q", want), func() bool { return strings.Contains(s.all(), want) })
	}
	s = inShell(t, t.TempDir(), "NO_COLOR=1")
	s.keys("SELECT 'a', 12;" + enter)
	s.see("│ a   │ 12 │", "└─────┴────┘", prompt)
	for _, color := range []string{"\x1b[1;34m", "\x1b[32m", "\x1b[36m", "\x1b[1m"} {
		if strings.Contains(s.all(), color) {
			t.Errorf("there is %q despite NO_COLOR", color)
		}
	}
}

// TestShellCompletion: Tab completes words of the grammar, PRAGMAs, dot commands, and keys part by part.
func TestShellCompletion(t *testing.T) {
	dir := t.TempDir()
	fill(t, filepath.Join(dir, "my.lsm"), map[string]string{"user/1/name": "Ada", "user/1/mail": "a@b", "user/2/name": "Grace", "it's": "x", "zebra": "y", "zürich/1": "z"})
	s := inShell(t, dir)
	for _, c := range []struct{ keys, want string }{
		{"SEL" + tab, "SELECT"},
		{"select key fr" + tab, "select key from"},
		{"SELECT key FROM k" + tab, "SELECT key FROM kv"},
		{"PRAGMA integ" + tab, "PRAGMA integrity_check"},
		{"PRAGMA autoch" + tab, "PRAGMA autocheckpoint"},
		{".tim" + tab, ".timer"},
		{".mode jsonl" + tab, ".mode jsonl"},
		{"SELECT value WHERE key = 'ze" + tab, "SELECT value WHERE key = 'zebra'"},
		{"SELECT value WHERE key = 'us" + tab, "SELECT value WHERE key = 'user/"},
		{"SELECT value WHERE key IN ('user/2" + tab, "SELECT value WHERE key IN ('user/2/"},
		{"SELECT value WHERE key = 'it" + tab, "SELECT value WHERE key = 'it''s'"},
		{"SELECT 'ü', value WHERE key = 'zür" + tab, "SELECT 'ü', value WHERE key = 'zürich/"},
		{"SELECT value WHERE key = 'zü" + tab, "SELECT value WHERE key = 'zü"},
		{"SELECT hex(ke" + tab, "SELECT hex(key"},
		{"SELECT 'é'||ke" + tab, "SELECT 'é'||key"},
		{"SELECT key FROM kv ORDER " + tab, "SELECT key FROM kv ORDER BY"},
		{"SELECT len" + tab + "key", "SELECT length(key"},
	} {
		s.keys(c.keys)
		s.until("it is completed to "+c.want, func() bool {
			lines := strings.Split(s.screen(), "\n")
			for i := len(lines) - 1; i >= 0; i-- {
				if strings.HasPrefix(lines[i], prompt) {
					return lines[i] == prompt+" "+c.want
				}
			}
			return false
		})
		s.clears()
	}
	s.keys("SELECT value WHERE key = 'user/1/" + tab)
	s.contains("'user/1/mail'")
	s.contains("'user/1/name'") // more than one is a list
	s.clears()
	s.leaves()
}

// clears drops what has been typed.
func (s *emulator) clears() {
	s.t.Helper()
	s.until("the line is cleared", func() bool {
		if strings.HasSuffix(s.screen(), "\n"+prompt) {
			return true
		}
		s.keys(ctrlC) // the first may only leave the menu
		time.Sleep(200 * time.Millisecond)
		return false
	})
}

// fill writes rows.
func fill(t *testing.T, path string, rows map[string]string) {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{})
	check(t, err)
	tx, err := db.Begin(t.Context())
	check(t, err)
	for k, v := range rows {
		check(t, tx.Put([]byte(k), []byte(v)))
	}
	check(t, tx.Commit(t.Context()))
	check(t, db.Close())
}

// TestShellInterrupt: Ctrl-C stops a statement, and neither the transaction nor the shell.
func TestShellInterrupt(t *testing.T) {
	dir := t.TempDir()
	rows := make(map[string]string)
	for i := range 5000 {
		rows[fmt.Sprint("key", i)] = strings.Repeat("x", 1000)
	}
	fill(t, filepath.Join(dir, "my.lsm"), rows)
	s := inShell(t, dir)
	s.keys("BEGIN; INSERT INTO kv VALUES ('a', 1);" + enter)
	s.see("1 row affected", "lsmlite*>")
	s.keys("SELECT count(*) WHERE " + strings.Repeat("hex(", 13) + "value" + strings.Repeat(")", 13) + " GLOB '*y*';" + enter)
	s.until("the statement, which takes a minute, is stopped", func() bool {
		if strings.Contains(s.screen(), "error: stopped") {
			return true
		}
		if strings.HasSuffix(s.screen(), "GLOB '*y*';") {
			s.keys(ctrlC) // maybe before it runs, which has no effect
			time.Sleep(100 * time.Millisecond)
		}
		return false
	})
	s.see("lsmlite*>")
	s.keys("COMMIT; SELECT value WHERE key = 'a';" + enter)
	s.see("│ 1     │", "└───────┘", prompt)
	s.leaves()
}

// TestShellTerminated: a signal that ends processes ends the shell while it waits for a key.
func TestShellTerminated(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			continue // by the shell that runs the tests, as with nohup
		}
		s := inShell(t, t.TempDir())
		s.keys("BEGIN; INSERT INTO kv VALUES ('a', 1);" + enter)
		s.see("1 row affected", "lsmlite*>")
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := s.ends(); code != 130 {
			t.Errorf("exit code %d after %v", code, sig)
		}
		s.contains("the transaction that is open is rolled back")
	}
}

// TestShellInPlainTerminal: where the cursor cannot move, lines are read as they are.
func TestShellInPlainTerminal(t *testing.T) {
	s := inShell(t, t.TempDir(), "TERM=dumb")
	s.keys("SELECT 'one" + enter)
	s.see("    ...>")
	s.keys("two';" + enter)
	s.see(`│ "one\ntwo"   │`, "└──────────────┘", prompt)
	s.keys("SELECT 'not run" + enter)
	s.see("    ...>")
	s.keys(ctrlC)
	s.see(prompt)
	s.keys(".print on" + enter)
	s.see("on", prompt)
	if strings.Contains(s.all(), "\x1b") {
		t.Errorf("there are escapes: %q", s.all())
	}
	s.leaves()
}
