// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// findings collects what Open reports.
type findings []engine.RecoverEvent

func (f *findings) observer() *engine.Observer {
	return &engine.Observer{Recovered: func(e engine.RecoverEvent) { *f = append(*f, e) }}
}

func (f findings) has(kind engine.RecoverKind) bool {
	for _, e := range f {
		if e.Kind == kind && e.Detail != "" && e.Path != "" {
			return true
		}
	}
	return false
}

// killed makes a database of two sessions: the first one writes a thousand rows and closes,
// the second writes some more rows and is killed.
func killed(t *testing.T, more int) *memfs.FS {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	o := engine.Options{FS: mem, Safety: engine.SafetyFull}
	db := mustOpen(t, "/x.lsm", o)
	ok(t, putRange(ctx, db, 0, 1000, 1))
	ok(t, db.Close())
	db = mustOpen(t, "/x.lsm", o)
	for i := range more {
		ok(t, putRange(ctx, db, 1000+i, 1001+i, 2))
	}
	left := mem.Clone()
	ok(t, db.Close())
	return left
}

// TestOneFlippedBitInAMetaPage flips each bit of both meta pages of a database that was
// closed, opened again, written to a little or not at all, and killed: all rows are there.
func TestOneFlippedBitInAMetaPage(t *testing.T) {
	progress := longtest.Start(t, 8*time.Second, 0)
	for _, more := range []int{0, 1, 10} {
		t.Run(fmt.Sprintf("%d rows in the log", more), func(t *testing.T) {
			t.Parallel()
			flipBitsOfMetaPages(t, killed(t, more), 1000+more, progress)
		})
	}
}

// flipBitsOfMetaPages opens a database with each bit of the meta pages flipped, and wants so
// many rows.
func flipBitsOfMetaPages(t *testing.T, left *memfs.FS, want int, progress *longtest.Progress) {
	every := 1
	if engine.RaceDetector {
		every = 16 // the detector takes its time
	}
	data, err := left.ReadFile("/x.lsm")
	ok(t, err)
	repaired := 0
	for page := range 2 {
		// The checkpoint, and of the note and the zeros every now and then one.
		for bit := 0; bit < 4066*8; bit++ {
			if bit >= 200*8 && bit%97 > 0 || bit%every > 0 {
				continue
			}
			fs := left.Clone()
			ok(t, fs.WriteFile("/x.lsm", changed(data, func(b []byte) { b[page*4096+bit/8] ^= 1 << (bit % 8) })))
			var f findings
			db, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: fs, Observer: f.observer()})
			if err != nil {
				t.Fatalf("page %d, bit %d: %v", page+1, bit, err)
			}
			if rows := rowsOf(t, db); len(rows) != want {
				t.Fatalf("page %d, bit %d: %d rows", page+1, bit, len(rows))
			}
			if f.has(engine.RecoverRepaired) || f.has(engine.RecoverOlder) {
				repaired++
			}
			expectSound(t, db)
			ok(t, db.Close())
			progress.Step()
		}
	}
	if repaired < 1000/every {
		t.Errorf("%d repairs were reported", repaired)
	}
}

