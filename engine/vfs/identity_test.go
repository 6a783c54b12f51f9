// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// plain hides all abilities of an FS and its files.
type plain struct{ vfs.FS }

func (p plain) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := p.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return struct{ vfs.File }{f}, nil
}

func expectNamed(t *testing.T, s suite, f vfs.File, name string, want bool) {
	t.Helper()
	if got, err := vfs.IsNamed(s.FS, f, s.in(name)); got != want || err != nil {
		t.Errorf("IsNamed(%s) = %v, %v; want %v", name, got, err, want)
	}
}

func TestANameIsOrIsNotTheOpenFile(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		if !vfs.RemovesOpen(s.FS) {
			t.Skip("names of open files do not change here")
		}
		f := s.make(t, "a", "one")
		expectNamed(t, s, f, "a", true)
		expectNamed(t, s, f, "none", false)
		expectNamed(t, s, f, "a/below", false)
		ok(t, s.Rename(s.in("a"), s.in("b")))
		expectNamed(t, s, f, "a", false)
		expectNamed(t, s, f, "b", true)
		g := s.make(t, "a", "two")
		expectNamed(t, s, f, "a", false)
		expectNamed(t, s, g, "a", true)
		ok(t, s.Rename(s.in("a"), s.in("b")))
		expectNamed(t, s, f, "b", false)
		expectNamed(t, s, g, "b", true)
		ok(t, s.Remove(s.in("b")))
		expectNamed(t, s, g, "b", false)
		h := s.make(t, "b", "three") // while g is open, its identity is not given again
		expectNamed(t, s, g, "b", false)
		expectNamed(t, s, h, "b", true)
	})
}

func TestTwoNamesAreOrAreNotOneFile(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		s.make(t, "a", "one")
		s.make(t, "b", "one")
		for _, fsys := range []vfs.FS{s.FS, plain{s.FS}} {
			for _, c := range []struct {
				a, b string
				want bool
			}{{"a", "a", true}, {"a", "./a", true}, {"a", "b", false}, {"a", "none", false}, {"none", "none", false}} {
				if got, err := vfs.SameFile(fsys, s.in(c.a), s.dir+"/"+c.b); got != c.want || err != nil {
					t.Errorf("%T: SameFile(%s, %s) = %v, %v; want %v", fsys, c.a, c.b, got, err, c.want)
				}
			}
		}
	})
}

func TestAHardLinkIsTheSameFile(t *testing.T) {
	s := suite{vfs.OS, t.TempDir()}
	f := s.make(t, "a", "one")
	if err := os.Link(s.in("a"), s.in("b")); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	if same, err := vfs.SameFile(s.FS, s.in("a"), s.in("b")); !same || err != nil {
		t.Errorf("SameFile of a hard link = %v, %v", same, err)
	}
	expectNamed(t, s, f, "b", true)
}

func TestAnFSWithoutTheAbilitySaysSo(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		s.make(t, "a", "one")
		f, err := plain{s.FS}.Open(s.in("a"), vfs.ReadOnly, 0)
		ok(t, err)
		defer f.Close()
		_, err = vfs.IsNamed(plain{s.FS}, f, s.in("a"))
		expectError(t, err, errors.ErrUnsupported)
		if _, known := vfs.Location(f); known {
			t.Error("a file without the ability knows where it is")
		}
		if link, err := vfs.IsLink(plain{s.FS}, s.in("a")); link || err != nil {
			t.Errorf("IsLink = %v, %v", link, err)
		}
	})
}

// symlink makes a symbolic link, or skips the test.
func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

func TestNoFollowFollowsNoLink(t *testing.T) {
	s := suite{vfs.OS, t.TempDir()}
	s.make(t, "target", "precious")
	symlink(t, s.in("target"), s.in("link"))
	symlink(t, s.in("missing"), s.in("dangling"))
	symlink(t, s.dir, s.in("folder"))
	for _, name := range []string{"link", "dangling"} {
		for _, flag := range []vfs.OpenFlag{vfs.ReadOnly, vfs.ReadWrite, vfs.ReadWrite | vfs.Create, vfs.ReadWrite | vfs.Create | vfs.MustCreate} {
			f, err := s.Open(s.in(name), flag|vfs.NoFollow, 0)
			expectError(t, err, vfs.ErrLink)
			if err == nil {
				f.Close()
			}
		}
		if link, err := vfs.IsLink(s.FS, s.in(name)); !link || err != nil {
			t.Errorf("IsLink(%s) = %v, %v", name, link, err)
		}
	}
	if _, err := os.Lstat(s.in("missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target of a link was made: %v", err)
	}
	expect(t, s.open(t, "target", vfs.ReadOnly), "precious")
	expect(t, s.open(t, filepath.Join("folder", "target"), vfs.ReadOnly|vfs.NoFollow), "precious")
}

func TestALinkToTheOpenFileIsNotItsName(t *testing.T) {
	s := suite{vfs.OS, t.TempDir()}
	f := s.make(t, "a", "one")
	symlink(t, s.in("a"), s.in("link"))
	expectNamed(t, s, f, "link", false)
	if same, err := vfs.SameFile(s.FS, s.in("a"), s.in("link")); !same || err != nil {
		t.Errorf("SameFile of a link and its target = %v, %v", same, err)
	}
}

func TestAFileKnowsItsNewName(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		if strings.Contains(t.Name(), "/OS") && runtime.GOOS != "linux" {
			t.Skip("only Linux says where an open file is")
		}
		f := s.make(t, "a", "one")
		where := func(want string) {
			t.Helper()
			if want != "" {
				var err error
				want, err = s.Canonical(want)
				ok(t, err)
			}
			if got, known := vfs.Location(f); got != want || !known {
				t.Errorf("Location = %q, %v; want %q", got, known, want)
			}
		}
		where(s.in("a"))
		ok(t, s.Rename(s.in("a"), s.in("b")))
		where(s.in("b"))
		ok(t, s.Remove(s.in("b")))
		where("")
	})
}

func TestAFileIsGivenToAnOwner(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		if runtime.GOOS == "windows" {
			t.Skip("no permissions here")
		}
		f, err := s.Open(s.in("a"), vfs.ReadWrite|vfs.Create, 0o640)
		ok(t, err)
		defer f.Close()
		want, err := f.(vfs.Stater).Stat()
		ok(t, err)
		g := s.make(t, "b", "")
		ok(t, g.(vfs.Owner).OwnAs(want))
		have, err := s.Stat(s.in("b"))
		ok(t, err)
		if have.Mode() != want.Mode() || have.Mode().Perm() != 0o640 {
			t.Errorf("mode is %v, want %v", have.Mode(), want.Mode())
		}
	})
}
