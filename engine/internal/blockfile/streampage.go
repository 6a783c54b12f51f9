// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

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

// page returns the compressed image of the page at p and the offset after its record, to be
// settled. Both size fields are compared, and the size with what the codec can make of a page.
func (t *stream) page(p base.PageNo) (image []byte, end base.PageNo, err error) {
	h, err := t.head(p)
	if err != nil {
		return nil, 0, err
	}
	if h.Pad {
		return nil, 0, t.s.corrupt(p, errs.Corruptf("padding stands in the place of a page"))
	}
	if h.Body > t.layout.maxImage {
		return nil, 0, t.s.corrupt(p, errs.Corruptf("the page claims to take %d bytes; %s it takes %d at most",
			h.Body, t.layout.how(), t.layout.maxImage))
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
	if t.layout.coder == nil {
		return end, t.openPage(raw, p, image)
	}
	if t.s.keys != nil {
		if t.plain, image, err = t.open(t.plain[:0], p, image); err != nil {
			return 0, err
		}
	}
	if err := t.layout.decompress(raw, image); err != nil {
		ce := errs.Corruptf("%d bytes are not a page compressed with %s", len(image), t.layout.coder.Name())
		ce.Err = err
		t.s.stats.badPages.Add(1)
		return 0, t.s.corrupt(p, ce)
	}
	return end, nil
}

// frame reads and verifies the page at p, puts it into the cache and returns it, held, with the
// offset after its record.
func (t *stream) frame(p base.PageNo) (*Frame, base.PageNo, error) {
	fr := t.s.cache.newFrame(p)
	end, err := t.imageInto(fr.raw, p)
	if err != nil {
		fr.Release()
		return nil, 0, err
	}
	page, err := t.s.Verify(p, fr.raw)
	if err != nil {
		fr.Release()
		return nil, 0, err
	}
	// If the next page begins right after this one, as it mostly does, it is known for
	// nothing. What is there may be no page of this segment: then no reader needs it.
	if i := int64(end - t.at); i > 0 && i+format.RecordSizeLen <= int64(len(t.data)) {
		if h, ok := format.DecodeRecordHead(t.data[i:]); ok && !h.Pad {
			if fr.next.Store(int64(end)); t.s.Box != nil {
				fr.next.Store(-int64(end))
			}
		}
	}
	if t.s.Box != nil {
		fr.prev.Store(int64(t.prev))
	}
	t.s.cache.put(fr, page)
	return fr, end, nil
}
