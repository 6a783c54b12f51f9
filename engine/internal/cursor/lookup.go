// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Get looks a user key up, newest source first, and appends its value to dst.
func Get(dst, key []byte, live *memtree.View, st *snapshot.State) (value []byte, found bool, err error) {
	ask := asker{key: key}
	if v, r := ask.tree(live); r != memtree.Unknown {
		return append(dst, v...), r == memtree.Found, nil
	}
	return ask.get(dst, st)
}

// GetBelow is Get without the live tree.
func GetBelow(dst, key []byte, st *snapshot.State) (value []byte, found bool, err error) {
	ask := asker{key: key}
	return ask.get(dst, st)
}

// get is GetBelow.
func (a *asker) get(dst []byte, st *snapshot.State) (value []byte, found bool, err error) {
	if st.HasOld {
		if v, r := a.tree(&st.Old); r != memtree.Unknown {
			return append(dst, v...), r == memtree.Found, nil
		}
	}
	var it segment.Iter
	at, err := a.levels(st.Disk.Levels, &it)
	if at != nil {
		if value, err = at.AppendValue(dst); err == nil {
			dst, found = value, true
		}
		at.Done()
	}
	it.Done()
	return dst, found, err
}

// ValueLen looks a user key up, newest source first, and returns the length of its value,
// which it does not load.
func ValueLen(key []byte, live *memtree.View, st *snapshot.State) (n int, found bool, err error) {
	ask := asker{key: key}
	if v, r := ask.tree(live); r != memtree.Unknown {
		return len(v), r == memtree.Found, nil
	}
	return ask.valueLen(st)
}

// ValueLenBelow is ValueLen without the live tree.
func ValueLenBelow(key []byte, st *snapshot.State) (n int, found bool, err error) {
	ask := asker{key: key}
	return ask.valueLen(st)
}

// valueLen is ValueLenBelow.
func (a *asker) valueLen(st *snapshot.State) (n int, found bool, err error) {
	if st.HasOld {
		if v, r := a.tree(&st.Old); r != memtree.Unknown {
			return len(v), r == memtree.Found, nil
		}
	}
	var it segment.Iter
	at, err := a.levels(st.Disk.Levels, &it)
	if at != nil {
		n, found = at.ValueLen(), true
		at.Done()
	}
	it.Done()
	return n, found, err
}

// levels looks the key up in the levels alone, by means of an iterator. It returns the
// iterator that stands on the key's value, it or another one, nil if there is none.
func (a *asker) levels(levels []*snapshot.Level, it *segment.Iter) (at *segment.Iter, err error) {
	for _, l := range levels {
		if l.FreelistOnly {
			continue
		}
		out := segment.Unknown
		at = it
		switch {
		case l.Merging == nil || l.Merging.NoSplit:
			out, err = a.lookup(l.Seg, a.filter(l.Seg), it)
		case !l.Merging.Ours:
			at, out, err = lookupMerging(a.key, l)
		case base.CompareTopic(0, a.key, l.Merging.SplitKind, l.Merging.Split) < 0,
			mutant.Is(mutant.SplitKeyOffInGet) && base.CompareTopic(0, a.key, l.Merging.SplitKind, l.Merging.Split) == 0:
			out, err = a.lookup(l.Seg, a.output(l.Seg, l.Merging), it)
		default:
			for _, seg := range l.Merging.RHS {
				if out, err = a.lookup(seg, a.filter(seg), it); out != segment.Unknown || err != nil {
					break
				}
			}
		}
		switch {
		case err != nil || out == segment.Deleted:
			a.done(countsOfLevels(levels))
			return nil, err
		case out == segment.Found:
			a.done(countsOfLevels(levels))
			return at, nil
		}
	}
	a.done(countsOfLevels(levels))
	return nil, nil
}

// lookup looks the key up in a segment, unless the answer of filters is that there is nothing.
func (a *asker) lookup(seg *segment.Segment, answer answer, it *segment.Iter) (out segment.Outcome, err error) {
	if answer == absent {
		return segment.Unknown, nil
	}
	it.Init(seg)
	if out, err = it.Lookup(a.key); out == segment.Unknown && answer == maybe {
		a.inVain++
	}
	return out, err
}

// lookupMerging looks a key up in a level that C lsm1 left half merged, where ranges may reach
// across the split key. The iterator that it returns is the only one that still holds a page.
func lookupMerging(key []byte, l *snapshot.Level) (at *segment.Iter, out segment.Outcome, err error) {
	sources, err := LevelSources(nil, l)
	if err != nil {
		return nil, segment.Unknown, err
	}
	defer func() {
		for i := range sources {
			if s := &sources[i].seg; s != at {
				s.Done()
			}
		}
	}()
	for i := range sources {
		s := &sources[i]
		s.seekGE(0, key)
		if err := s.Err(); err != nil {
			return nil, segment.Unknown, err
		}
		switch {
		case s.At(0, base.Head(key), key):
			if s.kind&base.Insert != 0 {
				return &s.seg, segment.Found, nil
			}
			if s.kind&base.PointDelete != 0 {
				return nil, segment.Deleted, nil
			}
		case s.CoversAhead(0, key):
			return nil, segment.Deleted, nil
		}
	}
	return nil, segment.Unknown, nil
}
