// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestCheckpointCutsTheFile: the free end of the file goes when a checkpoint has made it free,
// unless it is little, or somebody reads it.
func TestCheckpointCutsTheFile(t *testing.T) {
	length := func(d *desk) int64 {
		n, err := d.File.Length()
		must(t, err)
		return n
	}
	for name, tt := range map[string]struct {
		left   int // of 10,000 rows that are at the end of the file
		pinned bool
		cut    bool
	}{
		"almost all of it is free": {left: 100, cut: true},
		"a reader is in the way":   {left: 100, pinned: true},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 1 })
		const rows = 10000
		store := func() {
			must(t, d.FitFreelist(context.Background()))
			must(t, d.autoCheckpoint(context.Background()))
		}
		merge := func() {
			j, err := d.newJob(plan{hi: len(d.levels()), at: place{whole: true}})
			must(t, err)
			must(t, d.runToEnd(context.Background(), j))
		}
		d.flush(rows, 100)
		d.holdTurn(func() {
			merge() // after what there was
			store()
		})
		var gone []string
		for i := tt.left; i < rows; i++ {
			gone = append(gone, fmt.Sprintf("%05d", i))
		}
		d.flush(1, 100, gone...)
		if tt.pinned {
			d.Ledger.Acquire()
		}
		d.holdTurn(merge) // to the front
		before := length(d)
		d.holdTurn(store)
		after := length(d)
		if (after < before) != tt.cut {
			t.Errorf("%s: %d bytes before, %d after; want it cut: %t", name, before, after, tt.cut)
		}
		end, ok, err := d.Ledger.Unused()
		if want := int64(end) * int64(d.File.Geometry().BlockSize); !ok || after > want && tt.cut || err != nil {
			t.Errorf("%s: %d bytes are left, want %d", name, after, want)
		}
		d.expectRows(tt.left)
		if !tt.cut {
			continue
		}
		// Less than an eighth of the file is not worth it.
		inUse := int64(end) * int64(d.File.Geometry().BlockSize)
		for gain, cut := range map[int64]bool{inUse/7 - 1: false, inUse/7 + 8: true} {
			must(t, d.data.Truncate(inUse+gain))
			d.holdTurn(d.cutFile)
			if now := length(d); (now == inUse) != cut {
				t.Errorf("%d bytes are in use, and %d of %d are left; want it cut: %t", inUse, now, inUse+gain, cut)
			}
		}
	}
}
