// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/vfstest"
)

// suite is one file system under test and a directory in it that exists.
type suite struct {
	vfs.FS
	dir string
}

// in returns the name of a file in the directory.
func (s suite) in(name string) string { return filepath.Join(s.dir, name) }

// open opens a file and closes it at the end of the test, if that has not done so.
func (s suite) open(t *testing.T, name string, flag vfs.OpenFlag) vfs.File {
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
func (s suite) make(t *testing.T, name, content string) vfs.File {
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

// kinds are the file systems, each with what makes a fresh one and names a directory in it.
func kinds() map[string]func(t *testing.T) (vfs.FS, string) {
	on := func(fsys vfs.FS) func(t *testing.T) (vfs.FS, string) {
		return func(t *testing.T) (vfs.FS, string) { return fsys, t.TempDir() }
	}
	all := map[string]func(t *testing.T) (vfs.FS, string){
		"OS without locks": on(vfs.OptionalOS),
		"memfs":            func(*testing.T) (vfs.FS, string) { return memfs.New(), "/dir" },
		"faultfs":          func(*testing.T) (vfs.FS, string) { return faultfs.Wrap(memfs.New()), "/dir" },
	}
	if vfs.HasLocks {
		all["OS"] = on(vfs.OS)
	}
	if vfs.RecordOS != nil {
		all["OS with record locks"] = on(vfs.RecordOS)
	}
	return all
}

// everyFS runs a test on each file system, a fresh one each time.
func everyFS(t *testing.T, run func(t *testing.T, s suite)) {
	for name, fresh := range kinds() {
		t.Run(name, func(t *testing.T) {
			fsys, dir := fresh(t)
			run(t, suite{fsys, dir})
		})
	}
}

func TestConformance(t *testing.T) {
	for name, fresh := range kinds() {
		t.Run(name, func(t *testing.T) { vfstest.Test(t, fresh) })
	}
}

func TestOSCanonicalFollowsLinks(t *testing.T) {
	dir, err := vfs.OS.Canonical(t.TempDir())
	ok(t, err)
	ok(t, os.Mkdir(filepath.Join(dir, "real"), 0o700))
	links := map[string]string{
		"link": "real", "file": filepath.Join(dir, "real", "db"), "rel": "link/db", "far": "file", "loop": "loop",
	}
	for link, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	want := filepath.Join(dir, "real", "db")
	check := func() {
		t.Helper()
		for _, name := range []string{"real/db", "link/db", "file", "rel", "far"} {
			if got, err := vfs.OS.Canonical(filepath.Join(dir, name)); got != want || err != nil {
				t.Errorf("Canonical(%s) = %s, %v; want %s", name, got, err, want)
			}
		}
	}
	check()
	f, err := vfs.OS.Open(filepath.Join(dir, "far"), vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	ok(t, f.Close())
	if _, err := os.Stat(want); err != nil {
		t.Errorf("Open made another file than Canonical says: %v", err)
	}
	check()
	_, err = vfs.OS.Canonical(filepath.Join(dir, "none", "db"))
	expectError(t, err, fs.ErrNotExist)
	if name, err := vfs.OS.Canonical(filepath.Join(dir, "loop")); err == nil {
		t.Errorf("a link to itself is %s", name)
	}
}
