// SPDX-License-Identifier: Apache-2.0

package files_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// config is that of a database in memory, without anybody who listens.
func config(fsys vfs.FS) files.Config {
	return files.Config{FS: fsys, Path: "/x", Syncs: func() bool { return true }, Moved: func(error) {}}
}

// open opens the files of a database and makes its log.
func open(t *testing.T, c files.Config) *files.Files {
	t.Helper()
	f, err := files.Open(context.Background(), c)
	ok(t, err)
	ok(t, f.OpenLog())
	ok(t, f.ReplaceLog())
	return f
}

// put makes a file.
func put(t *testing.T, fsys vfs.FS, name, content string) {
	t.Helper()
	f, err := fsys.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	_, err = f.WriteAt([]byte(content), 0)
	ok(t, err)
	ok(t, f.Close())
}

func expectNames(t *testing.T, fsys *memfs.FS, want ...string) {
	t.Helper()
	if got := fsys.Names(); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
}

// Undo removes what this Open has made, and leaves what was there.
func TestUndoRemovesWhatOpenHasMade(t *testing.T) {
	mem := memfs.New()
	open(t, config(mem)).Undo()
	expectNames(t, mem)

	put(t, mem, "/x", "a database")
	open(t, config(mem)).Undo()
	expectNames(t, mem, "/x")

	put(t, mem, "/x-log", "")
	open(t, config(mem)).Undo()
	expectNames(t, mem, "/x", "/x-log")
}

// A name that is somebody else's by now is not removed.
func TestUndoRemovesNothingOfOthers(t *testing.T) {
	mem := memfs.New()
	f := open(t, config(mem))
	ok(t, mem.Remove("/x-log"))
	put(t, mem, "/x-log", "of somebody else")
	f.Undo()
	expectNames(t, mem, "/x", "/x-log")
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, mem *memfs.FS)
		change func(*files.Config)
		want   error
		says   string
	}{
		{"a missing file that must exist", nil, func(c *files.Config) { c.MustExist = true },
			fs.ErrNotExist, "the file does not exist"},
		{"a missing file to read", nil, func(c *files.Config) { c.ReadOnly = true }, fs.ErrNotExist, "the file does not exist"},
		{"a log without a database", func(t *testing.T, mem *memfs.FS) { put(t, mem, "/x-log", "commits") }, nil,
			errs.ErrCantOpen, "its log /x-log does"},
		{"a database that is open", func(t *testing.T, mem *memfs.FS) { open(t, config(mem)) }, nil,
			errs.ErrBusy, "close it there"},
		{"a database that is open, to read", func(t *testing.T, mem *memfs.FS) { open(t, config(mem)) },
			func(c *files.Config) { c.ReadOnly = true }, errs.ErrBusy, "for writing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memfs.New()
			if c.before != nil {
				c.before(t, mem)
			}
			before := mem.Names()
			conf := config(mem)
			if c.change != nil {
				c.change(&conf)
			}
			_, err := files.Open(context.Background(), conf)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			expectNames(t, mem, before...)
		})
	}
}

// TestLook: a lost name is found once, is told once, and stays lost.
func TestLook(t *testing.T) {
	mem := memfs.New()
	c, told := config(mem), 0
	c.Moved = func(err error) {
		if !errors.Is(err, errs.ErrMoved) {
			t.Errorf("told %v", err)
		}
		told++
	}
	f := open(t, c)
	ok(t, f.Look())
	ok(t, mem.Rename("/x", "/y"))
	ok(t, f.Lost()) // nobody has looked
	for range 2 {
		if err := f.Look(); !errors.Is(err, errs.ErrMoved) || !strings.Contains(err.Error(), "/x is now /y") {
			t.Errorf("look: %v", err)
		}
	}
	ok(t, mem.Rename("/y", "/x"))
	if f.Lost() == nil || f.Look() == nil || told != 1 {
		t.Errorf("lost %v, told %d times", f.Lost(), told)
	}
	written := false
	err := f.Salvage(func() error {
		written = true
		return f.Look() // must not stop it
	})
	if !written || !errors.Is(err, errs.ErrMoved) || !strings.Contains(err.Error(), "is in the database file /x") {
		t.Errorf("salvage: written %v, %v", written, err)
	}
	f.Release()
}

// A look is due a second after the last one, and when the clock has gone back.
func TestLookDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, config(memfs.New()))
		defer f.Release()
		ok(t, f.Look())
		now := time.Now().UnixNano()
		for after, want := range map[time.Duration]bool{-1: true, 0: false, time.Second - 1: false, time.Second: true} {
			if f.LookDue(now+int64(after)) != want {
				t.Errorf("%v after a look: due %v", after, !want)
			}
		}
	})
}

