// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

func openSQL(t testing.TB, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(lsmlite.DriverName, name)
	ok(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func exec1(t testing.TB, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, text string, args ...any) int64 {
	t.Helper()
	r, err := db.ExecContext(context.Background(), text, args...)
	ok(t, err)
	n, err := r.RowsAffected()
	ok(t, err)
	return n
}

func rows(t testing.TB, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, text string, args ...any) string {
	t.Helper()
	r, err := db.QueryContext(context.Background(), text, args...)
	ok(t, err)
	defer r.Close()
	var found []string
	for r.Next() {
		var k, v string
		ok(t, r.Scan(&k, &v))
		found = append(found, k+"="+v)
	}
	ok(t, r.Err())
	return strings.Join(found, " ")
}

// The dialect, as on a file: conflict clauses, counts, RETURNING, savepoints, statements that fail in part.
func TestStatements(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	db := openSQL(t, shared.url(table(t), map[string]string{"mode": "rwc", "busy_timeout": "5s", "safety": "full"}))
	const all = "SELECT key, value FROM kv"
	exec1(t, db, "INSERT INTO kv VALUES ('a', '1'), ('b', '2'), ('c', '3')")
	if _, err := db.Exec("INSERT OR ABORT INTO kv VALUES ('d', '4'), ('b', 'x')"); !errors.Is(err, lsmlite.ErrConstraint) {
		t.Errorf("a key twice: %v", err)
	}
	if got := rows(t, db, all); got != "a=1 b=2 c=3" {
		t.Errorf("after a statement that failed: %s", got)
	}
	if n := exec1(t, db, "INSERT OR IGNORE INTO kv VALUES ('b', 'x'), ('e', '5')"); n != 1 {
		t.Errorf("ignored: %d rows", n)
	}
	exec1(t, db, "INSERT OR REPLACE INTO kv VALUES ('b', '22')")
	exec1(t, db, "UPDATE kv SET value = '33' WHERE key = 'c'")
	if got := rows(t, db, "DELETE FROM kv WHERE key > 'd' RETURNING key, value"); got != "e=5" {
		t.Errorf("returned: %s", got)
	}
	if got := rows(t, db, all+" WHERE key BETWEEN 'a' AND 'b' ORDER BY key DESC"); got != "b=22 a=1" {
		t.Errorf("a range: %s", got)
	}
	tx, err := db.BeginTx(ctx, nil)
	ok(t, err)
	exec1(t, tx, "DELETE FROM kv WHERE key < 'c'")
	exec1(t, tx, "SAVEPOINT s")
	exec1(t, tx, "INSERT INTO kv VALUES ('z', '26')")
	if got := rows(t, tx, all); got != "c=33 z=26" {
		t.Errorf("within the transaction: %s", got)
	}
	exec1(t, tx, "ROLLBACK TO s")
	ok(t, tx.Commit())
	if got := rows(t, db, all); got != "c=33" {
		t.Errorf("at the end: %s", got)
	}
	var n int
	ok(t, db.QueryRow("SELECT count(*) FROM kv").Scan(&n))
	if n != 1 {
		t.Errorf("count(*) is %d", n)
	}
	if _, err := db.Exec("PRAGMA optimize"); err == nil {
		t.Error("maintenance of files works on a server")
	}
	ok(t, db.Ping())
}

// Rows that are open when their transaction ends go on with what they showed.
func TestRowsOutliveTheTransaction(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	db := openSQL(t, shared.url(table(t), nil))
	for i := range 100 {
		exec1(t, db, "INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("%03d", i), "v")
	}
	c, err := db.Conn(ctx)
	ok(t, err)
	defer c.Close()
	exec1(t, c, "BEGIN")
	exec1(t, c, "DELETE FROM kv WHERE key = '050'")
	r, err := c.QueryContext(ctx, "SELECT key FROM kv")
	ok(t, err)
	if !r.Next() {
		t.Fatal(r.Err())
	}
	exec1(t, c, "COMMIT")
	exec1(t, db, "DELETE FROM kv WHERE key > '060'") // the turn is free, and the rows stay in what is shown
	n := 1
	for r.Next() {
		n++
	}
	ok(t, r.Err())
	ok(t, r.Close())
	if n != 99 {
		t.Errorf("%d rows", n)
	}
}

// Rows show the state at their query, also before the first of them is read, whether they fit into a page or not. Those
// that fit are one statement in no transaction.
func TestRowsOfTheirQuery(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	writer := openSQL(t, shared.url(name, nil))
	p := newProxy(t, shared.socket())
	reader := openSQL(t, p.url(name))
	for _, c := range []struct {
		n        int
		text     string
		args     []any
		want     int
		messages int // at most, with the statement prepared
	}{
		{10, "SELECT key, value FROM kv", nil, 10, 4},
		{16, "SELECT key, value FROM kv", nil, 16, 100},
		{1000, "SELECT key, value FROM kv", nil, 1000, 100},
		{1000, "SELECT key FROM kv WHERE key >= ? ORDER BY key DESC LIMIT 200", []any{"0300"}, 200, 4},
		{1000, "SELECT key FROM kv LIMIT 300", nil, 300, 4},
		{1000, "SELECT key, value FROM kv LIMIT 900", nil, 900, 4},
		{1000, "SELECT key FROM kv WHERE key < '0002' OR key > '0997'", nil, 4, 100},
		{1000, "SELECT key FROM kv LIMIT 5 OFFSET 2", nil, 5, 4},
		{1000, "SELECT key FROM kv WHERE key BETWEEN '0010' AND '0014'", nil, 5, 4},
	} {
		fill := func() {
			tx, err := writer.Begin()
			ok(t, err)
			for i := range c.n {
				exec1(t, tx, "INSERT INTO kv VALUES (?, 'v')", fmt.Sprintf("%04d", i))
			}
			ok(t, tx.Commit())
		}
		for round := range 3 {
			fill()
			p.arm(0, 0, false)
			r, err := reader.QueryContext(ctx, c.text, c.args...)
			ok(t, err)
			exec1(t, writer, "DELETE FROM kv")
			n := 0
			for r.Next() {
				n++
			}
			ok(t, r.Err())
			ok(t, r.Close())
			if n != c.want {
				t.Errorf("%s: %d rows", c.text, n)
			}
			p.mu.Lock()
			sent := p.count
			p.mu.Unlock()
			if round > 0 && sent > c.messages {
				t.Errorf("%s: %d messages were sent", c.text, sent)
			}
		}
	}
}

// A lone aggregate of one range is one statement in no transaction; several of them show one state.
func TestLoneAggregates(t *testing.T) {
	shared.start(t)
	p := newProxy(t, shared.socket())
	db := openSQL(t, p.url(table(t)))
	tx, err := db.Begin()
	ok(t, err)
	for i := range 50 {
		exec1(t, tx, "INSERT INTO kv VALUES (?, 'v')", fmt.Sprintf("%02d", i))
	}
	ok(t, tx.Commit())
	for _, c := range []struct {
		text, want string
		messages   int
	}{
		{"SELECT count(*) FROM kv", "50", 4},
		{"SELECT count(*) FROM kv WHERE key > '10' AND key <= '20'", "10", 4},
		{"SELECT count(*) FROM kv WHERE key > '20' AND key < '10'", "0", 4},
		{"SELECT min(key) FROM kv WHERE key > '10'", "11", 4},
		{"SELECT max(key) FROM kv", "49", 4},
		{"SELECT count(*) FROM kv WHERE key < '10' OR key >= '40'", "20", 100},
		{"SELECT count(*) FROM kv WHERE length(key) = 1", "0", 100},
		{"SELECT max(key) FROM kv WHERE key LIKE '%7'", "47", 100},
		{"SELECT min(key) FROM kv WHERE key BETWEEN '12' AND '12' AND value = 'v'", "12", 100},
		{"SELECT max(key) FROM kv LIMIT 1", "49", 4},
	} {
		for round := range 2 {
			p.arm(0, 0, false)
			var got string
			ok(t, db.QueryRow(c.text).Scan(&got))
			p.mu.Lock()
			sent := p.count
			p.mu.Unlock()
			if got != c.want || round > 0 && sent > c.messages {
				t.Errorf("%s: %s, %d messages", c.text, got, sent)
			}
		}
	}
	var least, greatest string
	var n int
	ok(t, db.QueryRow("SELECT min(key), max(key), count(*) FROM kv").Scan(&least, &greatest, &n))
	if least != "00" || greatest != "49" || n != 50 {
		t.Errorf("all three: %s, %s, %d", least, greatest, n)
	}
}

// Settings of files are refused, and mode=ro writes nothing.
func TestModes(t *testing.T) {
	shared.start(t)
	name := table(t)
	db := openSQL(t, shared.url(name, nil))
	exec1(t, db, "INSERT INTO kv VALUES ('a', '1')")
	ro := openSQL(t, shared.url(name, map[string]string{"mode": "ro"}))
	if _, err := ro.Exec("DELETE FROM kv WHERE key = 'a'"); !errors.Is(err, lsmlite.ErrReadOnly) {
		t.Errorf("mode=ro: %v", err)
	}
	if got := rows(t, ro, "SELECT key, value FROM kv"); got != "a=1" {
		t.Errorf("mode=ro shows %s", got)
	}
	if _, err := sql.Open(lsmlite.DriverName, shared.url(name, map[string]string{"page_size": "4096"})); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("page_size: %v", err)
	}
	none := openSQL(t, shared.url(name+"x", map[string]string{"mode": "rw"}))
	if err := none.Ping(); !errors.Is(err, lsmlite.ErrCantOpen) {
		t.Errorf("mode=rw without a table: %v", err)
	}
}

// A store that was opened with mode=ro takes no transaction, whoever asks: store.Copy does not go through the dialect.
func TestReadOnlyStore(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for kind, values := range kinds {
		name := shared.url(table(t), values)
		put(t, openStore(t, name, rwc), "a", "1")
		s := openStore(t, name, store.Settings{ReadOnly: true, Create: true})
		_, err := s.Begin(ctx, nil)
		is(t, err, errs.ErrReadOnly)
		snap, err := s.Snapshot(ctx, true)
		ok(t, err)
		_, err = s.Begin(ctx, snap)
		is(t, err, errs.ErrReadOnly)
		ok(t, snap.Close())
		if try, can := s.(store.TryBeginner); can {
			_, err = try.TryBegin(ctx, nil)
			is(t, err, errs.ErrReadOnly)
		}
		_, err = store.Copy(ctx, s, storetest.NewModel(nil), store.CopyOptions{Resume: true})
		is(t, err, errs.ErrReadOnly)
		if got := keys(t, s); got != "a" {
			t.Errorf("%s: %q is left", kind, got)
		}
		_, err = tryOpen(shared.url(table(t), values), store.Settings{ReadOnly: true, Create: true})
		is(t, err, errs.ErrCantOpen)
	}
}

// At the level serializable what only reads counts, too: a report that shows the second of two transactions, and not
// the first, leaves no room for the first. A transaction that only reads makes the report, or a SELECT of several
// pages.
func TestReadsAreSerializable(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, how := range []string{"a transaction", "a read-only one", "a SELECT"} {
		db := openSQL(t, shared.url(table(t), map[string]string{"mode": "rwc", "writers": "many", "isolation": "serializable"}))
		exec1(t, db, "INSERT INTO kv VALUES ('x', '0'), ('y', '0')")
		for i := range 2 * firstPage {
			exec1(t, db, "INSERT INTO kv VALUES (?, '0')", fmt.Sprintf("z%02d", i))
		}
		first, err := db.BeginTx(ctx, nil)
		ok(t, err)
		rows(t, first, "SELECT key, value FROM kv WHERE key IN ('x', 'y')")
		second, err := db.BeginTx(ctx, nil)
		ok(t, err)
		rows(t, second, "SELECT key, value FROM kv WHERE key = 'y'")
		exec1(t, second, "UPDATE kv SET value = '20' WHERE key = 'y'")
		ok(t, second.Commit())
		const report = "SELECT key, value FROM kv"
		if how == "a SELECT" {
			rows(t, db, report)
		} else {
			third, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: how == "a read-only one"})
			ok(t, err)
			rows(t, third, report)
			ok(t, third.Commit())
		}
		_, err = first.Exec("UPDATE kv SET value = '-11' WHERE key = 'x'")
		if err == nil {
			err = first.Commit()
		} else {
			ok(t, first.Rollback())
		}
		if !errors.Is(err, lsmlite.ErrConflict) {
			t.Errorf("%s has shown the second transaction, and the first one ends with %v", how, err)
		}
	}
}

