// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// aroundSource is a source of user keys that knows between which keys it does not know what there is. Of a segment it
// uses the iterator of seg, and not that of the Source.
type aroundSource struct {
	Source
	seg *segment.Around // nil for a tree
	// gap is what lies between where the source was, or was sought, and where it stands, as far as it is on this side
	// of the split key of a half-done merge.
	gap segment.Gap
	// front is what lies between the split key and the first record of an input that can be read, if something there
	// cannot: a deleted range may end there that began below the split key.
	front segment.Gap
	met   func(*segment.Gap)
}

// findGap finds out whether a deleted range reaches across the split key: see initLimited.
func (s *aroundSource) findGap() {
	switch l := s.limits; {
	case l == nil:
	case l.below:
		l.gap = s.seg.Last() && s.seg.Iter().Kind()&base.StartDelete != 0
	default:
		l.gap = s.seg.SeekGE(l.topic, l.split) && s.seg.Iter().Kind()&base.EndDelete != 0
		s.gap = *s.seg.Gap()
		s.clip()
		s.front, s.gap = s.gap, segment.Gap{}
	}
}

// settle takes over where the iterator stands after a move.
func (s *aroundSource) settle(ok bool) {
	s.gap = segment.Gap{}
	if s.seg == nil {
		s.Source.settle(ok)
		return
	}
	if s.valid = ok; ok {
		s.kind, s.key = s.seg.Iter().Kind(), s.seg.Iter().Key()
		s.head = base.Head(s.key)
		s.valid = s.kind&base.System == 0 && (s.limits == nil || s.limits.inside(s.kind, s.key))
	}
	if g := s.seg.Gap(); g.Err != nil {
		s.gap = *g
		if !s.seg.Doubtful() { // else a deleted range may reach across the split key
			s.clip()
		}
	}
	if s.gap.Err != nil {
		s.met(&s.gap)
	}
}

// settleBack is settle after a move backward.
func (s *aroundSource) settleBack(ok bool) {
	if s.settle(ok); !s.valid && s.gap.Err == nil && s.front.Err != nil {
		s.gap = s.front // which a record below the split key has been found over
		s.met(&s.gap)
	}
}

// clip cuts the gap off at the split key. No user key is beyond a split key that is a system key.
func (s *aroundSource) clip() {
	l, g := s.limits, &s.gap
	switch {
	case l == nil:
	case l.below && l.topic == 0:
		if g.To == nil || bytes.Compare(g.To, l.split) > 0 {
			g.To = l.split
		}
	case !l.below && l.topic != 0:
		*g = segment.Gap{}
	case !l.below:
		if bytes.Compare(g.From, l.split) < 0 {
			g.From = l.split
		}
	}
	if g.Err != nil && g.To != nil && bytes.Compare(g.From, g.To) >= 0 {
		*g = segment.Gap{}
	}
}

// stands reports whether the source stands on a key.
func (s *aroundSource) stands(key []byte) bool { return s.valid && bytes.Equal(s.key, key) }

// unknown reports whether it is not known what the segment has of a key, between where the source was and where it
// stands.
func (s *aroundSource) unknown(key []byte) bool { return s.gap.Covers(key) }

// doubtful reports whether it is not known what the segment has of any key.
func (s *aroundSource) doubtful() bool { return s.seg != nil && s.gap.Err != nil && s.seg.Doubtful() }

// lost returns why the value of the current record cannot be read, nil if it can.
func (s *aroundSource) lost() error {
	if s.seg == nil {
		return nil
	}
	return s.seg.Lost()
}

// metLost reports the key of a record whose value cannot be read.
func (s *aroundSource) metLost() {
	key := bytes.Clone(s.key)
	page, _ := s.seg.Iter().Position()
	s.met(&segment.Gap{From: key, To: append(bytes.Clone(key), 0), Page: page, Err: s.lost()})
}

// inline returns the current value if it is in memory in one piece.
func (s *aroundSource) inline() (value []byte, ok bool) {
	if s.seg == nil {
		return s.tree.Value(), true
	}
	return s.seg.Iter().Inline()
}

func (s *aroundSource) first() {
	switch {
	case s.seg == nil:
		s.settle(s.tree.First())
	case s.limits != nil && !s.limits.below:
		s.settle(s.seg.SeekGE(s.limits.topic, s.limits.split))
	default:
		s.settle(s.seg.First())
	}
}

func (s *aroundSource) last() {
	switch {
	case s.seg == nil:
		s.settle(s.tree.Last())
	case s.limits != nil && s.limits.below && s.limits.topic == 0:
		s.belowSplit()
	default:
		// System keys come after all user keys: the empty one is the end of the user's.
		s.lastUser(s.seg.SeekLE(base.System, nil))
	}
}

// lastUser settles on the record before a system key.
func (s *aroundSource) lastUser(ok bool) {
	if ok && s.seg.Iter().Kind()&base.System != 0 {
		ok = s.seg.Prev()
	}
	s.settleBack(ok)
}

// belowSplit moves to the last record below the split key.
func (s *aroundSource) belowSplit() {
	ok := s.seg.SeekLE(s.limits.topic, s.limits.split)
	if ok && !s.limits.inside(s.seg.Iter().Kind(), s.seg.Iter().Key()) {
		ok = s.seg.Prev()
	}
	s.settle(ok)
}

func (s *aroundSource) seekGE(key []byte) {
	switch {
	case s.seg == nil:
		s.settle(s.tree.SeekGE(key))
	case s.limits == nil || s.limits.inside(0, key):
		s.settle(s.seg.SeekGE(0, key))
	case s.limits.below:
		s.valid, s.gap = false, segment.Gap{}
	default:
		s.first()
	}
}

func (s *aroundSource) seekLE(key []byte) {
	switch {
	case s.seg == nil:
		s.settle(s.tree.SeekLE(key))
	case s.limits == nil || s.limits.inside(0, key):
		s.settleBack(s.seg.SeekLE(0, key))
	case s.limits.below:
		s.belowSplit()
	default:
		s.valid, s.gap = false, segment.Gap{}
	}
}

// step moves to the next record, or the one before.
func (s *aroundSource) step(back bool) {
	switch {
	case s.seg == nil && back:
		s.settle(s.tree.Prev())
	case s.seg == nil:
		s.settle(s.tree.Next())
	case back:
		s.settleBack(s.seg.Prev())
	default:
		s.settle(s.seg.Next())
	}
}
