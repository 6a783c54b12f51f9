// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// historyParts is how many places of the history are known, about: reading begins at one of them.
const historyParts = 64

// History is the part of the log that is kept although no recovery needs it: the newest transactions, as many as
// have so many bytes, and those of which the beginning lies in these.
//
// The writer changes it. Its exported methods may be called from any goroutine.
type History struct {
	oldest atomic.Int64 // number of the oldest place that is there; 0 while nothing was given up
	bytes  int64        // how many are kept; 0: none
	begin  Place        // where Recover began to read

	mu     sync.Mutex
	places []Place // between transactions, ascending; the first one is the oldest
}

// History returns what is kept of the log.
func (l *Log) History() *History { return &l.history }

// Keep sets how many bytes of the newest transactions are kept. No transaction may be in progress.
func (l *Log) Keep(bytes int64) {
	h := &l.history
	if bytes == h.bytes {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes = bytes
	switch {
	case bytes <= 0:
		h.places = nil
		h.oldest.Store(math.MaxInt64)
	case len(h.places) == 0:
		h.places = append(h.places, h.first(l))
		h.oldest.Store(h.places[0].Stream)
	}
}

// first returns the oldest place from which the log is there: if nothing was given up yet, where Recover began.
func (h *History) first(l *Log) Place {
	if l.stream-l.Size() == h.begin.Stream {
		return h.begin
	}
	return l.Place()
}

// committed notes the end of a transaction, if it is far enough from the place before.
func (h *History) committed(l *Log) {
	if h.bytes <= 0 {
		return
	}
	n := len(h.places)
	if n > 0 && l.stream-h.places[n-1].Stream < h.bytes/historyParts {
		return
	}
	h.mu.Lock()
	h.places = append(h.places, l.Place())
	h.mu.Unlock()
}

// undone forgets the places of commits that were undone.
func (h *History) undone(l *Log) {
	if h.bytes <= 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.places = slices.DeleteFunc(h.places, func(p Place) bool { return p.Stream > l.stream })
	if len(h.places) == 0 {
		h.places = append(h.places, l.Place())
		h.oldest.Store(l.stream)
	}
}

// dropped gives up the places that are too old for a log that ends with a number, and returns the oldest one that
// is left, and whether there was an older one. Readers find that out before anything is written over what they read.
func (h *History) dropped(end int64) (oldest Place, changed bool) {
	if h.bytes <= 0 {
		return Place{Stream: math.MaxInt64}, false
	}
	n := 0
	for n+1 < len(h.places) && h.places[n+1].Stream <= end-h.bytes {
		n++
	}
	if n > 0 {
		h.mu.Lock()
		h.places = slices.Delete(h.places, 0, n)
		h.oldest.Store(h.places[0].Stream)
		h.mu.Unlock()
		mark.Hit(mark.HistoryGivenUp)
	}
	return h.places[0], n > 0
}

// Holds reports whether everything that was written after a number is still there. What was read before the call
// was not written over if it does.
func (h *History) Holds(stream int64) bool { return h.oldest.Load() <= stream }

// Places returns places between transactions, ascending, of which the first one is the oldest that is there.
func (h *History) Places() []Place {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.places)
}

// Align fills the sector that the log ends in with a pad, which becomes the beginning of the next transaction: what
// comes before is damaged by no later write once it is synced. It reports false if there is no room for that, if
// commits wait to be written or could not be, or if the write fails. No transaction may be in progress.
func (l *Log) Align() bool {
	end := l.regions[2].End
	pad := l.sectorAfter(end-1) - end
	switch {
	case l.Pending() > 0 || l.Lost() != nil || l.f == nil || l.failure() != nil:
		return false
	case end == 0 || pad == 0 || l.padded > 0:
		return true
	case l.limitAt(&l.regions, end) < end+pad+format.LogJumpRoom:
		return false
	}
	if err := l.writeAt(format.AppendLogPad(nil, int(pad)), end); err != nil {
		return false
	}
	l.padded = pad
	l.Rollback()
	return true
}

// Break makes the end of the log one that nothing before it leads to: the database has changed, and the log does
// not say how. A checkpoint that holds the change is to be at a position that Place returns after that. Everything
// that was committed must be written, and nothing more is committed before Resume. No transaction may be in
// progress.
func (l *Log) Break() {
	l.broken = true
	l.sum = format.Checksum{S0: uint32(sched.Uint64()), S1: uint32(sched.Uint64())}
	l.stream++ // so that no place before has the number of one after
	l.mark = true
	h := &l.history
	if h.bytes > 0 {
		h.mu.Lock()
		h.places = append(h.places[:0], l.Place())
		h.oldest.Store(l.stream)
		h.mu.Unlock()
	}
	l.Rollback()
}

// Broken reports whether the end of the log is one that nothing leads to; see Break.
func (l *Log) Broken() bool { return l.broken }

// Resume lets the log go on after Break. The newest checkpoint, at pos, is stored, and holds everything.
func (l *Log) Resume(pos format.LogPos) {
	l.broken = false
	if l.sum != pos.Sum { // what Break was for has changed nothing, so the checkpoint is still that of before
		l.sum = pos.Sum
		l.Keep(0)
		l.Rollback()
	}
}
