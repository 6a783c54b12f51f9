// SPDX-License-Identifier: Apache-2.0

// Package hostfs is a file system that the program's host keeps: JavaScript, in a browser or in Node.
//
// It owns the view of the host's files as a [vfs.FS], with locks among its own handles. The program in
// WebAssembly opens its database on it; tests use it with a host of their own. What has to be fast is a
// call of the host with a pointer into the program's memory: the host reads and writes files there, without
// a copy, and without waiting for its event loop. Opening, removing and renaming may wait.
//
// What always holds: the host has at most one open handle for a file, which all files opened through this
// package share, because a browser gives no second one; and the handle is closed with the last of them.
// Locks exclude only the handles of one FS from each other: what keeps other tabs and processes out is up to
// the host, which refuses to open the file.
package hostfs

import (
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// FS is the host's file system. It implements vfs.FS and vfs.OpenRemover.
type FS struct {
	host        Host
	removesOpen bool

	// names is held while the host works on names, also while it waits. It is never held together with a
	// lock of a file.
	names sync.Mutex
	nodes map[string]*node // open files by canonical name; guarded by names
}

// Options say what the host can do.
type Options struct {
	// RemovesOpen says that files can be removed and renamed while they are open.
	RemovesOpen bool
}

// New returns the file system of a host.
func New(host Host, o Options) *FS {
	return &FS{host: host, removesOpen: o.RemovesOpen, nodes: map[string]*node{}}
}

// node is a file that is open.
type node struct {
	handle   uint32
	readOnly bool // the host opened it for reading only
	uses     int  // guarded by FS.names
	locks    vfs.LockTable
}

var (
	_ vfs.FS          = (*FS)(nil)
	_ vfs.OpenRemover = (*FS)(nil)
)

// Open implements vfs.FS.
func (f *FS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f.names.Lock()
	defer f.names.Unlock()
	if flag&vfs.NoFollow == 0 {
		full, err := f.canonical("open", name)
		if err != nil {
			return nil, err
		}
		name = full
	} else {
		name = path.Clean(name)
	}
	readOnly := flag&vfs.ReadWrite == 0
	n := f.nodes[name]
	switch {
	case n == nil:
		opened, err := f.openNode(name, flag, perm)
		if err != nil {
			return nil, err
		}
		n = opened
	case flag&(vfs.Create|vfs.MustCreate) == vfs.Create|vfs.MustCreate:
		return nil, failed("open", name, fs.ErrExist)
	}
	if n.readOnly && !readOnly {
		f.unusedNode(name, n)
		return nil, failed("open", name, fs.ErrPermission)
	}
	n.uses++
	return &file{fs: f, node: n, name: name, readOnly: readOnly}, nil
}

// openNode has the host open a file that is not open. The caller holds names.
func (f *FS) openNode(name string, flag vfs.OpenFlag, perm fs.FileMode) (*node, error) {
	if perm == 0 {
		perm = vfs.DefaultPerm
	}
	arg := uint32(perm.Perm())
	for _, b := range []struct {
		flag vfs.OpenFlag
		bit  uint32
	}{{vfs.Create, OpenCreate}, {vfs.MustCreate, OpenMustCreate}, {vfs.NoFollow, OpenNoFollow}} {
		if flag&b.flag != 0 {
			arg |= b.bit
		}
	}
	n := &node{}
	out := f.host.Do(OpOpen, name, "", arg)
	if out.Status == Permission && flag&(vfs.ReadWrite|vfs.Create) == 0 {
		n.readOnly = true
		out = f.host.Do(OpOpen, name, "", arg|OpenReadOnly)
	}
	switch {
	case out.Status == Link:
		return nil, failed("open", name, vfs.ErrLink)
	case out.Status != OK:
		return nil, fail("open", name, out.Status, out.Text)
	}
	n.handle = uint32(out.Value)
	f.nodes[name] = n
	return n, nil
}

// unusedNode closes a node that nobody uses. The caller holds names.
func (f *FS) unusedNode(name string, n *node) {
	if n.uses == 0 {
		_ = f.host.Close(n.handle)
		f.forget(n, name)
	}
}

// forget takes a node out of the map, where it may have another name than it was opened by, or none.
func (f *FS) forget(n *node, name string) {
	if f.nodes[name] == n {
		delete(f.nodes, name)
		return
	}
	for other, m := range f.nodes {
		if m == n {
			delete(f.nodes, other)
			return
		}
	}
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	f.names.Lock()
	defer f.names.Unlock()
	name = path.Clean(name)
	out := f.host.Do(OpRemove, name, "", 0)
	if out.Status != OK {
		return fail("remove", name, out.Status, out.Text)
	}
	delete(f.nodes, name) // the handles that are open go on
	return nil
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	f.names.Lock()
	defer f.names.Unlock()
	oldname, newname = path.Clean(oldname), path.Clean(newname)
	out := f.host.Do(OpRename, oldname, newname, 0)
	if out.Status != OK {
		return fail("rename", oldname, out.Status, out.Text)
	}
	if oldname == newname {
		return nil
	}
	delete(f.nodes, newname)
	if n := f.nodes[oldname]; n != nil {
		delete(f.nodes, oldname)
		f.nodes[newname] = n
	}
	return nil
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	out := f.host.Do(OpStat, name, "", 0)
	if out.Status != OK {
		return nil, fail("stat", name, out.Status, out.Text)
	}
	return info{path.Base(name), out.Value}, nil
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) error {
	out := f.host.Do(OpSyncDir, name, "", 0)
	if out.Status != OK {
		return fail("sync folder of", name, out.Status, out.Text)
	}
	return nil
}

// Canonical implements vfs.FS.
func (f *FS) Canonical(name string) (string, error) { return f.canonical("find", name) }

func (f *FS) canonical(op, name string) (string, error) {
	if strings.ContainsRune(name, 0) || name == "" {
		return "", failed(op, name, fs.ErrInvalid)
	}
	out := f.host.Do(OpCanonical, name, "", 0)
	if out.Status != OK {
		return "", fail(op, name, out.Status, out.Text)
	}
	return out.Text, nil
}

// RemovesOpen implements vfs.OpenRemover.
func (f *FS) RemovesOpen() bool { return f.removesOpen }

// info describes a file or a folder.
type info struct {
	name string
	size int64 // -1: a folder
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return max(i.size, 0) }
func (i info) IsDir() bool        { return i.size < 0 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
