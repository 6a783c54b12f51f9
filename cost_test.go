// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// maxCost is how many times as long as database/sql with a driver that does nothing and
// the engine alone, added up, an operation through both may take.
const maxCost = 1.3

// BenchmarkCost compares statements, prepared or not, with what they are made of. Every iteration
// runs a batch of each, so that all see the same machine; the median batch counts.
func BenchmarkCost(b *testing.B) {
	ctx := context.Background()
	value := make([]byte, 100)
	db := openBench(b, "", benchRows)
	empty := openNothing(1, value)
	defer empty.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var e *engine.DB
	if err := conn.Raw(func(dc any) error { e = dc.(lsmlite.Conn).Engine(); return nil }); err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		b.Fatal(err)
	}
	prepare := func(db *sql.DB, text string) *sql.Stmt {
		stmt, err := db.Prepare(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { stmt.Close() })
		return stmt
	}
	const getText, putText = "SELECT value FROM kv WHERE key = ?", "INSERT INTO kv VALUES (?, ?)"
	var key, dst []byte
	get := func(stmt *sql.Stmt) func() error {
		return func() error {
			key = benchKey(key, uint64(rand.IntN(benchRows)))
			return stmt.QueryRowContext(ctx, key).Scan(&dst)
		}
	}
	getRaw := func(stmt *sql.Stmt) func() error {
		return func() error {
			key = benchKey(key, uint64(rand.IntN(benchRows)))
			rows, err := stmt.QueryContext(ctx, key)
			if err != nil {
				return err
			}
			var raw sql.RawBytes
			rows.Next()
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			return rows.Close()
		}
	}
	getAlone := func() (err error) {
		key = benchKey(key, uint64(rand.IntN(benchRows)))
		dst, _, err = e.Get(dst[:0], key)
		return err
	}
	next := uint64(benchRows)
	put := func(stmt *sql.Stmt) func() error {
		return func() error {
			next++
			key = benchKey(key, next)
			_, err := stmt.ExecContext(ctx, key, value)
			return err
		}
	}
	b.Run("get", func(b *testing.B) {
		compareCost(b, get(prepare(db, getText)), get(prepare(empty, getText)), getAlone)
	})
	b.Run("get into RawBytes", func(b *testing.B) {
		compareCost(b, getRaw(prepare(db, getText)), getRaw(prepare(empty, getText)), getAlone)
	})
	getUnprepared := func(db *sql.DB) func() error {
		return func() error {
			key = benchKey(key, uint64(rand.IntN(benchRows)))
			return db.QueryRowContext(ctx, getText, key).Scan(&dst)
		}
	}
	b.Run("get without a statement", func(b *testing.B) {
		compareCost(b, getUnprepared(db), getUnprepared(empty), getAlone)
	})
	b.Run("scan", func(b *testing.B) { compareScan(b, db, e) })
	putAlone := func() error {
		tx, err := e.Begin(ctx)
		if err != nil {
			return err
		}
		next++
		key = benchKey(key, next)
		if err := tx.Put(key, value); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}
	b.Run("put", func(b *testing.B) {
		compareCost(b, put(prepare(db, putText)), put(prepare(empty, putText)), putAlone)
	})
	b.Run("put without a statement", func(b *testing.B) {
		putUnprepared := func(db *sql.DB) func() error {
			return func() error {
				next++
				key = benchKey(key, next)
				_, err := db.ExecContext(ctx, putText, key, value)
				return err
			}
		}
		compareCost(b, putUnprepared(db), putUnprepared(empty), putAlone)
	})
	b.Run("put in a transaction", func(b *testing.B) {
		// Each in a transaction of its own, one after the other.
		var tx *engine.Tx
		begin := func(db *sql.DB) (*sql.Tx, func() error) {
			tx, err := db.Begin()
			if err != nil {
				b.Fatal(err)
			}
			stmt, err := tx.Prepare(putText)
			if err != nil {
				b.Fatal(err)
			}
			return tx, put(stmt)
		}
		var ofDriver, ofEmpty, ofEngine []time.Duration
		b.ResetTimer()
		for b.Loop() {
			t, run := begin(db)
			ofDriver = append(ofDriver, batch(b, run))
			if err := t.Commit(); err != nil {
				b.Fatal(err)
			}
			t, run = begin(empty)
			ofEmpty = append(ofEmpty, batch(b, run))
			if err := t.Commit(); err != nil {
				b.Fatal(err)
			}
			var err error
			if tx, err = e.Begin(ctx); err != nil {
				b.Fatal(err)
			}
			ofEngine = append(ofEngine, batch(b, func() error {
				next++
				key = benchKey(key, next)
				return tx.Put(key, value)
			}))
			if err := tx.Commit(ctx); err != nil {
				b.Fatal(err)
			}
		}
		reportCost(b, ofDriver, ofEmpty, ofEngine)
	})
}

