// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestBulkLoad loads 100,000 rows through the engine of a connection, in order of their
// keys and in one transaction, while others read.
func TestBulkLoad(t *testing.T) {
	const numRows = 100_000
	ctx := context.Background()
	db := openFile(t, "")
	exec(t, db, letters)
	conn := connect(t, db)
	err := conn.Raw(func(dc any) error {
		tx, err := dc.(lsmlite.Conn).Engine().Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var key []byte
		for i := range numRows {
			key = fmt.Appendf(key[:0], "load%08d", i)
			if err := tx.Put(key, key); err != nil {
				return err
			}
		}
		wantRows(t, db, "6", "SELECT count(*)")
		return tx.Commit(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, db, fmt.Sprint(numRows+6), "SELECT count(*)")
	wantRows(t, db, "load00099999", "SELECT value WHERE key = 'load00099999'")
	wantRows(t, db, "ok", "PRAGMA integrity_check")
}

// TestEngineOfConnection loads rows by the engine and reads them by SQL.
func TestEngineOfConnection(t *testing.T) {
	ctx := context.Background()
	for _, open := range []opener{openMemory, openFile} {
		db := open(t, "")
		conn := connect(t, db)
		var kept lsmlite.Conn
		err := conn.Raw(func(dc any) error {
			kept = dc.(lsmlite.Conn)
			tx, err := kept.Engine().Begin(ctx)
			if err != nil {
				return err
			}
			for i := range 1000 {
				if err := tx.Put(fmt.Appendf(nil, "k%06d", i), []byte("v")); err != nil {
					return errors.Join(err, tx.Rollback())
				}
			}
			return tx.Commit(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantRows(t, conn, "1000", "SELECT count(*)")
		wantRows(t, db, "1000", "SELECT count(*)")
		// The engine and the statements wait for the writer's turn in order.
		exec(t, conn, "BEGIN")
		err = conn.Raw(func(dc any) error {
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			_, err := dc.(lsmlite.Conn).Engine().Begin(short)
			return err
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Begin beside BEGIN: %v", err)
		}
		exec(t, conn, "ROLLBACK")
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		var none *engine.DB
		if kept.Engine() != none {
			t.Error("a closed connection has an engine")
		}
	}
}

// TestTransactionOfConnection mixes statements and calls of the engine in one transaction, with keys that
// statements know as numbers.
func TestTransactionOfConnection(t *testing.T) {
	ctx := context.Background()
	db := openFile(t, "key_type=int64")
	conn := connect(t, db)
	none := func(when string, in bool) {
		t.Helper()
		if err := conn.Raw(func(dc any) error {
			if c := dc.(lsmlite.Conn); c.Transaction() != nil || c.InTransaction() != in {
				t.Errorf("%s: a transaction that writes: %v, any: %v", when, c.Transaction() != nil, c.InTransaction())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	none("before BEGIN", false)
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		for _, text := range []string{"BEGIN", "INSERT INTO kv VALUES (7, 'seven')", "SAVEPOINT s"} {
			if _, err := conn.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		key := []byte{0x80, 0, 0, 0, 0, 0, 0, 7} // 7 as it is stored
		err := conn.Raw(func(dc any) error {
			tx := dc.(lsmlite.Conn).Transaction()
			if tx == nil || !dc.(lsmlite.Conn).InTransaction() {
				return errors.New("there is no transaction")
			}
			value, found, err := tx.Get(ctx, nil, key)
			if err != nil || !found || string(value) != "seven" {
				t.Errorf("the engine reads %q, %v, %v", value, found, err)
			}
			return tx.Put(ctx, key, []byte("7"))
		})
		if err != nil {
			t.Fatal(err)
		}
		var value string
		if err := conn.QueryRowContext(ctx, "SELECT value WHERE key = 7").Scan(&value); err != nil || value != "7" {
			t.Errorf("the statement reads %q, %v", value, err)
		}
		if _, err := conn.ExecContext(ctx, "ROLLBACK TO s"); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRowContext(ctx, "SELECT value WHERE key = 7").Scan(&value); err != nil || value != "seven" {
			t.Errorf("after ROLLBACK TO the statement reads %q, %v", value, err)
		}
		if _, err := conn.ExecContext(ctx, end); err != nil {
			t.Fatal(err)
		}
		none("after "+end, false)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		t.Fatal(err)
	}
	none("before the first write of BEGIN DEFERRED", true)
}
