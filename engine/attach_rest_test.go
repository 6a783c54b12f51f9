// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestAttachCheckAtRest: a check that has begun on files at rest goes on when a process opens them for writing, and
// takes nothing of what that one does for damage.
func TestAttachCheckAtRest(t *testing.T) {
	for _, found := range []bool{true, false} {
		ctx := context.Background()
		mem := memfs.New()
		o := sharing(engine.Options{FS: mem, BlockSize: 64 << 10, AutoFlush: 32 << 10, AutoCheckpoint: 48 << 10})
		w := mustOpen(t, "/x.lsm", o)
		gen := uint64(0)
		commit := func() {
			for range 60 {
				gen++
				ok(t, commitGeneration(ctx, w, nil, gen))
			}
		}
		commit()
		open := func() *engine.DB {
			return mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, CacheSize: 1})
		}
		var r *engine.DB
		if !found {
			r = open()
		}
		ok(t, w.Close())
		if found {
			r = open()
		}
		expectGeneration(t, r, gen)
		problems, err := engine.CheckAttached(r, func() {
			w = mustOpen(t, "/x.lsm", o)
			commit()
			engine.RenewAttached(r)
			expectGeneration(t, r, gen)
			engine.RenewAttached(r)
			commit()
		})
		ok(t, err)
		for _, p := range problems {
			if !strings.Contains(p.Detail, "another process has opened the database") {
				t.Error(found, p)
			}
		}
		if len(problems) > 1 {
			t.Errorf("%v: %d problems", found, len(problems))
		}
		engine.RenewAttached(r)
		if p, err := w.Pins(); err != nil || p.ForeignReader {
			t.Errorf("%v: the files at rest are kept after the check: %+v, %v", found, p, err)
		}
		expectSound(t, r)
		ok(t, r.Close())
		ok(t, w.Close())
	}
}

// TestAttachChecksWhileWritersChange: checks and reads that run while processes come and go that let others read, or
// do not.
func TestAttachChecksWhileWritersChange(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	o := engine.Options{FS: mem}
	w := mustOpen(t, "/x.lsm", sharing(o))
	ok(t, commitGeneration(ctx, w, nil, 1))
	r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
	var wg sync.WaitGroup
	done := make(chan struct{})
	repeat := func(f func()) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					f()
				}
			}
		})
	}
	for range 4 {
		repeat(func() {
			for p := range r.Check(ctx) {
				if d := p.Detail; !strings.Contains(d, "busy") && !strings.Contains(d, "process") {
					t.Error(p)
				}
			}
		})
		repeat(func() {
			if _, _, err := r.Get(nil, []byte("gen")); err != nil && !errors.Is(err, engine.ErrBusy) {
				t.Error(err)
			}
		})
	}
	for i := range 40 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Millisecond)
		o.Readers = i%2 == 1
		var err error
		for w, err = engine.Open(ctx, "/x.lsm", o); errors.Is(err, engine.ErrBusy); {
			w, err = engine.Open(ctx, "/x.lsm", o)
		}
		ok(t, err)
		time.Sleep(8 * time.Millisecond)
	}
	close(done)
	wg.Wait()
	ok(t, r.Close())
	ok(t, w.Close())
}

// TestAttachFoundIdle: a handle that was opened while nobody wrote, and that nobody uses, goes over to the process that
// writes within a second, so that this one uses space and log again.
func TestAttachFoundIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		mem := memfs.New()
		w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
		ok(t, commitGeneration(ctx, w, nil, 1))
		ok(t, w.Close())
		r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
		w = mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if p, err := w.Pins(); err != nil || p.ForeignReader {
			t.Errorf("an idle handle keeps the files at rest: %+v, %v", p, err)
		}
		ok(t, r.Close())
		ok(t, w.Close())
	})
}

