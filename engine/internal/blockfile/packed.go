package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// How pages of a compressed file are read. The cache holds them decompressed, with the
// numbers of their neighbours in the segment once these are known, so that walking over
// cached pages reads nothing.

// pageAhead is how much of the stream is read for one page: most often all of it.
func (f *File) pageAhead() int { return f.maxImage + 4*format.RecordSizeLen }

// rawRecord reads the page at p afresh.
func (s *Space) rawRecord(p base.PageNo) ([]byte, error) {
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	raw, _, err := t.image(p)
	return raw, err
}

// missRecord is miss for a compressed file.
func (s *Space) missRecord(p base.PageNo) (format.Page, error) {
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	s.stats.misses.Add(1)
	fr, _, err := s.takeRecord(t, p)
	if err != nil {
		return nil, err
	}
	s.stats.missPages.Add(1)
	s.cache.putFrame(fr)
	return fr.page, nil
}

// takeRecord reads and verifies the page at p and returns it with the offset behind its
// record.
func (s *Space) takeRecord(t *stream, p base.PageNo) (*frame, base.PageNo, error) {
	raw, end, err := t.image(p)
	if err != nil {
		return nil, 0, err
	}
	page, err := s.Verify(p, raw)
	if err != nil {
		return nil, 0, err
	}
	fr := &frame{raw: raw, page: page, no: p}
	// If the next page begins right behind this one, as it mostly does, it is known for
	// nothing. What is there may be no page of this segment: then nobody asks for it.
	if i := int64(end - t.at); i > 0 && i+format.RecordSizeLen <= int64(len(t.data)) {
		if h, ok := format.DecodeRecordHead(t.data[i:]); ok && !h.Pad {
			fr.next.Store(int64(end))
		}
	}
	return fr, end, nil
}

// packedAhead is PageAhead for a compressed file: it decompresses the pages behind p that
// lie in the same stretch of the file, into the cache, as many as PageAhead reads of an
// uncompressed file, but not so many that a small cache would lose them before they are
// asked for.
func (s *Space) packedAhead(p, last base.PageNo) (format.Page, error) {
	pages := max(1, int(min(aheadBytes, s.cache.budget/8))/s.geo.PageSize)
	t := s.borrow(min(aheadBytes, max(s.pageAhead(), int(s.usualImage.Load())*pages)))
	defer t.giveBack()
	s.stats.misses.Add(1)
	var first format.Page
	images, bytes := 0, int64(0)
	for range pages {
		var end base.PageNo
		if first == nil || !s.cache.has(p) {
			fr, e, err := s.takeRecord(t, p)
			if err != nil {
				if first == nil {
					return nil, err
				}
				break // whoever asks for that page will be told
			}
			if first == nil {
				first = fr.page
				s.stats.missPages.Add(1)
			} else {
				s.stats.aheadPages.Add(1)
			}
			if e > p && e-p < base.PageNo(2*s.pageAhead()) { // within one block
				images, bytes = images+1, bytes+int64(e-p)
			}
			s.cache.putFrame(fr)
			end = e
		} else {
			h, err := t.head(p)
			if err != nil || h.Pad {
				break
			}
			end = p + base.PageNo(h.Len)
		}
		// Only what the stretch holds completely is taken further.
		i := int64(end - t.at)
		if end > last && s.geo.Block(end) == s.geo.Block(last) || i <= 0 || i >= int64(len(t.data)) {
			break
		}
		h, ok := format.DecodeRecordHead(t.data[i:])
		if !ok || h.Pad || i+int64(h.Len) > int64(len(t.data)) {
			break
		}
		p = end
	}
	if images > 1 && bytes > 0 {
		s.usualImage.Store(bytes/int64(images) + 1)
	}
	return first, nil
}

// nextRecord and prevRecord are NextPage and PrevPage for a compressed file.
func (s *Space) nextRecord(p base.PageNo) (base.PageNo, error) {
	fr := s.cache.peek(p)
	if fr != nil {
		if n := fr.next.Load(); n != 0 {
			return base.PageNo(n), nil
		}
	}
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	next, err := t.nextPage(p)
	if err == nil && fr != nil {
		fr.next.Store(int64(next))
	}
	return next, err
}

func (s *Space) prevRecord(p base.PageNo) (base.PageNo, error) {
	fr := s.cache.peek(p)
	if fr != nil {
		if n := fr.prev.Load(); n != 0 {
			return base.PageNo(n), nil
		}
	}
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	prev, err := t.prevPage(p)
	if err != nil {
		return 0, err
	}
	if fr != nil {
		fr.prev.Store(int64(prev))
	}
	// Whoever steps back reads that page next, and it mostly is in memory already.
	if i := int64(prev - t.at); i >= 0 && i < int64(len(t.data)) && !s.cache.has(prev) {
		if fr, _, err := s.takeRecord(t, prev); err == nil {
			s.stats.aheadPages.Add(1)
			fr.next.Store(int64(p))
			s.cache.putFrame(fr)
		}
	}
	return prev, nil
}

// lastRecord returns the last page of a segment whose last byte, padding included, is at
// the given offset.
func (s *Space) lastRecord(last base.PageNo) (base.PageNo, error) {
	if !s.inRange(last) {
		return 0, s.outOfRange(last)
	}
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	return t.prevPage(last + 1)
}
