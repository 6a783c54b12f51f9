// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// limits bounds the source to one side of a half-done merge's split key. Nearly all
// sources have none.
type limits struct {
	of    *snapshot.Merging
	below bool // only keys below the split key count, else only those from it on
	split []byte
	topic base.Kind
	// gap says that the keys between the split key and this source's nearest record on
	// its own side are deleted: a range reaches across the split.
	gap bool
}

// inside reports whether a key lies on the source's side of the split key.
func (l *limits) inside(kind base.Kind, key []byte) bool {
	order := base.CompareTopic(kind, key, l.topic, l.split)
	if mutant.Is(mutant.SplitKeyOff) {
		return (order <= 0) == l.below
	}
	return (order < 0) == l.below
}

// nearer returns the head at which a walk comes to the split key, if it comes to that on this source
// and before the given head; else that head. No user key is beyond a split key that is a system key.
func (l *limits) nearer(head base.LongHead, back bool) base.LongHead {
	if l == nil || l.topic != 0 || l.below == back {
		return head
	}
	if split := base.LongHeadOf(l.split); split.Less(head) != back {
		return split
	}
	return head
}

// initLimited makes the source the part of a segment on one side of a split key.
func (s *Source) initLimited(seg *segment.Segment, m *snapshot.Merging, below bool) error {
	s.initSegment(seg)
	l := &limits{of: m, below: below, split: m.Split, topic: m.SplitKind & base.System}
	if below {
		if s.seg.Last() {
			l.gap = s.seg.Kind()&base.StartDelete != 0
		}
	} else if s.seg.SeekGE(l.topic, l.split) {
		l.gap = s.seg.Kind()&base.EndDelete != 0
	}
	if l.gap {
		mark.Hit(mark.SplitGap)
	}
	s.limits = l
	s.seg.Done()
	return s.seg.Err()
}

// LevelSources appends the sources of a level, newest first. They stand nowhere yet.
func LevelSources(list []Source, l *snapshot.Level) ([]Source, error) {
	n := len(list)
	if l.Merging == nil || l.Merging.NoSplit {
		list = extend(list)
		list[n].initSegment(l.Seg)
		return list, nil
	}
	mark.Hit(mark.SplitKey)
	// Below the split key only the output counts, from it on only the inputs; so the
	// output's place in the order does not matter.
	list = extend(list)
	if err := list[n].initLimited(l.Seg, l.Merging, true); err != nil {
		return nil, err
	}
	return InputSources(list, l)
}

// InputSources appends the sources of what is left to be merged of a half-done merge, newest
// first: LevelSources without that of the output.
func InputSources(list []Source, l *snapshot.Level) ([]Source, error) {
	for _, seg := range l.Merging.RHS {
		list = extend(list)
		if err := list[len(list)-1].initLimited(seg, l.Merging, false); err != nil {
			return nil, err
		}
	}
	return list, nil
}
