package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func begin(t *testing.T, db *sql.DB, opts *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func connect(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("close connection: %v", err)
		}
	})
	return conn
}

func TestCommitAndRollback(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
		wantRows(t, tx, "a", "SELECT key")
		wantRows(t, db, "", "SELECT key") // nobody else sees it
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		tx = begin(t, db, nil)
		exec(t, tx, "INSERT INTO kv VALUES ('b', 1)")
		exec(t, tx, "DELETE WHERE key = 'a'")
		wantRows(t, tx, "b", "SELECT key")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a", "SELECT key")
		if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("second Rollback: %v", err)
		}
	})
}

// TestTransactionTexts runs scripts on one connection, whose transactions are begun and
// ended by text.
func TestTransactionTexts(t *testing.T) {
	insert := func(key string) step { return step{exec: "INSERT INTO kv VALUES (?, 1)", args: args(key), n: 1} }
	tests := []struct {
		name     string
		settings string
		steps    []step
		left     string
	}{
		{name: "begin and commit", left: "a", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "COMMIT"},
			{exec: "COMMIT", is: lsmlite.ErrMisuse, err: "no transaction is open"},
			{exec: "ROLLBACK", is: lsmlite.ErrMisuse, err: "no transaction is open"},
		}},
		{name: "begin and rollback", steps: []step{
			{exec: "BEGIN IMMEDIATE TRANSACTION"}, insert("a"), {query: "SELECT key", rows: "a"}, {exec: "ROLLBACK TRANSACTION"},
		}},
		{name: "begin twice", left: "a", steps: []step{
			{exec: "BEGIN EXCLUSIVE"}, {exec: "BEGIN", is: lsmlite.ErrMisuse, err: "open already"}, insert("a"), {exec: "END"},
		}},
		{name: "all in one text", left: "a b", steps: []step{
			{exec: "BEGIN; INSERT INTO kv VALUES ('a', ?); INSERT INTO kv VALUES ('b', ?); COMMIT", args: args(1, 2)},
		}},
		{name: "a statement that fails undoes itself only", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"),
			{exec: "INSERT OR ABORT INTO kv VALUES ('x', 1), ('a', 1)", is: lsmlite.ErrConstraint},
			insert("b"), {exec: "COMMIT"},
		}},
		{name: "savepoints nest", left: "a b e", steps: []step{
			{exec: "BEGIN"}, insert("a"),
			{exec: "SAVEPOINT one"}, insert("b"),
			{exec: "SAVEPOINT two"}, insert("c"),
			{exec: "ROLLBACK TO two"}, {query: "SELECT key", rows: "a b"},
			insert("d"), {exec: "ROLLBACK TO SAVEPOINT TWO"}, insert("e"),
			{exec: "RELEASE two"}, {exec: "RELEASE SAVEPOINT one"},
			{exec: "RELEASE one", is: lsmlite.ErrMisuse, err: "no such savepoint: one"},
			{exec: "COMMIT"},
		}},
		{name: "rollback to an outer one closes the inner", left: "a z", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT one"}, insert("b"), {exec: "SAVEPOINT two"}, insert("c"),
			{exec: "ROLLBACK TO one"}, {query: "SELECT key", rows: "a"},
			{exec: "ROLLBACK TO two", is: lsmlite.ErrMisuse, err: "no such savepoint: two"},
			insert("z"), {exec: "COMMIT"},
		}},
		{name: "release of an outer one keeps the inner's writes", left: "a b c", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT one"}, insert("b"), {exec: "SAVEPOINT two"}, insert("c"),
			{exec: "RELEASE one"}, {exec: "RELEASE two", is: lsmlite.ErrMisuse}, {exec: "COMMIT"},
		}},
		{name: "the newest of a name is meant", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT s"}, insert("b"), {exec: "SAVEPOINT s"}, insert("c"),
			{exec: "ROLLBACK TO s"}, {exec: "RELEASE s"}, {exec: "RELEASE s"}, {exec: "COMMIT"},
		}},
		{name: "an outermost savepoint begins and its release commits", left: "a b", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"), {exec: "SAVEPOINT t"}, insert("b"), {exec: "RELEASE s"},
			{exec: "COMMIT", is: lsmlite.ErrMisuse},
		}},
		{name: "rollback to an outermost savepoint keeps it open", left: "b", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"), {exec: "ROLLBACK TO s"}, {query: "SELECT key"},
			insert("b"), {exec: "SAVEPOINT t"}, insert("c"), {exec: "ROLLBACK TO t"}, {exec: "COMMIT"},
		}},
		{name: "commit commits open savepoints", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT s"}, insert("b"), {exec: "COMMIT"},
		}},
		{name: "rollback undoes released savepoints", steps: []step{
			{exec: "BEGIN"}, {exec: "SAVEPOINT s"}, insert("b"), {exec: "RELEASE s"}, {exec: "ROLLBACK"},
		}},
		{name: "a statement that fails in a savepoint", left: "a c", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"),
			{exec: "INSERT OR ABORT INTO kv VALUES ('b', 1), ('a', 1)", is: lsmlite.ErrConstraint},
			{exec: "SAVEPOINT t"}, insert("c"), {exec: "RELEASE s"},
		}},
		{name: "deferred", left: "a b", steps: []step{
			insert("a"), {exec: "BEGIN DEFERRED"}, {query: "SELECT key", rows: "a"}, insert("b"), {exec: "COMMIT"},
		}},
		{name: "deferred, savepoints before the first write", settings: "_txlock=deferred", left: "a b d", steps: []step{
			insert("a"), {exec: "BEGIN"}, {query: "SELECT key", rows: "a"},
			{exec: "SAVEPOINT one"}, {exec: "SAVEPOINT two"}, {exec: "ROLLBACK TO one"}, {exec: "SAVEPOINT three"},
			insert("x"), {exec: "ROLLBACK TO three"}, insert("b"), {exec: "RELEASE three"},
			{exec: "SAVEPOINT four"}, insert("c"), {exec: "ROLLBACK TO four"}, {exec: "RELEASE one"}, insert("d"), {exec: "COMMIT"},
		}},
		{name: "deferred, outermost savepoint", settings: "_txlock=deferred", left: "b", steps: []step{
			{exec: "SAVEPOINT s"}, {exec: "SAVEPOINT t"}, insert("a"), {exec: "ROLLBACK TO s"}, insert("b"), {exec: "RELEASE s"},
		}},
		{name: "deferred, nothing done", settings: "_txlock=deferred", steps: []step{
			{exec: "BEGIN"}, {exec: "SAVEPOINT s"}, {exec: "RELEASE s"}, {exec: "COMMIT"},
			{exec: "BEGIN"}, {query: "SELECT key"}, {exec: "ROLLBACK"},
		}},
	}
	eachStore(t, func(t *testing.T, open opener) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				db := open(t, tt.settings)
				conn := connect(t, db)
				runScript(t, conn, tt.steps)
				wantRows(t, db, tt.left, "SELECT key") // as others see it
			})
		}
	})
}

