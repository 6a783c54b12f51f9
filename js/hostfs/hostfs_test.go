// SPDX-License-Identifier: Apache-2.0

package hostfs_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/vfstest"
	"github.com/lsmlite/lsmlite-go/js/hostfs"
)

func TestConformanceOnFake(t *testing.T) {
	vfstest.Test(t, func(t *testing.T) (vfs.FS, string) {
		host := newFakeHost()
		t.Cleanup(func() {
			if n := host.numOpen(); n > 0 {
				t.Errorf("%d handles of the host stay open", n)
			}
		})
		return hostfs.New(host, hostfs.Options{RemovesOpen: true}), "/dir"
	})
}

// Hosts may read and write less than they are given.
func TestConformanceInParts(t *testing.T) {
	vfstest.Test(t, func(*testing.T) (vfs.FS, string) {
		host := newFakeHost()
		host.part = 1000
		return hostfs.New(host, hostfs.Options{}), "/dir"
	})
}

func open(t *testing.T, fsys vfs.FS, name string, flag vfs.OpenFlag) vfs.File {
	t.Helper()
	f, err := fsys.Open(name, flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// A file has one handle of the host, which is closed with the last of its files; so it has its locks.
func TestOneHandleForAFile(t *testing.T) {
	host := newFakeHost()
	fsys := hostfs.New(host, hostfs.Options{RemovesOpen: true})
	a := open(t, fsys, "/dir/a", vfs.ReadWrite|vfs.Create)
	b := open(t, fsys, "/dir/./a", vfs.ReadWrite)
	if n := host.numOpen(); n != 1 {
		t.Errorf("two files have %d handles of the host", n)
	}
	if err := a.Lock(vfs.SlotDMS2, vfs.Exclusive); err != nil {
		t.Error(err)
	}
	if err := b.Lock(vfs.SlotDMS2, vfs.Shared); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("the lock of another file of the same name: %v", err)
	}
	if held, err := b.Locked(vfs.SlotDMS2, 1, vfs.Shared); !held || err != nil {
		t.Errorf("Locked returns %v, %v", held, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Lock(vfs.SlotDMS2, vfs.Exclusive); err != nil {
		t.Errorf("after the other was closed: %v", err)
	}
	if host.numOpen() != 1 {
		t.Error("the handle is closed before the last file is")
	}
	if err := b.Close(); err != nil || host.numOpen() != 0 {
		t.Errorf("after the last file was closed %d handles are open: %v", host.numOpen(), err)
	}
}

// A file that was removed or renamed while it was open goes on, and another one of its name is another file.
func TestNamesOfOpenFiles(t *testing.T) {
	host := newFakeHost()
	fsys := hostfs.New(host, hostfs.Options{RemovesOpen: true})
	write := func(f vfs.File, text string) {
		t.Helper()
		if _, err := f.WriteAt([]byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	read := func(f vfs.File) string {
		t.Helper()
		p := make([]byte, 3)
		if _, err := f.ReadAt(p, 0); err != nil {
			t.Fatal(err)
		}
		return string(p)
	}
	first := open(t, fsys, "/dir/a", vfs.ReadWrite|vfs.Create)
	write(first, "one")
	if err := fsys.Rename("/dir/a", "/dir/b"); err != nil {
		t.Fatal(err)
	}
	second := open(t, fsys, "/dir/a", vfs.ReadWrite|vfs.Create)
	write(second, "two")
	if got := read(first) + read(second) + read(open(t, fsys, "/dir/b", vfs.ReadOnly)); got != "onetwoone" {
		t.Errorf("after a rename the files read %s", got)
	}
	if err := fsys.Remove("/dir/a"); err != nil {
		t.Fatal(err)
	}
	third := open(t, fsys, "/dir/a", vfs.ReadWrite|vfs.Create)
	write(third, "six")
	if got := read(second) + read(third); got != "twosix" {
		t.Errorf("after a removal the files read %s", got)
	}
	for _, f := range []vfs.File{first, second, third} {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := read(open(t, fsys, "/dir/a", vfs.ReadOnly)); got != "six" {
		t.Errorf("the newest file reads %s", got)
	}
}

// What the host refuses arrives as the error that the engine knows.
func TestFailuresOfTheHost(t *testing.T) {
	for _, c := range []struct {
		op   string
		s    hostfs.Status
		want error
	}{
		{"open", hostfs.Busy, engine.ErrBusy}, {"open", hostfs.Permission, fs.ErrPermission},
		{"open", hostfs.Link, vfs.ErrLink}, {"open", hostfs.NotExist, fs.ErrNotExist},
		{"open", hostfs.NoSpace, syscall.ENOSPC}, {"open", hostfs.IsFolder, syscall.EISDIR},
		{"open", hostfs.NotFolder, syscall.ENOTDIR}, {"canonical", hostfs.Invalid, fs.ErrInvalid},
		{"write", hostfs.NoSpace, syscall.ENOSPC}, {"truncate", hostfs.NoSpace, syscall.ENOSPC},
		{"read", hostfs.Failed, syscall.EIO}, {"sync", hostfs.Failed, syscall.EIO}, {"size", hostfs.Closed, fs.ErrClosed},
		{"close", hostfs.Failed, syscall.EIO}, {"stat", hostfs.Failed, syscall.EIO}, {"remove", hostfs.Busy, engine.ErrBusy},
		{"rename", hostfs.Unsupported, syscall.ENOSYS}, {"syncdir", hostfs.Failed, syscall.EIO},
	} {
		host := newFakeHost()
		fsys := hostfs.New(host, hostfs.Options{})
		f, err := fsys.Open("/dir/a", vfs.ReadWrite|vfs.Create, 0)
		if err != nil {
			t.Fatal(err)
		}
		host.fail[c.op] = c.s
		switch c.op {
		case "open", "canonical":
			_, err = fsys.Open("/dir/b", vfs.ReadWrite|vfs.Create, 0)
		case "write":
			_, err = f.WriteAt([]byte("x"), 0)
		case "truncate":
			err = f.Truncate(10)
		case "read":
			_, err = f.ReadAt(make([]byte, 1), 0)
		case "sync":
			err = f.Sync()
		case "size":
			_, err = f.Size()
		case "close":
			err = f.Close()
		case "stat":
			_, err = fsys.Stat("/dir/a")
		case "remove":
			err = fsys.Remove("/dir/a")
		case "rename":
			err = fsys.Rename("/dir/a", "/dir/b")
		case "syncdir":
			err = fsys.SyncDir("/dir/a")
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s with status %d: %v, want %v", c.op, c.s, err, c.want)
		} else if c.s != hostfs.Link && !strings.Contains(err.Error(), "as the test wants") {
			t.Errorf("%s with status %d: %v does not say why", c.op, c.s, err)
		}
	}
}

// A file that the host opens for reading only can be read.
func TestReadOnlyFiles(t *testing.T) {
	host := newFakeHost()
	fsys := hostfs.New(host, hostfs.Options{})
	host.files["/dir/a"] = &fakeFile{data: []byte("x"), readOnly: true}
	if _, err := fsys.Open("/dir/a", vfs.ReadWrite, 0); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("it is opened for writing: %v", err)
	}
	f := open(t, fsys, "/dir/a", vfs.ReadOnly)
	if size, err := f.Size(); size != 1 || err != nil {
		t.Errorf("its size is %d, %v", size, err)
	}
	if _, err := fsys.Open("/dir/a", vfs.ReadWrite, 0); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("it is opened for writing when it is open for reading: %v", err)
	}
}

// Lengths that no JavaScript number can hold are refused, and nothing is asked of the host.
func TestTooLongFiles(t *testing.T) {
	f := open(t, hostfs.New(newFakeHost(), hostfs.Options{}), "/dir/a", vfs.ReadWrite|vfs.Create)
	if _, err := f.WriteAt([]byte("x"), hostfs.MaxSize); !vfs.IsNoSpace(err) {
		t.Errorf("WriteAt: %v", err)
	}
	if err := f.Truncate(hostfs.MaxSize + 1); !vfs.IsNoSpace(err) {
		t.Errorf("Truncate: %v", err)
	}
	if n, err := f.ReadAt(make([]byte, 1), hostfs.MaxSize+1); n != 0 || err == nil {
		t.Errorf("ReadAt returns %d, %v", n, err)
	}
}

// A database works on it: it is written, closed, opened, and refused while it is open. A full disk is ErrFull.
func TestDatabase(t *testing.T) {
	ctx := context.Background()
	host := newFakeHost()
	fsys := hostfs.New(host, hostfs.Options{})
	o := engine.Options{FS: fsys, Safety: engine.SafetyFull}
	for round := range 3 {
		db, err := engine.Open(ctx, "/dir/my.lsm", o)
		if err != nil {
			t.Fatal(err)
		}
		if value, found, err := db.Get(nil, []byte("key")); found != (round > 0) || err != nil || found && string(value) != "value" {
			t.Errorf("round %d reads %q, %v, %v", round, value, found, err)
		}
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), []byte("value")) }); err != nil {
			t.Error(err)
		}
		if _, err := engine.Open(ctx, "/dir/my.lsm", o); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("it is opened again: %v", err)
		}
		if round == 2 {
			host.fail["write"] = hostfs.NoSpace
			err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("more"), []byte("value")) })
			if !errors.Is(err, engine.ErrFull) {
				t.Errorf("with a full disk: %v", err)
			}
			delete(host.fail, "write")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if host.numOpen() != 0 {
		t.Errorf("%d handles stay open", host.numOpen())
	}
	if _, left := host.files["/dir/my.lsm-log"]; left {
		t.Error("the log is left")
	}
}
