// SPDX-License-Identifier: Apache-2.0

package memtree

// retiredNode is a node that left the tree's state in the epoch it is tagged with.
type retiredNode struct {
	id    uint32
	epoch Epoch
}

// retiredList is a queue of retired nodes with ascending tags. Positions in it are
// absolute: base is the position of list[0].
type retiredList struct {
	list []retiredNode
	head int // entries before it are gone
	base uint64
}

func (r *retiredList) push(n retiredNode) { r.list = append(r.list, n) }

// end returns the position of the next entry.
func (r *retiredList) end() uint64 { return r.base + uint64(len(r.list)) }

// filter keeps the entries from position from on for which keep returns true.
func (r *retiredList) filter(from uint64, keep func(id uint32) bool) {
	k := r.head
	if p := int(from - r.base); from > r.base && p > k {
		k = p
	}
	for _, n := range r.list[k:] {
		if keep(n.id) {
			r.list[k] = n
			k++
		}
	}
	r.list = r.list[:k]
}

// compact drops entries before head, once they are the greater part.
func (r *retiredList) compact() {
	if r.head*2 < len(r.list) {
		return
	}
	r.base += uint64(r.head)
	n := copy(r.list, r.list[r.head:])
	r.list, r.head = r.list[:n], 0
}

// markStack holds the epochs of the valid marks, which ascend. A mark's depth is its
// absolute position: base is the position of epochs[0].
type markStack struct {
	epochs []Epoch
	base   uint64
}

// push adds a mark and returns its depth.
func (s *markStack) push(e Epoch) uint64 {
	s.epochs = append(s.epochs, e)
	return s.base + uint64(len(s.epochs)) - 1
}

// holds reports whether m is valid.
func (s *markStack) holds(m Mark) bool {
	i := m.depth - s.base
	return m.depth >= s.base && i < uint64(len(s.epochs)) && s.epochs[i] == m.epoch
}

// popTo removes the marks at depth and above.
func (s *markStack) popTo(depth uint64) { s.epochs = s.epochs[:depth-s.base] }

// dropBelow removes the marks of epochs below oldest. It reports whether there were any.
func (s *markStack) dropBelow(oldest Epoch) bool {
	k := 0
	for k < len(s.epochs) && s.epochs[k] < oldest {
		k++
	}
	if k == 0 {
		return false
	}
	s.dropTo(s.base + uint64(k))
	return true
}

// dropTo removes the marks before depth.
func (s *markStack) dropTo(depth uint64) {
	s.epochs = s.epochs[:copy(s.epochs, s.epochs[depth-s.base:])]
	s.base = depth
}

// top returns the epoch of the newest mark, 0 if there is none.
func (s *markStack) top() Epoch {
	if len(s.epochs) == 0 {
		return 0
	}
	return s.epochs[len(s.epochs)-1]
}
