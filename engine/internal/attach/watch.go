// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// watchByte is a byte that a Watch locks, shared: that of a checkpoint which there is not. A writer that ends while
// it is locked leaves its live page where it is.
const watchByte = 1 << 61

// Watch finds out whether any process has had a database open for writing since the Watch began. One that lets others
// read writes a live page of its own, which nobody removes while there is a Watch. All others change the meta pages or
// the log if they change anything, and hold locks meanwhile.
type Watch struct {
	fsys vfs.FS
	path string
	log  string
	data vfs.File
	was  marks // when the Watch began
}

// marks are what processes that write leave.
type marks struct {
	page []byte // nil if there is none
	meta [2][]byte
	log  logMark
}

// logMark is what tells a log from one that was written to. The zero one is of no log.
type logMark struct {
	size int64
	at   time.Time
}

// NewWatch begins to watch.
func NewWatch(fsys vfs.FS, path, log string) (*Watch, error) {
	data, err := fsys.Open(path, vfs.ReadOnly, 0)
	if err != nil {
		return nil, err
	}
	w := &Watch{fsys: fsys, path: path, log: log, data: data}
	locks, ok := data.(vfs.RangeLocker)
	if !ok {
		err = errors.ErrUnsupported
	}
	if err == nil {
		err = locks.LockRange(watchByte, 1, vfs.Shared)
	}
	if err == nil {
		w.was, err = w.marks()
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Changed reports whether another process has opened the database since, and may have changed it or be about to. Any
// goroutine may call it.
func (w *Watch) Changed() (bool, error) {
	for _, slots := range [][2]int{{vfs.SlotDMS2, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		if held, err := w.data.Locked(slots[0], slots[1], vfs.Shared); held || err != nil {
			return held, err
		}
	}
	now, err := w.marks()
	if err != nil {
		return false, err
	}
	same := bytes.Equal(now.page, w.was.page) && now.log.size == w.was.log.size && now.log.at.Equal(w.was.log.at)
	for i, meta := range now.meta {
		same = same && bytes.Equal(meta, w.was.meta[i])
	}
	return !same, nil
}

// marks reads them.
func (w *Watch) marks() (m marks, err error) {
	if m.page, err = w.read(); err != nil {
		return m, err
	}
	for i := range m.meta {
		if m.meta[i], err = blockfile.ReadMeta(w.data, w.path, i+1); err != nil {
			return m, err
		}
	}
	switch info, err := vfs.Lstat(w.fsys, w.log); {
	case err == nil:
		m.log = logMark{info.Size(), info.ModTime()}
	case !errors.Is(err, fs.ErrNotExist):
		return m, err
	}
	return m, nil
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

// Leave lets the next process that ends remove its live page. Changed still says what it can.
func (w *Watch) Leave() {
	if locks, ok := w.data.(vfs.RangeLocker); ok {
		_ = locks.LockRange(watchByte, 1, vfs.Unlock)
	}
}

// Close ends the watch.
func (w *Watch) Close() { _ = w.data.Close() }
