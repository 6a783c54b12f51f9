// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"
)

// TestHotPathAllocations counts what the driver itself allocates, without database/sql,
// on calls whose text is in the cache.
func TestHotPathAllocations(t *testing.T) {
	db := openMemory(t, "")
	fill(t, db, 2000)
	conn := connect(t, db)
	ctx := context.Background()
	err := conn.Raw(func(dc any) error {
		c := dc.(interface {
			driver.QueryerContext
			driver.ExecerContext
		})
		query := func(text string, numColumns int, args ...driver.NamedValue) func() {
			dest := make([]driver.Value, numColumns)
			return func() {
				rows, err := c.QueryContext(ctx, text, args)
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					err = rows.Next(dest)
				}
				if err != io.EOF || len(rows.Columns()) != numColumns {
					t.Fatal(err, rows.Columns())
				}
				if err := rows.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		arg := func(i int, v driver.Value) driver.NamedValue { return driver.NamedValue{Ordinal: i, Value: v} }
		if _, err := c.ExecContext(ctx, "BEGIN", nil); err != nil {
			return err
		}
		put := []driver.NamedValue{arg(1, []byte("k000100")), arg(2, "value")}
		for _, tt := range []struct {
			name string
			most float64
			run  func()
		}{
			{"point hit", 0, query("SELECT value WHERE key = ?", 1, arg(1, "k000100"))},
			{"point miss", 0, query("SELECT key, value WHERE key = ?", 2, arg(1, []byte("none")))},
			{"point hit with a limit", 0, query("SELECT value WHERE key = ? LIMIT 1", 1, arg(1, "k000100"))},
			{"constants", 0, query("SELECT ?, 'x', ?", 3, arg(1, "a"), arg(2, int64(5)))},
			// A cursor and a snapshot, and nothing for each of the 2,000 rows.
			{"scan", 2, query("SELECT key, value WHERE key > ?", 2, arg(1, "k"))},
			{"scan of three columns", 2, query("SELECT value, key, value ORDER BY key DESC", 3)},
			{"filtered scan", 2, query("SELECT key, value WHERE value LIKE '%9' AND CAST(substr(key, 2) AS INTEGER) > ?", 2, arg(1, int64(5)))},
			{"computed scan", 2, query("SELECT upper(key) || ?, value || '!' WHERE value != 'x'", 2, arg(1, "a"))},
			{"filtered count", 2, query("SELECT min(key), count(*), max(key) WHERE value LIKE '%9'", 3)},
			{"points", 2, query("SELECT value WHERE key IN ('k000001', ?)", 1, arg(1, "k000100"))},
			{"part of a value", 2, query("SELECT substr(value, 2, 3) WHERE key = ?", 1, arg(1, "k000100"))},
			{"put in a transaction", 0, func() {
				if _, err := c.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", put); err != nil {
					t.Fatal(err)
				}
			}},
			{"put of a constant in a transaction", 0, func() {
				if _, err := c.ExecContext(ctx, "INSERT INTO kv VALUES (?, 'constant')", put[:1]); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			if raceDetector {
				tt.most += 2 // a pool that forgets a cursor's memory has it made anew
			}
			if got := testing.AllocsPerRun(50, tt.run); got > tt.most {
				t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
			}
		}
		_, err := c.ExecContext(ctx, "ROLLBACK", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keeper is a Scanner that keeps the bytes, as it must by copying them.
type keeper struct{ b []byte }

func (k *keeper) Scan(src any) error {
	k.b = append([]byte(nil), src.([]byte)...)
	return nil
}

// TestBoxedResults scans rows into every kind of destination while the headers of the
// results are used again for the next row.
func TestBoxedResults(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		rows, err := db.Query("SELECT key, key, key, key, value, 'c' FROM kv")
		if err != nil {
			t.Fatal(err)
		}
		var raw sql.RawBytes
		var kept keeper
		var anys []any
		var all [][]byte
		for i := 0; rows.Next(); i++ {
			var a, number any
			var b []byte
			var text string
			if err := rows.Scan(&raw, &a, &b, &kept, &number, &text); err != nil {
				t.Fatal(err)
			}
			want := string(rune('a' + i))
			if string(raw) != want || string(kept.b) != want || text != "c" {
				t.Errorf("row %d: %q %q %q, want %q", i, raw, kept.b, text, want)
			}
			anys, all = append(anys, a), append(all, b)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		for i, a := range anys {
			want := string(rune('a' + i))
			if got, ok := a.([]byte); !ok || string(got) != want || string(all[i]) != want {
				t.Errorf("row %d: kept %v and %q, want %q", i, a, all[i], want)
			}
		}
	})
}

// TestNumericKeyAllocations counts what a scan of numeric keys allocates: an allocation
// serves 64 of them.
func TestNumericKeyAllocations(t *testing.T) {
	const numRows = 2000
	for _, settings := range numericKeyTypes {
		db := openMemory(t, "key_type="+settings)
		insert, err := db.Prepare("INSERT INTO kv VALUES (?, '')")
		if err != nil {
			t.Fatal(err)
		}
		for i := range numRows {
			if _, err := insert.Exec(1000 * i); err != nil {
				t.Fatal(err)
			}
		}
		if err := insert.Close(); err != nil {
			t.Fatal(err)
		}
		err = connect(t, db).Raw(func(dc any) error {
			dest := make([]driver.Value, 1)
			got := testing.AllocsPerRun(20, func() {
				rows, err := dc.(driver.QueryerContext).QueryContext(context.Background(), "SELECT key WHERE key > 1.5 OR key < 0.5", nil)
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for ; err == nil; n++ {
					err = rows.Next(dest)
				}
				if err != io.EOF || n != numRows+1 {
					t.Fatal(n, err)
				}
				if err := rows.Close(); err != nil {
					t.Fatal(err)
				}
			})
			if most := float64(numRows/64 + 10); got > most {
				t.Errorf("%s: %v allocations, want at most %v", settings, got, most)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
