// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// kept is a process that writes, and a snapshot of it in another process that has read nothing yet.
type kept struct {
	t    *testing.T
	mem  *memfs.FS
	o    engine.Options // of processes that write
	disk *faultfs.FS    // of the first one
	w, r *engine.DB
	s    *engine.Snapshot
	gen  uint64 // of the snapshot
}

// newKept makes it: the snapshot shows the newest checkpoint, and two commits after it unless settled.
func newKept(t *testing.T, o engine.Options, settled bool) *kept {
	t.Helper()
	ctx := context.Background()
	x := &kept{t: t, mem: memfs.New(), gen: 60}
	x.disk = faultfs.Wrap(x.mem)
	o.FS, o.BlockSize, o.AutoFlush, o.AutoCheckpoint = x.disk, 64<<10, 32<<10, 48<<10
	x.w = mustOpen(t, "/x.lsm", sharing(o))
	o.FS = x.mem
	x.o = o
	x.commit(x.w, 1, 60)
	ok(t, x.w.Flush(ctx))
	_, err := x.w.Checkpoint(ctx)
	ok(t, err)
	if !settled {
		x.commit(x.w, 61, 62)
		x.gen = 62
	}
	x.r = mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(x.mem), ReadOnly: true, Key: o.Key, CacheSize: 1})
	x.s, err = x.r.Snapshot(ctx)
	ok(t, err)
	return x
}

func (x *kept) commit(w *engine.DB, from, to uint64) {
	x.t.Helper()
	for gen := from; gen <= to; gen++ {
		ok(x.t, commitGeneration(context.Background(), w, nil, gen))
	}
}

// kill ends the process that writes as if it was killed.
func (x *kept) kill() {
	x.disk.Add(faultfs.Rule{On: faultfs.Mutating, Err: syscall.EIO})
	_ = x.w.Close()
}

// write is another process that writes much, over all that it may, and goes on.
func (x *kept) write(o engine.Options) *engine.DB {
	x.t.Helper()
	w := mustOpen(x.t, "/x.lsm", o)
	x.commit(w, x.gen+1, x.gen+150)
	return w
}

func (x *kept) expectRead() {
	x.t.Helper()
	if gen, err := readGeneration(x.s); gen != x.gen || err != nil {
		x.t.Errorf("the snapshot of generation %d: %d, %v", x.gen, gen, err)
	}
}

func (x *kept) expectGone() {
	x.t.Helper()
	if _, err := readGeneration(x.s); !errors.Is(err, engine.ErrSnapshotGone) {
		x.t.Errorf("the snapshot of generation %d: %v", x.gen, err)
	}
}

// end closes all, and expects that nothing is held for the snapshot any more.
func (x *kept) end(w *engine.DB) {
	x.t.Helper()
	ok(x.t, x.s.Close())
	expectGeneration(x.t, x.r, x.gen+150)
	engine.RenewAttached(x.r)
	if p, err := w.Pins(); err != nil || p.ForeignReader {
		x.t.Errorf("the files at rest are kept: %+v, %v", p, err)
	}
	expectSound(x.t, x.r)
	expectSound(x.t, w)
	ok(x.t, x.r.Close())
	ok(x.t, w.Close())
	expectNoFile(x.t, x.mem, "/x.lsm-log")
	expectNoFile(x.t, x.mem, "/x.lsm-live")
}

// TestAttachSnapshotOutlivesWriter: a snapshot that shows the newest checkpoint can be read on after the end of the
// process that wrote it, also while the next one writes.
func TestAttachSnapshotOutlivesWriter(t *testing.T) {
	t.Parallel()
	for name, o := range attachOptions {
		for how, end := range map[string]func(x *kept){
			"killed":                   (*kept).kill,
			"killed, renewed":          func(x *kept) { x.kill(); engine.RenewAttached(x.r) },
			"killed, another snapshot": func(x *kept) { x.kill(); expectGeneration(x.t, x.r, x.gen) },
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				x := newKept(t, o, false)
				end(x)
				x.expectRead()
				x.expectRead()
				w := x.write(sharing(x.o))
				x.expectRead()
				engine.RenewAttached(x.r)
				expectGeneration(t, x.r, x.gen+150)
				x.expectRead()
				if p, err := w.Pins(); err != nil || !p.ForeignReader {
					t.Errorf("the snapshot is not kept: %+v, %v", p, err)
				}
				x.end(w)
			})
		}
		t.Run(name+", closed without another checkpoint", func(t *testing.T) {
			x := newKept(t, o, true)
			ok(t, x.w.Close())
			ok(t, mustOpen(t, "/x.lsm", x.o).Close()) // somebody else changes nothing
			x.expectRead()
			w := x.write(x.o) // a process that lets nobody read
			x.expectRead()
			ok(t, w.Close())
			x.expectRead()
			w = mustOpen(t, "/x.lsm", sharing(x.o))
			x.expectRead()
			x.end(w)
		})
	}
}