// A deferred transaction that writes after another one has committed cannot go on.
func TestDeferred(t *testing.T) {
	shared.start(t)
	name := table(t)
	one := openSQL(t, shared.url(name, map[string]string{"_txlock": "deferred"}))
	two := openSQL(t, shared.url(name, nil))
	exec1(t, two, "INSERT INTO kv VALUES ('a', '1')")
	tx, err := one.Begin()
	ok(t, err)
	if got := rows(t, tx, "SELECT key, value FROM kv"); got != "a=1" {
		t.Errorf("shows %s", got)
	}
	exec1(t, two, "INSERT INTO kv VALUES ('b', '2')")
	if _, err := tx.Exec("INSERT INTO kv VALUES ('c', '3')"); !errors.Is(err, lsmlite.ErrBusySnapshot) {
		t.Errorf("a late write: %v", err)
	}
	if got := rows(t, tx, "SELECT key, value FROM kv"); got != "a=1" {
		t.Errorf("then shows %s", got)
	}
	ok(t, tx.Rollback())
	tx, err = one.Begin()
	ok(t, err)
	rows(t, tx, "SELECT key, value FROM kv")
	exec1(t, tx, "INSERT INTO kv VALUES ('c', '3')")
	ok(t, tx.Commit())
	if got := rows(t, two, "SELECT key, value FROM kv"); got != "a=1 b=2 c=3" {
		t.Errorf("at the end %s", got)
	}
}

