// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"math"
	"testing"
)

// TestAllocationsAreThoseOfDatabaseSQL counts what operations allocate through
// database/sql, with this driver and with one that does nothing. The difference is the
// driver's and the engine's, and must not grow with rows or statements.
func TestAllocationsAreThoseOfDatabaseSQL(t *testing.T) {
	if raceDetector {
		t.Skip("what pools hold is forgotten at random under the race detector, so counts differ by chance")
	}
	ctx := context.Background()
	const scanRows = 1000
	db := openMemory(t, "")
	fill(t, db, scanRows)
	key, value := []byte("k000100"), []byte("value 100")
	one := closeLater(t, openNothing(1, value))
	none := closeLater(t, openNothing(0, value))
	many := closeLater(t, openNothing(scanRows, key, value))
	const getText, putText = "SELECT value FROM kv WHERE key = ?", "INSERT INTO kv VALUES (?, ?)"
	var dst []byte
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	prepare := func(s interface {
		PrepareContext(context.Context, string) (*sql.Stmt, error)
	}, text string) *sql.Stmt {
		stmt, err := s.PrepareContext(ctx, text)
		check(err)
		t.Cleanup(func() { stmt.Close() })
		return stmt
	}
	scan := func(query string, columns int) func(db *sql.DB) func() {
		return func(db *sql.DB) func() {
			raw := make([]sql.RawBytes, columns)
			dest := make([]any, columns)
			for i := range raw {
				dest[i] = &raw[i]
			}
			return func() {
				rows, err := db.QueryContext(ctx, query)
				check(err)
				n := 0
				for ; rows.Next(); n++ {
					check(rows.Scan(dest...))
				}
				if n != scanRows {
					t.Fatalf("%s: %d rows", query, n)
				}
				check(rows.Close())
			}
		}
	}
	inTx := func(run func(tx *sql.Tx) func()) func(db *sql.DB) func() {
		return func(db *sql.DB) func() {
			tx, err := db.Begin()
			check(err)
			t.Cleanup(func() { check(tx.Rollback()) })
			return run(tx)
		}
	}
	for _, tt := range []struct {
		name  string
		empty *sql.DB
		// most is what the driver and the engine may allocate for one call, however many
		// rows it reads.
		most float64
		make func(db *sql.DB) func()
	}{
		{"prepared get", one, 0, func(db *sql.DB) func() {
			stmt := prepare(db, getText)
			return func() { check(stmt.QueryRowContext(ctx, key).Scan(&dst)) }
		}},
		{"prepared get of nothing", none, 0, func(db *sql.DB) func() {
			stmt := prepare(db, getText)
			return func() {
				rows, err := stmt.QueryContext(ctx, "none")
				check(err)
				rows.Next()
				check(rows.Close())
			}
		}},
		{"get", one, 0, func(db *sql.DB) func() {
			return func() { check(db.QueryRowContext(ctx, getText, key).Scan(&dst)) }
		}},
		{"get by literal", one, 0, func(db *sql.DB) func() {
			return func() { check(db.QueryRowContext(ctx, "SELECT value WHERE key = 'k000100'").Scan(&dst)) }
		}},
		// The transaction and the version of the tree that it publishes.
		{"prepared put", one, 2, func(db *sql.DB) func() {
			stmt := prepare(db, putText)
			return func() { _, err := stmt.ExecContext(ctx, key, value); check(err) }
		}},
		{"put", one, 2, func(db *sql.DB) func() {
			return func() { _, err := db.ExecContext(ctx, putText, key, value); check(err) }
		}},
		// A cursor and a snapshot.
		{"scan", many, 2, scan("SELECT key, value FROM kv", 2)},
		{"descending scan", many, 2, scan("SELECT key, value FROM kv ORDER BY key DESC", 2)},
		{"filtered scan", many, 2, scan("SELECT key, value FROM kv WHERE value LIKE 'value%'", 2)},
		{"prepared put in a transaction", one, 0, inTx(func(tx *sql.Tx) func() {
			stmt := prepare(tx, putText)
			return func() { _, err := stmt.ExecContext(ctx, key, value); check(err) }
		})},
	} {
		got := testing.AllocsPerRun(100, tt.make(db))
		base := testing.AllocsPerRun(100, tt.make(tt.empty))
		if got > base+tt.most {
			t.Errorf("%s: %v allocations, and database/sql makes %v; want at most %v more", tt.name, got, base, tt.most)
		}
		if testing.Verbose() {
			t.Logf("%s: %v, of which database/sql %v", tt.name, got, base)
		}
	}
}

// TestBusyTimeoutCostsOneAllocation: a statement that does not have to wait makes no timer.
func TestBusyTimeoutCostsOneAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("what pools hold is forgotten at random under the race detector, so counts differ by chance")
	}
	ctx := context.Background()
	count := func(settings string) float64 {
		stmt, err := openMemory(t, settings).PrepareContext(ctx, "INSERT INTO kv VALUES (?, ?)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stmt.Close() })
		return testing.AllocsPerRun(100, func() {
			if _, err := stmt.ExecContext(ctx, []byte("k"), []byte("value")); err != nil {
				t.Fatal(err)
			}
		})
	}
	if none, some := count(""), count("busy_timeout=5000"); some > none+1 {
		t.Errorf("%v allocations with a timeout, %v without", some, none)
	}
}

// TestAllocationsInTransaction is about statements in a transaction, whose writer's turn
// lets nothing run beside them.
func TestAllocationsInTransaction(t *testing.T) {
	if raceDetector {
		t.Skip("what pools hold is forgotten at random under the race detector, so counts differ by chance")
	}
	ctx := context.Background()
	db := openMemory(t, "")
	fill(t, db, 100)
	empty := closeLater(t, openNothing(1, []byte("value 1")))
	run := func(db *sql.DB, do func(tx *sql.Tx) error) float64 {
		tx := begin(t, db, nil)
		n := math.Inf(1)
		for range 3 {
			n = min(n, testing.AllocsPerRun(100, func() {
				if err := do(tx); err != nil {
					t.Fatal(err)
				}
			}))
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var dst []byte
	for name, do := range map[string]func(tx *sql.Tx) error{
		"put": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", "k000001", "value")
			return err
		},
		"get": func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", "k000001").Scan(&dst)
		},
		"update": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE kv SET value = ? WHERE key = ?", "value", "k000001")
			return err
		},
		"delete": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM kv WHERE key = ?", "k000002")
			return err
		},
		"upsert": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES (?, 1) ON CONFLICT DO UPDATE SET value = substr(value, 1, 20) || '!'", "k000003")
			return err
		},
	} {
		got, base := run(db, do), run(empty, do)
		if name == "get" {
			// The goroutine that database/sql starts for each query in a transaction may
			// find none to reuse, as it depends on how long the query takes.
			// TestHotPathAllocations counts the driver's own, which are none.
			base++
		}
		if got > base {
			t.Errorf("%s: %v allocations, and database/sql makes %v", name, got, base)
		}
	}
}
