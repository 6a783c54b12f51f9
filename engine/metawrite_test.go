// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestFullDiskAtAMetaPageIsNoFailedSync finds the disk full at each write of a checkpoint in
// turn, with nothing, a part or all of it done. Transactions that follow are refused at most
// until there is room; then all goes on, without the database being opened again, and nothing
// is lost: not by a crash in between, not by one later.
func TestFullDiskAtAMetaPageIsNoFailedSync(t *testing.T) {
	for _, mode := range backgrounds {
		for _, part := range []float64{0, 0.4, 1} {
			t.Run(fmt.Sprintf("%v, %v done", mode, part), func(t *testing.T) {
				for nth := 1; fullDiskAtCheckpoint(t, mode, nth, part); nth++ {
				}
			})
		}
	}
}

// fullDiskAtCheckpoint lets the disk be full from the nth write of the second checkpoint on,
// and reports whether there is such a write.
func fullDiskAtCheckpoint(t *testing.T, mode engine.Background, nth int, part float64) bool {
	ctx := context.Background()
	mem := memfs.New()
	ffs := faultfs.Wrap(mem)
	o := engine.Options{FS: ffs, Background: mode, BlockSize: 64 << 10, Safety: engine.SafetyFull}
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]uint64{}
	put := func() error {
		n := uint64(len(want))
		err := db.Update(ctx, func(tx *engine.Tx) error {
			return tx.Put(binary.BigEndian.AppendUint64(nil, n), fmt.Appendf(nil, "%0100d", n))
		})
		if err == nil {
			want[n] = n
		}
		return err
	}
	for range 3 {
		if err := errors.Join(put(), put(), flushAndCheckpoint(ctx, db), put(), db.Flush(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	full := ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Nth: nth, Forever: true, Err: syscall.ENOSPC, Part: part})
	_, err = db.Checkpoint(ctx)
	ffs.Clear()
	if full.Hits() == 0 {
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		return false
	}
	if !errors.Is(err, engine.ErrFull) || db.Poisoned() != nil {
		t.Fatalf("write %d: %v, poisoned: %v", nth, err, db.Poisoned())
	}
	rng := rand.New(rand.NewPCG(uint64(nth), 1))
	recovered := func(when string) {
		t.Helper()
		for _, crash := range []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll, memfs.CrashRandom} {
			after := o
			after.FS = mem.Crash(rng, crash)
			again, err := engine.Open(ctx, "/x.lsm", after)
			if err != nil {
				t.Fatalf("write %d, %s, %v: %v", nth, when, crash, err)
			}
			expectNumbers(t, again, want)
			expectSound(t, again)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	recovered("before there is room")
	if err := put(); err != nil {
		t.Fatalf("write %d: the first transaction with room: %v", nth, err)
	}
	recovered("before the next checkpoint")
	if err := errors.Join(flushAndCheckpoint(ctx, db), put()); err != nil {
		t.Fatalf("write %d: %v", nth, err)
	}
	recovered("after the next checkpoint")
	expectNumbers(t, db, want)
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return true
}
