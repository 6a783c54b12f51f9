package blockfile

import (
	"errors"
	"fmt"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// stream reads the byte stream of a segment of a compressed file: the data bytes of its
// blocks, in the order of its block links. It keeps one stretch of one block in memory. A
// stream belongs to one goroutine.
type stream struct {
	s     *Space
	ahead int         // bytes to read at once, at least
	last  base.PageNo // no more than needed is read beyond it, if it is not 0

	room []byte      // memory for data
	data []byte      // data bytes of one block
	at   base.PageNo // offset of the first of them
	// next is the block that follows, if data reaches to the end of its block (full). It is
	// what the link says: whether that is a block is looked at when it is used.
	full bool
	next base.BlockNo

	joined []byte // a piece that reaches over the end of a block
}

// streams holds streams for reading single pages.
var streams = sync.Pool{New: func() any { return &stream{} }}

// borrow returns a stream that reads a page's worth of bytes at once.
func (s *Space) borrow(ahead int) *stream {
	t := streams.Get().(*stream)
	t.reset(s, ahead)
	return t
}

// giveBack returns a borrowed stream. What was got from it is not valid any more.
func (t *stream) giveBack() {
	t.s = nil
	streams.Put(t)
}

func (t *stream) reset(s *Space, ahead int) {
	t.s, t.ahead, t.last = s, ahead, 0
	t.data, t.full = t.data[:0], false
}

// load reads at least n bytes from p on, or up to the end of the block.
func (t *stream) load(p base.PageNo, n int) error {
	s := t.s
	if !s.inRange(p) {
		return s.outOfRange(p)
	}
	b := s.geo.Block(p)
	toEnd := int(s.geo.LastPage(b)-p) + 1
	if toEnd <= 0 || p < s.geo.FirstPage(b) {
		return s.corrupt(p, errs.Corruptf("a page number in the place of a block link"))
	}
	ahead := t.ahead
	if t.last >= p && s.geo.Block(t.last) == b {
		ahead = min(ahead, int(t.last-p)+1)
	}
	n = max(n, ahead)
	full := n >= toEnd
	if full {
		n = toEnd + format.LinkSize
	}
	if cap(t.room) < n {
		t.room = make([]byte, n)
	}
	t.data, t.full = t.data[:0], false
	got, err := s.readAt(t.room[:n], int64(p))
	if err != nil {
		return err
	}
	t.at, t.full = p, full
	if full {
		// Where the file ends before the block does, the link reads as zero.
		t.next = format.BlockLink(t.room[toEnd:n])
		n = toEnd
	}
	// Bytes behind the end of the file were cut off: nothing stands there.
	t.data = t.room[:min(n, got)]
	t.full = full && got >= n
	return nil
}

// bytes returns n bytes of the stream from p on. They are valid until the next call. end is
// the offset behind them, in the block of the last of them: that of the next record, unless
// the block ends there (see settle).
func (t *stream) bytes(p base.PageNo, n int) (b []byte, end base.PageNo, err error) {
	if i := int64(p - t.at); i >= 0 && i+int64(n) <= int64(len(t.data)) {
		return t.data[i : i+int64(n)], p + base.PageNo(n), nil
	}
	return t.slowBytes(p, n)
}

func (t *stream) slowBytes(p base.PageNo, n int) ([]byte, base.PageNo, error) {
	toEnd := int(t.s.geo.LastPage(t.s.geo.Block(p))-p) + 1
	if n <= toEnd {
		if err := t.load(p, n); err != nil {
			return nil, 0, err
		}
		if len(t.data) < n {
			return nil, 0, t.s.corrupt(p, errs.Corruptf("the page lies behind the end of the file"))
		}
		return t.data[:n], p + base.PageNo(n), nil
	}
	// The piece goes on in the next block, perhaps in further ones.
	t.joined = t.joined[:0]
	for {
		// Of the last block only the beginning is needed, of the others the link as well.
		take := min(n-len(t.joined), toEnd)
		i := int64(p - t.at)
		if i < 0 || i+int64(take) > int64(len(t.data)) || take == toEnd && !t.full {
			if err := t.load(p, take); err != nil {
				return nil, 0, err
			}
			i = 0
		}
		if int64(len(t.data)) < i+int64(take) {
			return nil, 0, t.s.corrupt(p, errs.Corruptf("the page lies behind the end of the file"))
		}
		t.joined = append(t.joined, t.data[i:i+int64(take)]...)
		if len(t.joined) == n {
			return t.joined, p + base.PageNo(take), nil
		}
		next, err := t.s.follow(p, t.next)
		if err != nil {
			return nil, 0, err
		}
		p = t.s.geo.FirstPage(next)
		toEnd = int(t.s.geo.LastPage(next)-p) + 1
	}
}

// settle returns where the stream goes on behind end, which bytes has returned.
func (t *stream) settle(end base.PageNo) (base.PageNo, error) {
	last := end - 1
	if !t.s.geo.IsLast(last) {
		return end, nil
	}
	if !t.full || t.s.geo.Block(t.at) != t.s.geo.Block(last) {
		b, err := t.s.NextBlock(t.s.geo.Block(last))
		return t.s.geo.FirstPage(b), err
	}
	b, err := t.s.follow(last, t.next)
	return t.s.geo.FirstPage(b), err
}

// follow checks the block link found in the block of page p.
func (s *Space) follow(p base.PageNo, link base.BlockNo) (base.BlockNo, error) {
	b := s.MapBlock(link)
	if b < 1 || uint32(b) > s.Blocks() {
		return 0, s.corrupt(p, errs.Corruptf("links to block %d; the file has %d", b, s.Blocks()))
	}
	return b, nil
}

// head reads the head of the record at p. Only a size field is looked at further than its
// first byte, because a short padding may be the last there is.
func (t *stream) head(p base.PageNo) (format.RecordHead, error) {
	b, _, err := t.bytes(p, 1)
	if err == nil && b[0]&0x80 != 0 {
		b, _, err = t.bytes(p, format.RecordSizeLen)
	}
	if err != nil {
		return format.RecordHead{}, err
	}
	h, ok := format.DecodeRecordHead(b)
	if !ok {
		return h, t.s.corrupt(p, errs.Corruptf("no page begins here: the bytes % x are no size field", b))
	}
	return h, nil
}

// page returns the compressed image of the page at p and the offset behind its record, to
// be settled. Both size fields are compared, and the size with what the codec can make of a
// page.
func (t *stream) page(p base.PageNo) (image []byte, end base.PageNo, err error) {
	h, err := t.head(p)
	if err != nil {
		return nil, 0, err
	}
	if h.Pad {
		return nil, 0, t.s.corrupt(p, errs.Corruptf("padding stands in the place of a page"))
	}
	if h.Body > t.s.maxImage {
		return nil, 0, t.s.corrupt(p, errs.Corruptf("the page claims to take %d bytes; compressed with %s it takes %d at most", h.Body, t.s.codec.Name(), t.s.maxImage))
	}
	b, end, err := t.bytes(p, h.Len)
	if err != nil {
		return nil, 0, err
	}
	if tail, ok := format.DecodeRecordTail(b); !ok || tail != h {
		return nil, 0, t.s.corrupt(p, errs.Corruptf("the page's two size fields do not match"))
	}
	return b[format.RecordSizeLen : len(b)-format.RecordSizeLen], end, nil
}

// image decompresses the page at p into memory of its own.
func (t *stream) image(p base.PageNo) (raw []byte, end base.PageNo, err error) {
	raw = make([]byte, t.s.geo.PageSize)
	if end, err = t.imageInto(raw, p); err != nil {
		return nil, 0, err
	}
	return raw, end, nil
}

// imageInto is image into memory of the caller's, which has the length of a page.
func (t *stream) imageInto(raw []byte, p base.PageNo) (end base.PageNo, err error) {
	image, end, err := t.page(p)
	if err != nil {
		if errors.Is(err, errs.ErrCorrupt) {
			t.s.stats.badPages.Add(1)
		}
		return 0, err
	}
	if err := t.s.decompress(raw, image); err != nil {
		ce := errs.Corruptf("%d bytes are not a page compressed with %s", len(image), t.s.codec.Name())
		ce.Err = err
		t.s.stats.badPages.Add(1)
		return 0, t.s.corrupt(p, ce)
	}
	return end, nil
}

// decompress guards against a codec that panics on damaged input: an error of a page must
// not end the program.
func (f *File) decompress(dst, src []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the codec panics: %v", r)
		}
	}()
	return f.codec.Decompress(dst, src)
}

