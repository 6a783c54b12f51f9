// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
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

// withOneNote returns a database as a loss of power can leave it while a meta page is written over: its
// checkpoint is still there, its note is noise. The page copied is the one with the note Copy, and lost the one without
// a note. The log ends where the checkpoint says.
func withOneNote(t *testing.T, rows, copied, lost int) *memfs.FS {
	t.Helper()
	ctx := context.Background()
	for extra := range 4 {
		mem := memfs.New()
		db := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
		for range 1 + extra {
			ok(t, putRange(ctx, db, 0, rows, 1))
			ok(t, flushAndCheckpoint(ctx, db))
		}
		killed := mem.Clone()
		ok(t, db.Close())
		data, err := killed.ReadFile("/x.lsm")
		ok(t, err)
		if note, found := format.DecodeNote(data[(copied-1)*format.MetaPageSize:]); !found || !note.Copy {
			continue
		}
		ok(t, killed.WriteFile("/x.lsm", changed(data, func(b []byte) {
			note := b[(lost-1)*format.MetaPageSize:][format.NoteOffset:format.MetaSize]
			_, _ = rand.NewChaCha8([32]byte{}).Read(note)
		})))
		return killed
	}
	t.Fatalf("no checkpoint has its copy on meta page %d", copied)
	return nil
}

// withoutNotes returns a database as a program that writes no notes leaves it when it closes
// it: C lsm1, or an earlier version.
func withoutNotes(t *testing.T, rows int) *memfs.FS {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
	ok(t, putRange(ctx, db, 0, rows, 1))
	ok(t, db.Close())
	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	left := memfs.New()
	ok(t, left.WriteFile("/x.lsm", changed(data, func(b []byte) {
		for page := range 2 {
			clear(b[page*format.MetaPageSize+format.NoteOffset:][:format.MetaSize-format.NoteOffset])
		}
	})))
	return left
}

// TestPowerLossWithoutANote opens databases whose newest checkpoint has no note that belongs
// to it, and loses the power before each operation of that Open, and again before each of the
// Open that follows: nothing is refused, and nothing is lost.
func TestPowerLossWithoutANote(t *testing.T) {
	t.Parallel()
	const rows = 6
	for name, left := range map[string]*memfs.FS{"a note lost": tornNote(t, rows), "no notes": withoutNotes(t, rows)} {
		t.Run(name, func(t *testing.T) {
			cases := 0
			for seed := range uint64(6) {
				rng := rand.New(rand.NewPCG(seed, 0))
				openLosing(t, left.Clone(), rng, 2, func(crashed *memfs.FS) {
					cases++
					db := mustOpen(t, "/x.lsm", engine.Options{FS: crashed})
					if got := rowsOf(t, db); len(got) != rows {
						t.Errorf("seed %d: %d rows", seed, len(got))
					}
					ok(t, db.Close())
				})
			}
			if cases < 1000 {
				t.Errorf("only %d losses of power", cases)
			}
		})
	}
}

// TestPowerLossWithOneNote opens and closes databases of which one meta page has lost its note, and loses the power
// before each operation: the page that is left while the other one is written over is the one with a note, so nothing
// is refused.
func TestPowerLossWithOneNote(t *testing.T) {
	t.Parallel()
	const rows = 6
	for _, on := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}} {
		t.Run(fmt.Sprintf("copy on page %d, no note on page %d", on[0], on[1]), func(t *testing.T) {
			left := withOneNote(t, rows, on[0], on[1])
			for seed := range uint64(60) {
				rng := rand.New(rand.NewPCG(seed, 1))
				openLosing(t, left.Clone(), rng, 1, func(crashed *memfs.FS) {
					db := mustOpen(t, "/x.lsm", engine.Options{FS: crashed})
					if got := rowsOf(t, db); len(got) != rows {
						t.Errorf("seed %d: %d rows", seed, len(got))
					}
					ok(t, db.Close())
				})
			}
		})
	}
}

