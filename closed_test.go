// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// A closed connection says driver.ErrBadConn to everything that a pool asks of it, so that
// the pool takes another; what ends or closes something works or says why not.
func TestClosedConnectionIsABadOne(t *testing.T) {
	ctx := context.Background()
	dc, err := (&lsmlite.Driver{}).Open(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := dc.Prepare("SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	begun, err := dc.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := dc.Close(); err != nil {
		t.Fatal(err)
	}
	if err := dc.(driver.SessionResetter).ResetSession(ctx); err != driver.ErrBadConn {
		t.Errorf("ResetSession: %v", err)
	}
	if err := dc.(driver.Pinger).Ping(ctx); err != driver.ErrBadConn {
		t.Errorf("Ping: %v", err)
	}
	for name, f := range map[string]func() error{
		"Prepare":        func() error { _, err := dc.Prepare("SELECT 1"); return err },
		"PrepareContext": func() error { _, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, "SELECT 1"); return err },
		//lint:ignore SA1019 a driver must have it
		"Begin":        func() error { _, err := dc.Begin(); return err },
		"BeginTx":      func() error { _, err := dc.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{}); return err },
		"ExecContext":  func() error { _, err := dc.(driver.ExecerContext).ExecContext(ctx, "SELECT 1", nil); return err },
		"QueryContext": func() error { _, err := dc.(driver.QueryerContext).QueryContext(ctx, "SELECT 1", nil); return err },
		//lint:ignore SA1019 a driver must have it
		"Stmt.Exec": func() error { _, err := prepared.Exec(nil); return err },
		//lint:ignore SA1019 a driver must have it
		"Stmt.Query":        func() error { _, err := prepared.Query(nil); return err },
		"Stmt.ExecContext":  func() error { _, err := prepared.(driver.StmtExecContext).ExecContext(ctx, nil); return err },
		"Stmt.QueryContext": func() error { _, err := prepared.(driver.StmtQueryContext).QueryContext(ctx, nil); return err },
	} {
		if err := f(); !errors.Is(err, driver.ErrBadConn) || !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if dc.(driver.Validator).IsValid() {
		t.Error("it is valid")
	}
	if e := dc.(lsmlite.Conn).Engine(); e != nil {
		t.Error("it has an engine")
	}
	if err := begun.Commit(); !errors.Is(err, lsmlite.ErrMisuse) || errors.Is(err, driver.ErrBadConn) {
		t.Errorf("Commit: %v", err) // the pool must not try a commit again
	}
	for name, f := range map[string]func() error{"Rollback": begun.Rollback, "Stmt.Close": prepared.Close, "Close": dc.Close} {
		if err := f(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A pool whose connection was closed below it goes on with another.
func TestPoolGoesOnWithAnotherConnection(t *testing.T) {
	db := openFile(t, "")
	db.SetMaxOpenConns(1)
	exec(t, db, "INSERT INTO kv VALUES ('a', 1)")
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Raw(func(dc any) error { return dc.(driver.Conn).Close() }); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		t.Fatal(err)
	}
	wantRows(t, db, "a", "SELECT key")
}

// A text stands where a name does, as in SQLite, and is the same name.
func TestTextsAsNames(t *testing.T) {
	db := openMemory(t, "")
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	runScript(t, conn, []step{
		{exec: "SAVEPOINT 'a b'; INSERT INTO 'kv' ('key', 'value') VALUES ('x', 1)", n: 1},
		{exec: `ROLLBACK TO "A B"`},
		{query: "SELECT key", rows: ""},
		{exec: "INSERT INTO kv VALUES ('x', 1)", n: 1},
		{exec: "RELEASE SAVEPOINT 'A B'"},
		{query: "SELECT 'kv'.'key' 'k' FROM 'kv' WHERE kv.'value' = '1' ORDER BY 'kv'.'key' DESC", rows: "x"},
		{exec: "UPDATE 'kv' SET 'value' = 2", n: 1},
		{query: "PRAGMA 'table_info'('kv')", rows: "0|key|BLOB|1|NULL|1 1|value|BLOB|1|NULL|0"},
		{query: "PRAGMA 'safety'", rows: "normal"},
		{query: "DELETE FROM 'kv' RETURNING 'kv'.'value' AS 'v'", rows: "2"},
		{exec: "RELEASE 'nobody'", err: "no such savepoint: nobody", is: lsmlite.ErrMisuse},
		{exec: "SAVEPOINT 1", err: "expected a name", is: lsmlite.ErrSyntax},
	})
}
