// SPDX-License-Identifier: Apache-2.0

// Package vfstest has the tests that every file system of the engine must pass.
//
// It owns what a [vfs.FS] promises as tests, without the durability that only a loss of power shows, which package
// memfs is for. The tests of an FS call [Test], in this module and in others.
package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Test runs every test on a file system of its own, which fresh returns with the name of a directory in it that
// exists.
func Test(t *testing.T, fresh func(t *testing.T) (fsys vfs.FS, dir string)) {
	for _, c := range slices.Concat(cases, rangeCases) {
		t.Run(c.name, func(t *testing.T) {
			fsys, dir := fresh(t)
			c.run(t, place{fsys, dir})
		})
	}
}

// testCase is a test of one promise.
type testCase struct {
	name string
	run  func(t *testing.T, s place)
}

// place is one file system under test and a directory in it that exists.
type place struct {
	vfs.FS
	dir string
}

// in returns the name of a file in the directory.
func (s place) in(name string) string { return filepath.Join(s.dir, name) }

// open opens a file and closes it at the end of the test, if that has not done so.
func (s place) open(t *testing.T, name string, flag vfs.OpenFlag) vfs.File {
	t.Helper()
	f, err := s.Open(s.in(name), flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return f
}

// make makes a file with the given content.
func (s place) make(t *testing.T, name, content string) vfs.File {
	t.Helper()
	f := s.open(t, name, vfs.ReadWrite|vfs.Create)
	write(t, f, 0, content)
	return f
}

func write(t *testing.T, f vfs.File, off int64, content string) {
	t.Helper()
	if n, err := f.WriteAt([]byte(content), off); n != len(content) || err != nil {
		t.Fatalf("WriteAt(%d bytes, %d) = %d, %v", len(content), off, n, err)
	}
}

// expect checks all of a file's content.
func expect(t *testing.T, f vfs.File, want string) {
	t.Helper()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, size)
	if n, err := f.ReadAt(got, 0); n != len(got) || err != nil {
		t.Fatalf("ReadAt of all %d bytes = %d, %v", size, n, err)
	}
	if string(got) != want {
		t.Fatalf("content is %q, want %q", got, want)
	}
}

