// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
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
		n, err := cells(s.First)
		if s.Root != 0 {
			n *= s.Space.PagesIn(s.Size)
		}
		return n, err
	}
	leaves, looked, sum := f.Leaves(), 0, int64(0)
	for i := 0; i < leaves; i += max(1, (leaves+samples-1)/samples) {
		n, err := cells(f.Page(i))
		if err != nil {
			return 0, err
		}
		sum += n
		looked++
	}
	n := (sum*int64(leaves) + int64(looked) - 1) / int64(looked)
	return n + n/16, nil
}
