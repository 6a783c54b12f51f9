// SPDX-License-Identifier: Apache-2.0

package cursor

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// settle takes over where the iterator stands now.
func (s *Source) settle(ok bool) {
	s.valid = ok
	if !ok {
		return
	}
	if s.isSeg {
		s.kind, s.key = s.seg.Kind(), s.seg.Key()
	} else {
		s.kind, s.key = s.tree.Kind()|s.topic, s.tree.Key()
	}
	s.head = base.Head(s.key)
	if s.limits != nil && !s.limits.inside(s.kind, s.key) {
		s.valid = false
	}
}

// leave makes the source stand nowhere. What a search before has met with is forgotten, too.
func (s *Source) leave() {
	if s.valid = false; s.isSeg {
		s.seg.Leave()
	}
}

// First moves to the first record.
func (s *Source) First() {
	switch {
	case s.limits != nil && !s.limits.below:
		s.settle(s.seg.SeekGE(s.limits.topic, s.limits.split))
	case s.isSeg:
		s.settle(s.seg.First())
	default:
		s.settle(s.tree.First())
	}
}

// last moves to the last record.
func (s *Source) last() {
	switch {
	case s.limits != nil && s.limits.below:
		s.lastBelowSplit()
	case s.isSeg:
		s.settle(s.seg.Last())
	default:
		s.settle(s.tree.Last())
	}
}

func (s *Source) lastBelowSplit() {
	ok := s.seg.SeekLE(s.limits.topic, s.limits.split)
	if ok && !s.limits.inside(s.seg.Kind(), s.seg.Key()) {
		ok = s.seg.Prev()
	}
	s.settle(ok)
}

// seekGE moves to the first record whose key is not less than key.
func (s *Source) seekGE(topic base.Kind, key []byte) {
	switch {
	case s.limits != nil && !s.limits.inside(topic, key):
		// An input of a half-done merge is not searched below the split key: what was
		// there is merged and its pages may be gone.
		if s.leave(); !s.limits.below {
			s.First()
		}
	case s.isSeg:
		s.settle(s.seg.SeekGE(topic, key))
	case topic == 0:
		s.settle(s.tree.SeekGE(key))
	default:
		s.valid = false
	}
}

// seekLE moves to the last record whose key is not greater than key.
func (s *Source) seekLE(topic base.Kind, key []byte) {
	switch {
	case s.limits != nil && !s.limits.inside(topic, key):
		if s.leave(); s.limits.below {
			s.lastBelowSplit()
		}
	case s.isSeg:
		s.settle(s.seg.SeekLE(topic, key))
	case topic == 0:
		s.settle(s.tree.SeekLE(key))
	default:
		s.settle(s.tree.Last())
	}
}

// Next moves to the next record; the source must be valid.
func (s *Source) Next() {
	if s.isSeg {
		s.settle(s.seg.Next())
	} else {
		s.settle(s.tree.Next())
	}
}

// prev moves to the previous record; the source must be valid.
func (s *Source) prev() {
	if s.isSeg {
		s.settle(s.seg.Prev())
	} else {
		s.settle(s.tree.Prev())
	}
}
