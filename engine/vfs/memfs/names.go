// SPDX-License-Identifier: Apache-2.0

package memfs

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

// dirChange is one change of a directory that is not durable yet: the entry name
// refers to node, or to nothing if node is nil, and the entry from, if any, is gone.
type dirChange struct {
	name string
	node *node
	from string
}

func (c dirChange) apply(names map[string]*node) {
	if c.from != "" {
		delete(names, c.from)
	}
	if c.node != nil {
		names[c.name] = c.node
	} else {
		delete(names, c.name)
	}
}

// change makes a change of a directory and remembers that it is not durable. The
// caller holds m.mu.
func (m *FS) change(c dirChange) {
	c.apply(m.names)
	m.pending = append(m.pending, c)
}

// find returns the file name. The caller holds m.mu, at least for reading.
func (m *FS) find(op, name string) (*node, error) {
	full := canonical(name)
	if n := m.names[full]; n != nil {
		return n, nil
	}
	if m.isDir(full) {
		return nil, failed(op, name, syscall.EISDIR)
	}
	return nil, failed(op, name, fs.ErrNotExist)
}

// isDir reports whether full is a directory that is known to exist. The caller holds
// m.mu, at least for reading.
func (m *FS) isDir(full string) bool {
	if full == "/" {
		return true
	}
	for name := range m.names {
		if strings.HasPrefix(name, full+"/") {
			return true
		}
	}
	return false
}

// isBelowFile reports whether a part of the path of full is a file, so that full can be
// none. The caller holds m.mu, at least for reading.
func (m *FS) isBelowFile(full string) bool {
	for dir := path.Dir(full); dir != "/"; dir = path.Dir(dir) {
		if m.names[dir] != nil {
			return true
		}
	}
	return false
}

// List implements vfs.Lister.
func (m *FS) List(folder string, most int) ([]string, error) {
	full := strings.TrimSuffix(canonical(folder), "/") + "/"
	m.mu.RLock()
	defer m.mu.RUnlock()
	if full != "/" && !m.isDir(strings.TrimSuffix(full, "/")) {
		return nil, failed("list", folder, fs.ErrNotExist)
	}
	seen := make(map[string]*node)
	for name, n := range m.names {
		if rest, ok := strings.CutPrefix(name, full); ok && len(seen) < most {
			entry, _, _ := strings.Cut(rest, "/")
			seen[entry] = n
		}
	}
	return sortedNames(seen), nil
}

// canonical takes backslashes for slashes, so that names made with path/filepath on
// Windows work.
func canonical(name string) string {
	if strings.HasPrefix(name, "/") && !strings.Contains(name, `\`) {
		return path.Clean(name) // which allocates nothing for a name that is clean
	}
	return path.Clean("/" + strings.ReplaceAll(name, `\`, "/"))
}

func failed(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func sortedNames(names map[string]*node) []string {
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}

// info implements fs.FileInfo.
type info struct {
	name string
	size int64
	mode fs.FileMode
	node *node // nil for a directory
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