// costBatch is how many operations are timed together.
const costBatch = 200

func batch(b *testing.B, run func() error) time.Duration {
	start := time.Now()
	for range costBatch {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// compareCost runs an operation through database/sql and this driver, through database/sql
// and nothing, and on the engine.
func compareCost(b *testing.B, throughDriver, throughNothing, alone func() error) {
	var ofDriver, ofEmpty, ofEngine []time.Duration
	for b.Loop() {
		ofDriver = append(ofDriver, batch(b, throughDriver))
		ofEmpty = append(ofEmpty, batch(b, throughNothing))
		ofEngine = append(ofEngine, batch(b, alone))
	}
	reportCost(b, ofDriver, ofEmpty, ofEngine)
}

// compareScan compares a row of a scan of 1,000 rows. A batch is one scan, divided as if
// it were of costBatch rows.
func compareScan(b *testing.B, db *sql.DB, e *engine.DB) {
	const scanRows = 1000
	ctx := context.Background()
	empty := openNothing(scanRows, make([]byte, 16), make([]byte, 100))
	defer empty.Close()
	scan := func(db *sql.DB) time.Duration {
		start := time.Now()
		rows, err := db.QueryContext(ctx, "SELECT key, value FROM kv LIMIT 1000")
		if err != nil {
			b.Fatal(err)
		}
		var key, value sql.RawBytes
		n := 0
		for ; rows.Next(); n++ {
			if err := rows.Scan(&key, &value); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil || n != scanRows {
			b.Fatal(n, err)
		}
		return time.Since(start) * costBatch / scanRows
	}
	alone := func() time.Duration {
		start := time.Now()
		snap, err := e.Snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		cur, err := snap.Cursor()
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for ok := cur.First(); ok && n < scanRows; ok = cur.Next() {
			_ = cur.Key()
			if _, err := cur.Value(); err != nil {
				b.Fatal(err)
			}
			n++
		}
		if err := errors.Join(cur.Close(), snap.Close()); err != nil || n != scanRows {
			b.Fatal(n, err)
		}
		return time.Since(start) * costBatch / scanRows
	}
	var ofDriver, ofEmpty, ofEngine []time.Duration
	for b.Loop() {
		ofDriver = append(ofDriver, scan(db))
		ofEmpty = append(ofEmpty, scan(empty))
		ofEngine = append(ofEngine, alone())
	}
	reportCost(b, ofDriver, ofEmpty, ofEngine)
}

func reportCost(b *testing.B, ofDriver, ofEmpty, ofEngine []time.Duration) {
	median := func(list []time.Duration) float64 {
		slices.Sort(list)
		return float64(list[len(list)/2]) / costBatch
	}
	whole, empty, alone := median(ofDriver), median(ofEmpty), median(ofEngine)
	cost := whole / (empty + alone)
	b.ReportMetric(0, "ns/op") // a batch of each means nothing
	b.ReportMetric(whole, "driver-ns")
	b.ReportMetric(empty, "sql-ns")
	b.ReportMetric(alone, "engine-ns")
	b.ReportMetric(cost, "times")
	if len(ofDriver) >= 100 && cost > maxCost { // fewer say little
		b.Logf("%.2f times as long as its parts, want at most %.2f", cost, maxCost)
	}
}
