// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// A file of C lsm1 often has a checkpoint on meta page 1 only. Where a sync fails while it is opened, a note on the
// other page is all that can say so to the next session, for which the same sync succeeds: what it would rest on may be
// in the cache only.
func TestPowerLossAfterASyncOfAFileOfLSM1HasFailed(t *testing.T) {
	t.Parallel()
	ctx, lost := t.Context(), errors.New("no such disk")
	for _, name := range []string{"b1-flush", "merge-last", "p256", "ranges", "small-closed"} {
		rows := readListing(t, "testdata/golden/"+name+".jsonl")
		for seed := range uint64(10) {
			mem := memfs.New()
			copyUnsynced(t, mem, "/x.lsm", "testdata/golden/"+name+".db")
			ffs := faultfs.Wrap(mem)
			ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: lost, Drop: 4096})
			if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs}); !errors.Is(err, lost) {
				t.Fatalf("%s: the sync has not failed: %v", name, err)
			}
			ffs.Clear()
			db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
			ok(t, putRow(db, "new", "value"))
			crashed := mem.Crash(rand.New(rand.NewPCG(seed, 4)), memfs.CrashRandom)
			ok(t, db.Close())

			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: crashed})
			if err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			if _, found, err := db.Get(nil, []byte("new")); !found || err != nil {
				t.Errorf("%s, seed %d: the new row: found %v, %v", name, seed, found, err)
			}
			ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Delete([]byte("new")) }))
			expectDB(t, db, rows)
			ok(t, db.Close())
		}
	}
}

// copyUnsynced brings a database and its log, if there is one, into files that nobody syncs.
func copyUnsynced(t *testing.T, fsys vfs.FS, name, from string) {
	t.Helper()
	for _, suffix := range []string{"", "-log"} {
		data, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			return
		}
		ok(t, err)
		f, err := fsys.Open(name+suffix, vfs.ReadWrite|vfs.Create, 0o600)
		ok(t, err)
		_, err = f.WriteAt(data, 0)
		ok(t, err)
		ok(t, f.Close())
	}
}

// TestPowerLossAfterAClaimThatWasCutShort opens a database whose first claim left the checkpoint on meta page 1,
// without its note: what is announced there, before the next checkpoint is written, becomes a claim.
func TestPowerLossAfterAClaimThatWasCutShort(t *testing.T) {
	t.Parallel()
	lost := errors.New("no such disk")
	for seed := range uint64(20) {
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		o := engine.Options{FS: ffs, Safety: engine.SafetyNormal}
		db := mustOpen(t, "/x.lsm", o)
		onPage1 := func(op faultfs.Op) bool { return op.Off == 0 }
		ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: onPage1, Forever: true, Err: lost, Part: 0.5})
		ok(t, putRow(db, "key", "value"))
		ffs.Kill(lost)
		_ = db.Close() // of a process that is gone
		if page, err := mem.ReadFile("/x.lsm"); err != nil || format.AllZero(page[:format.MetaPageSize]) {
			t.Fatalf("nothing of the claim is on meta page 1: %v", err)
		}
		openLosing(t, mem, rand.New(rand.NewPCG(seed, 5)), 1, func(crashed *memfs.FS) {
			again, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: crashed})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			ok(t, again.Close())
		})
	}
}

// TestPowerLossAfterAKillInACheckpoint kills an encrypted session before each operation of its checkpoint, and then
// loses the power in the next one, which stores the same checkpoint again, of pages under other keys: what is left of
// the first attempt must not pass for a part of the second one.
func TestPowerLossAfterAKillInACheckpoint(t *testing.T) {
	t.Parallel()
	mem := memfs.New()
	ffs := faultfs.Wrap(mem)
	o := engine.Options{FS: ffs, Key: keys.Raw(make([]byte, 32)), Safety: engine.SafetyFull}
	db := mustOpen(t, "/x.lsm", o)
	ok(t, putRow(db, "old", "value"))
	ok(t, db.Close())
	db = mustOpen(t, "/x.lsm", o) // it announces its first checkpoint
	ok(t, putRow(db, "new", "value"))
	var killed []*memfs.FS
	ffs.OnOp(func(faultfs.Op) { killed = append(killed, mem.Clone()) })
	ok(t, db.Close())

	for i, mem := range killed {
		for seed := range uint64(60) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			again, op := mem.Clone(), 0
			ffs := faultfs.Wrap(again)
			o.FS = ffs
			at := 4 + rng.IntN(5)
			ffs.OnOp(func(faultfs.Op) {
				if op++; op != at {
					return
				}
				o := o
				o.FS = again.Crash(rng, memfs.CrashRandom)
				db, err := engine.Open(t.Context(), "/x.lsm", o)
				if err != nil {
					t.Fatalf("killed at %d, power lost at %d, seed %d: %v", i, at, seed, err)
				}
				for _, key := range []string{"old", "new"} {
					if _, found, err := db.Get(nil, []byte(key)); !found || err != nil {
						t.Errorf("killed at %d, power lost at %d, seed %d: %s: found %v, %v", i, at, seed, key, found, err)
					}
				}
				ok(t, db.Close())
			})
			db := mustOpen(t, "/x.lsm", o)
			ffs.OnOp(nil)
			ok(t, db.Close())
		}
	}
}

// TestKillAfterASyncHasFailed opens a database that a session without syncs has left, fails the sync of that, and kills
// the process before it can note anything.
func TestKillAfterASyncHasFailed(t *testing.T) {
	t.Parallel()
	lost := errors.New("no such disk")
	for seed := range uint64(20) {
		mem := memfs.New()
		db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, Safety: engine.SafetyOff})
		ok(t, putRow(db, "old", "value"))
		ok(t, db.Close())
		var afterwards *memfs.FS // what the killed process leaves
		ffs := faultfs.Wrap(mem)
		ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: lost, Drop: 4096})
		failed := false
		ffs.OnOp(func(op faultfs.Op) {
			if failed && afterwards == nil {
				afterwards = mem.Clone()
			}
			failed = failed || op.Kind == faultfs.Sync
		})
		if _, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: ffs}); !errors.Is(err, lost) || afterwards == nil {
			t.Fatalf("the sync has not failed, or nothing came after it: %v", err)
		}
		db = mustOpen(t, "/x.lsm", engine.Options{FS: afterwards, Safety: engine.SafetyFull})
		ok(t, putRow(db, "new", "value"))
		crashed := afterwards.Crash(rand.New(rand.NewPCG(seed, 6)), memfs.CrashRandom)
		ok(t, db.Close())
		db, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: crashed})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, key := range []string{"old", "new"} {
			if _, found, err := db.Get(nil, []byte(key)); !found || err != nil {
				t.Errorf("seed %d: %s: found %v, %v", seed, key, found, err)
			}
		}
		ok(t, db.Close())
	}
}