// nextPage returns the page behind the one at p, over the padding between them.
func (t *stream) nextPage(p base.PageNo) (base.PageNo, error) {
	h, err := t.head(p)
	if err != nil {
		return 0, err
	}
	if h.Pad || h.Body > t.s.maxImage {
		return 0, t.s.corrupt(p, errs.Corruptf("no page begins here"))
	}
	end, err := t.skip(p, h.Len)
	if err != nil {
		return 0, err
	}
	return t.pageFrom(end)
}

// pageFrom returns the first page at or behind p, which is the beginning of a record.
func (t *stream) pageFrom(p base.PageNo) (base.PageNo, error) {
	for hops := uint32(0); ; {
		h, err := t.head(p)
		if err != nil || !h.Pad {
			return p, err
		}
		if err := t.padding(p, h); err != nil {
			return 0, err
		}
		next, err := t.skip(p, h.Len)
		if err != nil {
			return 0, err
		}
		if next <= p || t.s.geo.Block(next) != t.s.geo.Block(p) {
			if hops++; hops > t.s.Blocks() {
				return 0, t.s.corrupt(p, errs.Corruptf("the segment's block links run in a circle"))
			}
		}
		p = next
	}
}

// padding checks that the padding at p looks the same from both ends. One damaged bit would
// otherwise turn a page into padding, and its records would be missing without a word.
func (t *stream) padding(p base.PageNo, h format.RecordHead) error {
	if h.Len <= t.s.geo.BlockSize {
		b, _, err := t.bytes(p, h.Len)
		if err != nil {
			return err
		}
		if format.SoundPad(b) {
			return nil
		}
	}
	t.s.stats.badPages.Add(1)
	return t.s.corrupt(p, errs.Corruptf("the two ends of a padding of %d bytes do not match: it was damaged, or is a page that was", h.Len))
}