func expectError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cases are what every vfs.FS does.
var cases = []testCase{
	{"a missing file is not opened, stated, removed or renamed", func(t *testing.T, s place) {
		_, err := s.Open(s.in("a"), vfs.ReadWrite, 0)
		expectError(t, err, fs.ErrNotExist)
		_, err = s.Open(s.in("a"), vfs.ReadOnly, 0)
		expectError(t, err, fs.ErrNotExist)
		_, err = s.Stat(s.in("a"))
		expectError(t, err, fs.ErrNotExist)
		expectError(t, s.Remove(s.in("a")), fs.ErrNotExist)
		expectError(t, s.Rename(s.in("a"), s.in("b")), fs.ErrNotExist)
	}},
	{"create makes a missing file and opens one that is there", func(t *testing.T, s place) {
		s.make(t, "a", "hello")
		expect(t, s.open(t, "a", vfs.ReadWrite|vfs.Create), "hello")
	}},
	{"must-create refuses a file that is there", func(t *testing.T, s place) {
		s.open(t, "a", vfs.ReadWrite|vfs.Create|vfs.MustCreate)
		_, err := s.Open(s.in("a"), vfs.ReadWrite|vfs.Create|vfs.MustCreate, 0)
		expectError(t, err, fs.ErrExist)
	}},
	{"a directory is not opened or removed", func(t *testing.T, s place) {
		s.make(t, "a", "")
		for _, flag := range []vfs.OpenFlag{vfs.ReadOnly, vfs.ReadWrite, vfs.ReadWrite | vfs.Create} {
			if f, err := s.Open(s.dir, flag, 0); err == nil {
				t.Errorf("Open with flag %d succeeds", flag)
				f.Close()
			}
		}
		if err := s.Remove(s.dir); err == nil {
			t.Error("Remove succeeds")
		}
	}},
	{"a name below a file is not created", func(t *testing.T, s place) {
		s.make(t, "a", "")
		if f, err := s.Open(s.in("a/b"), vfs.ReadWrite|vfs.Create, 0); err == nil {
			t.Error("Open succeeds")
			f.Close()
		}
	}},
	{"read gives what there is and then EOF", func(t *testing.T, s place) {
		f := s.make(t, "a", "0123456789")
		for _, c := range []struct {
			off  int64
			len  int
			want string
			err  error
		}{
			{0, 10, "0123456789", nil}, {3, 4, "3456", nil}, {0, 0, "", nil}, {10, 0, "", nil},
			{8, 4, "89", io.EOF}, {10, 1, "", io.EOF}, {1000, 5, "", io.EOF}, {1000, 0, "", nil},
		} {
			p := make([]byte, c.len)
			n, err := f.ReadAt(p, c.off)
			if string(p[:n]) != c.want || err != c.err {
				t.Errorf("ReadAt(%d bytes, %d) = %q, %v; want %q, %v", c.len, c.off, p[:n], err, c.want, c.err)
			}
		}
		if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("ReadAt(-1) succeeds")
		}
	}},
	{"write overwrites, extends and fills gaps with zeros", func(t *testing.T, s place) {
		f := s.make(t, "a", "hello")
		write(t, f, 1, "a")
		write(t, f, 4, "o world")
		write(t, f, 13, "!")
		write(t, f, 500, "")
		expect(t, f, "hallo world\x00\x00!")
		if _, err := f.WriteAt([]byte("x"), -1); err == nil {
			t.Error("WriteAt(-1) succeeds")
		}
	}},
	{"writes across sectors and pages read back", func(t *testing.T, s place) {
		f := s.make(t, "a", "")
		want := make([]byte, 50000)
		for i, at := range []int{4090, 0, 511, 12288, 8191, 20000, 49000, 4096} {
			p := bytes.Repeat([]byte{byte('a' + i)}, min(1000+i*777, len(want)-at))
			copy(want[at:], p)
			write(t, f, int64(at), string(p))
		}
		expect(t, f, string(want))
	}},
	{"truncate cuts, and what it adds later is zero", func(t *testing.T, s place) {
		f := s.make(t, "a", string(bytes.Repeat([]byte("x"), 10000)))
		for _, size := range []int64{9000, 5000, 4096, 100, 3, 3} {
			ok(t, f.Truncate(size))
			expect(t, f, string(bytes.Repeat([]byte("x"), int(size))))
		}
		ok(t, f.Truncate(9000))
		expect(t, f, "xxx"+string(make([]byte, 8997)))
		ok(t, f.Truncate(0))
		expect(t, f, "")
		if err := f.Truncate(-1); err == nil {
			t.Error("Truncate(-1) succeeds")
		}
	}},
	{"two handles see the same file", func(t *testing.T, s place) {
		f, g := s.make(t, "a", "one"), s.open(t, "a", vfs.ReadOnly)
		expect(t, g, "one")
		write(t, f, 3, " two")
		expect(t, g, "one two")
	}},
	{"a read-only handle does not write", func(t *testing.T, s place) {
		s.make(t, "a", "data")
		f := s.open(t, "a", vfs.ReadOnly)
		_, err := f.WriteAt([]byte("x"), 0)
		expectError(t, err, fs.ErrPermission)
		expectError(t, f.Truncate(0), fs.ErrPermission)
		ok(t, f.Sync())
		expect(t, f, "data")
	}},
	{"a closed handle is closed", func(t *testing.T, s place) {
		for _, flag := range []vfs.OpenFlag{vfs.ReadWrite | vfs.Create, vfs.ReadOnly} {
			f := s.open(t, "a", flag)
			ok(t, f.Close())
			_, err := f.ReadAt(make([]byte, 1), 0)
			expectError(t, err, fs.ErrClosed)
			_, err = f.Size()
			expectError(t, err, fs.ErrClosed)
			_, err = f.Locked(1, 1, vfs.Shared)
			expectError(t, err, fs.ErrClosed)
			expectError(t, f.Lock(1, vfs.Shared), fs.ErrClosed)
			expectError(t, f.Sync(), fs.ErrClosed)
			expectError(t, f.Close(), fs.ErrClosed)
			if flag != vfs.ReadOnly {
				_, err = f.WriteAt([]byte("x"), 0)
				expectError(t, err, fs.ErrClosed)
				expectError(t, f.Truncate(0), fs.ErrClosed)
			}
		}
	}},
	{"remove removes", func(t *testing.T, s place) {
		ok(t, s.make(t, "a", "x").Close())
		ok(t, s.Remove(s.in("a")))
		ok(t, s.SyncDir(s.in("a")))
		_, err := s.Stat(s.in("a"))
		expectError(t, err, fs.ErrNotExist)
	}},
	{"rename replaces", func(t *testing.T, s place) {
		ok(t, s.make(t, "a", "new").Close())
		ok(t, s.make(t, "b", "old").Close())
		ok(t, s.Rename(s.in("a"), s.in("b")))
		ok(t, s.SyncDir(s.in("b")))
		f := s.open(t, "b", vfs.ReadOnly)
		expect(t, f, "new")
		ok(t, f.Close()) // Windows renames no file that is open
		_, err := s.Stat(s.in("a"))
		expectError(t, err, fs.ErrNotExist)
		ok(t, s.Rename(s.in("b"), s.in("b")))
		expect(t, s.open(t, "b", vfs.ReadOnly), "new")
	}},
	{"stat tells name, size and kind", func(t *testing.T, s place) {
		s.make(t, "a", "four")
		info, err := s.Stat(s.in("a"))
		ok(t, err)
		if info.Name() != "a" || info.Size() != 4 || info.IsDir() || !info.Mode().IsRegular() {
			t.Errorf("Stat gives %q, %d, %v", info.Name(), info.Size(), info.Mode())
		}
		info, err = s.Stat(s.dir)
		ok(t, err)
		if !info.IsDir() {
			t.Error("the directory is none")
		}
	}},
	{"canonical names are absolute and equal for equal files", func(t *testing.T, s place) {
		for range 2 { // before and after the file is there
			one, err := s.Canonical(s.in("a"))
			ok(t, err)
			two, err := s.Canonical(s.dir + "/./x/../a")
			if errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("cleaning a name needs no directory x: %v", err)
			}
			ok(t, err)
			again, err := s.Canonical(one)
			ok(t, err)
			if one != two || one != again || one == "" || !(filepath.IsAbs(one) || one[0] == '/') {
				t.Errorf("canonical names are %q, %q and %q", one, two, again)
			}
			s.make(t, "a", "")
		}
	}},
	{"goroutines write their own parts", func(t *testing.T, s place) {
		f := s.make(t, "a", "")
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				p := bytes.Repeat([]byte{byte(i + 1)}, 100)
				for j := range 50 {
					if _, err := f.WriteAt(p, int64(100*(8*j+i))); err != nil {
						t.Error(err)
					}
					if _, err := f.ReadAt(p, int64(100*(8*j+i))); err != nil || p[0] != byte(i+1) || p[99] != p[0] {
						t.Errorf("part %d of %d reads %d, %v", j, i, p[0], err)
					}
				}
			})
		}
		group.Wait()
		ok(t, f.Sync())
		if size, err := f.Size(); size != 8*50*100 || err != nil {
			t.Errorf("size is %d, %v", size, err)
		}
	}},
	{"the sector size is a power of two from 512", func(t *testing.T, s place) {
		if n := s.make(t, "a", "").SectorSize(); n < 512 || n&(n-1) != 0 {
			t.Errorf("sector size is %d", n)
		}
	}},
}
