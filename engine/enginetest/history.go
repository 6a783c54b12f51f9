package enginetest

import "github.com/lsmlite/lsmlite-go/engine"

// History is what has been committed, and what of it is durable.
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
}

// NewHistory begins a history at a state that is durable.
func NewHistory(m Map) *History { return &History{States: []Map{m}} }

// Newest returns the state that was acknowledged last.
func (h *History) Newest() Map { return h.States[len(h.States)-1] }

// AfterKill returns what may be found after the process is killed: what was
// acknowledged last, or what a commit under way leads to.
func (h *History) AfterKill() []Map {
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
	changed := !m.Equal(h.Newest())
	h.States = append(h.States, m)
	h.Pending, h.Failed = nil, nil
	// A transaction that wrote nothing syncs nothing.
	if s == engine.SafetyFull && changed {
		h.Floor = len(h.States) - 1
	}
}

func (h *History) failed(m Map) {
	h.Pending = nil
	h.Failed = append(h.Failed, m)
}

func (h *History) flush() { h.flushed = len(h.States) - 1 }

func (h *History) checkpoint(s engine.Safety) {
	if s != engine.SafetyOff {
		h.Floor = max(h.Floor, h.flushed)
	}
}
