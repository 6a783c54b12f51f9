// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// load fills a database in memory, the same each time: rows that come in order, rows that are overwritten here and
// there, and a reader that holds a state for a while. step is called after each commit with the layout.
func load(t *testing.T, path string, commits int, step func(i int, l *engine.Layout)) {
	t.Helper()
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{
		FS: memfs.New(), AutoFlush: 256 << 10, AutoCheckpoint: 2 << 20, PageSize: 4096, BlockSize: 64 << 10, MaxGarbage: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rng := rand.New(rand.NewPCG(7, 11))
	var pin *engine.Snapshot
	for i := range commits {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range 120 {
				n := i/12*173_000%800_000 + rng.IntN(200_000)
				value := make([]byte, 60+rng.IntN(120))
				for b := range value {
					value[b] = byte(rng.Uint32())
				}
				if err := tx.Put(fmt.Appendf(nil, "user/%06d", n), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		switch i % 90 {
		case 50:
			if pin, err = db.Snapshot(ctx); err != nil {
				t.Fatal(err)
			}
		case 89:
			pin.Close()
			pin = nil
		}
		l, err := db.Layout(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for n := range l.Pins {
			l.Pins[n].Age = 0
		}
		step(i, &l)
	}
	if pin != nil {
		pin.Close()
	}
}
