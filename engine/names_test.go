// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// place is a folder of a file system in which a test changes names.
type place struct {
	vfs.FS
	dir string
}

func (p place) in(name string) string { return filepath.Join(p.dir, name) }

// everyPlace runs a test in a folder of the disk, in memory, and through the wrapper that
// makes faults.
func everyPlace(t *testing.T, run func(t *testing.T, p place)) {
	t.Run("OS", func(t *testing.T) {
		if !vfs.RemovesOpen(vfs.OS) {
			t.Skip("names of open files do not change here")
		}
		dir, err := vfs.OS.Canonical(t.TempDir())
		ok(t, err)
		run(t, place{vfs.OS, dir})
	})
	t.Run("memfs", func(t *testing.T) { run(t, place{memfs.New(), "/dir"}) })
	t.Run("faultfs", func(t *testing.T) { run(t, place{faultfs.Wrap(memfs.New()), "/dir"}) })
}

// read returns the content of a file, nil if it does not exist.
func (p place) read(t *testing.T, name string) []byte {
	t.Helper()
	f, err := p.Open(p.in(name), vfs.ReadOnly, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	size, err := f.Size()
	ok(t, err)
	b := make([]byte, size)
	_, err = f.ReadAt(b, 0)
	ok(t, err)
	return b
}

// write makes a file.
func (p place) write(t *testing.T, name string, content []byte) {
	t.Helper()
	f, err := p.Open(p.in(name), vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	ok(t, f.Truncate(0))
	_, err = f.WriteAt(content, 0)
	ok(t, err)
	ok(t, f.Close())
}

// expectRowsOf checks that rows 0 to n are there.
func expectRowsOf(t *testing.T, fsys vfs.FS, path string, n int) {
	t.Helper()
	db, err := engine.Open(context.Background(), path, engine.Options{FS: fsys, ReadOnly: true})
	ok(t, err)
	defer db.Close()
	for i := range n {
		if _, found, err := db.Get(nil, appendKey(nil, i)); !found || err != nil {
			t.Fatalf("row %d of %d: %v, %v", i, n, found, err)
		}
	}
}

// TestAMovedDatabaseIsNotWritten changes names below a handle that writes: it refuses writes
// from then on, says so everywhere, and brings everything that was committed into the
// database file when it is closed, touching nothing else.
func TestAMovedDatabaseIsNotWritten(t *testing.T) {
	const stranger = "this belongs to somebody else, and stays as it is"
	for _, c := range []struct {
		name  string
		does  func(t *testing.T, p place)
		says  []string // in every error, besides both names
		home  string   // where the rows are afterwards; empty for nowhere
		files []string // what is there afterwards
	}{
		{"the database is renamed", func(t *testing.T, p place) {
			ok(t, p.Rename(p.in("x"), p.in("y")))
		}, []string{"/y"}, "y", []string{"x-log", "y"}},
		{"the database is replaced", func(t *testing.T, p place) {
			p.write(t, "other", []byte(stranger))
			ok(t, p.Rename(p.in("other"), p.in("x")))
		}, []string{"removed", "is another file"}, "", []string{"x", "x-log"}},
		{"the database is renamed and replaced", func(t *testing.T, p place) {
			ok(t, p.Rename(p.in("x"), p.in("y")))
			p.write(t, "x", []byte(stranger))
		}, []string{"/y", "is another file"}, "y", []string{"x", "x-log", "y"}},
		{"the log is removed", func(t *testing.T, p place) {
			ok(t, p.Remove(p.in("x-log")))
		}, []string{"x-log has been removed"}, "x", []string{"x"}},
		{"the log is renamed", func(t *testing.T, p place) {
			ok(t, p.Rename(p.in("x-log"), p.in("y-log")))
		}, []string{"/y-log"}, "x", []string{"x", "y-log"}},
		{"both are renamed and replaced", func(t *testing.T, p place) {
			ok(t, p.Rename(p.in("x"), p.in("y")))
			ok(t, p.Rename(p.in("x-log"), p.in("z-log")))
			p.write(t, "x", []byte(stranger))
			p.write(t, "x-log", []byte(stranger))
		}, []string{"/y", "is another file"}, "y", []string{"x", "x-log", "y", "z-log"}},
		{"both are removed", func(t *testing.T, p place) {
			ok(t, p.Remove(p.in("x")))
			ok(t, p.Remove(p.in("x-log")))
		}, []string{"has been removed"}, "", nil},
	} {
		for _, o := range []engine.Options{
			{Safety: engine.SafetyNormal}, {Safety: engine.SafetyFull, Background: engine.BackgroundBoth},
		} {
			t.Run(fmt.Sprintf("%s, %v", c.name, o.Safety), func(t *testing.T) {
				everyPlace(t, func(t *testing.T, p place) {
					ctx := context.Background()
					var events atomic.Int64
					o := o
					o.FS, o.Observer = p.FS, &engine.Observer{Moved: func(e engine.MovedEvent) {
						if !errors.Is(e.Err, engine.ErrMoved) || e.DB.Path() == "" {
							t.Errorf("the event says %v", e.Err)
						}
						events.Add(1)
					}}
					db, err := engine.Open(ctx, p.in("x"), o)
					ok(t, err)
					ok(t, putRange(ctx, db, 0, 100, 1))
					ok(t, db.Moved())
					c.does(t, p)
					n := 0
					if o.Safety != engine.SafetyFull { // which looks by itself
						ok(t, putRange(ctx, db, 100, 101, 1))
						n = 1
						if db.Moved() == nil {
							t.Error("Moved finds nothing")
						}
					}
					err = putRange(ctx, db, 101, 102, 1)
					says := func(what string, err error) {
						t.Helper()
						if !errors.Is(err, engine.ErrMoved) || !errors.Is(err, engine.ErrReadOnly) {
							t.Errorf("%s: %v", what, err)
							return
						}
						for _, s := range append(c.says, p.in("x"), p.in("x-log")) {
							if !strings.Contains(filepath.ToSlash(err.Error()), filepath.ToSlash(s)) {
								t.Errorf("%s says %q, not %q", what, err, s)
							}
						}
					}
					says("commit", err)
					says("Moved", db.Moved())
					_, err = db.Begin(ctx)
					says("Begin", err)
					_, err = db.Checkpoint(ctx)
					says("Checkpoint", err)
					if s := db.Stats(); !s.Moved || s.Poisoned || events.Load() != 1 {
						t.Errorf("moved %v, poisoned %v, %d events", s.Moved, s.Poisoned, events.Load())
					}
					if _, found, err := db.Get(nil, appendKey(nil, 99)); !found || err != nil {
						t.Errorf("reading is over: %v, %v", found, err)
					}
					err = db.Close()
					says("Close", err)
					if c.home != "" && !strings.Contains(err.Error(), "everything that was committed is in the database file "+p.in(c.home)) {
						t.Errorf("Close does not say where the data is: %v", err)
					}
					if c.home != "" {
						expectRowsOf(t, p.FS, p.in(c.home), 100+n)
					}
					var files []string
					for _, name := range []string{"other", "x", "x-log", "y", "y-log", "z-log"} {
						if b := p.read(t, name); b != nil {
							files = append(files, name)
							if name == c.home || strings.HasSuffix(name, "-log") && !bytes.Contains(b, []byte("somebody")) {
								continue
							}
							if string(b) != stranger {
								t.Errorf("%s, of somebody else, is %d bytes now: %.40q", name, len(b), b)
							}
						}
					}
					if !slices.Equal(files, c.files) {
						t.Errorf("there are %v, want %v", files, c.files)
					}
				})
			})
		}
	}
}

// TestCloseLeavesTheLogOfAnother closes a handle whose files were replaced while another one
// has the new database open: what that one has committed is still there after a crash.
func TestCloseLeavesTheLogOfAnother(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		full := engine.Options{FS: p.FS, Safety: engine.SafetyFull}
		other, err := engine.Open(ctx, p.in("other"), full)
		ok(t, err)
		ok(t, putRange(ctx, other, 0, 1, 1))
		ok(t, other.Close())
		old, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS})
		ok(t, err)
		ok(t, putRange(ctx, old, 0, 10, 7))
		ok(t, p.Rename(p.in("other"), p.in("x")))
		ok(t, p.Remove(p.in("x-log")))

		db, err := engine.Open(ctx, p.in("x"), full)
		ok(t, err)
		for i := range 100 {
			ok(t, putRange(ctx, db, i, i+1, 2))
		}
		if err := old.Close(); !errors.Is(err, engine.ErrMoved) {
			t.Errorf("close of the old handle: %v", err)
		}
		data, log := p.read(t, "x"), p.read(t, "x-log") // as a crash would leave them
		crashed := place{memfs.New(), "/dir"}
		crashed.write(t, "x", data)
		crashed.write(t, "x-log", log)
		expectRowsOf(t, crashed.FS, crashed.in("x"), 100)
		ok(t, db.Close())
		expectRowsOf(t, p.FS, p.in("x"), 100)
	})
}