// TestAttachFoundEmpty: a handle that was opened on an empty database shows what is written to it afterwards, whatever
// its compression is.
func TestAttachFoundEmpty(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	ok(t, mustOpen(t, "/x.lsm", engine.Options{FS: mem}).Close())
	r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
	strict := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Compression: "none"})
	w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem, Compression: "lz4"}))
	ok(t, commitGeneration(ctx, w, nil, 1))
	ok(t, w.Flush(ctx))
	_, err := w.Checkpoint(ctx)
	ok(t, err)
	ok(t, commitGeneration(ctx, w, nil, 2))
	engine.RenewAttached(r)
	expectGeneration(t, r, 2)
	if c := r.Compression(); c != "lz4" {
		t.Errorf("compression %s", c)
	}
	ok(t, w.Close())
	expectGeneration(t, r, 2)
	time.Sleep(10 * time.Millisecond)
	if _, _, err := strict.Get(nil, []byte("gen")); !errors.Is(err, engine.ErrMismatch) {
		t.Errorf("a handle that was opened for compression none: %v", err)
	}
	ok(t, r.Close())
	ok(t, strict.Close())
}

// TestAttachOthersWrite: a handle that shows files at rest refuses to read while a process has them open that lets
// nobody read, and shows after that what was written.
func TestAttachOthersWrite(t *testing.T) {
	for _, found := range []bool{true, false} {
		for _, log := range []bool{true, false} { // only the log is written, or only the database file
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				mem := memfs.New()
				w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
				ok(t, commitGeneration(ctx, w, nil, 1))
				var r *engine.DB
				open := func() { r = mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true}) }
				if !found {
					open()
				}
				ok(t, w.Close())
				if found {
					open()
				}
				expectGeneration(t, r, 1)
				held, err := r.Snapshot(ctx)
				ok(t, err)
				disk := faultfs.Wrap(mem)
				w = mustOpen(t, "/x.lsm", engine.Options{FS: disk})
				time.Sleep(10 * time.Millisecond)
				for range 2 {
					if _, _, err := r.Get(nil, []byte("gen")); !errors.Is(err, engine.ErrBusy) {
						t.Errorf("found %v: while another process writes: %v", found, err)
					}
				}
				ok(t, commitGeneration(ctx, w, nil, 2))
				if log {
					disk.Add(faultfs.Rule{On: faultfs.Mutating, Err: syscall.EIO})
					_ = w.Close() // as if it had been killed
				} else {
					ok(t, w.Close())
				}
				time.Sleep(10 * time.Millisecond)
				expectGeneration(t, r, 2)
				if gen, err := readGeneration(held); err != nil || gen != 1 {
					t.Errorf("found %v: the snapshot from before: %d, %v", found, gen, err)
				}
				ok(t, held.Close())
				ok(t, r.Close())
			})
		}
	}
}

// TestAttachIdleOverRestart: a handle that nobody uses lets go of a process that has ended, so that the next one does
// not keep anything for it.
func TestAttachIdleOverRestart(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
	ok(t, commitGeneration(ctx, w, nil, 1))
	r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
	was, _ := r.Attached()
	ok(t, w.Close())
	engine.RenewAttached(r)
	if a, _ := r.Attached(); a.PID != 0 {
		t.Errorf("attached to %+v after that process has ended", a)
	}
	w = mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem}))
	engine.RenewAttached(r)
	if a, _ := r.Attached(); a.PID == 0 || a.Checkpoint <= was.Checkpoint {
		t.Errorf("attached to %+v, before to %+v", a, was)
	}
	if p, err := w.Pins(); err != nil || p.ForeignReader {
		t.Errorf("the files at rest are kept: %+v, %v", p, err)
	}
	ok(t, r.Close())
	ok(t, w.Close())
}