func TestQueryKeepsItsState(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		tx := begin(t, db, nil)
		exec(t, tx, "DELETE WHERE key = 'a'")
		for _, where := range []string{"", "WHERE key IN ('b', 'd', 'e', 'f')"} {
			rows, err := tx.Query("SELECT key " + where)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for rows.Next() {
				var key string
				if err := rows.Scan(&key); err != nil {
					t.Fatal(err)
				}
				got = append(got, key...)
				exec(t, tx, "DELETE WHERE key >= 'd'; INSERT INTO kv VALUES ('bb', 1), ('g', 1)")
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			want := "bcdef"
			if where != "" {
				want = "b" // the first loop deleted the others
			}
			if string(got) != want {
				t.Errorf("%s: read %s, want %s", where, got, want)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReadOnlyTransaction(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		tx := begin(t, db, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelSnapshot})
		exec(t, db, "DELETE")
		runScript(t, tx, []step{
			{query: "SELECT count(*)", rows: "6"},
			{query: "SELECT value WHERE key = 'c'", rows: "3"},
			{exec: "DELETE", is: lsmlite.ErrReadOnly, err: "the transaction is read-only"},
			{exec: "DELETE WHERE key > 'b' AND key < 'a'", is: lsmlite.ErrReadOnly},
			{exec: "INSERT INTO kv VALUES ('a', 1)", is: lsmlite.ErrReadOnly},
			{exec: "SAVEPOINT s"}, {query: "SELECT count(*)", rows: "6"}, {exec: "ROLLBACK TO s"}, {exec: "RELEASE s"},
			{query: "SELECT key WHERE key > 'd'", rows: "e f"},
		})
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "0", "SELECT count(*)")
	})
}

func TestIsolationLevels(t *testing.T) {
	db := openMemory(t, "")
	for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
		if err := begin(t, db, &sql.TxOptions{Isolation: level}).Rollback(); err != nil {
			t.Errorf("%v: %v", level, err)
		}
	}
	_, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelLinearizable + 1})
	checkError(t, "unknown level", err, "unknown isolation level", lsmlite.ErrMisuse)
}

