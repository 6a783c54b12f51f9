package engine

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// fileLength finds the length of the database file, which is not that of its blocks: C lsm1
// lets a file grow in steps, and the last block may not be full. Stats asks for it at any
// time, and a vfs.File allows no call while it is closed, so mu is held during both.
type fileLength struct {
	mu     sync.Mutex // a leaf: nothing else is locked while it is held
	closed bool
	last   int64 // when the file was closed
}

// of returns the length of f; the last one once f is closed, and 0 if the operating system
// does not give it.
func (l *fileLength) of(f vfs.File) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.last
	}
	n, err := f.Size()
	if err != nil {
		return 0
	}
	return n
}

// close closes f and keeps its length.
func (l *fileLength) close(f vfs.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, err := f.Size(); err == nil {
		l.last = n
	}
	l.closed = true
	_ = f.Close() // what was written is synced, or lost already
}
