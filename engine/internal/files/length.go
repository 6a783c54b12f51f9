// SPDX-License-Identifier: Apache-2.0

package files

import "github.com/lsmlite/lsmlite-go/engine/internal/sched"

// length is the length of the database file once that is closed. It is read at any time, and a
// vfs.File allows no call while it is closed, so mu is held during both.
type length struct {
	mu     sched.Mutex // a leaf: nothing else is locked while it is held
	closed bool
	last   int64
}

// Length returns the length of the database file, which is not that of its blocks: C lsm1
// lets a file grow in steps, and the last block may not be full. It is the last one once
// the file is closed, and 0 if the operating system does not give it.
func (f *Files) Length() int64 {
	f.length.mu.Lock()
	defer f.length.mu.Unlock()
	if f.length.closed {
		return f.length.last
	}
	n, err := f.data.Size()
	if err != nil {
		return 0
	}
	return n
}

// closeData closes the database file and keeps its length.
func (f *Files) closeData() {
	l := &f.length
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, err := f.data.Size(); err == nil {
		l.last = n
	}
	l.closed = true
	_ = f.data.Close() // what was written is synced, or lost already
}
