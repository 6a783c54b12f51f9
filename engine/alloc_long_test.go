// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestLongReadsCostOneAllocation: a value of 1 MiB goes into the buffer that the caller has, or into
// one that is made for it, and nothing else is allocated.
func TestLongReadsCostOneAllocation(t *testing.T) {
	notUnderRace(t)
	for _, compression := range []string{"none", "lz4"} {
		ctx := context.Background()
		db, err := engine.Open(ctx, "/a.db", engine.Options{FS: memfs.New(), Compression: compression, CacheSize: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		for i := range 4 {
			if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, want) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			what  string
			dst   []byte
			allow float64
		}{{"into a buffer", make([]byte, 0, len(want)), 0}, {"into none", nil, 1}} {
			i := 0
			if n := testing.AllocsPerRun(50, func() {
				i++
				if v, _, err := db.Get(tt.dst, []byte{byte(i % 4)}); err != nil || len(v) != len(want) {
					t.Fatal(len(v), err)
				}
			}); n > tt.allow {
				t.Errorf("%s, %s: %v allocations", compression, tt.what, n)
			}
		}
	}
}
