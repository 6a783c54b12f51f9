// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packed is the layout of a compressed file: a segment's pages are a stream of records over
// its blocks, each with the image that the codec makes of one page. The cache holds pages
// decompressed, with the numbers of their neighbours in the segment once these are known, so
// that walking over cached pages reads nothing.
//
// It is that of an encrypted file, too; see sealed.go.
type packed struct {
	f          *File
	coder      compress.Codec // nil: an encrypted file keeps pages as they are
	maxImage   int            // most bytes that a record has for a page
	usualImage atomic.Int64   // how many it usually takes
}

func newPacked(f *File, codec compress.Codec) *packed {
	l := &packed{f: f, coder: codec}
	if f.keys != nil {
		l.maxImage = Bound(f.geo.PageSize, codec)
	} else {
		l.maxImage = codec.Bound(f.geo.PageSize)
	}
	l.usualImage.Store(int64(f.geo.PageSize))
	return l
}

func (l *packed) bytesIn(size int64) int64 { return size }
func (l *packed) codec() compress.Codec    { return l.coder }

func (l *packed) stretch() (int64, bool) { return l.f.geo.PagesPerBlock(), true }

func (l *packed) pagesIn(size int64) int64 {
	return (size + l.usualImage.Load() - 1) / l.usualImage.Load()
}

func (l *packed) maxContent() int64 {
	return l.f.blockBytes() / (2*format.RecordSizeLen + 1) * int64(l.f.geo.PageSize)
}

func (l *packed) read(s *Space, p base.PageNo) ([]byte, error) {
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	raw, _, err := t.image(p)
	return raw, err
}

func (l *packed) miss(s *Space, p base.PageNo) (*Frame, error) {
	if !s.inRange(p) {
		return nil, s.outOfRange(p)
	}
	s.missed(s.geo.Offset(p))
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	s.stats.misses.count(1)
	fr, _, err := t.frame(p)
	if err != nil {
		return nil, err
	}
	s.regions.readMissed(fr.Page())
	s.stats.missPages.count(1)
	return fr, nil
}

// missAhead decompresses the pages after p that lie in the same stretch of the file, into the
// cache: as many as plain reads, but not so many that a small cache would lose them before they
// are used.
func (l *packed) missAhead(s *Space, p, last base.PageNo) (*Frame, error) {
	pages := max(1, int(min(aheadBytes/s.geo.PageSize, s.cache.places/8)))
	t := l.borrow(s, l.bytesAhead(pages, aheadBytes))
	defer t.giveBack()
	s.stats.misses.count(1)
	var first, before *Frame // before is the newest one, held
	images, bytes := 0, int64(0)
	for range pages {
		var end base.PageNo
		fr := (*Frame)(nil)
		if first != nil {
			fr = s.cache.hold(p)
		}
		if fr == nil {
			read, e, err := t.frame(p)
			if err != nil {
				if first == nil {
					return nil, err
				}
				break // the reader that needs that page gets the error
			}
			if fr = read; first == nil {
				s.stats.missPages.count(1)
			} else {
				s.stats.aheadPages.count(1)
			}
			if e > p && e-p < base.PageNo(2*l.pageAhead()) { // within one block
				images, bytes = images+1, bytes+int64(e-p)
			}
			end = e
		} else if h, err := t.head(p); err == nil && !h.Pad {
			end = p + base.PageNo(h.Len)
		}
		joined := before == nil || s.follows(before, fr)
		if before != first {
			before.Release()
		}
		if before = fr; first == nil {
			first = fr
		}
		if !joined || end == 0 {
			break
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
	if before != first {
		before.Release()
	}
	if images > 1 && bytes > 0 {
		l.usualImage.Store(bytes/int64(images) + 1)
	}
	return first, nil
}

func (l *packed) nextPage(s *Space, p, last base.PageNo) (base.PageNo, error) {
	if s.Box != nil {
		return l.sealedNext(s, p, last)
	}
	fr := s.cache.get(p)
	if fr != nil {
		if n := fr.next.Load(); n != 0 {
			return base.PageNo(n), nil
		}
	}
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	next, err := t.nextPage(p)
	if err == nil && fr != nil {
		fr.next.Store(int64(next))
	}
	return next, err
}

func (l *packed) prevPage(s *Space, p base.PageNo) (base.PageNo, error) {
	if s.Box != nil {
		return l.sealedPrev(s, p)
	}
	fr := s.cache.get(p)
	if fr != nil {
		if n := fr.prev.Load(); n != 0 {
			return base.PageNo(n), nil
		}
	}
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	prev, err := t.prevPage(p)
	if err != nil {
		return 0, err
	}
	if fr != nil {
		fr.prev.Store(int64(prev))
	}
	// A reader that steps back reads that page next, and it mostly is in memory already.
	if i := int64(prev - t.at); i >= 0 && i < int64(len(t.data)) && !s.cache.has(prev) {
		if fr, _, err := t.frame(prev); err == nil {
			s.stats.aheadPages.count(1)
			fr.next.Store(int64(p))
			fr.Release()
		}
	}
	return prev, nil
}

// lastPage returns the last page of a segment whose last byte, padding included, is at
// the given offset.
func (l *packed) lastPage(s *Space, last base.PageNo) (base.PageNo, error) {
	if !s.inRange(last) {
		return 0, s.outOfRange(last)
	}
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	p, err := t.prevPage(last + 1)
	if err != nil || s.Box == nil {
		return p, err
	}
	return l.sealedLast(s, t, p)
}

func (l *packed) record(s *Space, p base.PageNo) (format.RecordHead, error) {
	t := l.borrow(s, l.pageAhead())
	defer t.giveBack()
	return t.head(p)
}

func (l *packed) sequential(s *Space, last base.PageNo, fresh bool) Sequential {
	return &packedRun{stream: stream{s: s, layout: l, ahead: readAheadBytes, last: last}, fresh: fresh}
}

func (l *packed) tail(s *Space, last base.PageNo) Tail { return newPackedTail(s, l) }

func (l *packed) output(a *Appender, start base.PageNo) output { return newPacker(a, l, start) }
