// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// memory is where a cursor looks up and leaves the runs of hidden records. The zero memory
// does neither.
type memory struct {
	state *snapshot.State
	view  memtree.View // the live tree that the cursor reads
	tx    *span.List   // of a transaction, if view is later than the state's
	buf   []byte
}

// Remember lets the cursor share with others what it finds out about deleted keys. live and
// st are those of Init. tx is the list of the transaction whose writes live shows, if it
// has made any: others must not learn of them yet.
func (c *Cursor) Remember(live memtree.View, st *snapshot.State, tx *span.List) {
	if st.Spans != nil {
		c.memory.state, c.memory.view, c.memory.tx = st, live, tx
	}
}

// own returns the list of what is known of the transaction's states only, or of a state that
// is not the newest any more.
func (m *memory) own() *span.List {
	if m.tx != nil {
		return m.tx
	}
	return &m.state.Own
}

// any reports whether anything is remembered.
func (m *memory) any() bool {
	return m.state != nil && !(m.state.Spans.Empty() && m.own().Empty())
}

func (m *memory) find(key []byte) (span.Span, bool) {
	if s, ok := m.own().Find(key, m.view.Epoch()); ok {
		return s, true
	}
	return m.state.Spans.Find(key, m.view.Epoch())
}

func (m *memory) add(low, high []byte, hidden int) {
	s := span.Span{Low: low, High: high, Epoch: m.view.Epoch(), Hidden: hidden}
	if m.tx != nil {
		m.tx.Add(s)
		return
	}
	// A commit may have come in between, which changes little. But readers of a state of
	// long ago must not lose what they know to readers of newer ones.
	m.state.Spans.Add(s)
	if m.state.Superseded() {
		m.state.Own.Add(s)
	}
}

// after returns the least key greater than key. It is good until the next call.
func (m *memory) after(key []byte) []byte {
	m.buf = append(append(m.buf[:0], key...), 0)
	return m.buf
}