// TestOneHandleWritesALog renames another database over one that is open, whose log stays:
// nobody else gets to use that log.
func TestOneHandleWritesALog(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		other, err := engine.Open(ctx, p.in("other"), engine.Options{FS: p.FS})
		ok(t, err)
		ok(t, putRange(ctx, other, 0, 1, 1))
		ok(t, other.Close())
		old, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS})
		ok(t, err)
		ok(t, putRange(ctx, old, 0, 10, 7))
		ok(t, p.Rename(p.in("other"), p.in("x")))
		before := p.read(t, "x-log")
		for _, readOnly := range []bool{false, true} {
			_, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS, ReadOnly: readOnly})
			if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), p.in("x")+":") || !strings.Contains(err.Error(), p.in("x-log")) {
				t.Errorf("read-only %v: %v", readOnly, err)
			}
		}
		if !bytes.Equal(p.read(t, "x-log"), before) {
			t.Error("the log has changed")
		}
		if err := old.Close(); !errors.Is(err, engine.ErrMoved) {
			t.Errorf("close of the old handle: %v", err)
		}
	})
}

// TestAReaderDoesNotShareAMovedDatabase opens a name read-only that a handle of this process
// has open, under which there is another database by now.
func TestAReaderDoesNotShareAMovedDatabase(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		other, err := engine.Open(ctx, p.in("other"), engine.Options{FS: p.FS})
		ok(t, err)
		ok(t, putRange(ctx, other, 0, 50, 1))
		ok(t, other.Close())
		old, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS})
		ok(t, err)
		ok(t, p.Rename(p.in("x"), p.in("y")))
		ok(t, p.Rename(p.in("x-log"), p.in("y-log")))
		ok(t, p.Rename(p.in("other"), p.in("x")))
		expectRowsOf(t, p.FS, p.in("x"), 50)
		if err := old.Close(); !errors.Is(err, engine.ErrMoved) {
			t.Errorf("close of the old handle: %v", err)
		}
	})
}