// TestFailedSyncThenPowerLoss fails each sync of a database in turn, in the way of a kernel
// that drops what it could not write, opens it again, commits more under SafetyFull, and
// loses the power: everything that was acknowledged is there.
func TestFailedSyncThenPowerLoss(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, unit := range []int{512, 4096} {
		for nth := 1; ; nth++ {
			mem := memfs.New()
			ffs := faultfs.Wrap(mem)
			o := engine.Options{FS: ffs, Safety: engine.SafetyFull, BlockSize: 64 << 10}
			n := 0
			put := func(db *engine.DB) bool {
				if putRange(ctx, db, n, n+1, 1) != nil {
					return false
				}
				n++
				return true
			}
			fault := ffs.Add(faultfs.Rule{On: faultfs.Sync, Nth: nth, Err: syscall.EIO, Drop: unit})
			for range 3 {
				db, err := engine.Open(ctx, "/x.lsm", o)
				if err != nil {
					continue
				}
				for range 3 {
					put(db)
					_ = flushAndCheckpoint(ctx, db)
				}
				put(db)
				_ = db.Close()
			}
			if fault.Hits() == 0 {
				if nth < 10 {
					t.Fatalf("only %d syncs", nth)
				}
				break
			}
			db := mustOpen(t, "/x.lsm", o)
			for range 20 {
				if !put(db) {
					t.Fatalf("sync %d: a commit after opening again fails", nth)
				}
			}
			for _, mode := range []memfs.CrashMode{memfs.CrashLoseAll, memfs.CrashKeepAll} {
				o.FS = mem.Crash(nil, mode)
				again := mustOpen(t, "/x.lsm", o)
				rows := rowsOf(t, again)
				for i := range n {
					if len(rows) < n || !strings.HasPrefix(rows[i], string(appendKey(nil, i))+"=") {
						t.Fatalf("unit %d, sync %d failed (%v), %v: row %d of %d is missing", unit, nth, fault.First(), mode, i, n)
					}
				}
				expectSound(t, again)
				ok(t, again.Close())
			}
		}
	}
}

// TestLongLogOpensInBoundedMemory opens a log of 200 MB that leads to ten rows, for writing
// and for reading.
func TestLongLogOpensInBoundedMemory(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/x.lsm"
	db := mustOpen(t, path, engine.Options{Safety: engine.SafetyOff, MaxLog: -1, AutoFlush: 64 << 20, AutoCheckpoint: -1})
	value := []byte(strings.Repeat("v", 100_000))
	for i := range 2000 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "row%d", i%10), value) }))
	}
	log := db.Stats().LogFileBytes
	left := killedOnDisk(t, db, path)
	if log < 150<<20 {
		t.Fatalf("the log has %d bytes", log)
	}
	for _, readOnly := range []bool{true, false} {
		o := engine.Options{ReadOnly: readOnly, AutoFlush: 1 << 20, CacheSize: 1 << 20}
		var again *engine.DB
		peak := peakHeap(func() { again = mustOpen(t, left, o) })
		if peak > 16<<20 {
			t.Errorf("read-only %v: opening takes %d bytes of heap", readOnly, peak)
		}
		if rows := rowsOf(t, again); len(rows) != 10 {
			t.Errorf("read-only %v: %d rows", readOnly, len(rows))
		}
		ok(t, again.Close())
	}
}

// killedOnDisk copies the files of an open database, as if it were killed, closes it, and
// returns the name of the copy.
func killedOnDisk(t *testing.T, db *engine.DB, path string) string {
	t.Helper()
	left := t.TempDir() + "/x.lsm"
	for _, suffix := range []string{"", "-log"} {
		b, err := os.ReadFile(path + suffix)
		ok(t, err)
		ok(t, os.WriteFile(left+suffix, b, 0o600))
	}
	ok(t, db.Close())
	return left
}

// peakHeap returns by how much the heap grows while f runs, at most, as far as it is seen.
func peakHeap(f func()) int64 {
	var m runtime.MemStats
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // little garbage lies about
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return int64(peak) - int64(before)
}

