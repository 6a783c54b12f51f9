// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestStatementsThatNeedNoValueLoadNone holds what a statement allocates for a row with a
// long value to next to nothing where it does not need the value, and to its length once,
// beside what database/sql copies, where it does.
func TestStatementsThatNeedNoValueLoadNone(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector changes what is allocated")
	}
	for _, preset := range []string{"default", "low-memory"} {
		for _, size := range []int{1 << 20, 64 << 20} {
			t.Run(fmt.Sprintf("%s/%d MiB", preset, size>>20), func(t *testing.T) { loadNone(t, preset, size) })
		}
	}
}

func loadNone(t *testing.T, preset string, size int) {
	ctx := context.Background()
	const small = 600 << 10
	dsn := filepath.Join(t.TempDir(), "long.lsm") + "?preset=" + preset
	db, err := sql.Open("lsmlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, db)
	conn := connect(t, db)
	value := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(value)
	put := func() {
		exec(t, conn, "INSERT INTO kv VALUES ('a', ?), ('b', 'short'), ('c', ?)", value, value)
		exec(t, conn, "PRAGMA flush")
	}
	put()
	for _, tt := range []struct {
		times int
		text  string
	}{
		{0, "SELECT key FROM kv WHERE key = 'a'"},
		{0, "SELECT key FROM kv"},
		{0, "SELECT key FROM kv ORDER BY key DESC LIMIT 1"},
		{0, "SELECT min(key), max(key) FROM kv"},
		{0, "SELECT count(*) FROM kv"},
		{0, "SELECT count(*) FROM kv WHERE key = 'a'"},
		{0, "SELECT 1 FROM kv WHERE key = 'a'"},
		{0, "SELECT 1 FROM kv LIMIT 1"},
		{0, "SELECT length(value) FROM kv WHERE key = 'a'"},
		{0, "SELECT key, length(value) FROM kv WHERE length(value) > 10"},
		{0, "SELECT value FROM kv WHERE key = 'a' AND length(value) < 10"},
		{0, "SELECT value FROM kv WHERE length(value) < 10"},
		{0, "SELECT key FROM kv WHERE value = 'short'"},
		{0, "SELECT key FROM kv WHERE value IN ('short', 'long')"},
		{0, "SELECT key FROM kv WHERE value LIKE 'short%' OR value GLOB 'longer*'"},
		{0, "SELECT key FROM kv WHERE value BETWEEN 'a' AND 'b'"},
		{0, "SELECT substr(value, 1, 100), substr(value, -100) FROM kv WHERE key = 'a'"},
		{0, "SELECT substr(value, 1000, 100000), CAST(value AS INTEGER), value + 1 FROM kv"},
		{0, "INSERT OR IGNORE INTO kv VALUES ('a', 'x')"},
		{0, "INSERT INTO kv VALUES ('a', 'x') ON CONFLICT DO NOTHING"},
		{0, "INSERT OR ABORT INTO kv VALUES ('a', 'x')"},
		{0, "UPDATE kv SET value = 'x' WHERE key = 'a' AND length(value) < 10"},
		{0, "DELETE FROM kv WHERE key = 'a' AND length(value) < 10"},
		{0, "UPDATE kv SET value = 'x' WHERE key = 'a' AND substr(value, 100, 5) = 'x'"},
		{1, "SELECT value FROM kv WHERE key = 'a'"},
		{1, "SELECT value FROM kv"},
		// These change the row.
		{0, "UPDATE kv SET value = 'x' WHERE key = 'a'"},
		{0, "INSERT INTO kv VALUES ('a', 'x') ON CONFLICT DO UPDATE SET value = 'x'"},
		{0, "INSERT INTO kv VALUES ('a', 'x') ON CONFLICT DO UPDATE SET value = length(value)"},
		{0, "UPDATE kv SET value = substr(value, 1, 100) WHERE key = 'a'"},
		{0, "DELETE FROM kv WHERE key = 'a'"},
		{0, "DELETE FROM kv WHERE key = 'a' RETURNING key"},
		{0, "DELETE FROM kv WHERE key = 'a' RETURNING key, length(value)"},
		{0, "DELETE FROM kv"},
		{3, "UPDATE kv SET value = value || 'x' WHERE key = 'a'"}, // loaded, made, written
	} {
		most := tt.times*size + small
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			rows, err := tx.Query(tt.text)
			if err != nil {
				if tt.text[:15] != "INSERT OR ABORT" {
					t.Fatal(err)
				}
				return
			}
			columns, err := rows.Columns()
			raw := make([]sql.RawBytes, len(columns))
			dest := make([]any, len(columns))
			for i := range dest {
				dest[i] = &raw[i]
			}
			for err == nil && rows.Next() {
				err = rows.Scan(dest...)
			}
			if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%s\nallocates %d bytes, more than %d", tt.text, got, most)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	// A []byte is database/sql's own copy, beside the one that was read.
	var b []byte
	if got := allocated(func() { err = conn.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'a'").Scan(&b) }); got > 2*size+small {
		t.Errorf("a []byte: %d bytes allocated", got)
	}
	if err != nil || !bytes.Equal(b, value) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	// An argument is copied once, to where the transaction keeps it.
	if got := allocated(func() { exec(t, conn, "INSERT INTO kv VALUES ('a', ?)", value) }); got > size+small+6<<20 {
		t.Errorf("INSERT allocates %d bytes", got)
	}
}
