// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// Two pools of one file share one engine: what one commits, the other reads.
func Example_twoPools() {
	dir, err := os.MkdirTemp("", "pools")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "data.lsm")

	writers, err := sql.Open("lsmlite", path)
	check(err)
	defer writers.Close()
	writers.SetMaxOpenConns(1)
	readers, err := sql.Open("lsmlite", path)
	check(err)
	defer readers.Close()

	_, err = writers.Exec("INSERT INTO kv VALUES ('greeting', 'hello')")
	check(err)
	var value string
	check(readers.QueryRow("SELECT value FROM kv WHERE key = 'greeting'").Scan(&value))
	fmt.Println(value)
	// Output: hello
}

func TestPoolsShareOneFile(t *testing.T) {
	path := newFile(t)
	a, b := open(t, path), open(t, "file:"+filepath.ToSlash(path)+"?busy_timeout=20")

	put(t, a, "INSERT INTO kv VALUES ('k', 'old')")
	equal(t, "what the other pool reads", get(t, b, "SELECT value FROM kv WHERE key = 'k'"), "old")

	tx, err := a.BeginTx(t.Context(), nil)
	must(t, err)
	put(t, tx, "INSERT INTO kv VALUES ('k', 'new')")

	// A reader of the other pool neither waits nor sees it; a writer waits in vain.
	equal(t, "during the transaction", get(t, b, "SELECT value FROM kv WHERE key = 'k'"), "old")
	_, err = b.ExecContext(soon(t), "INSERT INTO kv VALUES ('k', 'b')")
	if !errors.Is(err, lsmlite.ErrBusy) {
		t.Errorf("a second writer: got %v, want ErrBusy", err)
	}
	// A state that is pinned stays.
	pinned, err := b.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	must(t, err)
	must(t, tx.Commit())
	equal(t, "in the pinned state", get(t, pinned, "SELECT value FROM kv WHERE key = 'k'"), "old")
	must(t, pinned.Rollback())
	equal(t, "after the commit", get(t, b, "SELECT value FROM kv WHERE key = 'k'"), "new")
}

func TestPoolsCloseOneByOne(t *testing.T) {
	path := newFile(t)
	a, err := sql.Open("lsmlite", path)
	must(t, err)
	b, err := sql.Open("lsmlite", path)
	must(t, err)
	put(t, a, "INSERT INTO kv VALUES ('a', 1)")
	put(t, b, "INSERT INTO kv VALUES ('b', 2)")

	must(t, a.Close())
	equal(t, "rows, with one pool closed", get(t, b, "SELECT count(*) FROM kv"), "2")
	put(t, b, "INSERT INTO kv VALUES ('c', 3)")
	must(t, b.Close())
	if _, err := os.Stat(path + "-log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is still there after the last pool closed: %v", err)
	}

	c := open(t, path)
	equal(t, "rows, opened again", get(t, c, "SELECT count(*) FROM kv"), "3")
	equal(t, "integrity", get(t, c, "PRAGMA integrity_check"), "ok")
}

// However the path is written, it is the same file.
func TestPoolsByAnotherName(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	path := filepath.Join(dir, "test.lsm")
	a := open(t, path)
	put(t, a, "INSERT INTO kv VALUES ('k', 'v')")
	names := []string{"test.lsm", "." + string(filepath.Separator) + "test.lsm", "file:test.lsm"}
	if runtime.GOOS != "windows" { // a symbolic link needs a privilege there
		must(t, os.Symlink(dir, "link"))
		must(t, os.Symlink(path, "other.lsm"))
		names = append(names, filepath.Join("link", "test.lsm"), "other.lsm")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			b := open(t, name)
			equal(t, "value", get(t, b, "SELECT value FROM kv WHERE key = 'k'"), "v")
		})
	}
}

func TestPoolsMustAgree(t *testing.T) {
	path := newFile(t)
	a := open(t, path+"?safety=full")
	must(t, a.Ping())
	err := open(t, path+"?safety=off").Ping()
	if err == nil || !strings.Contains(err.Error(), "safety") {
		t.Errorf("another safety: got %v, want an error that names it", err)
	}
	must(t, open(t, path+"?safety=full&value_type=text").Ping())
	must(t, open(t, path).Ping())
}

// Goroutines of several pools count one number up, a transaction each time.
func TestPoolsCountTogether(t *testing.T) {
	const pools, workers, rounds = 3, 3, 20
	path := newFile(t)
	put(t, open(t, path), "INSERT INTO kv VALUES ('n', 0)")
	ctx := soon(t)

	increment := func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'n'").Scan(&n); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES ('n', ?)", n+1); err != nil {
			return err
		}
		return tx.Commit()
	}
	var wg sync.WaitGroup
	for range pools {
		db := open(t, path)
		for range workers {
			wg.Go(func() {
				for range rounds {
					if err := increment(db); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	equal(t, "the number", get(t, open(t, path), "SELECT value FROM kv WHERE key = 'n'"), fmt.Sprint(pools*workers*rounds))
}

// childEnv holds the path that a child process of this test opens.
const childEnv = "LSMLITE_TEST_SECOND_PROCESS"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(secondProcess(path))
	}
	os.Exit(m.Run())
}

// secondProcess exits with 0 if the database is busy.
func secondProcess(path string) int {
	db, err := sql.Open("lsmlite", path)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = db.PingContext(ctx)
	}
	fmt.Println(err)
	if errors.Is(err, lsmlite.ErrBusy) && strings.Contains(err.Error(), filepath.Base(path)) {
		return 0
	}
	return 1
}

func TestSecondProcess(t *testing.T) {
	path := newFile(t)
	db := open(t, path)
	must(t, db.Ping())
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(soon(t), self)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("a second process should get ErrBusy that names the file: %v\n%s", err, out)
	}
}
