// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// sums is which page sums the pages of a segment have.
type sums uint8

const (
	anySums   sums = iota // not known: every page is believed that is sound in itself
	noSums                // C lsm1 wrote it
	sealSums              // every page has the seal
	oldSums               // every page has the old sum
	frontSums             // pages have the seal or, where C lsm1 went on, none
)

// identity is how a page of a segment is recognized.
type identity struct {
	sums      sums
	seal      format.Seal
	redirects []format.Redirect
	doubt     bool // the pages do not agree about it
	// box opens the pages of an encrypted file; nil in another.
	box *crypt.Box
}

// summed reports whether every page has a page sum.
func (id *identity) summed() bool { return id.sums == sealSums || id.sums == oldSums }

// original returns the number that a page had when it was written.
func (id *identity) original(geo format.Geometry, p base.PageNo) base.PageNo {
	for _, r := range id.redirects {
		if geo.Block(p) == r.To {
			return p + base.PageNo(int64(r.From-r.To)*geo.PagesPerBlock())
		}
	}
	return p
}

// mapped returns the block that the segment calls b.
func (id *identity) mapped(b base.BlockNo) base.BlockNo {
	for _, r := range id.redirects {
		if r.From == b {
			return r.To
		}
	}
	return b
}

// mappedPage returns the page that the segment calls p.
func (id *identity) mappedPage(geo format.Geometry, p base.PageNo) base.PageNo {
	b := geo.Block(p)
	return p - base.PageNo(int64(b-id.mapped(b))*geo.PagesPerBlock())
}

// fits reports whether a raw page may be one of the segment.
func (id *identity) fits(geo format.Geometry, p base.PageNo, raw []byte) bool {
	number := id.original(geo, p)
	switch id.sums {
	case sealSums:
		return format.SealOf(number, raw) == id.seal
	case oldSums:
		return geo.OldSumGood(p, number, raw)
	case noSums:
		return geo.StoredSum(p, raw) == 0
	case frontSums:
		return geo.StoredSum(p, raw) == 0 || format.SealOf(number, raw) == id.seal || geo.Content(p, raw).IsBTree()
	}
	return true
}

// votes are what pages of a segment say about its identity.
type votes struct {
	pages, none, old int
	seals            map[format.Seal]int
}

// votePages is how many pages at each end of a segment are asked.
const votePages = 48

func (v *votes) add(geo format.Geometry, number, p base.PageNo, raw []byte) {
	if v.seals == nil {
		v.seals = make(map[format.Seal]int)
	}
	v.pages++
	switch {
	case geo.StoredSum(p, raw) == 0:
		v.none++
	case geo.OldSumGood(p, number, raw):
		v.old++
	default:
		v.seals[format.SealOf(number, raw)]++
	}
}

// decide returns what most pages say. A single page with a sum proves nothing.
func (v *votes) decide() (sums, format.Seal) {
	seal, top := format.Seal(0), 0
	for s, n := range v.seals {
		if n > top || n == top && s < seal {
			seal, top = s, n
		}
	}
	switch {
	case v.none > 0 && top > 1 && v.none > 1:
		return frontSums, seal
	case 2*v.none > v.pages:
		return noSums, 0
	case 2*v.old > v.pages:
		return oldSums, 0
	case top > 1:
		return sealSums, seal
	}
	return anySums, 0
}

// split reports whether two seals have several pages each: one of them is that of pages that belong elsewhere.
func (v *votes) split() bool {
	several := 0
	for _, n := range v.seals {
		if n > 1 {
			several++
		}
	}
	return several > 1
}

// identify finds out which page sums a sheet's pages have, from pages at both of its ends.
func (s *sheet) identify() {
	var v votes
	buf := make([]byte, s.in.geo.PageSize)
	asked := make(map[base.PageNo]bool)
	ask := func(w *walker) {
		for range votePages {
			at, ok := w.next(buf)
			if !ok {
				return
			}
			if at.page != nil && !asked[at.no] && !format.AllZero(buf) {
				asked[at.no] = true
				v.add(s.in.geo, s.id.original(s.in.geo, at.no), at.no, buf)
			}
		}
	}
	s.id.sums = anySums
	ask(&walker{s: s})
	if n := len(s.pieces); n > 0 {
		tail := walker{s: s, i: n - 1}
		if last := &s.pieces[n-1]; !s.in.packed() && int64(last.last-last.first) >= votePages {
			tail.at = last.last - votePages + 1
		}
		ask(&tail)
	}
	s.id.sums, s.id.seal = v.decide()
	s.id.doubt = v.split()
}
