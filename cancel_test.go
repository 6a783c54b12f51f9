// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestCancelledBefore calls everything that takes a context with one that has ended. The
// driver is called itself, because database/sql would not even do that.
func TestCancelledBefore(t *testing.T) {
	operations := 0
	c := lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:"}, func(string) error {
		operations++
		return nil
	})
	db := closeLater(t, sql.OpenDB(c))
	exec(t, db, letters)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	err := connect(t, db).Raw(func(dc any) error {
		stmt, err := dc.(driver.Conn).Prepare("INSERT INTO kv VALUES ('x', 1)")
		if err != nil {
			return err
		}
		for ctx, want := range map[context.Context]error{ended: context.Canceled, late: context.DeadlineExceeded} {
			operations = 0
			for name, call := range map[string]func() error{
				"PrepareContext": func() error {
					_, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, "SELECT 1")
					return err
				},
				"ExecContext": func() error {
					_, err := dc.(driver.ExecerContext).ExecContext(ctx, "DELETE", nil)
					return err
				},
				"QueryContext": func() error {
					_, err := dc.(driver.QueryerContext).QueryContext(ctx, "SELECT 1", nil)
					return err
				},
				"BeginTx": func() error {
					_, err := dc.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
					return err
				},
				"Ping": func() error { return dc.(driver.Pinger).Ping(ctx) },
				"Stmt.ExecContext": func() error {
					_, err := stmt.(driver.StmtExecContext).ExecContext(ctx, nil)
					return err
				},
				"Stmt.QueryContext": func() error {
					_, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
					return err
				},
			} {
				if err := call(); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", name, err, want)
				}
			}
			if operations != 0 {
				t.Errorf("%d operations of the store", operations)
			}
		}
		return stmt.Close()
	})
	if err != nil {
		t.Error(err)
	}
	wantRows(t, db, "6", "SELECT count(*)")
}

// TestCancelledAfter cancels contexts as soon as the call has returned.
func TestCancelledAfter(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		conn := connect(t, db)
		with := func(f func(ctx context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if err := f(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var insert *sql.Stmt
		with(func(ctx context.Context) (err error) {
			_, err = conn.ExecContext(ctx, "BEGIN; INSERT INTO kv VALUES ('a', 1)")
			return err
		})
		with(func(ctx context.Context) (err error) {
			insert, err = conn.PrepareContext(ctx, "INSERT INTO kv VALUES (?, 1)")
			return err
		})
		with(func(ctx context.Context) (err error) {
			_, err = insert.ExecContext(ctx, "b")
			return err
		})
		// A BEGIN is no call of BeginTx: it does not end with its context.
		wantRows(t, conn, "a b", "SELECT key")
		with(func(ctx context.Context) (err error) {
			_, err = conn.ExecContext(ctx, "COMMIT")
			return err
		})
		with(func(ctx context.Context) error {
			tx, err := conn.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			exec(t, tx, "INSERT INTO kv VALUES ('c', 1)")
			return tx.Commit()
		})
		wantRows(t, db, "a b c", "SELECT key")
		if err := insert.Close(); err != nil {
			t.Error(err)
		}
	})
}

// idle checks that all connections of the pool have been given back.
func idle(t *testing.T, db *sql.DB, what string) {
	t.Helper()
	for range 200 { // database/sql gives some back in a goroutine
		if db.Stats().InUse == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s: %d connections are in use", what, db.Stats().InUse)
}

// TestRawBytesOutliveCancel reads RawBytes while the context ends: they are valid until
// the next call of Next all the same. The model spoils what it has handed out.
func TestRawBytesOutliveCancel(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 100)
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			rows, err := db.QueryContext(ctx, "SELECT key, value")
			if err != nil {
				t.Fatal(err)
			}
			var key, value sql.RawBytes
			for range 2 {
				if !rows.Next() {
					t.Fatal(rows.Err())
				}
			}
			if err := rows.Scan(&key, &value); err != nil {
				t.Fatal(err)
			}
			cancel()
			for range 20 {
				runtime.Gosched()
				if string(key) != "k000001" || string(value) != "value 1" {
					t.Fatalf("after the cancel: %q, %q", key, value)
				}
			}
			for rows.Next() { // a goroutine of database/sql closes the rows
				time.Sleep(time.Millisecond)
			}
			if err := rows.Err(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		idle(t, db, "cancelled rows")
	})
}
