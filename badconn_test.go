// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestPanicEndsTheText checks that nothing more of a text runs when a statement in it met
// a panic: neither by NextResultSet nor by Close.
func TestPanicEndsTheText(t *testing.T) {
	const text = "SELECT key; INSERT INTO kv VALUES ('x', 1)"
	p := &planter{}
	db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:"}, p.fault)))
	exec(t, db, letters)
	hits := 0
	for countdown := 1; countdown < 12; countdown++ {
		for _, next := range []bool{true, false} {
			p.countdown, p.panics, p.hit = 0, true, ""
			rows, err := db.Query(text)
			if err != nil {
				t.Fatal(err)
			}
			p.countdown = countdown // while the rows are read
			for rows.Next() {
			}
			p.countdown = 0
			hit := p.hit != ""
			if (rows.Err() != nil) != hit {
				t.Errorf("a panic in %q is reported as %v", p.hit, rows.Err())
			}
			if next && rows.NextResultSet() && hit {
				t.Errorf("the text goes on after a panic in %s", p.hit)
			}
			_ = rows.Close()
			want := "7"
			if hit {
				hits, want = hits+1, "6"
			}
			wantRows(t, db, want, "SELECT count(*)")
			exec(t, db, "DELETE WHERE key = 'x'")
		}
	}
	if hits == 0 {
		t.Error("no panic was planted")
	}
}

func TestTxDone(t *testing.T) {
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for _, commit := range []bool{true, false} {
			tx := begin(t, db, nil)
			exec(t, tx, "INSERT INTO kv VALUES (?, 1)", fmt.Sprint(commit))
			exec(t, tx, "SAVEPOINT s; INSERT INTO kv VALUES (?, 2)", fmt.Sprint(commit, 2))
			stmt, err := tx.Prepare("SELECT key")
			if err != nil {
				t.Fatal(err)
			}
			rows, err := tx.Query("SELECT key") // still open at the end
			if err != nil || !rows.Next() {
				t.Fatal(err)
			}
			end, other := tx.Commit, tx.Rollback
			if !commit {
				end, other = other, end
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if rows.Next() {
				t.Error("a row after the end of the transaction")
			}
			_, execErr := tx.ExecContext(ctx, "DELETE")
			_, queryErr := tx.QueryContext(ctx, "SELECT 1")
			_, prepareErr := tx.PrepareContext(ctx, "SELECT 1")
			for name, err := range map[string]error{
				"again": end(), "other": other(), "Exec": execErr, "Query": queryErr, "Prepare": prepareErr,
				"Savepoint": lsmlite.Savepoint(ctx, tx, func() error { return nil }),
			} {
				if !errors.Is(err, sql.ErrTxDone) {
					t.Errorf("%s after the end (commit: %v): %v", name, commit, err)
				}
			}
			if _, err := stmt.Query(); err == nil {
				t.Error("a statement outlives its transaction")
			}
			idle(t, db, "after the transaction")
		}
		wantRows(t, db, "true true 2", "SELECT key")
		// Who ends the transaction by a text leaves nothing to commit.
		tx := begin(t, db, nil)
		exec(t, tx, "ROLLBACK")
		checkError(t, "Commit", tx.Commit(), "no transaction is open", lsmlite.ErrMisuse)
	})
}

// TestBrokenConnection checks that a call is not repeated on another connection if it may
// have done something, and that a transaction on a broken one cannot be committed.
func TestBrokenConnection(t *testing.T) {
	ctx := context.Background()
	p := &planter{}
	db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:"}, p.fault)))
	exec(t, db, letters)
	stmt, err := db.Prepare("INSERT OR ABORT INTO kv VALUES (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for countdown := 1; ; countdown++ {
		p.countdown, p.panics, p.hit = countdown, true, ""
		_, err := stmt.Exec(fmt.Sprint("x", countdown), 1)
		if p.countdown = 0; p.hit == "" {
			if err != nil {
				t.Error(err)
			}
			break
		}
		checkError(t, "Exec", err, "internal error: planted panic in "+p.hit, nil)
		if errors.Is(err, driver.ErrBadConn) {
			t.Errorf("a panic in %s is reported as ErrBadConn", p.hit)
		}
		// The pool goes on with another connection, and the statement is prepared there.
		if _, err := stmt.Exec(fmt.Sprint("y", countdown), 1); err != nil {
			t.Errorf("after a panic in %s: %v", p.hit, err)
		}
	}

	tx := begin(t, db, nil)
	exec(t, tx, "INSERT INTO kv VALUES ('t1', 1)")
	p.countdown, p.panics = 4, true // in the midst of the rows
	_, err = tx.ExecContext(ctx, "INSERT INTO kv VALUES ('t2', 1), ('t3', 1), ('t4', 1)")
	checkError(t, "Exec", err, "planted panic in put", nil)
	if _, err := tx.ExecContext(ctx, "DELETE"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("the broken transaction: %v", err)
	}
	checkError(t, "Commit", tx.Commit(), "rolled back, because of the internal error before", nil)
	wantRows(t, db, "0", "SELECT count(*) WHERE key GLOB 't*'")
}
