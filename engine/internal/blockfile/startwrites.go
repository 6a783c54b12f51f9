// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

const (
	// startBytes is how much is written before the operating system is asked to begin to write it
	// to the disk. Less at once costs more in all: on Linux a call took 0.15 ms for 1 MiB, and 0.06 ms
	// for a quarter of it.
	startBytes = 1 << 20
	// maxUnstarted is how many places of the file are kept for that. Where there are more, the
	// oldest are left to the next sync.
	maxUnstarted = 16
)

// unstarted is what was written to pages and is in the memory of the operating system only, as far
// as is known.
type unstarted struct {
	mu    sync.Mutex
	runs  []run // in the order of writing
	bytes int64
}

// run is a stretch of the file.
type run struct{ off, n int64 }

// add notes that n bytes were written at off.
func (u *unstarted) add(off, n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.bytes += n
	if last := len(u.runs) - 1; last >= 0 && u.runs[last].off+u.runs[last].n == off {
		u.runs[last].n += n
		return
	}
	if len(u.runs) == maxUnstarted {
		u.bytes -= u.runs[0].n
		copy(u.runs, u.runs[1:])
		u.runs = u.runs[:maxUnstarted-1]
	}
	u.runs = append(u.runs, run{off, n})
}

// take appends what it holds to dst and empties it, if that is as much as least or more.
func (u *unstarted) take(dst []run, least int64) []run {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bytes < least {
		return dst
	}
	dst = append(dst, u.runs...)
	u.runs, u.bytes = u.runs[:0], 0
	return dst
}

// StartWrites has the operating system begin to write pages to the disk that were written since
// the last time, once they are worth a call: a sync then finds most of them there. It makes nothing
// durable, and does nothing where the file cannot do that.
func (f *File) StartWrites() {
	if f.starter == nil {
		return
	}
	var room [maxUnstarted]run
	for _, r := range f.unstarted.take(room[:0], startBytes) {
		f.starter.StartWrite(r.off, r.n)
	}
}

// wrotePages notes that pages were written.
func (f *File) wrotePages(off int64, n int) {
	if f.starter != nil {
		f.unstarted.add(off, int64(n))
	}
}

// findStarter looks whether the file can begin to write.
func (f *File) findStarter() { f.starter, _ = f.f.(vfs.WriteStarter) }