// TestAttachSnapshotGoneWithWriter: a snapshot is gone with the process that wrote it if its checkpoint is not the
// newest one any more, or if another process came first, and nothing is kept for it.
func TestAttachSnapshotGoneWithWriter(t *testing.T) {
	t.Parallel()
	for name, o := range attachOptions {
		for how, end := range map[string]func(x *kept) *engine.DB{
			"closed with another checkpoint": func(x *kept) *engine.DB {
				ok(x.t, x.w.Close())
				x.expectGone()
				return x.write(sharing(x.o))
			},
			"killed after another checkpoint": func(x *kept) *engine.DB {
				x.commit(x.w, x.gen+1, x.gen+1)
				ok(x.t, x.w.Flush(context.Background()))
				_, err := x.w.Checkpoint(context.Background())
				ok(x.t, err)
				x.kill()
				return x.write(sharing(x.o))
			},
			"another process came and goes on": func(x *kept) *engine.DB {
				x.kill()
				return x.write(sharing(x.o))
			},
			"another process came that lets nobody read": func(x *kept) *engine.DB {
				x.kill()
				w := x.write(x.o)
				x.expectGone()
				ok(x.t, w.Close())
				return mustOpen(x.t, "/x.lsm", sharing(x.o))
			},
			"another process came and has gone": func(x *kept) *engine.DB {
				x.kill()
				ok(x.t, x.write(x.o).Close())
				x.expectGone()
				return mustOpen(x.t, "/x.lsm", sharing(x.o))
			},
			"another process came, after it was seen": func(x *kept) *engine.DB {
				x.kill()
				w := x.write(sharing(x.o))
				expectGeneration(x.t, x.r, x.gen+150)
				return w
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				x := newKept(t, o, false)
				w := end(x)
				x.expectGone()
				if p, err := w.Pins(); err != nil || p.ForeignReader {
					t.Errorf("the files at rest are kept: %+v, %v", p, err)
				}
				x.expectGone()
				x.end(w)
			})
		}
	}
}

// TestAttachCheckOutlivesWriter: a check goes on after the end of the process that writes as a snapshot does, and else
// reports that it has ended, and no damage.
func TestAttachCheckOutlivesWriter(t *testing.T) {
	for name, o := range attachOptions {
		for how, end := range map[string]func(x *kept){
			"killed": (*kept).kill,
			"closed": func(x *kept) { ok(x.t, x.w.Close()) },
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				x := newKept(t, o, false)
				var w *engine.DB
				problems, err := engine.CheckAttached(x.r, func() {
					end(x)
					if how == "killed" {
						x.expectRead()
					}
					w = x.write(sharing(x.o))
				})
				ok(t, err)
				for _, p := range problems {
					if how == "killed" || !strings.Contains(p.Detail, "the process that writes has ended") {
						t.Error(p)
					}
				}
				if how == "closed" && len(problems) != 1 {
					t.Errorf("%d problems", len(problems))
				}
				x.end(w)
			})
		}
	}
}

