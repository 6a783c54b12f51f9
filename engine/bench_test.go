// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The benchmarks use rows of 16+100 bytes in random order. Run them with
//
//	go test ./engine -run '^$' -bench . -benchmem -count 10 | tee new.txt && benchstat new.txt

const benchRows = 500_000

func benchOpen(b *testing.B, o engine.Options) (*engine.DB, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench.lsm")
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db, path
}

// benchFilled returns a database of benchRows rows that was just written, with several
// segments and a live tree.
func benchFilled(b *testing.B) *engine.DB {
	db, _ := benchOpen(b, engine.Options{})
	benchPut(b, db, benchRows, 1000)
	return db
}

func benchPut(b *testing.B, db *engine.DB, rows, batch int) {
	b.Helper()
	benchPutFrom(b, db, 0, rows, batch)
}

// benchPutFrom writes those rows of a load.
func benchPutFrom(b *testing.B, db *engine.DB, from, to, batch int) {
	b.Helper()
	ctx := context.Background()
	var key [16]byte
	var value [100]byte
	for i := from; i < to; {
		tx, err := db.Begin(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for end := min(i+batch, to); i < end; i++ {
			binary.LittleEndian.PutUint64(value[:], uint64(i))
			if err := tx.Put(loadKey(key[:], uint64(i)), value[:]); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		name  string
		batch int
		o     engine.Options
	}{
		{"batch=1000", 1000, engine.Options{}},
		{"autocommit", 1, engine.Options{}},
		{"autocommit/safety=full", 1, engine.Options{Safety: engine.SafetyFull}},
	} {
		b.Run(c.name, func(b *testing.B) {
			db, _ := benchOpen(b, c.o)
			b.ReportAllocs()
			b.SetBytes(116)
			b.ResetTimer()
			benchPut(b, db, b.N, c.batch)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	db := benchFilled(b)
	var key [16]byte
	dst := make([]byte, 0, 128)
	for _, c := range []struct {
		name  string
		first uint64 // row that stands for the first one: beyond the rows written, a miss
	}{{"hit", 0}, {"miss", benchRows}} {
		b.Run(c.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(3, 4))
			b.ReportAllocs()
			for b.Loop() {
				_, found, err := db.Get(dst, loadKey(key[:], c.first+rng.Uint64N(benchRows)))
				if err != nil || found != (c.first == 0) {
					b.Fatalf("found %v, error %v", found, err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	db := benchFilled(b)
	for _, c := range []struct {
		name string
		back bool
	}{{"forward", false}, {"backward", true}} {
		b.Run(c.name, func(b *testing.B) {
			s, err := db.Snapshot(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			cur, err := s.Cursor()
			if err != nil {
				b.Fatal(err)
			}
			defer cur.Close()
			b.ReportAllocs()
			b.SetBytes(116)
			for b.Loop() {
				if c.back {
					if !cur.Prev() && !cur.Last() {
						b.Fatal(cur.Err())
					}
				} else if !cur.Next() && !cur.First() {
					b.Fatal(cur.Err())
				}
				if _, err := cur.Value(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSeek(b *testing.B) {
	db := benchFilled(b)
	s, err := db.Snapshot(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	cur, err := s.Cursor()
	if err != nil {
		b.Fatal(err)
	}
	defer cur.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	var key [8]byte
	b.ReportAllocs()
	for b.Loop() {
		binary.BigEndian.PutUint64(key[:], rng.Uint64())
		cur.Seek(key[:], engine.SeekGE)
		if cur.Err() != nil {
			b.Fatal(cur.Err())
		}
	}
}

// BenchmarkLongValue reads and writes a value of 1 MiB in a file. Reads come out of the
// kernel's memory.
func BenchmarkLongValue(b *testing.B) {
	ctx := context.Background()
	db, err := engine.Open(ctx, filepath.Join(b.TempDir(), "long.lsm"), engine.Options{CacheSize: 256 << 10})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	value := make([]byte, 1<<20)
	put := func() {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), value) }); err != nil {
			b.Fatal(err)
		}
	}
	put()
	if err := db.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	b.Run("get", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			if v, _, err := db.Get(nil, []byte("k")); err != nil || len(v) != len(value) {
				b.Fatal(len(v), err)
			}
		}
	})
	b.Run("get into a buffer", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		dst := make([]byte, 0, len(value))
		for b.Loop() {
			if _, _, err := db.Get(dst, []byte("k")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			put()
		}
	})
}