// TestSyncNamesSoon: the names are synced once, a moment after the first call; what was begun has ended
// when EndSyncNames returns, and nothing is begun after that.
func TestSyncNamesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ffs := faultfs.Wrap(memfs.New())
		reopened := func() *files.Files {
			_ = ffs.Remove("/x-log")
			put(t, ffs, "/x", "a database")
			f := open(t, config(ffs))
			ffs.Clear()
			return f
		}
		wait := func() {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		syncs := func() int { return ffs.Count(faultfs.SyncDir) }

		f, before, calls := reopened(), syncs(), 0
		for range 2 {
			if !f.NamesMayWait() || syncs() != before {
				t.Fatal("the names do not wait")
			}
			f.SyncNamesSoon(func() { calls++ })
		}
		wait()
		if syncs() != before+1 || calls != 1 || f.NamesMayWait() {
			t.Errorf("%d syncs, %d calls, may wait %v", syncs()-before, calls, f.NamesMayWait())
		}
		f.EndSyncNames()
		f.EndSyncNames()
		f.Release()

		f, before, calls = reopened(), syncs(), 0 // that ends before the moment
		f.SyncNamesSoon(func() { calls++ })
		f.EndSyncNames()
		f.SyncNamesSoon(func() { calls++ })
		wait()
		if syncs() != before || calls != 0 || f.NamesMayWait() {
			t.Errorf("%d syncs, %d calls after the end", syncs()-before, calls)
		}
		f.Release()

		f, before, calls = reopened(), syncs(), 0 // that ends in the middle of the sync
		ffs.Add(faultfs.Rule{On: faultfs.SyncDir, Delay: time.Minute})
		f.SyncNamesSoon(func() { calls++ })
		wait()
		f.EndSyncNames()
		if syncs() != before+1 || calls != 1 {
			t.Errorf("%d syncs, %d calls when the end was waited for", syncs()-before, calls)
		}
		f.Release()

		f, calls = reopened(), 0 // whose directory cannot be synced
		ffs.Add(faultfs.Rule{On: faultfs.SyncDir, Err: errs.ErrIO})
		f.SyncNamesSoon(func() { calls++ })
		wait()
		if f.NamesMayWait() || calls != 0 {
			t.Errorf("may wait %v, %d calls after an error", f.NamesMayWait(), calls)
		}
		ok(t, f.SyncNames())
		f.EndSyncNames()
		f.Release()
	})
	c := config(memfs.New())
	c.Syncs = func() bool { return false }
	f := open(t, c)
	if f.NamesMayWait() {
		t.Error("names wait for a sync though nothing is synced")
	}
	f.Release()
}

// TestReplaceLog: an empty log stays, one with something in it is replaced, and what cannot
// be told from data of somebody else is kept under another name.
func TestReplaceLog(t *testing.T) {
	noise := strings.Repeat("\xfe\x80\x81\xff", 300)
	for _, c := range []struct {
		name, log string
		kept      bool
	}{
		{"empty", "", false}, {"zeros", strings.Repeat("\x00", 1000), false}, {"noise", noise, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := memfs.New()
			put(t, mem, "/x", "")
			put(t, mem, "/x-log", c.log)
			f, err := files.Open(context.Background(), config(mem))
			ok(t, err)
			defer f.Release()
			ok(t, f.OpenLog())
			ok(t, f.JudgeLog())
			ok(t, f.ReplaceLog())
			if size, err := f.Log().Size(); size != 0 || err != nil {
				t.Errorf("the new log has %d bytes, %v", size, err)
			}
			want := []string{"/x", "/x-log"}
			if c.kept {
				want = append(want, f.KeptLog())
			} else if f.KeptLog() != "" {
				t.Errorf("kept as %s", f.KeptLog())
			}
			expectNames(t, mem, want...)
			ok(t, f.EndLog())
			if slices.Contains(mem.Names(), "/x-log") || f.Log() != nil {
				t.Errorf("the log is still there: %v", mem.Names())
			}
		})
	}
}

func TestJudgeLogRefusesAForeignFile(t *testing.T) {
	mem := memfs.New()
	put(t, mem, "/x", "")
	put(t, mem, "/x-log", "SQLite format 3\x00 and more")
	f, err := files.Open(context.Background(), config(mem))
	ok(t, err)
	defer f.Release()
	ok(t, f.OpenLog())
	if err := f.JudgeLog(); !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), "a SQLite database") {
		t.Error(err)
	}
}