// TestPowerLossAfterASessionWithoutSyncs opens a database with syncs that was made and closed without any, writes
// nothing, and loses the power: what was shown is found again, also of a session that has only read.
func TestPowerLossAfterASessionWithoutSyncs(t *testing.T) {
	t.Parallel()
	const rows = 6
	for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		for seed := range uint64(60) {
			mem := memfs.New()
			db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, Safety: engine.SafetyOff})
			for i := range rows {
				ok(t, putRow(db, fmt.Sprint("key ", i), "value"))
			}
			ok(t, db.Close())
			db = mustOpen(t, "/x.lsm", engine.Options{FS: mem, Safety: safety})
			find := func(when string) {
				again, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: mem.Crash(rand.New(rand.NewPCG(seed, 2)), memfs.CrashRandom)})
				if err != nil {
					t.Errorf("safety %v, seed %d, %s: %v", safety, seed, when, err)
					return
				}
				if got := rowsOf(t, again); len(got) != rows {
					t.Errorf("safety %v, seed %d, %s: %d rows", safety, seed, when, len(got))
				}
				ok(t, again.Close())
			}
			find("while it is open")
			ok(t, db.Close())
			find("after it was closed")
		}
	}
}

// TestPowerLossAfterASyncOfAnEmptyDatabaseHasFailed has a sync fail while a database is opened that a session without
// syncs has made and closed, or that was killed, also in the middle of a transaction. What the failed sync should have
// written counts as clean then, so the next session writes it again before it writes the other meta page: after a loss
// of power nothing is refused.
func TestPowerLossAfterASyncOfAnEmptyDatabaseHasFailed(t *testing.T) {
	t.Parallel()
	lost := errors.New("no such disk")
	for _, end := range []string{"closed", "killed", "killed in a transaction"} {
		for seed := range uint64(60) {
			mem := memfs.New()
			ffs := faultfs.Wrap(mem)
			db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyOff})
			if end == "killed in a transaction" {
				tx, err := db.Begin(t.Context())
				ok(t, err)
				ok(t, tx.Put([]byte("key"), make([]byte, 2<<20)))
				if info, err := mem.Stat("/x.lsm-log"); err != nil || info.Size() < 1<<20 {
					t.Fatalf("nothing of the transaction is in the log: %v", err)
				}
				ffs.Kill(lost)
				_ = tx.Rollback() // of a process that is gone
			}
			if end == "killed" {
				ffs.Kill(lost)
			}
			if err := db.Close(); (err != nil) != (end != "closed") {
				t.Fatal(err)
			}
			ffs = faultfs.Wrap(mem)
			ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: lost, Drop: 4096})
			if _, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: ffs}); !errors.Is(err, lost) {
				t.Fatalf("the sync has not failed: %v", err)
			}
			ffs.Clear()
			db = mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
			ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Err: lost})
			if err := putRow(db, "key", "value"); !errors.Is(err, lost) {
				t.Fatalf("the sync of the log has not failed: %v", err)
			}
			again, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: mem.Crash(rand.New(rand.NewPCG(seed, 3)), memfs.CrashRandom)})
			if err != nil {
				t.Errorf("%s, seed %d: %v", end, seed, err)
			} else {
				ok(t, again.Close())
			}
			_ = db.Close() // it cannot write any more
		}
	}
}

// openLosing opens a database, and calls found with what a loss of power would leave before
// each operation on the files; with more times than one also with what is left if that is
// opened in the same way.
func openLosing(t *testing.T, mem *memfs.FS, rng *rand.Rand, times int, found func(*memfs.FS)) {
	t.Helper()
	ffs := faultfs.Wrap(mem)
	ffs.OnOp(func(op faultfs.Op) {
		crashed := mem.Crash(rng, memfs.CrashRandom)
		if times > 1 {
			openLosing(t, crashed.Clone(), rng, times-1, found)
		}
		found(crashed)
	})
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
	ffs.OnOp(nil)
	ok(t, db.Close())
}
