// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// plain is the layout of a file that is not compressed: pages of one size side by side. The
// first and the last page of a block carry the links to the blocks before and after it.
type plain struct{ f *File }

func (l plain) codec() compress.Codec    { return nil }
func (l plain) pagesIn(size int64) int64 { return size }
func (l plain) bytesIn(size int64) int64 { return size * int64(l.f.geo.PageSize) }
func (l plain) maxContent() int64        { return l.f.blockBytes() }
func (l plain) stretch() (int64, bool)   { return min(l.f.geo.PagesPerBlock(), stretchPages), false }

func (l plain) read(s *Space, p base.PageNo) ([]byte, error) {
	if !s.inRange(p) {
		return nil, s.outOfRange(p)
	}
	raw := make([]byte, s.geo.PageSize)
	if _, err := s.readPages(raw, p); err != nil {
		return nil, err
	}
	return raw, nil
}

func (l plain) miss(s *Space, p base.PageNo) (*Frame, error) {
	if !s.inRange(p) {
		return nil, s.outOfRange(p)
	}
	s.missed(s.geo.Offset(p))
	fr := s.cache.newFrame(p)
	if _, err := s.readPages(fr.raw, p); err != nil {
		fr.Release()
		return nil, err
	}
	s.stats.misses.count(1)
	s.stats.missPages.count(1)
	page, err := s.Verify(p, fr.raw)
	if err != nil {
		fr.Release()
		return nil, err
	}
	s.regions.readMissed(page)
	s.cache.put(fr, page)
	return fr, nil
}

// aheadBytes is how much PageAhead reads at once.
const aheadBytes = 64 << 10

// aheadBuffers holds buffers of aheadBytes, or of one page if that is more.
var aheadBuffers = sync.Pool{New: func() any { b := make([]byte, max(aheadBytes, format.MaxPageSize)); return &b }}

func (l plain) missAhead(s *Space, p, last base.PageNo) (first *Frame, err error) {
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
	s.stats.misses.count(1)
	s.stats.missPages.count(1)
	s.stats.aheadPages.count(int64(n) - 1)
	for i := range n {
		no := p + base.PageNo(i)
		if i > 0 && s.cache.has(no) {
			continue
		}
		fr := s.cache.newFrame(no)
		copy(fr.raw, (*buf)[i*size:])
		page, err := s.Verify(no, fr.raw)
		if err != nil {
			fr.Release()
			if i == 0 {
				return nil, err
			}
			break // the reader that needs that page gets the error
		}
		s.cache.put(fr, page)
		if i == 0 {
			first = fr
		} else {
			fr.Release()
		}
	}
	return first, nil
}

func (l plain) nextPage(s *Space, p, _ base.PageNo) (base.PageNo, error) {
	if !s.geo.IsLast(p) {
		return p + 1, nil
	}
	b, err := l.link(s, p)
	return s.geo.FirstPage(b), err
}

func (l plain) prevPage(s *Space, p base.PageNo) (base.PageNo, error) {
	if !s.geo.IsFirst(p) {
		return p - 1, nil
	}
	b, err := l.link(s, p)
	return s.geo.LastPage(b), err
}

// A segment ends with its last page.
func (l plain) lastPage(_ *Space, end base.PageNo) (base.PageNo, error) { return end, nil }

func (l plain) nextBlock(s *Space, b base.BlockNo) (base.BlockNo, error) {
	return l.link(s, s.geo.LastPage(b))
}

func (l plain) prevBlock(s *Space, b base.BlockNo) (base.BlockNo, error) {
	return l.link(s, s.geo.FirstPage(b))
}

// link reads the block link that page p carries.
func (l plain) link(s *Space, p base.PageNo) (base.BlockNo, error) {
	var b base.BlockNo
	if fr := s.cache.hold(p); fr != nil {
		fr.touch()
		b = s.geo.Link(p, fr.raw)
		fr.Release()
	} else {
		raw, err := s.RawPage(p)
		if err != nil {
			return 0, err
		}
		b = s.geo.Link(p, raw)
	}
	return s.follow(p, b)
}

// There are no records.
func (l plain) record(*Space, base.PageNo) (format.RecordHead, error) {
	return format.RecordHead{}, nil
}

func (l plain) sequential(s *Space, last base.PageNo, fresh bool) Sequential {
	return &plainRun{s: s, last: last, fresh: fresh}
}

func (l plain) tail(s *Space, last base.PageNo) Tail { return newPlainTail(s, last) }

func (l plain) output(a *Appender, _ base.PageNo) output { return plainOutput{a} }
