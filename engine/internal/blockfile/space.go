// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// Space is the file as one segment sees it: page numbers found inside the oldest
// segment may name blocks that have been moved since.
type Space struct {
	*File
	Redirects []format.Redirect // by From ascending; at most format.MaxRedirects
	// Sealed says that every page of the segment carries a page sum, as all pages of a
	// segment do if one does; a page of another segment has none, because C lsm1 wrote it.
	// A page that differs from the others of its segment in that is damaged.
	Sealed bool
	// Seal is the seal of a sealed segment; 0 if its pages have the old sum.
	Seal format.Seal
	// Box opens the pages of the segment in an encrypted file; nil in another.
	Box *crypt.Box
	// Partly says that the leaf pages at the front of the segment have the seal: C lsm1, which
	// wrote the others, went on with a merge that lsmlite had begun. Sealed is false then.
	Partly bool
	// Lease is what reads of the file wait for before anything is used; nil if no other process writes it.
	Lease *Lease
}

// Map turns a page number found inside the segment into the real one. Mapping a real
// number changes nothing, because a block that is moved to is never moved from.
func (s *Space) Map(p base.PageNo) base.PageNo {
	if len(s.Redirects) == 0 {
		return p
	}
	return s.mapRedirected(p)
}

func (s *Space) mapRedirected(p base.PageNo) base.PageNo {
	b := s.geo.Block(p)
	for _, r := range s.Redirects {
		if r.From == b {
			mark.Hit(mark.RedirectRead)
			return p - base.PageNo(int64(r.From-r.To)*s.geo.PagesPerBlock())
		}
	}
	return p
}

// MapBlock is Map for a block number, such as a block link.
func (s *Space) MapBlock(b base.BlockNo) base.BlockNo {
	for _, r := range s.Redirects {
		if r.From == b {
			return r.To
		}
	}
	return b
}

// SealedAs returns the space of a segment that is otherwise s.
func (s *Space) SealedAs(sealed bool, seal format.Seal) *Space {
	if s.Sealed == sealed && s.Seal == seal {
		return s
	}
	return &Space{File: s.File, Redirects: s.Redirects, Sealed: sealed, Seal: seal, Box: s.Box, Lease: s.Lease}
}

// PartlySealed returns the space of a segment of which only the front has the seal.
func (s *Space) PartlySealed(seal format.Seal) *Space {
	return &Space{File: s.File, Redirects: s.Redirects, Partly: true, Seal: seal, Box: s.Box, Lease: s.Lease}
}

// Original returns the number that real page p had when it was written.
func (s *Space) Original(p base.PageNo) base.PageNo {
	for _, r := range s.Redirects {
		if s.geo.Block(p) == r.To {
			return p + base.PageNo(int64(r.From-r.To)*s.geo.PagesPerBlock())
		}
	}
	return p
}

// Hold returns the page with real number p, from the cache or from the file. It is read-only and
// stays as it is until the caller releases the frame.
func (s *Space) Hold(p base.PageNo) (*Frame, error) {
	if p > 0 {
		if fr := s.cache.hold(p); fr != nil {
			fr.touch()
			return fr.handOut(), nil
		}
	}
	fr, err := s.layout.miss(s, p)
	if err != nil {
		return nil, err
	}
	return fr.handOut(), nil
}

// HoldAhead returns page p as Hold does. If it has to read the file, it reads some of the
// pages after p in the same block, up to page last, with it: a reader that walks the
// segment wants them next.
func (s *Space) HoldAhead(p, last base.PageNo) (*Frame, error) {
	if p > 0 {
		if fr := s.cache.walkedTo(p); fr != nil && fr.hold() {
			fr.touch()
			return fr.handOut(), nil
		}
	}
	if !s.inRange(p) {
		return nil, s.outOfRange(p)
	}
	fr, err := s.layout.missAhead(s, p, last)
	if err != nil {
		return nil, err
	}
	return fr.handOut(), nil
}

// Page returns the page as Hold does, in memory that is the caller's: for those who need few.
func (s *Space) Page(p base.PageNo) (format.Page, error) {
	fr, err := s.Hold(p)
	if err != nil {
		return nil, err
	}
	return fr.own(), nil
}

// RawPage reads page p afresh from the file, for checking and dumps. It verifies nothing,
// except that the file has such a page. Of a compressed file it returns the page decompressed.
func (s *Space) RawPage(p base.PageNo) ([]byte, error) {
	raw, err := s.layout.read(s, p)
	if err == nil {
		s.stats.rawPages.Add(1)
	}
	return raw, err
}

// NextPage returns the page after p in its segment, and PrevPage the one before it.
// The caller knows from the segment's ends whether there is one.
func (s *Space) NextPage(p base.PageNo) (base.PageNo, error) { return s.layout.nextPage(s, p, 0) }

// NextAhead is NextPage for a walk, up to page last, that reads ahead. In an encrypted file, only the
// next page itself tells that it is the next one, so that it is read here.
func (s *Space) NextAhead(p, last base.PageNo) (base.PageNo, error) {
	return s.layout.nextPage(s, p, last)
}

// PrevPage returns the page before p in its segment; see NextPage.
func (s *Space) PrevPage(p base.PageNo) (base.PageNo, error) { return s.layout.prevPage(s, p) }

// LastPage returns the last page of a segment that ends at the given place, which in a
// compressed file is the offset of a byte.
func (s *Space) LastPage(last base.PageNo) (base.PageNo, error) { return s.layout.lastPage(s, last) }

// NextBlock returns the block that block b of the segment links to.
func (s *Space) NextBlock(b base.BlockNo) (base.BlockNo, error) { return s.layout.nextBlock(s, b) }

// Record tells what is in a compressed file at p, for dumps: a page or padding, and of how
// many bytes. In another file there are no records: the answer is zero.
func (s *Space) Record(p base.PageNo) (format.RecordHead, error) { return s.layout.record(s, p) }

// follow checks the block link found in the block of page p.
func (s *Space) follow(p base.PageNo, link base.BlockNo) (base.BlockNo, error) {
	b := s.MapBlock(link)
	if b < 1 || uint32(b) > s.Blocks() {
		return 0, s.corrupt(p, errs.Corruptf("links to block %d; the file has %d", b, s.Blocks()))
	}
	return b, nil
}
