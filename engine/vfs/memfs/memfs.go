// SPDX-License-Identifier: Apache-2.0

// Package memfs is a file system in memory that can lose power.
//
// It serves databases that need no disk and, above all, tests: [FS.Crash] returns the
// files as a machine might find them after power loss, with everything that was not
// synced in doubt, and [FS.Clone] as another process finds them after this one was
// killed. Files are cut into chunks that are copied when written, so a crash costs
// what was written since the last sync and not what the files weigh.
//
// # What is assumed of a disk and its kernel
//
// Crash does everything that this list does not forbid. What the engine relies on is
// therefore exactly this:
//
//  1. The disk writes sectors of 512 bytes. A write does not change any sector that it does not
//     touch.
//  2. A sector touched since the file's last sync may be found with its newest
//     content, with what it held at that sync, or with anything at all (garbage): also
//     if the write changed only a part of it, and also the bytes that stayed the same.
//     Each sector is independent of the others; the order of writes means nothing.
//  3. Truncating touches every sector that it cuts off or cuts through. Extending
//     touches none; the bytes it adds are zero.
//  4. A file's size changed since its last sync may be found as it is, as it was at
//     that sync, or as any size it passed through on the way, independently of the
//     content. Bytes that this exposes and were never written are zero.
//  5. A successful Sync makes the size and all earlier writes of that file durable,
//     through whichever handle they came. Durable content changes no more by itself.
//  6. Sync makes no directory entry durable, not even that of a new file. SyncDir
//     makes all entries of that directory durable, and no content.
//  7. Each creation, removal and renaming since the last SyncDir may be kept or lost,
//     independently of the others. A rename within a directory is one step; one across
//     directories is two. A file whose removal is lost has its content as by 1 to 5.
//  8. A process that is killed loses nothing it has written, and makes nothing
//     durable: a later loss of power may still take it.
//  9. After a failed Sync (FailSync of a file, through package faultfs) what it should
//     have made durable can still be read, but counts as clean: no later Sync writes it,
//     unless it is touched again. A loss of power may keep or lose it or leave garbage, by
//     sector, as in 2. Kernels keep count by sector or by page of 4 KiB; by page, touching
//     one byte makes all of the page count as touched again. A size is unknown until a later Sync
//     succeeds. A failed SyncDir makes nothing durable, and a later one that succeeds makes all
//     durable.
//  10. The cache may evict a page of 4 KiB of which nothing counts as touched at any moment, in the middle of a
//     process as well (Evict). From then on what the disk has is read: of what a failed sync should have written, by
//     sector, the new content, that of the last sync, or garbage. That is durable then.
//
// Directories exist without being made; a name that is the beginning of the path of a
// file is a directory. There are no links and no times, and space never runs out.
package memfs

import (
	"io/fs"
	"path"
	"slices"
	"sync"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// FS is a file system in memory. It implements vfs.FS and vfs.Comparer, and all its methods may be
// called by any number of goroutines. Locks exclude handles from each other as
// processes would.
type FS struct {
	// mu guards everything below, content of files included, so that Crash and Clone
	// see one moment of all files. It is never held while waiting for anything.
	mu      sync.RWMutex
	names   map[string]*node // what is seen
	durable map[string]*node // what the disk's directories say for sure
	pending []dirChange      // what leads from durable to names, in order
}

// New returns an empty file system.
func New() *FS {
	return &FS{names: make(map[string]*node), durable: make(map[string]*node)}
}

// Open implements vfs.FS.
func (m *FS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	full := canonical(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[full]
	switch {
	case n == nil && m.isDir(full):
		return nil, failed("open", name, syscall.EISDIR)
	case n == nil && flag&vfs.Create == 0:
		return nil, failed("open", name, fs.ErrNotExist)
	case n == nil:
		if m.isBelowFile(full) {
			return nil, failed("open", name, syscall.ENOTDIR)
		}
		if perm == 0 {
			perm = vfs.DefaultPerm
		}
		n = &node{perm: perm.Perm()}
		m.change(dirChange{name: full, node: n})
	case flag&vfs.Create != 0 && flag&vfs.MustCreate != 0:
		return nil, failed("open", name, fs.ErrExist)
	}
	return &file{fs: m, node: n, name: name, readOnly: flag&vfs.ReadWrite == 0}, nil
}

// Remove implements vfs.FS.
func (m *FS) Remove(name string) error {
	full := canonical(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find("remove", name); err != nil {
		return err
	}
	m.change(dirChange{name: full})
	return nil
}

// Rename implements vfs.FS.
func (m *FS) Rename(oldname, newname string) error {
	from, to := canonical(oldname), canonical(newname)
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("rename", oldname)
	if err != nil {
		return err
	}
	switch {
	case from == to:
		return nil
	case m.isDir(to):
		return failed("rename", newname, syscall.EISDIR)
	case m.isBelowFile(to):
		return failed("rename", newname, syscall.ENOTDIR)
	case path.Dir(from) == path.Dir(to):
		m.change(dirChange{name: to, node: n, from: from})
	default:
		m.change(dirChange{name: to, node: n})
		m.change(dirChange{name: from})
	}
	return nil
}

// Stat implements vfs.FS. The time of the last change is always the zero time.
func (m *FS) Stat(name string) (fs.FileInfo, error) {
	full := canonical(name)
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.names[full] == nil && m.isDir(full) {
		return info{name: path.Base(full), mode: fs.ModeDir | 0o700}, nil
	}
	n, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return info{name: path.Base(full), size: n.size, mode: n.perm, node: n}, nil
}

// Lstat implements vfs.Comparer. There are no links.
func (m *FS) Lstat(name string) (fs.FileInfo, error) { return m.Stat(name) }

// SameFile implements vfs.Comparer.
func (m *FS) SameFile(a, b fs.FileInfo) bool {
	one, ok := a.(info)
	two, both := b.(info)
	return ok && both && one.node != nil && one.node == two.node
}

// SyncDir implements vfs.FS.
func (m *FS) SyncDir(name string) error {
	dir := path.Dir(canonical(name))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = slices.DeleteFunc(m.pending, func(c dirChange) bool {
		if path.Dir(c.name) != dir {
			return false
		}
		c.apply(m.durable)
		return true
	})
	return nil
}

// Canonical implements vfs.FS: names start at the root and are cleaned.
func (m *FS) Canonical(name string) (string, error) { return canonical(name), nil }

// WriteFile makes data the content of the file name, durable at once together with all
// other entries of its directory.
func (m *FS) WriteFile(name string, data []byte) error {
	f, err := m.Open(name, vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return m.SyncDir(name)
}

// ReadFile returns a copy of the content of the file name.
func (m *FS) ReadFile(name string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find("read", name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, n.size)
	n.read(data, 0)
	return data, nil
}

// Names returns the names of all files, in order.
func (m *FS) Names() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return sortedNames(m.names)
}

var _ vfs.Comparer = (*FS)(nil)