// TestFullDiskStillOpens: a log that cannot be brought into the file for want of room is read
// into memory, and nothing can be written until there is room.
func TestFullDiskStillOpens(t *testing.T) {
	ctx := context.Background()
	left := killed(t, 10)
	ffs := faultfs.Wrap(left)
	full := ffs.Add(faultfs.Rule{On: faultfs.Write, Forever: true, Err: syscall.ENOSPC})
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
	if rows := rowsOf(t, db); len(rows) != 1010 {
		t.Errorf("%d rows", len(rows))
	}
	for range 2 {
		if err := putRange(ctx, db, 2000, 2001, 1); !errors.Is(err, engine.ErrFull) {
			t.Errorf("a commit on the full disk: %v", err)
		}
	}
	if full.Hits() == 0 {
		t.Fatal("the disk was never full")
	}
	ffs.Clear()
	ok(t, putRange(ctx, db, 2000, 2001, 1))
	again := mustOpen(t, "/x.lsm", engine.Options{FS: left.Crash(nil, memfs.CrashLoseAll)})
	if rows := rowsOf(t, again); len(rows) != 1011 {
		t.Errorf("%d rows after a loss of power", len(rows))
	}
	ok(t, again.Close())
	expectSound(t, db)
	ok(t, db.Close())
}

// TestPagesOfAFailedSyncAreWrittenAnew fails the sync by which a database is to become
// durable that was written without any, opens it again, and loses the power after a commit.
func TestPagesOfAFailedSyncAreWrittenAnew(t *testing.T) {
	ctx := context.Background()
	for _, unit := range []int{512, 4096} {
		for name, raise := range map[string]func(*engine.DB, engine.Options) error{
			"setting": func(db *engine.DB, _ engine.Options) error {
				return errors.Join(db.Set(func(o *engine.Options) { o.Safety = engine.SafetyFull }), db.Close())
			},
			"opening": func(db *engine.DB, o engine.Options) error {
				ok(t, db.Close())
				o.Safety = engine.SafetyFull
				_, err := engine.Open(ctx, "/x.lsm", o)
				return err
			},
		} {
			mem := memfs.New()
			ffs := faultfs.Wrap(mem)
			o := engine.Options{FS: ffs, Safety: engine.SafetyOff, BlockSize: 64 << 10}
			db := mustOpen(t, "/x.lsm", o)
			for i := range 5 {
				ok(t, putRange(ctx, db, i*100, i*100+100, 1))
				ok(t, flushAndCheckpoint(ctx, db))
			}
			fault := ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: ".lsm", Err: syscall.EIO, Drop: unit})
			if err := raise(db, o); !errors.Is(err, syscall.EIO) || fault.Hits() != 1 {
				t.Fatalf("%s: %v, %d syncs failed", name, err, fault.Hits())
			}
			var f findings
			o.Safety, o.Observer = engine.SafetyFull, f.observer()
			db = mustOpen(t, "/x.lsm", o)
			if !f.has(engine.RecoverRepaired) {
				t.Errorf("%s: nobody was told: %v", name, f)
			}
			ok(t, putRange(ctx, db, 500, 501, 1))
			o.FS = mem.Crash(nil, memfs.CrashLoseAll)
			again := mustOpen(t, "/x.lsm", o)
			if rows := rowsOf(t, again); len(rows) != 501 {
				t.Errorf("%s, unit %d: %d rows after the loss of power", name, unit, len(rows))
			}
			expectSound(t, again)
			ok(t, again.Close())
		}
	}
}

// TestAClaimCostsOneWrite counts the writes to the database file that commits make: one after
// each checkpoint, none for the commits after that.
func TestAClaimCostsOneWrite(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	writes := 0
	ffs.OnOp(func(op faultfs.Op) {
		if op.Kind == faultfs.Write && strings.HasSuffix(op.Name, ".lsm") {
			writes++
		}
	})
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
	for round := range 3 {
		writes = 0
		for i := range 50 {
			ok(t, putRange(ctx, db, i, i+1, round))
		}
		if writes != 1 {
			t.Errorf("round %d: 50 commits make %d writes to the database file", round, writes)
		}
		ok(t, flushAndCheckpoint(ctx, db))
	}
	ok(t, db.Close())
	writes = 0
	ok(t, mustOpen(t, "/x.lsm", engine.Options{FS: ffs}).Close())
	if writes != 0 {
		t.Errorf("to open and close a database that was closed makes %d writes to it", writes)
	}
}
