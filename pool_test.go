// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestPlansAreSharedByThePool runs many texts on many connections, most of them once,
// and checks that the useful ones are still right and cost nothing to find.
func TestPlansAreSharedByThePool(t *testing.T) {
	db := openMemory(t, "")
	fill(t, db, 200)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				key := fmt.Sprintf("k%06d", i)
				var got string
				if err := db.QueryRow("SELECT value WHERE key = ?", key).Scan(&got); err != nil || got != fmt.Sprint("value ", i) {
					t.Errorf("%s: %q, %v", key, got, err)
				}
				text := fmt.Sprintf("SELECT value || '%d-%d' WHERE key = '%s'", g, i, key)
				if err := db.QueryRow(text).Scan(&got); err != nil || got != fmt.Sprintf("value %d%d-%d", i, g, i) {
					t.Errorf("%s: %q, %v", text, got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestStatementAcrossConnections runs one statement on several connections at a time.
func TestStatementAcrossConnections(t *testing.T) {
	const numConns = 4
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		stmt, err := db.Prepare("SELECT key WHERE key >= ?")
		if err != nil {
			t.Fatal(err)
		}
		var all []*sql.Rows
		for range numConns {
			rows, err := stmt.Query("c")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rows)
		}
		if n := db.Stats().OpenConnections; n < numConns {
			t.Errorf("%d connections", n)
		}
		if err := stmt.Close(); err != nil { // the rows go on
			t.Fatal(err)
		}
		if _, err := stmt.Query("c"); err == nil {
			t.Error("a closed statement can be used")
		}
		for _, want := range []string{"c", "d", "e", "f"} {
			for _, rows := range all {
				var got string
				if !rows.Next() || rows.Scan(&got) != nil || got != want {
					t.Fatalf("row %q, %v; want %q", got, rows.Err(), want)
				}
			}
		}
		for _, rows := range all {
			if rows.Next() || rows.Err() != nil {
				t.Error("more rows, or", rows.Err())
			}
		}
		idle(t, db, "after the last row")

		put, err := db.Prepare("INSERT INTO kv VALUES (?, ?)")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range numConns {
			wg.Go(func() {
				for j := range 50 {
					if _, err := put.Exec(fmt.Sprint("x", i, j), j); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := put.Close(); err != nil {
			t.Error(err)
		}
		wantRows(t, db, fmt.Sprint(numConns*50), "SELECT count(*) WHERE key GLOB 'x*'")
	})
}

// stmtSession lets ask run a statement.
type stmtSession struct{ *sql.Stmt }

func (s stmtSession) ExecContext(ctx context.Context, _ string, args ...any) (sql.Result, error) {
	return s.Stmt.ExecContext(ctx, args...)
}

func (s stmtSession) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return s.Stmt.QueryContext(ctx, args...)
}

// TestOneConnection does everything on a pool of one connection. Whatever is not given
// back lets the next call wait, and fail with the context.
func TestOneConnection(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		db := open(t, "")
		db.SetMaxOpenConns(1)
		must := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			idle(t, db, what)
		}
		_, err := db.ExecContext(ctx, letters)
		must("Exec", err)
		stmt, err := db.PrepareContext(ctx, "SELECT value WHERE key = ?")
		must("Prepare", err)
		var s string
		must("Stmt.QueryRow", stmt.QueryRowContext(ctx, "a").Scan(&s))
		if err := stmt.QueryRowContext(ctx, "none").Scan(&s); err != sql.ErrNoRows {
			t.Error(err)
		}
		must("Ping", db.PingContext(ctx))
		for _, wrong := range []string{"SELECT", "SELECT ?", "INSERT OR ABORT INTO kv VALUES ('a', 1)", "PRAGMA x", "COMMIT",
			"SELECT 1; COMMIT; SELECT 2", "INSERT INTO kv VALUES ('z', 1 / 0)", "SAVEPOINT s; ROLLBACK TO t"} {
			if _, err := db.ExecContext(ctx, wrong); err == nil {
				t.Errorf("%s: no error", wrong)
			}
			idle(t, db, "Exec "+wrong)
			if rows, err := db.QueryContext(ctx, wrong); err == nil {
				for rows.NextResultSet() {
				}
				if rows.Err() == nil && rows.Close() == nil {
					t.Errorf("%s: no error", wrong)
				}
			}
			idle(t, db, "Query "+wrong)
		}
		for _, commit := range []bool{true, false} {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			// Within the transaction everything goes over its connection, several rows
			// at a time included.
			outer, err := tx.QueryContext(ctx, "SELECT key")
			if err != nil {
				t.Fatal(err)
			}
			for outer.Next() {
				if err := tx.StmtContext(ctx, stmt).QueryRowContext(ctx, "a").Scan(&s); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.ExecContext(ctx, "UPDATE kv SET value = value + 1"); err != nil {
					t.Fatal(err)
				}
			}
			if err := outer.Err(); err != nil {
				t.Fatal(err)
			}
			err = lsmlite.Savepoint(ctx, tx, func() error {
				_, err := tx.ExecContext(ctx, "DELETE WHERE key = 'b'")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if commit {
				must("Commit", tx.Commit())
			} else {
				must("Rollback", tx.Rollback())
			}
		}
		short, end := context.WithCancel(ctx)
		tx, err := db.BeginTx(short, nil)
		if err != nil {
			t.Fatal(err)
		}
		end()
		idle(t, db, "a cancelled transaction")
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, query := range []string{"SELECT key; SELECT value; DELETE WHERE key = 'f'", "EXPLAIN DELETE", "PRAGMA database_list",
			"BEGIN", "SAVEPOINT s", "INSERT INTO kv VALUES ('f', 1) RETURNING *"} {
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			must(query, rows.Close())
		}
		conn, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(ctx, "BEGIN; DELETE"); err != nil {
			t.Fatal(err)
		}
		must("Conn.Close", conn.Close()) // rolls back
		must("Stmt.Close", stmt.Close())
		wantRows(t, db, "5", "SELECT count(*)")
	})
}

func TestResetSession(t *testing.T) {
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for _, start := range []string{"BEGIN", "BEGIN DEFERRED", "SAVEPOINT s", "SAVEPOINT s; SAVEPOINT t"} {
			for _, reset := range []func(dc any) error{
				func(dc any) error { return dc.(driver.SessionResetter).ResetSession(ctx) },
				func(dc any) error {
					if !dc.(driver.Validator).IsValid() {
						return errors.New("not valid")
					}
					return nil
				},
			} {
				conn := connect(t, db)
				exec(t, conn, start)
				exec(t, conn, "INSERT INTO kv VALUES ('a', 1)")
				if err := conn.Raw(reset); err != nil {
					t.Fatal(err)
				}
				exec(t, db, "DELETE WHERE key = 'none'") // the writer's turn is free
				wantRows(t, conn, "0", "SELECT count(*)")
				if _, err := conn.ExecContext(ctx, "COMMIT"); !errors.Is(err, lsmlite.ErrMisuse) {
					t.Errorf("%s: COMMIT after the reset: %v", start, err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