// TestAttachTornPage: a live page that its process has left torn keeps nobody waiting.
func TestAttachTornPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		mem := memfs.New()
		disk := faultfs.Wrap(mem)
		w := mustOpen(t, "/x.lsm", sharing(engine.Options{FS: disk}))
		ok(t, commitGeneration(ctx, w, nil, 1))
		r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
		disk.Add(faultfs.Rule{On: faultfs.Mutating, Err: syscall.EIO})
		_ = w.Close() // as if it had been killed
		page, err := mem.ReadFile("/x.lsm-live")
		ok(t, err)
		page[100]++
		page[len(page)/2+100]++
		f, err := mem.Open("/x.lsm-live", vfs.ReadWrite, 0)
		ok(t, err)
		_, err = f.WriteAt(page, 0)
		ok(t, err)
		ok(t, f.Close())
		start := time.Now()
		expectGeneration(t, r, 1)
		late := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
		expectGeneration(t, late, 1)
		if waited := time.Since(start); waited > 0 {
			t.Errorf("readers have waited for %v", waited)
		}
		w = mustOpen(t, "/x.lsm", sharing(engine.Options{FS: mem})) // takes the page over
		ok(t, commitGeneration(ctx, w, nil, 2))
		time.Sleep(10 * time.Millisecond)
		expectGeneration(t, r, 2)
		expectGeneration(t, late, 2)
		ok(t, r.Close())
		ok(t, late.Close())
		ok(t, w.Close())
		expectNoFile(t, mem, "/x.lsm-live")
	})
}

// TestAttachRefusedAtOnce: statements next to a process that lets nobody read do not wait, except for the first one,
// which cannot know that, and none waits once that process has ended.
func TestAttachRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memfs.New()
		w := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
		ok(t, commitGeneration(context.Background(), w, nil, 1))
		ok(t, w.Close())
		r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
		w = mustOpen(t, "/x.lsm", engine.Options{FS: mem})
		time.Sleep(10 * time.Millisecond)
		for i := range 3 {
			start := time.Now()
			if _, _, err := r.Get(nil, []byte("gen")); !errors.Is(err, engine.ErrBusy) {
				t.Errorf("while another process writes: %v", err)
			}
			if waited := time.Since(start); waited > 0 && i > 0 || waited > 200*time.Millisecond {
				t.Errorf("statement %d has waited for %v", i, waited)
			}
		}
		ok(t, w.Close())
		start := time.Now()
		expectGeneration(t, r, 1)
		if waited := time.Since(start); waited > 0 {
			t.Errorf("it has waited for %v after that process has ended", waited)
		}
		ok(t, r.Close())
	})
}

// TestAttachForeignPage: a file that has the name of the live page and is another one changes nothing while a process
// writes that lets nobody read; one of a newer version says so.
func TestAttachForeignPage(t *testing.T) {
	mem := memfs.New()
	w := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
	for content, want := range map[string]error{
		"hello, I am another file\n":                  engine.ErrBusy,
		strings.Repeat("hello\n", 200):                engine.ErrBusy,
		"lsmlive\x02" + strings.Repeat("\x00", 1<<10): engine.ErrProtocol,
	} {
		ok(t, mem.WriteFile("/x.lsm-live", []byte(content)))
		_, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true})
		if !errors.Is(err, want) {
			t.Errorf("%.10q: %v", content, err)
		}
	}
	ok(t, w.Close())
}

// TestReadOnlyBesideAWriterOfTheProcess: a handle that was opened first goes on to show what it has found while a
// handle of the same process writes, as programs for C lsm1 expect.
func TestReadOnlyBesideAWriterOfTheProcess(t *testing.T) {
	ctx := context.Background()
	fsys := memfs.New()
	put := func(db *engine.DB, value string) {
		t.Helper()
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), []byte(value)) }))
	}
	w, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys})
	ok(t, err)
	put(w, "old")
	ok(t, w.Close())
	r, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys, ReadOnly: true})
	ok(t, err)
	defer func() { ok(t, r.Close()) }()
	w, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys})
	ok(t, err)
	for i := range 5 {
		put(w, "new")
		time.Sleep(15 * time.Millisecond) // it looks for writers each 10
		if value, _, err := r.Get(nil, []byte("key")); string(value) != "old" || err != nil {
			t.Errorf("read %d: %q, %v", i, value, err)
		}
	}
	ok(t, w.Close())
}
