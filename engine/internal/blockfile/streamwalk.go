// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// nextPage returns the page after the one at p, over the padding between them.
func (t *stream) nextPage(p base.PageNo) (base.PageNo, error) {
	h, err := t.head(p)
	if err != nil {
		return 0, err
	}
	if h.Pad || h.Body > t.layout.maxImage {
		return 0, t.s.corrupt(p, errs.Corruptf("no page begins here"))
	}
	end, err := t.skip(p, h.Len)
	if err != nil {
		return 0, err
	}
	return t.pageFrom(end)
}

// pageFrom returns the first page at or after p, which is the beginning of a record.
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

// skip returns the place in the stream n bytes after p. Only links are read.
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
	// A reader that steps back needs the page before next: read it as well if it is near.
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
	if !ok || !h.Pad && h.Body > t.layout.maxImage {
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
		prev, err := t.layout.prevBlock(t.s, b)
		if err != nil {
			return 0, false, err
		}
		p, crossed = geo.LastPage(prev)+1, true
	}
}
