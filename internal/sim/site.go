// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// site is where the files of a trial are.
type site interface {
	fs() vfs.FS
	path() string // of the database
	// copied returns the files as a process would find them that comes after this one was killed.
	copied() (site, error)
	// powerless returns the files after a loss of power that keeps nothing which was not synced; nil if that cannot
	// be tried.
	powerless() vfs.FS
	// unchanged wants each file to be as it was in another site. There may be others.
	unchanged(was site) error
	names() ([]string, error)
	drop()
}

// newSite makes a site without files, in memory, or for a folder that is not "", in one within that.
func newSite(folder string) (site, error) {
	if folder == "" {
		return inMemory{memfs.New()}, nil
	}
	dir, err := os.MkdirTemp(folder, "site")
	if err == nil {
		dir, err = vfs.OS.Canonical(dir)
	}
	return inFolder{dir}, err
}

// inMemory is a file system of its own.
type inMemory struct{ mem *memfs.FS }

func (p inMemory) fs() vfs.FS               { return p.mem }
func (p inMemory) path() string             { return path }
func (p inMemory) copied() (site, error)    { return inMemory{p.mem.Clone()}, nil }
func (p inMemory) powerless() vfs.FS        { return p.mem.Crash(nil, memfs.CrashLoseAll) }
func (p inMemory) names() ([]string, error) { return p.mem.Names(), nil }
func (p inMemory) drop()                    {}

func (p inMemory) unchanged(was site) error {
	mem := was.(inMemory).mem
	for _, name := range mem.Names() {
		before, err := mem.ReadFile(name)
		if err != nil {
			return err
		}
		if now, err := p.mem.ReadFile(name); err != nil || !bytes.Equal(now, before) {
			return fmt.Errorf("%s is not what it was: %w", name, err)
		}
	}
	return nil
}

// inFolder is a folder of the operating system.
type inFolder struct{ dir string }

func (p inFolder) fs() vfs.FS        { return vfs.OS }
func (p inFolder) path() string      { return filepath.Join(p.dir, "db") }
func (p inFolder) powerless() vfs.FS { return nil }
func (p inFolder) drop()             { _ = os.RemoveAll(p.dir) }

func (p inFolder) copied() (site, error) {
	photo, err := TakePhoto(p.dir)
	if err != nil {
		return nil, err
	}
	c, err := newSite(filepath.Dir(p.dir))
	if err != nil {
		return nil, err
	}
	return c, photo.Restore(c.(inFolder).dir)
}

func (p inFolder) unchanged(was site) error {
	photo, err := TakePhoto(was.(inFolder).dir)
	if err != nil {
		return err
	}
	return photo.Unchanged(p.dir)
}

func (p inFolder) names() ([]string, error) {
	entries, err := os.ReadDir(p.dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
