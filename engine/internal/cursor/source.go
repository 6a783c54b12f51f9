// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Source is one sorted run that a cursor or a merge reads: a tree, a segment, or the
// part of a segment that counts while its level is half merged. It walks all records,
// delete marks and system keys included.
type Source struct {
	tree   memtree.Iter
	seg    segment.Iter
	isSeg  bool
	valid  bool
	topic  base.Kind // added to the kinds of a tree's records
	kind   base.Kind
	key    []byte
	head   uint64 // base.Head(key), to compare most keys without touching them
	limits *limits
}

// limits bounds the source to one side of a half-done merge's split key. Nearly all
// sources have none.
type limits struct {
	below bool // only keys below the split key count, else only those from it on
	split []byte
	topic base.Kind
	// gap says that the keys between the split key and this source's nearest record on
	// its own side are deleted: a range reaches across the split.
	gap bool
}

// inside reports whether a key lies on the source's side of the split key.
func (l *limits) inside(kind base.Kind, key []byte) bool {
	return (base.CompareTopic(kind, key, l.topic, l.split) < 0) == l.below
}

// InitTree makes the source a tree.
func (s *Source) InitTree(v memtree.View) {
	s.isSeg, s.valid, s.limits, s.topic = false, false, nil, 0
	s.tree.Init(v)
}

// InitSystemTree makes the source a tree of system keys.
func (s *Source) InitSystemTree(v memtree.View) {
	s.InitTree(v)
	s.topic = base.System
}

// initSegment makes the source a whole segment.
func (s *Source) initSegment(seg *segment.Segment) {
	s.isSeg, s.valid, s.limits = true, false, nil
	s.seg.Init(seg)
}

// initLimited makes the source the part of a segment on one side of a split key.
func (s *Source) initLimited(seg *segment.Segment, m *snapshot.Merging, below bool) error {
	s.initSegment(seg)
	l := &limits{below: below, split: m.Split, topic: m.SplitKind & base.System}
	if below {
		if s.seg.Last() {
			l.gap = s.seg.Kind()&base.StartDelete != 0
		}
	} else if s.seg.SeekGE(l.topic, l.split) {
		l.gap = s.seg.Kind()&base.EndDelete != 0
	}
	s.limits = l
	return s.seg.Err()
}

// ReadAhead prepares the source for one pass from front to back.
func (s *Source) ReadAhead() {
	if s.isSeg {
		s.seg.ReadAhead()
	}
}

// Valid reports whether the source stands on a record.
func (s *Source) Valid() bool { return s.valid }

// Kind returns the current record's kind.
func (s *Source) Kind() base.Kind { return s.kind }

// Key returns the current key; it is valid until the source moves.
func (s *Source) Key() []byte { return s.key }

// Inline returns the current value if it is in memory in one piece; it is valid until the
// source moves.
func (s *Source) Inline() (value []byte, ok bool) {
	if s.isSeg {
		return s.seg.Inline()
	}
	return s.tree.Value(), true
}

// appendValue appends the current value to dst.
func (s *Source) appendValue(dst []byte) ([]byte, error) {
	if s.isSeg {
		return s.seg.AppendValue(dst)
	}
	return append(dst, s.tree.Value()...), nil
}

// Body begins to read the current value, which is not Inline, piece by piece. Passed is
// called with it in the end.
func (s *Source) Body() segment.Body { return s.seg.Body() }

// Passed lets the source go on where a Body ends that was read.
func (s *Source) Passed(b *segment.Body) { s.seg.Passed(b) }

// valueLen returns the length of the current value without loading it.
func (s *Source) valueLen() int {
	if s.isSeg {
		return s.seg.ValueLen()
	}
	return len(s.tree.Value())
}

// Err returns what made the source invalid, if it was an error.
func (s *Source) Err() error {
	if s.isSeg {
		return s.seg.Err()
	}
	return nil
}

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
		if s.valid = false; !s.limits.below {
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
		if s.valid = false; s.limits.below {
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

// Head returns base.Head of the current key.
func (s *Source) Head() uint64 { return s.head }

// Less orders two valid sources by their current keys, user keys first.
func (s *Source) Less(o *Source) bool {
	if st, ot := s.kind&base.System, o.kind&base.System; st != ot {
		return st < ot
	}
	return s.head < o.head || s.head == o.head && bytes.Compare(s.key, o.key) < 0
}

// At reports whether the source stands on a record with this key.
func (s *Source) At(topic base.Kind, head uint64, key []byte) bool {
	return s.valid && s.head == head && s.kind&base.System == topic && bytes.Equal(s.key, key)
}

// CoversAhead reports whether a key lies inside a deleted range of this source. The
// source must stand on its first record after the key, or at its end.
func (s *Source) CoversAhead(topic base.Kind, key []byte) bool {
	if s.limits != nil {
		if !s.limits.inside(topic, key) {
			return false
		}
		if !s.valid {
			return s.limits.below && s.limits.gap
		}
	}
	return s.valid && s.kind&base.EndDelete != 0 && s.kind&base.System == topic
}

// coversBehind is CoversAhead for a source that stands on its last record before the
// key, or at its beginning.
func (s *Source) coversBehind(topic base.Kind, key []byte) bool {
	if s.limits != nil {
		if !s.limits.inside(topic, key) {
			return false
		}
		if !s.valid {
			return !s.limits.below && s.limits.gap
		}
	}
	return s.valid && s.kind&base.StartDelete != 0 && s.kind&base.System == topic
}

// LevelSources appends the sources of a level, newest first.
func LevelSources(list []Source, l *snapshot.Level) ([]Source, error) {
	n := len(list)
	if l.Merging == nil || l.Merging.NoSplit {
		list = append(list, Source{})
		list[n].initSegment(l.Seg)
		return list, nil
	}
	// Below the split key only the output counts, from it on only the inputs; so the
	// output's place in the order does not matter.
	for range l.Segments() {
		list = append(list, Source{})
	}
	if err := list[n].initLimited(l.Seg, l.Merging, true); err != nil {
		return nil, err
	}
	for i, seg := range l.Merging.RHS {
		if err := list[n+1+i].initLimited(seg, l.Merging, false); err != nil {
			return nil, err
		}
	}
	return list, nil
}
