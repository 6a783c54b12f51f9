// SPDX-License-Identifier: Apache-2.0

package blockfile

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// plainOutput is the output of a file that is not compressed: pages are filled in place, in
// the buffer from which they are written.
type plainOutput struct{ *Appender }

func (o plainOutput) next() (base.PageNo, []byte, error) {
	geo := &o.f.geo
	switch {
	case o.page == 0 && o.first != 0: // at an append point
		o.page = o.first
	case o.page == 0:
		b, err := o.allocate()
		if err != nil {
			return 0, nil, err
		}
		o.page = geo.FirstPage(b)
		o.first = o.page
	case geo.IsLast(o.page):
		if err := o.nextBlock(); err != nil {
			return 0, nil, err
		}
	default:
		o.sealNewest()
		o.close()
		if n := len(o.buf); n >= longRunBytes || n >= runBytes && !o.within() {
			if err := o.flush(); err != nil {
				return 0, nil, err
			}
		}
		o.page++
	}
	o.pages++
	raw := o.grow()
	if geo.IsFirst(o.page) && len(o.blocks) > 1 {
		geo.SetLink(o.page, raw, o.blocks[len(o.blocks)-2])
	}
	return o.page, geo.Content(o.page, raw), nil
}

// nextBlock links the newest page to a new block, writes what is buffered, and goes on
// there. A segment that ends on the last page of its block links to nothing.
func (o plainOutput) nextBlock() error {
	b, err := o.allocate()
	if err != nil {
		return err
	}
	o.f.geo.SetLink(o.page, o.buf[len(o.buf)-o.f.geo.PageSize:], b)
	if err := o.flush(); err != nil {
		return err
	}
	o.page = o.f.geo.FirstPage(b)
	o.first = o.page
	return nil
}

// within reports whether the newest page lies within a record: none begins on it.
func (o plainOutput) within() bool {
	newest := o.f.geo.Content(o.page, o.buf[len(o.buf)-o.f.geo.PageSize:])
	return newest.NumCells() == 0 && !newest.IsBTree()
}

// grow adds one zeroed page to the buffer and returns it. A segment of one page needs no more
// memory than that.
func (o plainOutput) grow() []byte {
	size := o.f.geo.PageSize
	n := len(o.buf)
	if n+size > cap(o.buf) {
		run := runBytes
		if n >= runBytes {
			run = longRunBytes
		}
		bigger := make([]byte, n, max(size, min(4*n, max(run, n+size))))
		copy(bigger, o.buf)
		o.buf = bigger
	}
	o.buf = o.buf[:n+size]
	raw := o.buf[n:]
	clear(raw)
	o.sealed = false
	return raw
}

// sealNewest stores the sum of the newest page, which is complete: each at its own time, so that
// none of the steps that write pages takes long.
func (o plainOutput) sealNewest() {
	if n := len(o.buf); n > 0 {
		o.f.geo.SealPage(o.page, o.buf[n-o.f.geo.PageSize:], o.seal)
		o.sealed = true
	}
}

// flush writes the buffered pages. Their content and links are final.
func (o plainOutput) flush() error {
	if len(o.buf) == 0 {
		return nil
	}
	if !o.sealed {
		o.sealNewest()
	}
	if err := o.write(len(o.buf)); err != nil {
		return err
	}
	o.buf, o.sent = o.buf[:0], 0
	return nil
}

// write writes what is in the buffer up to end and was not written yet.
func (o plainOutput) write(end int) error {
	pages := o.buf[o.sent:end]
	if len(pages) == 0 {
		return nil
	}
	off := o.f.geo.Offset(o.first)
	if err := o.f.writeAt(pages, off); err != nil {
		return err
	}
	o.f.wrotePages(off, len(pages))
	o.f.keepFresh(o.first, pages)
	n := len(pages) / o.f.geo.PageSize
	o.f.written.Add(uint32(n))
	o.f.stats.pagesWritten.Add(int64(n))
	o.f.stats.dataBytes.Add(int64(len(pages)))
	o.first += base.PageNo(n)
	o.sent = end
	return nil
}

// spill leaves the newest page, which is being filled in the buffer.
func (o plainOutput) spill() (bool, error) {
	end := len(o.buf) - o.f.geo.PageSize
	if len(o.buf) < runBytes || end <= o.sent {
		return false, nil
	}
	return true, o.write(end)
}

// close closes up what spill has left in the buffer, once nobody fills it any more.
func (o plainOutput) close() {
	if o.sent > 0 {
		o.buf = o.buf[:copy(o.buf, o.buf[o.sent:])]
		o.sent = 0
	}
}

func (o plainOutput) pause() (bool, error) {
	if o.AppendPoint() == 0 {
		return false, nil
	}
	return true, o.flush()
}

func (o plainOutput) finish() error    { return o.flush() }
func (o plainOutput) end() base.PageNo { return o.page }
func (o plainOutput) size() int64      { return o.pages }
