// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"sort"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// recordsPerPause is how many records are read between two calls of pause.
const recordsPerPause = 64

// BuildFilter reads all user keys of the segment and returns its filter, nil if it would be of
// no use. That of an input of a half-done merge is OfRest: it knows only the keys for which the
// segment is searched. keys is about how many there are. pause is called now and then, and may end the
// work with an error.
func (s *Segment) BuildFilter(keys int64, pause func() error) (*filter.Filter, error) {
	if !s.indexable() {
		return nil, nil
	}
	b := filter.NewBuilder(keys)
	var it Iter
	it.Init(s)
	it.ReadAhead()
	ok := false
	if s.rest == nil {
		ok = it.First()
	} else {
		b.OfRest()
		ok = it.SeekGE(0, s.from)
	}
	n := 0
	for ; ok && it.Kind()&base.System == 0; ok = it.Next() {
		if n++; n%recordsPerPause == 0 {
			if err := pause(); err != nil {
				return nil, err
			}
		}
		b.Add(it.Kind(), it.Key())
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	return b.Filter(), nil
}

// EstimateKeys returns about how many user keys the segment has: of most segments a few in a
// hundred more, rarely less. If it has no filter it looks at so many leaf pages where the index has
// fences, else at one.
func (s *Segment) EstimateKeys(samples int) (int64, error) {
	if f := s.Index.Filter(); f != nil {
		return f.Keys(), nil
	}
	cells := func(p base.PageNo) (int64, error) {
		s.Space.CountLookups(0, 1)
		page, err := s.Space.Page(p)
		if err != nil || page.IsBTree() {
			return 0, err
		}
		return int64(page.NumCells()), nil
	}
	f := s.Index.Fences()
	if f == nil {
		p, err := s.someLeaf()
		if err != nil {
			return 0, err
		}
		n, err := cells(p)
		if s.Root != 0 {
			n *= s.Space.PagesIn(s.Size)
		}
		return n, err
	}
	first, err := s.firstLeft(f)
	if err != nil {
		return 0, err
	}
	leaves, looked, sum := f.Leaves()-first, 0, int64(0)
	for i := 0; i < leaves; i += max(1, (leaves+samples-1)/samples) {
		n, err := cells(f.Page(first + i))
		if err != nil {
			return 0, err
		}
		sum += n
		looked++
	}
	if looked == 0 {
		return 0, nil
	}
	n := (sum*int64(leaves) + int64(looked) - 1) / int64(looked)
	return n + n/16, nil
}

// someLeaf returns a leaf page of the segment.
func (s *Segment) someLeaf() (base.PageNo, error) {
	if s.rest == nil || s.from == nil || s.Root == 0 {
		return s.First, nil
	}
	var it Iter // the first page that is left may be one of the b-tree
	it.Init(s)
	defer it.Done()
	if !it.descend(0, s.from) {
		return 0, it.err
	}
	return it.no, nil
}

// firstLeft returns the first leaf page of the fences that is one of the segment's. Those before it
// may be another segment's by now, and what stands on them then must not be read as the segment's: it
// would stay in the page cache.
func (s *Segment) firstLeft(f *fence.Fences) (int, error) {
	if s.rest == nil {
		return 0, nil
	}
	if _, err := s.left(s.First); err != nil {
		return 0, err
	}
	return sort.Search(f.Leaves(), func(i int) bool {
		left, _ := s.left(f.Page(i)) // the error is always the same
		return left
	}), nil
}