// A log of another name is taken if its owner is gone, and left if that is another file.
func TestTakeLog(t *testing.T) {
	for _, owner := range []bool{false, true} {
		mem := memfs.New()
		put(t, mem, "/x", "")
		put(t, mem, "/old-log", "")
		if owner {
			put(t, mem, "/old", "")
		}
		f, err := files.Open(context.Background(), config(mem))
		ok(t, err)
		for _, name := range []string{"", "x-log", "none-log", "../old-log", "old"} {
			if o, err := f.OtherLog(name); o != nil || err != nil {
				t.Errorf("%q is another log: %v, %v", name, o, err)
			}
		}
		o, err := f.OtherLog("old-log")
		ok(t, err)
		if o.Path != filepath.FromSlash("/old-log") || o.Owner != filepath.FromSlash("/old") {
			t.Errorf("the log of %s, %s", o.Owner, o.Path)
		}
		taken, err := f.TakeLog(o)
		ok(t, err)
		if taken == owner || taken != (f.LogName() == "old-log") {
			t.Errorf("owner is there: %v; taken: %v, log %s", owner, taken, f.LogPath())
		}
		f.Release()
	}
}

// noLocks is a file system that cannot lock, which only OptionalLocks settles for.
type noLocks struct{ vfs.FS }

func (n noLocks) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := n.FS.Open(name, flag, perm)
	if err == nil && flag&vfs.OptionalLocks == 0 {
		return unlockable{f}, nil
	}
	return f, err
}

type unlockable struct{ vfs.File }

func (unlockable) Lock(int, vfs.LockKind) error { return vfs.ErrLockUnsupported }

// Where files cannot be locked, every one of them is opened so that it need not be, also a
// log that is found under another name.
func TestOptionalLocks(t *testing.T) {
	mem := memfs.New()
	put(t, mem, "/x", "")
	put(t, mem, "/old-log", "")
	if _, err := files.Open(context.Background(), config(noLocks{mem})); !errors.Is(err, errs.ErrProtocol) || !strings.Contains(err.Error(), "locking=optional") {
		t.Errorf("without the option: %v", err)
	}
	c := config(noLocks{mem})
	c.OptionalLocks = true
	f, err := files.Open(context.Background(), c)
	ok(t, err)
	defer f.Release()
	o, err := f.OtherLog("old-log")
	ok(t, err)
	if taken, err := f.TakeLog(o); !taken || err != nil {
		t.Errorf("taken %v, %v", taken, err)
	}
	ok(t, f.ReplaceLog())
}

func TestForeignReader(t *testing.T) {
	mem := memfs.New()
	put(t, mem, "/x", "")
	c := config(mem)
	c.ReadOnly = true
	reader, err := files.Open(context.Background(), c)
	ok(t, err)
	f, err := files.Open(context.Background(), config(mem))
	ok(t, err)
	defer f.Release()
	for _, want := range []bool{true, false} {
		if got, err := f.ForeignReader(); got != want || err != nil {
			t.Errorf("a reader: %v, %v, want %v", got, err, want)
		}
		reader.Release()
	}
}

func TestNoDatabase(t *testing.T) {
	for content, want := range map[string]string{
		"SQLite format 3\x00": "this is a SQLite database",
		"\xfe\x80\xff":        "this is not an lsm1 database",
	} {
		mem := memfs.New()
		put(t, mem, "/x", content)
		f, err := files.Open(context.Background(), config(mem))
		ok(t, err)
		if got := f.NoDatabase(); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s", content, got)
		}
		f.Release()
	}
}

// TestOpenWaits: what others hold only for a moment is waited for.
func TestOpenWaits(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		mem := memfs.New()
		put(t, mem, "/x", "")
		hold := func() vfs.File {
			other, err := mem.Open("/x", vfs.ReadWrite, 0)
			ok(t, err)
			ok(t, other.Lock(vfs.SlotDMS1, vfs.Exclusive))
			return other
		}
		c := config(mem)
		c.ReadOnly, c.Patience = readOnly, time.Minute

		other := hold()
		time.AfterFunc(50*time.Millisecond, func() { _ = other.Close() })
		f, err := files.Open(context.Background(), c)
		ok(t, err)
		f.Release()

		other = hold()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		if _, err := files.Open(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the context has ended: %v", err)
		}
		cancel()
		c.Patience = 20 * time.Millisecond
		start := time.Now()
		if _, err := files.Open(context.Background(), c); !errors.Is(err, errs.ErrBusy) || time.Since(start) < c.Patience {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ok(t, other.Close())
	}
}

// TestOpenWaitsForAFileThatIsRemoved: a file that has lost its name while it was waited for is not opened.
func TestOpenWaitsForAFileThatIsRemoved(t *testing.T) {
	mem := memfs.New()
	put(t, mem, "/x", "")
	other, err := mem.Open("/x", vfs.ReadWrite, 0)
	ok(t, err)
	ok(t, other.Lock(vfs.SlotDMS1, vfs.Exclusive))
	time.AfterFunc(20*time.Millisecond, func() {
		_ = mem.Remove("/x")
		_ = other.Close()
	})
	c := config(mem)
	c.Patience = time.Minute
	if _, err := files.Open(context.Background(), c); !errors.Is(err, errs.ErrBusy) {
		t.Errorf("a file without its name was opened: %v", err)
	}
}
