// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"bytes"
	"errors"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// watchByte is a byte that a Watch locks, shared: that of a checkpoint which there is not. A writer that ends while
// it is locked leaves its live page where it is.
const watchByte = 1 << 61

// Watch finds out whether any process that lets others read has had a database open since the Watch began. Each such
// process writes a live page of its own, and none of them removes it while there is a Watch.
type Watch struct {
	fsys vfs.FS
	path string
	data vfs.File
	page []byte // when the Watch began; nil if there was none
}

// NewWatch begins to watch.
func NewWatch(fsys vfs.FS, path string) (*Watch, error) {
	data, err := fsys.Open(path, vfs.ReadOnly, 0)
	if err != nil {
		return nil, err
	}
	w := &Watch{fsys: fsys, path: path, data: data}
	locks, ok := data.(vfs.RangeLocker)
	if !ok {
		err = errors.ErrUnsupported
	}
	if err == nil {
		err = locks.LockRange(watchByte, 1, vfs.Shared)
	}
	if err == nil {
		w.page, err = w.read()
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Changed reports whether another process has opened the database since.
func (w *Watch) Changed() (bool, error) {
	page, err := w.read()
	return !bytes.Equal(page, w.page), err
}

// read returns the live page, nil if there is none.
func (w *Watch) read() ([]byte, error) {
	f, err := w.fsys.Open(w.path+live.Suffix, vfs.ReadOnly|vfs.NoFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	page := make([]byte, live.PageBytes)
	n, err := f.ReadAt(page, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return page[:n], err
}

// Close ends the watch.
func (w *Watch) Close() { _ = w.data.Close() }