func TestDeferredUpgradeFails(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "_txlock=deferred")
		exec(t, db, letters)
		tx := begin(t, db, nil)
		wantRows(t, tx, "6", "SELECT count(*)")
		exec(t, db, "INSERT INTO kv VALUES ('g', 7)")
		runScript(t, tx, []step{
			{exec: "DELETE", is: lsmlite.ErrBusySnapshot},
			{exec: "DELETE", is: lsmlite.ErrBusy},
			{query: "SELECT count(*)", rows: "6"}, // still the old state
		})
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		tx = begin(t, db, nil)
		exec(t, db, "INSERT INTO kv VALUES ('h', 8)") // before the first read
		wantRows(t, tx, "8", "SELECT count(*)")
		if n := exec(t, tx, "DELETE WHERE key > 'f'"); n != 2 {
			t.Errorf("%d rows deleted, want 2", n)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBeginDeferred is TestDeferredUpgradeFails for a transaction begun by text.
func TestBeginDeferred(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		conn := connect(t, db)
		runScript(t, conn, []step{
			{exec: "BEGIN DEFERRED"}, {exec: "SAVEPOINT s"},
			{query: "SELECT count(*)", rows: "6"},
		})
		exec(t, db, "DELETE WHERE key = 'a'") // the place is free until the first write
		runScript(t, conn, []step{
			{exec: "INSERT INTO kv VALUES ('g', 7)", is: lsmlite.ErrBusySnapshot},
			{exec: "ROLLBACK TO s"},
			{exec: "INSERT INTO kv VALUES ('g', 7)", is: lsmlite.ErrBusySnapshot},
			{query: "SELECT count(*)", rows: "6"},
			{exec: "RELEASE s"}, {exec: "COMMIT"},
			{query: "SELECT count(*)", rows: "5"},
			{exec: "BEGIN DEFERRED"},
			{exec: "INSERT INTO kv VALUES ('g', 7)", n: 1}, // a first write needs no state to be the newest
			{exec: "COMMIT"},
		})
		wantRows(t, db, "b c d e f g", "SELECT key")
		for _, mode := range []string{"", "IMMEDIATE", "EXCLUSIVE"} {
			exec(t, conn, "BEGIN "+mode)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			if _, err := db.ExecContext(ctx, "DELETE"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("BEGIN %s has not taken the place: %v", mode, err)
			}
			cancel()
			exec(t, conn, "ROLLBACK")
		}
	})
}

func TestWriterWaitsForItsTurn(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
		second := make(chan error)
		go func() {
			_, err := db.Exec("INSERT OR ABORT INTO kv VALUES ('a', 2)")
			second <- err
		}()
		select {
		case err := <-second:
			t.Errorf("a second writer did not wait: %v", err)
		case <-time.After(20 * time.Millisecond): // it may as well not have started yet
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-second; !errors.Is(err, lsmlite.ErrConstraint) {
			t.Errorf("the second writer did not see the first one's row: %v", err)
		}
	})
}

func TestBusyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openFake(t, "busy_timeout=1500")
		tx := begin(t, db, nil)
		start := time.Now()
		_, err := db.Exec("DELETE")
		checkError(t, "DELETE", err, "the writer's place is held by a transaction of connection 1 for 1.5s, since ", lsmlite.ErrBusy)
		if waited := time.Since(start); waited != 1500*time.Millisecond {
			t.Errorf("waited %v, want 1.5s", waited)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err = db.ExecContext(ctx, "DELETE"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("the context ended first, and the error is %v", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "DELETE")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBusyAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "busy_timeout=0")
		exec(t, db, letters)
		tx := begin(t, db, nil)
		_, err := db.Exec("DELETE")
		checkError(t, "DELETE", err, "held by a transaction of connection", lsmlite.ErrBusy)
		if _, err := db.Begin(); !errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("Begin: %v", err)
		}
		wantRows(t, db, "6", "SELECT count(*)") // readers do not wait
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if n := exec(t, db, "DELETE"); n != 6 {
			t.Errorf("%d rows deleted, want 6", n)
		}
	})
}

func TestTransactionEndsWithItsContext(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		ctx, cancel := context.WithCancel(context.Background())
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
		cancel()
		exec(t, db, "INSERT INTO kv VALUES ('b', 1)") // waits for the rollback
		wantRows(t, db, "b", "SELECT key")
		if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, context.Canceled) {
			t.Errorf("Commit: %v", err)
		}
	})
}

// TestConnectionReturnedWithTransaction checks that a transaction that nobody ended does
// not outlive its use of the connection, nor keep the writer's place.
func TestConnectionReturnedWithTransaction(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		conn := connect(t, db)
		exec(t, conn, "BEGIN")
		exec(t, conn, "INSERT INTO kv VALUES ('a', 1)")
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		other := begin(t, db, nil)
		wantRows(t, other, "", "SELECT key")
		if err := other.Rollback(); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "BEGIN; INSERT INTO kv VALUES ('b', 1)") // on a connection of the pool
		wantRows(t, db, "", "SELECT key")
	})
}

func TestSavepointHelper(t *testing.T) {
	errStop := errors.New("stop")
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		put := func(key string) { exec(t, tx, "INSERT INTO kv VALUES (?, 1)", key) }
		err := lsmlite.Savepoint(ctx, tx, func() error {
			put("a")
			err := lsmlite.Savepoint(ctx, tx, func() error {
				put("b")
				return errStop
			})
			if err != errStop {
				t.Errorf("inner: %v, want %v itself", err, errStop)
			}
			put("c")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() != "p" {
					t.Error("the panic did not come through")
				}
			}()
			_ = lsmlite.Savepoint(ctx, tx, func() error {
				put("d")
				panic("p")
			})
		}()
		cancelled, cancel := context.WithCancel(ctx)
		err = lsmlite.Savepoint(cancelled, tx, func() error {
			put("e")
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a c", "SELECT key")

		conn := connect(t, db)
		if err := lsmlite.Savepoint(ctx, conn, func() error {
			exec(t, conn, "DELETE")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "", "SELECT key")
	})
}
