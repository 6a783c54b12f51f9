// SPDX-License-Identifier: Apache-2.0

// Package stream owns the readers of a database's change stream: which there are, how far each of them has read the
// log, and who waits for whom.
//
// The log is the queue: a commit copies nothing for its readers, and wakes those that wait. Package engine makes the
// readers. The writer wakes them after a commit is shown, and before a transaction it asks whether it has to wait.
//
// Invariants:
//
//   - A transaction is handed over after it can be seen, once, and in the order of commits.
//   - A record is handed over only if its transaction was not written over by then. Else the reader's place is lost,
//     and it says so: nothing is left out in silence.
//   - A reader that holds writers back holds only those that are about to begin a transaction.
//   - After Abort no file is read, and nothing waits.
package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Source is what the streams of a database are read from.
type Source struct {
	// End returns where the log ends of what readers can see, and up to which number it is durable.
	End     func() (end wal.Place, durable int64)
	Log     func() wal.File // nil if there is none
	History func() *wal.History
	Keys    func() *crypt.Keys // nil if the log is not encrypted
	// Align asks the writer for a call of Aligned, or makes it if there is none.
	Align func()
	Sync  func() error // syncs the log
	// Synced notes up to which number the log is durable.
	Synced func(stream int64)

	SyncAfter time.Duration // see the constant
}

// Hub is the streams of one database.
type Hub struct {
	Source

	parked  atomic.Int32 // readers that wait for a commit
	holding atomic.Int32 // readers that hold writers back
	cuts    atomic.Int64

	wantsAlign atomic.Bool
	aligned    atomic.Int64 // number of the newest place after which nothing shares a sector with what comes before

	mu      sync.Mutex
	readers map[*Reader]struct{}
	moved   chan struct{} // closed when a reader that holds back has got further, or has ended; nil if nobody waits
	empty   chan struct{} // closed when the last reader has ended; nil if nobody waits
	ending  chan struct{} // closed when nothing more will be committed

	files sched.RWMutex // held to read a file or to sync it
	over  bool          // guarded by files: nothing may be read any more
}

// New makes the Hub of a database.
func New() *Hub {
	return &Hub{readers: make(map[*Reader]struct{}), ending: make(chan struct{})}
}

// Wake wakes the readers that wait. The caller has shown a commit, or has made something durable.
func (h *Hub) Wake() {
	if h != nil && h.parked.Load() > 0 {
		h.wakeParked()
	}
}

func (h *Hub) wakeParked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.readers {
		if r.parked.CompareAndSwap(true, false) {
			h.parked.Add(-1)
			r.wake()
		}
	}
}

// Lags reports whether a transaction may not begin, because a reader that holds writers back has more than so many
// bytes still to read up to the end of the log.
func (h *Hub) Lags(end, bytes int64) bool {
	if h == nil || h.holding.Load() == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lags(end, bytes)
}

func (h *Hub) lags(end, bytes int64) bool {
	for r := range h.readers {
		if r.Wait && end-r.needs.Load() > bytes {
			return true
		}
	}
	return false
}

// WantsAlign reports whether a reader of what is durable waits for a call of Aligned.
func (h *Hub) WantsAlign() bool { return h != nil && h.wantsAlign.Load() }

// Aligned notes that what comes after a number of the log begins in a sector of its own.
func (h *Hub) Aligned(stream int64) {
	h.wantsAlign.Store(false)
	h.aligned.Store(stream)
	h.Wake()
}

// WaitFor waits until Lags is false. align is called if WantsAlign becomes true meanwhile.
func (h *Hub) WaitFor(ctx context.Context, end, bytes int64, align func()) error {
	for {
		if h.WantsAlign() {
			align()
		}
		h.mu.Lock()
		if !h.lags(end, bytes) {
			h.mu.Unlock()
			return nil
		}
		if h.moved == nil {
			h.moved = make(chan struct{})
		}
		moved := h.moved
		h.mu.Unlock()
		select {
		case <-moved:
			sched.Point("stream has moved")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hasMoved wakes the writers that wait.
func (h *Hub) hasMoved() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved != nil {
		close(h.moved)
		h.moved = nil
	}
}

// Stats is what is known of the readers.
type Stats struct {
	Readers int
	Lag     int64 // bytes of the log that the slowest has still to read
	Cuts    int64 // how often a reader has lost its place
}

// Stats returns what is known of the readers.
func (h *Hub) Stats() Stats {
	s := Stats{Cuts: h.cuts.Load()}
	end, _ := h.End()
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Readers = len(h.readers)
	for r := range h.readers {
		s.Lag = max(s.Lag, end.Stream-r.needs.Load())
	}
	return s
}

// Finish says that nothing more will be committed, and waits until all readers have read up to the end, as long as
// that may take. It reports whether they have.
func (h *Hub) Finish(most time.Duration) bool {
	h.mu.Lock()
	select {
	case <-h.ending:
	default:
		close(h.ending)
	}
	if len(h.readers) == 0 {
		h.mu.Unlock()
		return true
	}
	empty := make(chan struct{})
	h.empty = empty
	h.mu.Unlock()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-empty:
		sched.Point("streams have ended")
		return true
	case <-timer.C:
		return false
	}
}

// Abort ends all readers, and all that waits for them. It returns when no file is read any more.
func (h *Hub) Abort() {
	h.files.Lock()
	h.over = true
	h.files.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.ending:
	default:
		close(h.ending)
	}
	for r := range h.readers {
		r.wake()
	}
}
