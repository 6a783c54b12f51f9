// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package lsmlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go"
)

// writerPath is the database that TestWriterProcess writes.
const writerPath = "LSMLITE_TEST_WRITER"

// TestWriterProcess is the other process of TestSecondProcess: it stores each line of its input as the value of the key
// "line", in a transaction, and repeats the line when that is committed.
func TestWriterProcess(t *testing.T) {
	path := os.Getenv(writerPath)
	if path == "" {
		t.Skip("it is the other process of TestSecondProcess, and runs in that only")
	}
	db, err := sql.Open("lsmlite", "file:"+path+"?readers=on")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if _, err := tx.Exec("INSERT OR REPLACE INTO kv VALUES (?, ?)", fmt.Sprint("line", i), in.Text()); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		fmt.Println(in.Text())
	}
}

// writerProcess is that process.
type writerProcess struct {
	t   *testing.T
	cmd *osexec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startWriter(t *testing.T, path string) *writerProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &writerProcess{t: t, cmd: osexec.Command(self, "-test.run=^TestWriterProcess$")}
	w.cmd.Env = append(os.Environ(), writerPath+"="+path)
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.out = bufio.NewScanner(out)
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// commit has the process commit a line.
func (w *writerProcess) commit(line string) {
	w.t.Helper()
	if _, err := fmt.Fprintln(w.in, line); err != nil {
		w.t.Fatal(err)
	}
	if !w.out.Scan() || w.out.Text() != line {
		w.t.Fatalf("the other process says %q, %v", w.out.Text(), w.out.Err())
	}
}

// end ends the process by closing its input, or kills it.
func (w *writerProcess) end(kill bool) {
	w.t.Helper()
	if kill {
		if err := w.cmd.Process.Kill(); err != nil {
			w.t.Error(err)
		}
	}
	_ = w.in.Close()
	for w.out.Scan() {
	}
	var exit *osexec.ExitError
	if err := w.cmd.Wait(); kill != errors.As(err, &exit) {
		w.t.Errorf("the other process: %v", err)
	}
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// expectLine expects all rows to have been written by the commit of a line.
func expectLine(t *testing.T, q querier, want string) {
	t.Helper()
	rows, err := q.QueryContext(context.Background(), "SELECT value FROM kv")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var line string
		if err := rows.Scan(&line); err != nil || line != want {
			t.Fatalf("row %d: %q, %v; want %q", n, line, err, want)
		}
	}
	if err := rows.Err(); err != nil || n != 20 {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// TestSecondProcess: two processes with database/sql, of which one writes. A statement that begins after Commit has
// returned in the one sees in the other what was committed, a transaction stays what it was, also after the process
// that writes was killed, and the next one is read, too.
func TestSecondProcess(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	w := startWriter(t, path)
	w.commit("first")
	db, err := sql.Open("lsmlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 200 {
		line := fmt.Sprint("line ", i)
		w.commit(line)
		expectLine(t, db, line)
	}
	expectPID(t, db, w.cmd.Process.Pid)

	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	expectLine(t, tx, "line 199")
	w.commit("last of the first process")
	expectLine(t, db, "last of the first process")
	w.end(true)
	expectLine(t, db, "last of the first process")
	expectPID(t, db, 0)
	expectLine(t, tx, "line 199")
	if _, err := os.Stat(path + "-live"); err != nil {
		t.Errorf("a reader has removed what the process left that was killed: %v", err)
	}

	w = startWriter(t, path)
	w.commit("of the second process")
	expectLine(t, db, "of the second process")
	expectPID(t, db, w.cmd.Process.Pid)
	expectLine(t, tx, "line 199")
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("INSERT INTO kv VALUES ('a', 'b')"); !errors.Is(err, lsmlite.ErrReadOnly) {
		t.Errorf("the process that reads has written: %v", err)
	}
	w.end(false)
	expectLine(t, db, "of the second process")
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("integrity_check: %q, %v", sound, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	w = startWriter(t, path) // with nobody else
	w.commit("of the third process")
	w.end(false)
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("the last process has left %v, %v", files, err)
	}
}

// expectPID expects that a handle shows what a process writes.
func expectPID(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	rows, err := db.Query("PRAGMA attached")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatal(names, err, rows.Err())
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		t.Fatal(err)
	}
	pid, known := (*values[0].(*any)).(int64)
	if known != (want != 0) || pid != int64(want) {
		t.Errorf("attached to process %d, %v; want %d", pid, known, want)
	}
}
