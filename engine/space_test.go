// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

var spaceRows = flag.Int("space.rows", 20_000, "rows that TestSpace writes, four times over")

// TestSpace writes rows of 16+100 bytes in random order and overwrites all of them three
// times, in every mode, and reports the size of the file against the data that is live, and
// the pages written against the data that was. It fails if the file grows beyond six times
// the live data and two trees meanwhile, or is not dense after Optimize.
//
//	go test ./engine -run TestSpace -space.rows=1000000 -v
func TestSpace(t *testing.T) {
	n := *spaceRows
	live := float64(n * 116)
	for _, mode := range backgrounds {
		ctx := context.Background()
		path := t.TempDir() + "/x.lsm"
		o := engine.Options{Background: mode}
		if n < 500_000 { // as much happens with smaller trees
			o.AutoFlush, o.BlockSize, o.AutoCheckpoint = n*17, 64<<10, n*34
		}
		db, err := engine.Open(ctx, path, o)
		if err != nil {
			t.Fatal(err)
		}
		size := func() float64 {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			return float64(info.Size())
		}
		var key [16]byte
		peak := 0.0
		for round := range 4 {
			value := bytes.Repeat([]byte{byte(round)}, 100)
			for i := 0; i < n; {
				err := db.Update(ctx, func(tx *engine.Tx) error {
					for end := min(i+1000, n); i < end; i++ {
						if err := tx.Put(loadKey(key[:], uint64(i)), value); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				peak = max(peak, size())
			}
		}
		s := db.Stats()
		written := float64(s.PagesWritten) * float64(db.Options().PageSize)
		before := size()
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		after := size()
		t.Logf("%-12v file at most %.2f times the live data, %.2f at the end, %.3f after Optimize; %.1f times the data written; %d segments, %d of %d blocks free",
			mode, peak/live, before/live, after/live, written/(4*live), s.Segments, s.FreeBlocks, s.Blocks)
		if limit := 6*live + 2*float64(db.Options().AutoFlush); peak > limit {
			t.Errorf("mode %v: the file has grown to %.0f bytes, more than %.0f", mode, peak, limit)
		}
		if slack := 2 * float64(db.Options().BlockSize); after > 1.08*live+slack {
			t.Errorf("mode %v: the optimised file has %.0f bytes for %.0f of data", mode, after, live)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
