// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// benchRows is the size of the table that is read.
const benchRows = 100_000

// benchKey writes the 16-byte key of row i.
func benchKey(dst []byte, i uint64) []byte {
	dst = append(dst[:0], "key/"...)
	dst = binary.BigEndian.AppendUint64(dst, i*0x9e3779b97f4a7c15) // in no order
	return append(dst, "0123"...)
}

func openBench(b *testing.B, settings string, rows int) *sql.DB {
	b.Helper()
	db, err := sql.Open(lsmlite.DriverName, filepath.Join(b.TempDir(), "bench.lsm")+"?"+settings)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	value := make([]byte, 100)
	var key []byte
	for i := 0; i < rows; {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		for end := min(i+10_000, rows); i < end; i++ {
			key = benchKey(key, uint64(i))
			if _, err := tx.Exec("INSERT INTO kv VALUES (?, ?)", key, value); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func BenchmarkPut(b *testing.B) {
	const insert = "INSERT INTO kv VALUES (?, ?)"
	ctx := context.Background()
	value := make([]byte, 100)
	for _, safety := range []string{"off", "normal", "full"} {
		b.Run("autocommit/safety="+safety, func(b *testing.B) {
			db := openBench(b, "safety="+safety, 0)
			var key []byte
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				key = benchKey(key, uint64(i))
				if _, err := db.ExecContext(ctx, insert, key, value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, size := range []int{10, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			db := openBench(b, "", 0)
			var key []byte
			var tx *sql.Tx
			var stmt *sql.Stmt
			commit := func() {
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			i := 0
			for ; b.Loop(); i++ {
				if i%size == 0 {
					if i > 0 {
						commit()
					}
					var err error
					if tx, err = db.BeginTx(ctx, nil); err != nil {
						b.Fatal(err)
					}
					if stmt, err = tx.PrepareContext(ctx, insert); err != nil {
						b.Fatal(err)
					}
				}
				key = benchKey(key, uint64(i))
				if _, err := stmt.ExecContext(ctx, key, value); err != nil {
					b.Fatal(err)
				}
			}
			commit()
		})
	}
}

func BenchmarkGet(b *testing.B) {
	const query = "SELECT value FROM kv WHERE key = ?"
	ctx := context.Background()
	db := openBench(b, "", benchRows)
	for _, hit := range []bool{true, false} {
		name, from := "hit", 0
		if !hit {
			name, from = "miss", benchRows
		}
		stmt, err := db.Prepare(query)
		if err != nil {
			b.Fatal(err)
		}
		defer stmt.Close()
		for kind, queryRow := range map[string]func(key []byte) *sql.Row{
			"text":     func(key []byte) *sql.Row { return db.QueryRowContext(ctx, query, key) },
			"prepared": func(key []byte) *sql.Row { return stmt.QueryRowContext(ctx, key) },
		} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				var key, value []byte
				b.ReportAllocs()
				for b.Loop() {
					key = benchKey(key, uint64(from+rand.IntN(benchRows)))
					if err := queryRow(key).Scan(&value); (err == nil) != hit {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkScan reads the whole table; an operation is one row.
func BenchmarkScan(b *testing.B) {
	db := openBench(b, "", benchRows)
	for _, bench := range []struct {
		name, query string
		dest        int
	}{
		{"keys", "SELECT key", 1},
		{"rows", "SELECT key, value", 2},
		{"descending", "SELECT key, value ORDER BY key DESC", 2},
	} {
		b.Run(bench.name, func(b *testing.B) {
			raw, dest := make([]sql.RawBytes, bench.dest), make([]any, bench.dest)
			for i := range raw {
				dest[i] = &raw[i]
			}
			b.ReportAllocs()
			for n := 0; n < b.N; {
				rows, err := db.Query(bench.query)
				if err != nil {
					b.Fatal(err)
				}
				for ; n < b.N && rows.Next(); n++ {
					if err := rows.Scan(dest...); err != nil {
						b.Fatal(err)
					}
				}
				if err := rows.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("count", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; n += benchRows {
			var count int
			if err := db.QueryRow("SELECT count(*)").Scan(&count); err != nil || count != benchRows {
				b.Fatal(count, err)
			}
		}
	})
}
