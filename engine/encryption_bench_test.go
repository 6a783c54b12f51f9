// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// BenchmarkEncryption does the same work on a database in clear and on an encrypted one: the ratios are what
// docs/encryption.md shows.
func BenchmarkEncryption(b *testing.B) {
	for _, c := range []struct {
		name string
		do   func(b *testing.B, o engine.Options)
	}{
		{"load", benchEncryptedLoad},
		{"merge", benchEncryptedMerge},
		{"rewrite", benchEncryptedRewrite},
		{"get/cached", func(b *testing.B, o engine.Options) { benchEncryptedGet(b, o, 256<<20) }},
		{"get/uncached", func(b *testing.B, o engine.Options) { benchEncryptedGet(b, o, 256<<10) }},
		{"scan/cached", func(b *testing.B, o engine.Options) { benchEncryptedScan(b, o, 256<<20) }},
		{"scan/uncached", func(b *testing.B, o engine.Options) { benchEncryptedScan(b, o, 256<<10) }},
	} {
		b.Run(c.name+"/clear", func(b *testing.B) { c.do(b, engine.Options{}) })
		b.Run(c.name+"/aes-256-gcm", func(b *testing.B) { c.do(b, engine.Options{Key: key1}) })
	}
}

// benchEncryptedLoad times one row of 116 bytes, in random order, 1,000 to a transaction.
func benchEncryptedLoad(b *testing.B, o engine.Options) {
	db, _ := benchOpen(b, o)
	b.SetBytes(116)
	b.ResetTimer()
	benchPut(b, db, b.N, 1000)
}

// benchEncryptedMerge times a merge of four segments whose rows lie between each other.
func benchEncryptedMerge(b *testing.B, o engine.Options) {
	o.NoAutoWork, o.AutoFlush = true, 64<<20
	ctx := context.Background()
	b.SetBytes(116 * benchRows)
	for b.Loop() {
		b.StopTimer()
		db, _ := benchOpen(b, o)
		for part := range 4 {
			benchPutFrom(b, db, part*benchRows/4, (part+1)*benchRows/4, 1000)
			if err := db.Flush(ctx); err != nil {
				b.Fatal(err)
			}
		}
		before := db.Stats()
		b.StartTimer()
		if _, err := db.Work(ctx, engine.WorkOptions{Merge: 1}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if after := db.Stats(); before.Segments != 4 || after.Segments != 1 || after.Merges != before.Merges+1 {
			b.Fatalf("%d segments became %d by %d merges", before.Segments, after.Segments, after.Merges-before.Merges)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// benchEncryptedRewrite times Optimize of one segment and one row: of all merges those that do least with the
// rows, so that encryption costs most beside it.
func benchEncryptedRewrite(b *testing.B, o engine.Options) {
	db := benchOptimized(b, o)
	b.SetBytes(116 * benchRows)
	for b.Loop() {
		benchPut(b, db, 1, 1) // a second segment, without which there is nothing to merge
		if err := db.Optimize(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// benchEncryptedGet times a random point read. All pages come from the cache, or nearly none: then they
// come out of the operating system's.
func benchEncryptedGet(b *testing.B, o engine.Options, cache int64) {
	o.CacheSize = cache
	db := benchOptimized(b, o)
	rng := rand.New(rand.NewPCG(3, 4))
	var key [16]byte
	dst := make([]byte, 0, 128)
	get := func() {
		_, found, err := db.Get(dst, loadKey(key[:], rng.Uint64N(benchRows)))
		if err != nil || !found {
			b.Fatalf("found %v, error %v", found, err)
		}
	}
	for range 300_000 {
		get()
	}
	b.ReportAllocs()
	for b.Loop() {
		get()
	}
}

// benchEncryptedScan times a scan of the whole database.
func benchEncryptedScan(b *testing.B, o engine.Options, cache int64) {
	o.CacheSize = cache
	db := benchOptimized(b, o)
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
	scan := func() {
		rows := 0
		for ok := cur.First(); ok; ok = cur.Next() {
			if _, err := cur.Value(); err != nil {
				b.Fatal(err)
			}
			rows++
		}
		if cur.Err() != nil || rows != benchRows {
			b.Fatalf("%d rows, error %v", rows, cur.Err())
		}
	}
	scan() // fills the cache
	b.SetBytes(116 * benchRows)
	b.ReportAllocs()
	for b.Loop() {
		scan()
	}
}

// benchOptimized returns a database of benchRows rows in one segment.
func benchOptimized(b *testing.B, o engine.Options) *engine.DB {
	b.Helper()
	db, _ := benchOpen(b, o)
	benchPut(b, db, benchRows, 1000)
	if err := db.Optimize(context.Background()); err != nil {
		b.Fatal(err)
	}
	return db
}
