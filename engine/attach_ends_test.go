// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// expectGeneration reads the newest state of a handle, which must be that of a generation.
func expectGeneration(t *testing.T, db *engine.DB, want uint64) {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if gen, err := readGeneration(s); err != nil || gen != want {
		t.Fatalf("generation %d, %v; want %d", gen, err, want)
	}
}

// TestAttachWriterEnds: a reader goes on when the process that writes closes the database: it shows what is there, then
// what the next process commits, and lets that one use all space again.
func TestAttachWriterEnds(t *testing.T) {
	for name, o := range attachOptions {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			mem := memfs.New()
			o.FS, o.BlockSize, o.AutoFlush, o.AutoCheckpoint = mem, 64<<10, 32<<10, 48<<10
			open := func() *engine.DB { return mustOpen(t, "/x.lsm", sharing(o)) }
			w := open()
			ok(t, commitGeneration(ctx, w, nil, 1))
			r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key})
			gen := uint64(1)
			for range 4 {
				expectGeneration(t, r, gen)
				a, attached := r.Attached()
				if !attached || a.PID == 0 || a.Age > time.Minute {
					t.Errorf("attached to %+v, %v", a, attached)
				}
				for range 50 {
					gen++
					ok(t, commitGeneration(ctx, w, nil, gen))
				}
				held, err := r.Snapshot(ctx)
				ok(t, err)
				ok(t, w.Close())
				expectGeneration(t, r, gen)
				if a, _ := r.Attached(); a.PID != 0 {
					t.Errorf("the process that writes has ended: attached to %+v", a)
				}
				if g, err := readGeneration(held); err == nil && g != gen || err != nil && !errors.Is(err, engine.ErrSnapshotGone) {
					t.Errorf("a snapshot of generation %d of the process that has ended: %d, %v", gen, g, err)
				}
				w = open()
				expectGeneration(t, r, gen) // at rest, or attached
				ok(t, held.Close())
				gen++
				ok(t, commitGeneration(ctx, w, nil, gen))
				expectGeneration(t, r, gen)
				engine.RenewAttached(r)
				if foreign, err := w.Pins(); err != nil || foreign.ForeignReader {
					t.Errorf("the reader keeps the files at rest: %+v, %v", foreign, err)
				}
			}
			expectSound(t, r)
			ok(t, r.Close())
			ok(t, w.Close())
			expectNoFile(t, mem, "/x.lsm-log")
		})
	}
}

func expectNoFile(t *testing.T, mem *memfs.FS, name string) {
	t.Helper()
	if _, err := mem.Stat(name); err == nil {
		t.Errorf("%s is still there", name)
	}
}

// TestAttachRefused: a process that lets nobody read is named, and so is the setting.
func TestAttachRefused(t *testing.T) {
	mem := memfs.New()
	w := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
	_, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
	if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), "readers=on") {
		t.Errorf("%v", err)
	}
	ok(t, w.Close())
}

// elsewhere is a file system whose files other machines may have open.
type elsewhere struct{ vfs.FS }

type fileElsewhere struct {
	vfs.File
	vfs.RangeLocker
}

func (f fileElsewhere) Remote() (string, bool) { return "NFS", true }

func (e elsewhere) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := e.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return fileElsewhere{f, f.(vfs.RangeLocker)}, nil
}

// TestAttachAcrossMachines: where two processes may not see each other's writes and locks, nobody attaches.
func TestAttachAcrossMachines(t *testing.T) {
	mem := memfs.New()
	w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
	_, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: elsewhere{mem}, ReadOnly: true})
	if !errors.Is(err, engine.ErrProtocol) || !strings.Contains(err.Error(), "NFS") {
		t.Errorf("%v", err)
	}
	ok(t, w.Close())
}

// TestAttachLapses: a snapshot that is held for longer than the writer waits is gone, which every read of it says that
// needs the file; what is read afterwards is right, and the file does not grow.
func TestAttachLapses(t *testing.T) {
	for name, o := range attachOptions {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			mem := memfs.New()
			o.FS, o.BlockSize, o.AutoFlush, o.AutoCheckpoint = mem, 64<<10, 32<<10, 48<<10
			w := mustOpen(t, "/x.lsm", holding(o, time.Nanosecond))
			gen := uint64(0)
			commit := func(n int) {
				for range n {
					gen++
					ok(t, commitGeneration(ctx, w, nil, gen))
				}
			}
			commit(50)
			r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key, CacheSize: 1, SkipDamaged: true})
			gone := 0
			for range 20 {
				s, err := r.Snapshot(ctx)
				ok(t, err)
				was := gen
				commit(60)
				switch g, err := readGeneration(s); {
				case errors.Is(err, engine.ErrSnapshotGone):
					gone++
				case err != nil || g != was:
					t.Fatalf("generation %d, %v; want %d", g, err, was)
				}
				expectGeneration(t, r, gen)
				ok(t, s.Close())
			}
			if gone < 10 {
				t.Errorf("%d of 20 snapshots were gone", gone)
			}
			expectSound(t, r)
			if size := w.Stats().FileBytes; size > 2<<20 {
				t.Errorf("the file has grown to %d bytes", size)
			}
			ok(t, r.Close())
			expectSound(t, w)
			ok(t, w.Close())
		})
	}
}

// TestAttachFound: a handle that was opened while nobody wrote goes over to the process that does, which can use the
// space again then of what the handle has shown.
func TestAttachFound(t *testing.T) {
	for name, o := range attachOptions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				mem := memfs.New()
				o.FS = mem
				w := mustOpen(t, "/x.lsm", sharing(o))
				ok(t, commitGeneration(ctx, w, nil, 1))
				ok(t, w.Close())
				r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key})
				expectGeneration(t, r, 1)
				held, err := r.Snapshot(ctx)
				ok(t, err)
				w = mustOpen(t, "/x.lsm", sharing(o))
				ok(t, commitGeneration(ctx, w, nil, 2))
				time.Sleep(10 * time.Millisecond)
				expectGeneration(t, r, 2)
				if a, _ := r.Attached(); a.PID == 0 {
					t.Errorf("attached to %+v", a)
				}
				ok(t, commitGeneration(ctx, w, nil, 3))
				expectGeneration(t, r, 3)
				if gen, err := readGeneration(held); err != nil || gen != 1 {
					t.Errorf("a snapshot from before: %d, %v", gen, err)
				}
				if p, err := w.Pins(); err != nil || !p.ForeignReader {
					t.Errorf("the snapshot is not kept: %+v, %v", p, err)
				}
				ok(t, held.Close())
				time.Sleep(time.Second)
				synctest.Wait()
				if p, err := w.Pins(); err != nil || p.ForeignReader {
					t.Errorf("the files at rest are kept: %+v, %v", p, err)
				}
				ok(t, r.Close())
				ok(t, w.Close())
				expectNoFile(t, mem, "/x.lsm-log")
			})
		})
	}
}
