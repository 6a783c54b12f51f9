// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func TestRowsClosedEarly(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 1000)
		for _, query := range []string{
			"SELECT key", "SELECT key ORDER BY key DESC", "SELECT key WHERE key IN ('k000001', 'k000002')",
			"SELECT value WHERE key = 'k000005'", "SELECT count(*)", "PRAGMA table_info(kv)", "EXPLAIN SELECT key",
			"UPDATE kv SET value = 1 WHERE key < 'k000003' RETURNING key", "SELECT 1; SELECT key",
		} {
			for read := range 2 {
				ctx, cancel := context.WithCancel(context.Background())
				rows, err := db.QueryContext(ctx, query)
				if err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				for range read {
					if !rows.Next() {
						t.Fatalf("%s: %v", query, rows.Err())
					}
				}
				for range 2 { // closing twice is fine
					if err := rows.Close(); err != nil {
						t.Errorf("%s: %v", query, err)
					}
				}
				idle(t, db, query)
				if rows.Next() {
					t.Errorf("%s: a row after Close", query)
				}
				// Rows that nobody closes go with their context.
				if rows, err = db.QueryContext(ctx, query); err != nil {
					t.Fatal(err)
				}
				cancel()
				idle(t, db, query+", cancelled")
				if rows.Next() {
					t.Errorf("%s: a row after the end of the context", query)
				}
			}
		}
		var key string
		if err := db.QueryRow("SELECT key").Scan(&key); err != nil || key != "k000000" {
			t.Errorf("QueryRow: %q, %v", key, err)
		}
		idle(t, db, "QueryRow")
	})
}

// TestResultSets moves through the result sets of a text in every way.
func TestResultSets(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		const text = "SELECT key WHERE key < 'c'; SELECT value AS v, key FROM kv WHERE key = 'zz'; DELETE WHERE key = 'f'; " +
			"SELECT count(*) AS n; SELECT 1 / 0; PRAGMA key_type"
		columns := []string{"key", "v key", "", "n", "1 / 0", "key_type"}
		types := []string{"BLOB", "BLOB BLOB", "", "INTEGER", "NUMERIC", "TEXT"}
		want := []int{2, 0, 0, 1, 1, 1}
		for most := range 3 { // how many rows of each set are read
			rows, err := db.Query(text)
			if err != nil {
				t.Fatal(err)
			}
			for i := range columns {
				names, err := rows.Columns()
				if err != nil || strings.Join(names, " ") != columns[i] {
					t.Errorf("set %d has the columns %q, %v; want %s", i, names, err, columns[i])
				}
				list, err := rows.ColumnTypes()
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, typ := range list {
					got = append(got, typ.DatabaseTypeName())
				}
				if strings.Join(got, " ") != types[i] {
					t.Errorf("set %d has the types %s, want %s", i, got, types[i])
				}
				n := 0
				for n < most && rows.Next() {
					n++
				}
				if n != min(most, want[i]) {
					t.Errorf("set %d has %d rows, want %d of %d", i, n, most, want[i])
				}
				if more := rows.NextResultSet(); more != (i < len(columns)-1) {
					t.Fatalf("set %d: another one: %v; %v", i, more, rows.Err())
				}
			}
			if rows.NextResultSet() || rows.Next() || rows.Err() != nil {
				t.Error("more, or", rows.Err())
			}
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
		// An error ends the text where it happens.
		rows, err := db.Query("SELECT 1; INSERT OR ABORT INTO kv VALUES ('a', 1); DELETE")
		if err != nil {
			t.Fatal(err)
		}
		if rows.NextResultSet() || !errors.Is(rows.Err(), lsmlite.ErrConstraint) {
			t.Errorf("the second statement: %v", rows.Err())
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		wantRows(t, db, "5", "SELECT count(*)")
	})
}
