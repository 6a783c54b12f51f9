// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// unfinished is the folder of files that have no name yet, in that of the target: links reach only within a file
// system.
const unfinished = ".unfinished"

// UnfinishedAge is how old a file must be that has no name yet for OpenDir to remove it: its writer has ended.
const UnfinishedAge = 24 * time.Hour

// Dir is a folder, with a file for each object. Create writes a file under another name, syncs it, links it to its own
// name, which fails if there is one, and syncs the folder: so an object is whole, durable, and made once.
// The folder itself may be a symbolic link. In it are folders and regular files only: a link would lead out of it,
// and a pipe would never end, so both are refused with ErrNotPlain.
type Dir struct{ root string }

var _ Target = (*Dir)(nil)

// OpenDir opens a folder as a target, or makes it. What writers that have ended left unfinished is removed.
func OpenDir(path string) (*Dir, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(root, unfinished), 0o700); err != nil {
		return nil, err
	}
	d := &Dir{root: root}
	if err := isFolder(filepath.Join(root, unfinished)); err != nil { // what is removed below must be ours
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(root, unfinished))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > UnfinishedAge {
			_ = os.Remove(filepath.Join(root, unfinished, e.Name()))
		}
	}
	return d, nil
}

// isFolder fails with ErrNotPlain if something is there that is no folder.
func isFolder(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder (%v); move it away, and put a folder there: %w", path, info.Mode().Type(), ErrNotPlain)
	}
	return err
}

// isFile fails with ErrNotPlain if something is no regular file.
func isFile(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%s is no regular file (%v); move it away: %w", path, info.Mode().Type(), ErrNotPlain)
}

// plain fails if a folder on the way to an object is something else. One that is missing is no error.
func (d *Dir) plain(name string) error {
	for at, c := range name {
		if c != '/' {
			continue
		}
		if err := isFolder(filepath.Join(d.root, filepath.FromSlash(name[:at]))); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
	}
	return nil
}

// path returns the file of an object.
func (d *Dir) path(name string) (string, error) {
	if !fs.ValidPath(name) || strings.HasPrefix(name, ".") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%s: %q is no name of an object", d.root, name)
	}
	if err := d.plain(name); err != nil {
		return "", err
	}
	return filepath.Join(d.root, filepath.FromSlash(name)), nil
}

// Create implements Target. The steps are numbered; a process that is killed after any of them leaves either nothing
// or the whole object.
func (d *Dir) Create(ctx context.Context, name string, data []byte) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if len(data) > MaxObject {
		return fmt.Errorf("create %s: %w", path, ErrTooBig)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.makeFolder(filepath.Dir(path)); err != nil { // 1
		return err
	}
	temp := filepath.Join(d.root, unfinished, rand.Text())
	defer func() { _ = os.Remove(temp) }()          // 5
	if err := writeSynced(temp, data); err != nil { // 2
		return err
	}
	err = os.Link(temp, path) // 3
	switch {
	case errors.Is(err, fs.ErrExist):
		// The link may be that of a writer that was killed before step 4.
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return err
		}
		return fmt.Errorf("create %s: %w", path, ErrExists)
	case err != nil:
		return fmt.Errorf("the file system cannot give a file its name in one step; use another folder: %w", err)
	}
	return syncFolder(filepath.Dir(path)) // 4
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// makeFolder makes a folder below the root and those above it, each durable.
func (d *Dir) makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if path != d.root {
		if err := d.makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

// syncFolder makes the names in a folder durable, where the platform can do that.
func syncFolder(path string) (err error) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// Get implements Target.
func (d *Dir) Get(ctx context.Context, name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("get %s: %w", path, ErrNotFound)
	}
	if err == nil {
		err = isFile(path, info) // before it is opened: to open a pipe waits for its other end
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("get %s: %w", path, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return ReadObject(path, f)
}

// ReadObject reads an object, of which it takes no more than MaxObject bytes.
func ReadObject(name string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxObject+1))
	if err == nil && len(data) > MaxObject {
		err = fmt.Errorf("get %s: %w", name, ErrTooBig)
	}
	return data, err
}

// List implements Target. A folder is read when the list comes to it.
func (d *Dir) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		w := walk{ctx: ctx, root: d.root, prefix: prefix, after: after, yield: yield}
		w.folder("")
	}
}

// walk is one list of a folder.
type walk struct {
	ctx                 context.Context
	root, prefix, after string
	yield               func(Info, error) bool
}

// folder lists what is in a folder, given with a slash at its end, and reports whether the list goes on. Names in one
// folder are ordered as the names of objects are, because a file and a folder never share the beginning of their names
// up to a character below "/": the layout has no such names.
func (w walk) folder(name string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Info{}, err)
		return false
	}
	entries, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.yield(Info{}, err)
		return false
	}
	for _, e := range entries {
		full := name + e.Name()
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			full += "/"
			related := strings.HasPrefix(full, w.prefix) || strings.HasPrefix(w.prefix, full)
			if related && (full > w.after || strings.HasPrefix(w.after, full)) && !w.folder(full) {
				return false
			}
		case !e.Type().IsRegular() && strings.HasPrefix(w.prefix, full+"/"):
			w.yield(Info{}, isFolder(filepath.Join(w.root, filepath.FromSlash(full))))
			return false
		case strings.HasPrefix(full, w.prefix) && full > w.after:
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was removed meanwhile
			}
			if err == nil {
				err = isFile(filepath.Join(w.root, filepath.FromSlash(full)), info)
			}
			if err != nil || !w.yield(Info{Name: full, Size: info.Size()}, nil) {
				if err != nil {
					w.yield(Info{}, err)
				}
				return false
			}
		}
	}
	return true
}

// Delete implements Target. Folders that are empty then stay: another writer may be about to use them.
func (d *Dir) Delete(ctx context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close implements Target.
func (d *Dir) Close() error { return nil }

// String implements Target.
func (d *Dir) String() string { return "dir://" + filepath.ToSlash(d.root) }
