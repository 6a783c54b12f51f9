// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"slices"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
)

// History is what has been committed, and what of it is durable. A Runner writes it;
// other goroutines may call Moment and Durable at any time.
type History struct {
	// States are the committed states, the oldest first. The first one is what was
	// found when the history began; the last one is what was acknowledged last.
	States []Map
	// Pending is the state that a commit under way will lead to, nil if none is.
	Pending *Map
	// Failed is what a failed commit would have led to from the state of the last
	// successful one. Only a crash may bring it back, and only if the failure was such
	// that the store could not know.
	Failed []Map
	// Floor is the index of the oldest state that may be found after power loss.
	Floor int

	flushed int // index of the state that is in the database file

	mu     sync.Mutex // held while anything changes
	moment bool       // it does not change any more
	acked  int        // of a moment: index of the state that was acknowledged at its beginning
}

// NewHistory begins a history at a state that is durable.
func NewHistory(m Map) *History { return &History{States: []Map{m}} }

// Newest returns the state that was acknowledged last.
func (h *History) Newest() Map { return h.States[len(h.States)-1] }

// Moment returns a copy of h as it is. It does not change any more.
func (h *History) Moment() *History {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := &History{States: slices.Clone(h.States), Failed: slices.Clone(h.Failed), Floor: h.Floor, flushed: h.flushed, moment: true, acked: len(h.States) - 1}
	if h.Pending != nil {
		pending := *h.Pending
		m.Pending = &pending
	}
	return m
}

// Since returns what may be found after a crash between an earlier moment and h, which
// is a moment, too.
func (h *History) Since(earlier *History) *History {
	h.Floor, h.acked = earlier.Floor, earlier.acked
	return h
}

// Durable notes that the state of that index was seen to be durable.
func (h *History) Durable(i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Floor = max(h.Floor, i)
}

// AfterKill returns what may be found after the process is killed: what was
// acknowledged last, or what a commit under way leads to.
func (h *History) AfterKill() []Map {
	if h.moment {
		return h.from(h.acked)
	}
	return h.from(len(h.States) - 1)
}

// AfterPowerLoss returns what may be found after power loss.
func (h *History) AfterPowerLoss() []Map { return h.from(h.Floor) }

func (h *History) from(i int) []Map {
	states := h.States[i:len(h.States):len(h.States)]
	if h.Pending != nil {
		states = append(states, *h.Pending)
	}
	return states
}

// committed notes that the commit under way has returned.
func (h *History) committed(m Map, s engine.Safety) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := !m.Equal(h.Newest())
	h.States = append(h.States, m)
	h.Pending, h.Failed = nil, nil
	// A transaction that wrote nothing syncs nothing.
	if s == engine.SafetyFull && changed {
		h.Floor = len(h.States) - 1
	}
}

func (h *History) failed(m Map) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Pending = nil
	h.Failed = append(h.Failed, m)
}

// pending notes that a commit has begun that leads to m.
func (h *History) pending(m Map) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Pending = &m
}

func (h *History) flush() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flushed = len(h.States) - 1
}

func (h *History) checkpoint(s engine.Safety) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s != engine.SafetyOff {
		h.Floor = max(h.Floor, h.flushed)
	}
}
