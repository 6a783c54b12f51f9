// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// BenchmarkOpenClose opens and closes a small database.
func BenchmarkOpenClose(b *testing.B) {
	for _, write := range []bool{false, true} {
		name := map[bool]string{false: "idle", true: "one row"}[write]
		b.Run(name, func(b *testing.B) {
			openClose(b, b.TempDir()+"/x.lsm", engine.Options{}, write)
		})
		b.Run(name+", off", func(b *testing.B) {
			openClose(b, b.TempDir()+"/x.lsm", engine.Options{Safety: engine.SafetyOff}, write)
		})
		b.Run(name+", memory", func(b *testing.B) {
			openClose(b, "/x.lsm", engine.Options{FS: memfs.New()}, write)
		})
	}
}

func openClose(b *testing.B, path string, o engine.Options, write bool) {
	ctx := context.Background()
	b.ReportAllocs()
	for i := range b.N + 1 {
		db, err := engine.Open(ctx, path, o)
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			for k := range 100 {
				if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(k)}, make([]byte, 100)) }); err != nil {
					b.Fatal(err)
				}
			}
		}
		if write {
			if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), []byte{byte(i)}) }); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			b.ResetTimer()
		}
	}
}

// BenchmarkFlushEachCommit commits rows to a database whose every commit is flushed.
func BenchmarkFlushEachCommit(b *testing.B) {
	for _, codec := range []string{"none", "lz4"} {
		b.Run(codec, func(b *testing.B) {
			ctx := context.Background()
			db, err := engine.Open(ctx, b.TempDir()+"/x.lsm", engine.Options{AutoFlush: 1, Safety: engine.SafetyOff, Compression: codec})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := range b.N {
				if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i), byte(i >> 8)}, make([]byte, 100)) }); err != nil {
					b.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// TestFlushOfASmallTreeIsCheap flushes after every commit, of one row, and counts the memory
// that this takes: a few pages, no buffers of a fixed size. Merges are part of it.
func TestFlushOfASmallTreeIsCheap(t *testing.T) {
	notUnderRace(t)
	const commits, most = 400, 48 << 10
	for _, codec := range []string{"none", "lz4"} {
		ctx := context.Background()
		db, err := engine.Open(ctx, t.TempDir()+"/x.lsm", engine.Options{AutoFlush: 1, Safety: engine.SafetyOff, Compression: codec})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range commits {
			if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, make([]byte, 100)) }); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if s := db.Stats(); s.Flushes < commits-1 {
			t.Fatalf("%d flushes for %d commits", s.Flushes, commits)
		}
		if each := (after.TotalAlloc - before.TotalAlloc) / commits; each > most {
			t.Errorf("%s: %d bytes are allocated for each commit, want at most %d", codec, each, most)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
