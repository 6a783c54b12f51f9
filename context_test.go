// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// canceller cancels a context in the middle of an operation of a model, and counts
// how far the operation goes on.
type canceller struct {
	op     string
	after  int
	cancel context.CancelFunc
	more   int
}

func (c *canceller) fault(op string) error {
	if op != c.op {
		return nil
	}
	if c.after--; c.after == 0 {
		c.cancel()
	} else if c.after < 0 {
		c.more++
	}
	return nil
}

// TestLongStatementsObeyContext cancels statements on 5,000 rows when they have come to
// row 1,000.
func TestLongStatementsObeyContext(t *testing.T) {
	const numRows = 5000
	many := "INSERT INTO kv VALUES " + strings.TrimSuffix(strings.Repeat("('z', ''),", numRows), ",")
	tests := []struct{ op, statement string }{
		{"move", "SELECT count(*)"},
		{"move", "SELECT key LIMIT 1 OFFSET 4000"},
		{"move", "SELECT key ORDER BY key DESC LIMIT 1 OFFSET 4000"},
		{"move", "DELETE"},
		{"move", "DELETE WHERE key > 'k' AND key < 'l'"},
		{"move", "SELECT 1; SELECT count(*)"},
		{"put", many},
		{"length", strings.Replace(many, "INSERT", "INSERT OR IGNORE", 1)},
	}
	for _, tt := range tests {
		for _, inTransaction := range []bool{false, true} {
			c := &canceller{}
			db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:"}, c.fault)))
			fill(t, db, numRows)
			conn := connect(t, db)
			if inTransaction {
				exec(t, conn, "BEGIN")
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c.op, c.after, c.cancel, c.more = tt.op, 1000, cancel, 0
			_, err := conn.ExecContext(ctx, tt.statement)
			if strings.HasPrefix(tt.statement, "SELECT") {
				c.after = 1000
				var rows *sql.Rows
				if rows, err = conn.QueryContext(ctx, tt.statement); err == nil {
					for rows.NextResultSet() {
					}
					err = errors.Join(rows.Err(), rows.Close())
				}
			}
			what := fmt.Sprintf("%.40s, in transaction: %v", tt.statement, inTransaction)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", what, err)
			}
			if c.more > 256 {
				t.Errorf("%s: went on for %d rows", what, c.more)
			}
			c.op = ""
			// The statement has undone itself, and the transaction goes on.
			wantRows(t, conn, fmt.Sprint(numRows), "SELECT count(*)")
			if inTransaction {
				exec(t, conn, "INSERT INTO kv VALUES ('after', 1)")
				exec(t, conn, "COMMIT")
				wantRows(t, db, fmt.Sprint(numRows+1), "SELECT count(*)")
			}
		}
	}
}

// fill writes rows with the keys k000000, k000001 and so on.
func fill(t testing.TB, db *sql.DB, numRows int) {
	t.Helper()
	for i := 0; i < numRows; i += 500 {
		var b strings.Builder
		for j := i; j < min(i+500, numRows); j++ {
			fmt.Fprintf(&b, ",('k%06d', 'value %d')", j, j)
		}
		if _, err := db.Exec("INSERT INTO kv VALUES " + b.String()[1:]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancelWhileReading(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 1000)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		rows, err := db.QueryContext(ctx, "SELECT key")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			if n++; n == 10 {
				cancel()
			}
		}
		if err := rows.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("after %d rows: %v", n, err)
		}
		// A late cancel does not touch what runs on the connection next.
		db.SetMaxOpenConns(1)
		for range 100 {
			ctx, cancel := context.WithCancel(context.Background())
			rows, err := db.QueryContext(ctx, "SELECT key LIMIT 1")
			if err != nil {
				cancel()
				t.Fatal(err)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			go cancel()
			wantRows(t, db, "1000", "SELECT count(*)")
		}
	})
}

func TestCancelWhileWaiting(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() {
			_, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('a', 1)")
			done <- err
		}()
		go func() {
			tx, err := db.BeginTx(ctx, nil)
			if err == nil {
				err = tx.Rollback()
			}
			done <- err
		}()
		cancel()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("waiting: %v", err)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "0", "SELECT count(*)")
	})
}

// TestRemainingStatements checks that the statements of a text run even if the caller
// does not come to them, and do not if the context has ended.
func TestRemainingStatements(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for _, key := range []string{"a", "b"} {
			rows, err := db.QueryContext(ctx, "SELECT key; INSERT INTO kv VALUES (?, 1); INSERT INTO kv VALUES ('x', 1)", key)
			if err != nil {
				t.Fatal(err)
			}
			if key == "b" {
				cancel()
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantRows(t, db, "a x", "SELECT key")
		rows, err := db.Query("SELECT 1; INSERT OR ABORT INTO kv VALUES ('a', 1); INSERT INTO kv VALUES ('c', 1)")
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); !errors.Is(err, lsmlite.ErrConstraint) {
			t.Errorf("Close: %v", err)
		}
		wantRows(t, db, "a x", "SELECT key")
		if _, err := db.Query("INSERT OR ABORT INTO kv VALUES ('a', 1); INSERT INTO kv VALUES ('c', 1)"); !errors.Is(err, lsmlite.ErrConstraint) {
			t.Errorf("Query: %v", err)
		}
		wantRows(t, db, "a x", "SELECT key")
	})
}
