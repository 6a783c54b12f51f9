package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Space is the file as one segment sees it: page numbers found inside the oldest
// segment may name blocks that have been moved since.
type Space struct {
	*File
	Redirects []format.Redirect // by From ascending; at most format.MaxRedirects
	// Sealed says that every page of the segment carries a page check, as all pages of a
	// segment do if one does. A page without one, such as one that was overwritten with
	// zeros, is damaged then.
	Sealed bool
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

// Verify checks a raw page that was just read, the page check first, then its structure,
// and returns its content area.
func (s *Space) Verify(p base.PageNo, raw []byte) (format.Page, error) {
	switch s.geo.CheckPage(p, s.Original(p), raw) {
	case format.CheckBad:
		return nil, s.corrupt(p, base.Corruptf("the page check does not match: the page was damaged or belongs elsewhere"))
	case format.Unchecked:
		if s.Sealed {
			return nil, s.corrupt(p, base.Corruptf("the page has no page check, unlike the others of its segment: it was damaged or never written"))
		}
	case format.CheckGood:
	}
	page := s.geo.Content(p, raw)
	if err := format.ValidatePage(page); err != nil {
		return nil, s.corrupt(p, err)
	}
	return page, nil
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
	raw, err := s.RawPage(p)
	if err != nil {
		return nil, err
	}
	s.stats.misses.Add(1)
	s.stats.pagesRead.Add(1)
	page, err := s.Verify(p, raw)
	if err != nil {
		return nil, err
	}
	s.cache.put(p, raw, page)
	return page, nil
}

// NextPage returns the page behind p in its segment, and PrevPage the one before it.
// The caller knows from the segment's ends whether there is one.
func (s *Space) NextPage(p base.PageNo) (base.PageNo, error) {
	if !s.geo.IsLast(p) {
		return p + 1, nil
	}
	b, err := s.link(p)
	return s.geo.FirstPage(b), err
}

// PrevPage returns the page before p in its segment; see NextPage.
func (s *Space) PrevPage(p base.PageNo) (base.PageNo, error) {
	if !s.geo.IsFirst(p) {
		return p - 1, nil
	}
	b, err := s.link(p)
	return s.geo.LastPage(b), err
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
		return 0, s.corrupt(p, base.Corruptf("links to block %d; the file has %d", b, s.Blocks()))
	}
	return b, nil
}
