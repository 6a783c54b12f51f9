// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"errors"
	"io/fs"
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestAClosedFileHasNoAbilities wants ErrClosed of each optional ability that a file has.
func TestAClosedFileHasNoAbilities(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		f := s.make(t, "a", "content")
		info, err := s.Stat(s.in("a"))
		ok(t, err)
		ok(t, f.Close())
		for name, call := range map[string]func() error{
			"Stat": func() error {
				able, has := f.(vfs.Stater)
				if !has {
					return fs.ErrClosed
				}
				_, err := able.Stat()
				return err
			},
			"Location": func() error {
				able, has := f.(vfs.Locator)
				if !has {
					return fs.ErrClosed
				}
				_, err := able.Location()
				return err
			},
			"OwnAs": func() error {
				if able, has := f.(vfs.Owner); has {
					return able.OwnAs(info)
				}
				return fs.ErrClosed
			},
			"MapWrite": func() error {
				able, has := f.(vfs.WriteMapper)
				if !has {
					return fs.ErrClosed
				}
				_, err := able.MapWrite(1)
				return err
			},
			"Identify": func() error {
				if _, has := f.(vfs.Stater); !has {
					return fs.ErrClosed
				}
				_, err := vfs.Identify(s.FS, f)
				return err
			},
			"IsNamed": func() error {
				if _, has := f.(vfs.Stater); !has {
					return fs.ErrClosed
				}
				_, err := vfs.IsNamed(s.FS, f, s.in("a"))
				return err
			},
		} {
			if err := call(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s: error is %v", name, err)
			}
		}
		if kind, remote := vfs.Remote(f); kind != "" || remote {
			t.Errorf("Remote = %q, %v", kind, remote)
		}
		if able, has := f.(vfs.SlotHolder); has && able.SlotHolder(vfs.SlotDMS2) != 0 {
			t.Error("a process holds a lock of a closed file")
		}
	})
}

func TestNoMappingOfLessThanNothing(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		f := s.make(t, "a", "content")
		able, has := f.(vfs.Mapper)
		if !has {
			t.Skip("its files are not mapped")
		}
		for _, limit := range []int64{-1, math.MinInt64} {
			_, err := able.Map(limit)
			expectError(t, err, fs.ErrInvalid)
		}
	})
}

func TestAnEmptyFolderHasNoNames(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		able, has := s.FS.(vfs.Lister)
		if !has {
			t.Skip("it lists no folders")
		}
		ok(t, s.make(t, "a", "").Close()) // Windows removes no file that is open
		ok(t, s.Remove(s.in("a")))
		names, err := able.List(s.dir, 10)
		if len(names) != 0 || err != nil && !errors.Is(err, fs.ErrNotExist) { // folders in memory go with their last file
			t.Errorf("List = %q, %v", names, err)
		}
	})
}

// unable has the optional methods, as a wrapper does around a file system that lacks them.
type unable struct{ vfs.FS }

func (u unable) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := u.FS.Open(name, flag, perm)
	return unableFile{f}, err
}

func (unable) Lstat(string) (fs.FileInfo, error)      { return nil, errors.ErrUnsupported }
func (unable) SameFile(fs.FileInfo, fs.FileInfo) bool { return false }

type unableFile struct{ vfs.File }

func (unableFile) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// TestAWrapperMayLackWhatItsMethodsSay: a method that returns ErrUnsupported is as good as none.
func TestAWrapperMayLackWhatItsMethodsSay(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		s.make(t, "a", "one")
		u := unable{s.FS}
		if same, err := vfs.SameFile(u, s.in("a"), s.dir+"/./a"); !same || err != nil {
			t.Errorf("SameFile = %v, %v", same, err)
		}
		f, err := u.Open(s.in("a"), vfs.ReadOnly, 0)
		ok(t, err)
		defer f.Close()
		id, err := vfs.Identify(u, f)
		if id != (vfs.Identity{}) || err != nil {
			t.Errorf("Identify = %v, %v", id, err)
		}
		_, err = vfs.IsNamed(u, f, s.in("a"))
		expectError(t, err, errors.ErrUnsupported)
		if info, err := vfs.Lstat(u, s.in("a")); err != nil || info.Size() != 3 {
			t.Errorf("Lstat = %v, %v", info, err)
		}
	})
}

// lost is a file system whose names have no canonical form.
type lost struct{ plain }

func (lost) Canonical(string) (string, error) { return "", fs.ErrPermission }

func TestSameFileReportsWhatItCannotFindOut(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		s.make(t, "a", "one")
		_, err := vfs.SameFile(lost{plain{s.FS}}, s.in("a"), s.in("a"))
		expectError(t, err, fs.ErrPermission)
	})
}