// TestChildProcess is a process that counts, for the test below.
func TestChildProcess(t *testing.T) {
	name := os.Getenv("LSMLITE_PG_CHILD")
	if name == "" {
		t.Skip("is run by TestTwoProcesses")
	}
	db := openSQL(t, name)
	for range 1_000_000 {
		tx, err := db.Begin()
		ok(t, err)
		var n int
		if err := tx.QueryRow("SELECT value FROM kv WHERE key = 'n'").Scan(&n); err != nil && err != sql.ErrNoRows {
			t.Fatal(err)
		}
		exec1(t, tx, "INSERT OR REPLACE INTO kv VALUES ('n', ?)", fmt.Sprint(n+1))
		ok(t, tx.Commit())
		fmt.Println("counted")
	}
}

// Two processes count in one row and are killed in the middle of it. No count that was reported is lost, none is there
// twice, and the lock of a process that was killed is free.
func TestTwoProcesses(t *testing.T) {
	shared.start(t)
	name := shared.url(table(t), nil)
	db := openSQL(t, name)
	ok(t, db.Ping())
	exe, err := os.Executable()
	ok(t, err)
	const processes = 2
	counted := make(chan int, processes)
	for range processes {
		cmd := exec.Command(exe, "-test.run", "^TestChildProcess$")
		cmd.Env = append(os.Environ(), "LSMLITE_PG_CHILD="+name)
		out, err := cmd.StdoutPipe()
		ok(t, err)
		ok(t, cmd.Start())
		go func() {
			n := 0
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				if lines.Text() != "counted" {
					continue
				}
				if n++; n == 40 {
					_ = cmd.Process.Kill()
				}
			}
			_ = cmd.Wait()
			counted <- n
		}()
	}
	reported := 0
	for range processes {
		select {
		case n := <-counted:
			if n < 40 {
				t.Errorf("a process has ended after %d counts", n)
			}
			reported += n
		case <-time.After(60 * time.Second):
			t.Fatal("the processes do not make progress")
		}
	}
	var n int
	exec1(t, db, "INSERT INTO kv VALUES ('turn', 'free')")
	ok(t, db.QueryRow("SELECT value FROM kv WHERE key = 'n'").Scan(&n))
	if n < reported || n > reported+processes {
		t.Errorf("%d counts were reported, and there are %d", reported, n)
	}
}
