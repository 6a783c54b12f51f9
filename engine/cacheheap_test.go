// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestCacheTakesLittleOfTheHeap reads a file much larger than the cache at random, so that of pages side by side
// hardly two are in the cache, and b-tree pages are read all the time. What describes the pages, what
// finds them, and the copies of b-tree pages lie in the Go heap, which may grow to twice of what is used. Together they
// stay below a tenth of the cache.
func TestCacheTakesLittleOfTheHeap(t *testing.T) {
	notUnderRace(t)
	switch runtime.GOOS {
	case "windows", "plan9", "aix", "js", "wasip1":
		t.Skip("the cache lies in the Go heap on this platform")
	}
	ctx := context.Background()
	const cache, rows = 2 << 20, 100_000
	db := mustOpen(t, filepath.Join(t.TempDir(), "a.lsm"), engine.Options{CacheSize: cache, IndexSize: -1})
	defer db.Close()
	key := func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)*0x9E3779B97F4A7C15) }
	value := longValue(1000)
	for i := 0; i < rows; i += 1000 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for j := range 1000 {
				if err := tx.Put(key(i+j), value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	var dst []byte
	read := func(n int) {
		for range n {
			var err error
			if dst, _, err = db.Get(dst[:0], key(rand.IntN(rows))); err != nil || len(dst) != len(value) {
				t.Fatal(len(dst), err)
			}
		}
	}
	read(10)
	before := heldHeap()
	read(20_000)
	if used := db.Stats().CacheBytes; used < cache*9/10 {
		t.Fatalf("only %d bytes of the cache are used", used)
	}
	if n := heldHeap() - before; n > cache/10 {
		t.Errorf("%d bytes of the Go heap for a cache of %d, want %d at most", n, cache, cache/10)
	} else {
		t.Logf("%d bytes of the Go heap for a cache of %d", n, cache)
	}
}