// TestCommitsNoticeAMovedDatabase: without being asked, and in bounded time.
func TestCommitsNoticeAMovedDatabase(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x", engine.Options{FS: mem})
	ok(t, err)
	ok(t, mem.Rename("/x", "/y"))
	moved, n := time.Now(), 0
	for ; err == nil; n++ {
		if time.Since(moved) > 10*time.Second {
			t.Fatal("nothing is noticed in 10 seconds")
		}
		err = putRange(ctx, db, n, n+1, 1)
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(err, engine.ErrMoved) {
		t.Errorf("commit: %v", err)
	}
	if err := db.Close(); !errors.Is(err, engine.ErrMoved) {
		t.Errorf("close: %v", err)
	}
	expectRowsOf(t, mem, "/y", n-1)
}

// TestNamesAreLookedAtSeldom counts what commits ask the file system for.
func TestNamesAreLookedAtSeldom(t *testing.T) {
	ctx := context.Background()
	for _, safety := range []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull} {
		ffs := faultfs.Wrap(memfs.New())
		db, err := engine.Open(ctx, "/x", engine.Options{FS: ffs, Safety: safety, NoAutoWork: true})
		ok(t, err)
		before, start := ffs.Count(faultfs.Stat), time.Now()
		for i := range 2000 {
			ok(t, putRange(ctx, db, i, i+1, 1))
		}
		looks := int64(ffs.Count(faultfs.Stat) - before)
		limit := 2 * (int64(time.Since(start)/time.Second) + 1) // two names
		if safety == engine.SafetyFull {
			limit += 2 * db.Stats().LogSyncs
			if looks < 2*db.Stats().LogSyncs {
				t.Errorf("%d looks for %d syncs", looks, db.Stats().LogSyncs)
			}
		}
		if looks > limit {
			t.Errorf("%v: 2000 commits look %d times, want at most %d", safety, looks, limit)
		}
		ok(t, db.Close())
	}
}

// TestALookThatFailsProvesNothing: only a name that is somebody else's stops a handle.
func TestALookThatFailsProvesNothing(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/x", engine.Options{FS: ffs, Safety: engine.SafetyFull})
	ok(t, err)
	ffs.Add(faultfs.Rule{On: faultfs.Stat, Forever: true, Err: os.ErrPermission})
	ok(t, putRange(ctx, db, 0, 10, 1))
	ok(t, db.Moved())
	_, err = db.Checkpoint(ctx)
	ok(t, err)
	ffs.Clear()
	ok(t, db.Close())
}

// names returns the names in the folder.
func (p place) names(t *testing.T) (all []string) {
	t.Helper()
	switch fsys := p.FS.(type) {
	case *memfs.FS:
		all = fsys.Names()
	case *faultfs.FS:
		all = fsys.Inner().(*memfs.FS).Names()
	default:
		entries, err := os.ReadDir(p.dir)
		ok(t, err)
		for _, e := range entries {
			all = append(all, e.Name())
		}
	}
	for i, name := range all {
		all[i] = filepath.Base(name)
	}
	return all
}