// TestAttachSnapshotOfARenamedFile: what counts is the file that the snapshot is of, not what has its name.
func TestAttachSnapshotOfARenamedFile(t *testing.T) {
	x := newKept(t, engine.Options{}, false)
	x.kill()
	x.expectRead()
	for _, suffix := range []string{"", "-log", "-live"} {
		ok(t, x.mem.Rename("/x.lsm"+suffix, "/old.lsm"+suffix))
	}
	other := mustOpen(t, "/x.lsm", sharing(x.o))
	x.commit(other, 1, 200)
	x.expectRead()
	old := mustOpen(t, "/old.lsm", x.o)
	x.commit(old, x.gen+1, x.gen+150)
	x.expectRead()
	expectGeneration(t, x.r, 200)
	x.expectRead()
	ok(t, x.s.Close())
	engine.RenewAttached(x.r)
	if p, err := old.Pins(); err != nil || p.ForeignReader {
		t.Errorf("the files at rest are kept: %+v, %v", p, err)
	}
	ok(t, old.Close())
	ok(t, x.r.Close())
	ok(t, other.Close())
}

// TestAttachCachesEmptied: no memory is kept for pages that nobody can read any more, or reads any more.
func TestAttachCachesEmptied(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	o := engine.Options{FS: mem, BlockSize: 64 << 10, AutoFlush: 32 << 10, AutoCheckpoint: 48 << 10}
	gen := uint64(0)
	commit := func(w *engine.DB) {
		for range 60 {
			gen++
			ok(t, commitGeneration(ctx, w, nil, gen))
		}
	}
	w := mustOpen(t, "/x.lsm", sharing(o))
	commit(w)
	ok(t, w.Close())
	r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
	expectGeneration(t, r, gen)
	left := engine.LeftCaches(r)
	if r.Stats().CacheBytes == 0 {
		t.Fatal("nothing is cached")
	}
	w = mustOpen(t, "/x.lsm", sharing(o))
	commit(w)
	engine.RenewAttached(r)
	expectGeneration(t, r, gen)
	if n := left(); n != 0 {
		t.Errorf("%d bytes are cached of the files at rest", n)
	}
	s, err := r.Snapshot(ctx) // of what the next process cannot keep
	ok(t, err)
	if _, err := readGeneration(s); err != nil || r.Stats().CacheBytes == 0 {
		t.Fatal("nothing is cached", err)
	}
	ok(t, w.Close())
	w = mustOpen(t, "/x.lsm", sharing(o))
	commit(w)
	engine.RenewAttached(r)
	expectGeneration(t, r, gen)
	if _, err := readGeneration(s); !errors.Is(err, engine.ErrSnapshotGone) {
		t.Errorf("the snapshot of the process that has ended: %v", err)
	}
	if n := left(); n != 0 {
		t.Errorf("%d bytes are cached of a process that has ended", n)
	}
	ok(t, s.Close())
	ok(t, w.Close())
	expectGeneration(t, r, gen)
	engine.RenewAttached(r)
	if n := left(); n != 0 {
		t.Errorf("%d bytes are cached of a process that has ended and that nobody reads", n)
	}
	ok(t, r.Close())
}

// TestAttachStrayPage: the live page of a process that was killed is left by all who only read, and by processes that
// let nobody read, and taken over and removed by the next one that does.
func TestAttachStrayPage(t *testing.T) {
	x := newKept(t, engine.Options{}, false)
	x.kill()
	ok(t, x.s.Close())
	ok(t, x.r.Close())
	page, err := x.mem.ReadFile("/x.lsm-live")
	ok(t, err)
	expectLeft := func(who string) {
		t.Helper()
		if now, err := x.mem.ReadFile("/x.lsm-live"); err != nil || !bytes.Equal(now, page) {
			t.Errorf("%s has changed the page: %v", who, err)
		}
	}
	r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(x.mem), ReadOnly: true})
	expectGeneration(t, r, x.gen)
	expectLeft("a reader")
	ok(t, r.Close())
	expectLeft("a reader")
	ok(t, mustOpen(t, "/x.lsm", x.o).Close())
	expectLeft("a process that lets nobody read")
	w := mustOpen(t, "/x.lsm", sharing(x.o))
	r = mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(x.mem), ReadOnly: true})
	expectGeneration(t, r, x.gen)
	if a, attached := r.Attached(); !attached || a.PID == 0 {
		t.Errorf("attached to %+v", a)
	}
	ok(t, r.Close())
	ok(t, w.Close())
	expectNoFile(t, x.mem, "/x.lsm-live")
}
