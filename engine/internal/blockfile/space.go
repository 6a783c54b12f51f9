package blockfile

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
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

// Verify checks a raw page that was just read, the page sum first, then its structure,
// and returns its content area.
func (s *Space) Verify(p base.PageNo, raw []byte) (format.Page, error) {
	if detail := s.Unfit(p, raw); detail != "" {
		s.stats.badPages.Add(1)
		return nil, s.corrupt(p, errs.Corruptf("%s", detail))
	}
	page := s.geo.Content(p, raw)
	if err := format.ValidatePage(page); err != nil {
		var big *errs.Error
		if errors.As(err, &big) && big.Code == errs.CodeTooBig {
			big.Op, big.Path = "read", s.path
			big.Detail = fmt.Sprintf("page %d at offset %d: %s", p, s.geo.Offset(p), big.Detail)
			return nil, big
		}
		s.stats.badPages.Add(1)
		return nil, s.corrupt(p, err)
	}
	return page, nil
}

// Unfit says why a raw page is none of the segment's by its page sum; "" if it can be.
func (s *Space) Unfit(p base.PageNo, raw []byte) string {
	stored := s.geo.StoredSum(p, raw)
	switch {
	case !s.Sealed && stored == 0:
		return ""
	case !s.Sealed:
		return "the page carries a page sum, unlike the others of its segment, which C lsm1 wrote: it was damaged or belongs elsewhere"
	case s.geo.SumGood(p, s.Original(p), raw, s.Seal):
		return ""
	case stored == 0:
		return "the page has no page sum, unlike the others of its segment: it was damaged or never written"
	}
	return "the page sum does not match: the page was damaged, belongs elsewhere, or is what stood here before"
}

