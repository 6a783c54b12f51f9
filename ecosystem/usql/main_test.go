// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the scripts print into testdata")

// runEnv makes the test binary be the command.
const runEnv = "LSMLITE_TEST_RUN_USQL"

func TestMain(m *testing.M) {
	if os.Getenv(runEnv) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// usql runs the command in a process of its own, in dir. What it prints to standard
// error follows a line that says so.
func usql(t *testing.T, dir, stdin string, args ...string) (output string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(stdin), &stdout, &stderr
	// The settings of whoever runs the test must not show.
	cmd.Env = []string{runEnv + "=1", "HOME=" + dir, "USERPROFILE=" + dir, "PATH=" + os.Getenv("PATH"),
		"SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "LC_ALL=C", "PAGER=", "TZ=UTC"}
	err = cmd.Run()
	if ctx.Err() != nil {
		t.Fatal("usql did not end")
	}
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	output = strings.ReplaceAll(stdout.String(), "\r\n", "\n")
	if stderr.Len() > 0 {
		output += "-- standard error:\n" + strings.ReplaceAll(stderr.String(), "\r\n", "\n")
	}
	return output, cmd.ProcessState.ExitCode()
}

// Each script of testdata prints what stands in the .out file beside it.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			path, err := filepath.Abs(script)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			got, code := usql(t, dir, "", "-f", path, "lsmlite:test.lsm")
			wantCode := 0
			if strings.HasPrefix(filepath.Base(script), "error") {
				wantCode = 1
			}
			if code != wantCode {
				t.Errorf("exit code %d, want %d", code, wantCode)
			}
			golden := strings.TrimSuffix(script, ".sql") + ".out"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if _, err := os.Stat(filepath.Join(dir, "test.lsm-log")); wantCode == 0 && err == nil {
				t.Error("the log is still there: the database was not closed")
			}
		})
	}
}

// -c runs one text after the other, and other programs see what they did.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	got, code := usql(t, dir, "", "-q", "-c", "INSERT INTO kv VALUES ('a', 1), ('b', 2)",
		"-c", `\pset format csv`, "-c", "SELECT * FROM kv", "lsmlite:test.lsm?safety=full")
	if want := "key,value\na,1\nb,2\n"; !strings.HasSuffix(got, want) || code != 0 {
		t.Errorf("exit code %d, output %q; want an end of %q", code, got, want)
	}
	db, err := sql.Open("lsmlite", filepath.Join(dir, "test.lsm"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM kv").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d rows, error %v; want 2 rows", n, err)
	}
}

// Without -c and -f the statements come from standard input.
func TestStandardInput(t *testing.T) {
	got, code := usql(t, t.TempDir(), "INSERT INTO kv VALUES ('k', 'v');\n\\pset format csv\nSELECT * FROM kv;\n",
		"lsm::memory:")
	if want := "key,value\nk,v\n"; !strings.HasSuffix(got, want) || code != 0 {
		t.Errorf("exit code %d, output %q; want an end of %q", code, got, want)
	}
}

func TestBadInvocations(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no database":     {nil, "one database has to be named"},
		"another driver":  {[]string{"postgres://localhost/"}, "driver not available"},
		"unknown setting": {[]string{"-c", "SELECT 1", "lsmlite:test.lsm?colour=red"}, "unknown setting"},
		"missing file":    {[]string{"-f", "missing.sql", "lsmlite:test.lsm"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got, code := usql(t, t.TempDir(), "", test.args...)
			if code == 0 || !strings.Contains(got, test.want) {
				t.Errorf("exit code %d, output %q; want 1 and %q", code, got, test.want)
			}
		})
	}
}

// A transaction that is not committed is undone.
func TestUncommitted(t *testing.T) {
	dir := t.TempDir()
	got, code := usql(t, dir, "", "-c", `\begin`, "-c", "INSERT INTO kv VALUES ('lost', 1)", "lsmlite:test.lsm")
	if code == 0 || !strings.Contains(got, "transaction") {
		t.Errorf("exit code %d, output %q; want 1 and a word about the transaction", code, got)
	}
	got, code = usql(t, dir, "", "-q", "-c", "SELECT count(*) AS n FROM kv", "lsmlite:test.lsm")
	if code != 0 || !strings.Contains(got, " n \n---\n 0 \n") {
		t.Errorf("exit code %d, output %q; want no rows", code, got)
	}
}

// So is one that a file began: it ends with the file, whatever comes after it.
func TestUncommittedInFile(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "begin.sql")
	if err := os.WriteFile(script, []byte("\\begin\nINSERT INTO kv VALUES ('lost', 1);\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, code := usql(t, dir, "", "-f", script, "-c", `\commit`, "lsmlite:test.lsm")
	if code == 0 {
		t.Error("exit code 0")
	}
	got, code := usql(t, dir, "", "-q", "-c", "SELECT count(*) AS n FROM kv", "lsmlite:test.lsm")
	if code != 0 || !strings.Contains(got, " n \n---\n 0 \n") {
		t.Errorf("exit code %d, output %q; want no rows", code, got)
	}
}

// The session in the documentation prints what the documentation says.
func TestDocumentedSession(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ecosystem.md"))
	if err != nil {
		t.Fatal(err)
	}
	const command = `$ ./usql -c "INSERT INTO kv VALUES ('user/1', 'Ada')" -c "SELECT * FROM kv" lsmlite:data.lsm`
	_, rest, found := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), command+"\n")
	want, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the session is not in the documentation")
	}
	got, code := usql(t, t.TempDir(), "", "-c", "INSERT INTO kv VALUES ('user/1', 'Ada')", "-c", "SELECT * FROM kv", "lsmlite:data.lsm")
	if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") || code != 0 {
		t.Errorf("exit code %d, got:\n%s\nwant:\n%s", code, got, want)
	}
}