// skip returns the place in the stream n bytes behind p. Only links are read.
func (t *stream) skip(p base.PageNo, n int) (base.PageNo, error) {
	geo := t.s.geo
	for {
		b := geo.Block(p)
		toEnd := int(geo.LastPage(b)-p) + 1
		if n < toEnd {
			return p + base.PageNo(n), nil
		}
		next, err := t.settle(geo.LastPage(b) + 1)
		if err != nil {
			return 0, err
		}
		n -= toEnd
		p = next
	}
}

// prevPage returns the page before the one at p.
func (t *stream) prevPage(p base.PageNo) (base.PageNo, error) {
	for hops := uint32(0); ; {
		h, err := t.tail(p)
		if err != nil {
			return 0, err
		}
		q, crossed, err := t.back(p, h.Len)
		if err != nil {
			return 0, err
		}
		if !h.Pad {
			return q, nil
		}
		if err := t.padding(q, h); err != nil {
			return 0, err
		}
		if crossed {
			if hops++; hops > t.s.Blocks() {
				return 0, t.s.corrupt(p, errs.Corruptf("the segment's block links run in a circle"))
			}
		}
		p = q
	}
}

// tail reads the end of the record before p.
func (t *stream) tail(p base.PageNo) (format.RecordHead, error) {
	var h format.RecordHead
	last, _, err := t.back(p, 1)
	if err != nil {
		return h, err
	}
	// Whoever steps back wants the page before next: read it as well if it is near.
	if i := int64(last - t.at); i < 0 || i >= int64(len(t.data)) {
		from := max(t.s.geo.FirstPage(t.s.geo.Block(last)), last-base.PageNo(t.ahead)+1)
		if err := t.load(from, int(last-from)+1); err != nil {
			return h, err
		}
	}
	b, _, err := t.bytes(last, 1)
	if err == nil && b[0]&0x80 != 0 {
		var q base.PageNo
		if q, _, err = t.back(p, format.RecordSizeLen); err == nil {
			b, _, err = t.bytes(q, format.RecordSizeLen)
		}
	}
	if err != nil {
		return h, err
	}
	h, ok := format.DecodeRecordTail(b)
	if !ok || !h.Pad && h.Body > t.s.maxImage {
		return h, t.s.corrupt(p, errs.Corruptf("no page ends before this one: the bytes % x are no size field", b))
	}
	return h, nil
}

// back returns the place in the stream n bytes before p, and whether it is in an earlier
// block.
func (t *stream) back(p base.PageNo, n int) (q base.PageNo, crossed bool, err error) {
	geo := t.s.geo
	for {
		b := geo.Block(p)
		if room := int(p - geo.FirstPage(b)); n <= room {
			return p - base.PageNo(n), crossed, nil
		} else {
			n -= room
		}
		prev, err := t.s.PrevBlock(b)
		if err != nil {
			return 0, false, err
		}
		p, crossed = geo.LastPage(prev)+1, true
	}
}
