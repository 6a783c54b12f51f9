// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
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

// release forgets the tree or the segment, and all that was read of it.
func (s *Source) release() {
	if s.isSeg {
		s.seg.Release()
	} else {
		s.tree = memtree.Iter{}
	}
	s.valid, s.key, s.limits = false, nil, nil
}

// extend appends a source, which must be initialized, to a list. What lies after the end of the
// list has been released.
func extend(list []Source) []Source {
	if n := len(list); n < cap(list) {
		return list[:n+1]
	}
	return append(list, Source{})
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

// ReadAhead prepares the source for one pass from front to back.
func (s *Source) ReadAhead() {
	if s.isSeg {
		s.seg.ReadAhead()
	} else {
		s.tree.ReadAhead()
	}
}

// FetchAhead reads ahead about n bytes if the source is about to need them, and reports whether it did.
// The source was prepared by ReadAhead.
func (s *Source) FetchAhead(n int) bool { return s.isSeg && s.valid && s.seg.FetchAhead(n) }

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

// appendPart appends the n bytes of the current value from byte from on to dst.
func (s *Source) appendPart(dst []byte, from, n int) ([]byte, error) {
	if s.isSeg {
		return s.seg.AppendPart(dst, from, n)
	}
	return append(dst, s.tree.Value()[from:from+n]...), nil
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

// Position returns where the current record of a segment stands; page 0 if the source is at
// its end.
func (s *Source) Position() (page base.PageNo, cell int) {
	if !s.valid {
		return 0, 0
	}
	return s.seg.Position()
}

// Shorten has the source go on in what segment.From has left of its segment.
func (s *Source) Shorten(left *segment.Segment) { s.seg.Shorten(left) }

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