// SealedAs returns the space of a segment that is otherwise s.
func (s *Space) SealedAs(sealed bool, seal format.Seal) *Space {
	if s.Sealed == sealed && s.Seal == seal {
		return s
	}
	return &Space{File: s.File, Redirects: s.Redirects, Sealed: sealed, Seal: seal}
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

// RawPage reads page p afresh; see File.RawPage.
func (s *Space) RawPage(p base.PageNo) ([]byte, error) {
	if s.geo.Compressed {
		raw, err := s.rawRecord(p)
		if err == nil {
			s.stats.rawPages.Add(1)
		}
		return raw, err
	}
	return s.File.RawPage(p)
}

// Page returns the page with real number p, from the cache or from the file. The bytes
// are read-only and stay valid for as long as they are referred to.
func (s *Space) Page(p base.PageNo) (format.Page, error) {
	if p > 0 {
		if fr := s.cache.get(p); fr != nil {
			return fr.page, nil
		}
	}
	return s.miss(p)
}

func (s *Space) miss(p base.PageNo) (format.Page, error) {
	if s.geo.Compressed {
		return s.missRecord(p)
	}
	raw, err := s.rawPage(p)
	if err != nil {
		return nil, err
	}
	s.stats.misses.Add(1)
	s.stats.missPages.Add(1)
	page, err := s.Verify(p, raw)
	if err != nil {
		return nil, err
	}
	s.cache.put(p, raw, page)
	return page, nil
}

// aheadBytes is how much PageAhead reads at once.
const aheadBytes = 64 << 10

// aheadBuffers holds buffers of aheadBytes, or of one page if that is more.
var aheadBuffers = sync.Pool{New: func() any { b := make([]byte, max(aheadBytes, format.MaxPageSize)); return &b }}

// PageAhead returns page p as Page does. If it has to read the file, it reads some of the
// pages behind p in the same block, up to page last, with it: a reader that walks the
// segment wants them next.
func (s *Space) PageAhead(p, last base.PageNo) (format.Page, error) {
	if p > 0 {
		if fr := s.cache.get(p); fr != nil {
			return fr.page, nil
		}
	}
	if !s.inRange(p) {
		return nil, s.outOfRange(p)
	}
	if s.geo.Compressed {
		return s.packedAhead(p, last)
	}
	b := s.geo.Block(p)
	end := min(s.geo.LastPage(b), p+base.PageNo(max(1, aheadBytes/s.geo.PageSize))-1)
	if s.geo.Block(last) == b && last >= p {
		end = min(end, last)
	}
	buf := aheadBuffers.Get().(*[]byte)
	defer aheadBuffers.Put(buf)
	size := s.geo.PageSize
	n, err := s.readPages((*buf)[:int(end-p+1)*size], p)
	if err != nil {
		return nil, err
	}
	s.stats.misses.Add(1)
	s.stats.missPages.Add(1)
	s.stats.aheadPages.Add(int64(n) - 1)
	var first format.Page
	for i := range n {
		no := p + base.PageNo(i)
		if i > 0 && s.cache.has(no) {
			continue
		}
		raw := bytes.Clone((*buf)[i*size : (i+1)*size])
		page, err := s.Verify(no, raw)
		if err != nil {
			if i == 0 {
				return nil, err
			}
			break // whoever asks for that page will be told
		}
		s.cache.put(no, raw, page)
		if i == 0 {
			first = page
		}
	}
	return first, nil
}

// NextPage returns the page behind p in its segment, and PrevPage the one before it.
// The caller knows from the segment's ends whether there is one.
func (s *Space) NextPage(p base.PageNo) (base.PageNo, error) {
	if s.geo.Compressed {
		return s.nextRecord(p)
	}
	if !s.geo.IsLast(p) {
		return p + 1, nil
	}
	b, err := s.link(p)
	return s.geo.FirstPage(b), err
}

// PrevPage returns the page before p in its segment; see NextPage.
func (s *Space) PrevPage(p base.PageNo) (base.PageNo, error) {
	if s.geo.Compressed {
		return s.prevRecord(p)
	}
	if !s.geo.IsFirst(p) {
		return p - 1, nil
	}
	b, err := s.link(p)
	return s.geo.LastPage(b), err
}

// LastPage returns the last page of a segment that ends at the given place, which in a
// compressed file is the offset of a byte.
func (s *Space) LastPage(last base.PageNo) (base.PageNo, error) {
	if s.geo.Compressed {
		return s.lastRecord(last)
	}
	return last, nil
}

// NextBlock returns the block that block b of the segment links to, and PrevBlock the one
// before it.
func (s *Space) NextBlock(b base.BlockNo) (base.BlockNo, error) {
	if s.geo.Compressed {
		return s.blockLink(b, true)
	}
	return s.link(s.geo.LastPage(b))
}

// PrevBlock returns the block that links to block b; see NextBlock.
func (s *Space) PrevBlock(b base.BlockNo) (base.BlockNo, error) {
	if s.geo.Compressed {
		return s.blockLink(b, false)
	}
	return s.link(s.geo.FirstPage(b))
}

// blockLink reads a block link of a compressed file.
func (s *Space) blockLink(b base.BlockNo, next bool) (base.BlockNo, error) {
	to, err := s.RawLink(b, next)
	if err != nil {
		return 0, err
	}
	p := s.geo.FirstPage(b)
	if next {
		p = s.geo.LastPage(b)
	}
	return s.follow(p, to)
}

// RawLink reads the link of block b to the next one (next) or the previous one, as it is in
// the file, whatever it says.
func (f *File) RawLink(b base.BlockNo, next bool) (base.BlockNo, error) {
	var link [format.LinkSize]byte
	_, err := f.readAt(link[:], f.geo.LinkOffset(b, next))
	return format.BlockLink(link[:]), err
}

// link reads the block link that page p carries.
func (s *Space) link(p base.PageNo) (base.BlockNo, error) {
	var b base.BlockNo
	if fr := s.cache.get(p); fr != nil {
		b = s.geo.Link(p, fr.raw)
	} else {
		raw, err := s.RawPage(p)
		if err != nil {
			return 0, err
		}
		b = s.geo.Link(p, raw)
	}
	b = s.MapBlock(b)
	if b < 1 || uint32(b) > s.Blocks() {
		return 0, s.corrupt(p, errs.Corruptf("links to block %d; the file has %d", b, s.Blocks()))
	}
	return b, nil
}
