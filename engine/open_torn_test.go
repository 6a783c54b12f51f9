// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// tornNote returns a database as two losses of power can leave it: a checkpoint has reached
// its page but its note has not, so that the note which is there belongs to an older one.
// Its log holds nothing.
func tornNote(t *testing.T, rows int) *memfs.FS {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
	var last [2][]byte
	for i := range rows {
		ok(t, putRange(ctx, db, i, i+1, 1))
		ok(t, flushAndCheckpoint(ctx, db))
		data, err := mem.ReadFile("/x.lsm")
		ok(t, err)
		last[0], last[1] = last[1], data
	}
	ok(t, db.Close())
	older, newer := last[0], last[1]
	at := 0 // of the page that was written first with the newer checkpoint
	if note, found := format.DecodeNote(newer[:format.MetaPageSize]); !found {
		t.Fatal("meta page 1 has no note")
	} else if note.Copy {
		at = format.MetaPageSize
	}
	torn := changed(newer, func(b []byte) {
		copy(b[:2*format.MetaPageSize], older)
		copy(b[at:at+format.NoteOffset], newer[at:])
	})
	left := memfs.New()
	ok(t, left.WriteFile("/x.lsm", torn))
	ok(t, left.WriteFile("/x.lsm-log", nil))
	return left
}

// TestPowerLossAfterATornNote loses the power once more, before each operation of the Open
// that follows: nothing is refused, and nothing is lost.
func TestPowerLossAfterATornNote(t *testing.T) {
	ctx := context.Background()
	const rows = 6
	left := tornNote(t, rows)
	cases := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		mem := left.Clone()
		ffs := faultfs.Wrap(mem)
		ffs.OnOp(func(op faultfs.Op) {
			cases++
			crashed := mem.Crash(rng, memfs.CrashRandom)
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: crashed})
			if err != nil {
				t.Errorf("seed %d, before %v: %v", seed, op, err)
				return
			}
			if got := rowsOf(t, db); len(got) != rows {
				t.Errorf("seed %d, before %v: %d rows", seed, op, len(got))
			}
			ok(t, db.Close())
		})
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		ffs.OnOp(nil)
		ok(t, db.Close())
	}
	if cases < 100 {
		t.Errorf("only %d losses of power", cases)
	}
}
