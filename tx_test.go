// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

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
// not outlive its use of the connection, nor keep the writer's turn.
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
