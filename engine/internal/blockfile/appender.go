package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// runBytes is how much an Appender writes at once. A write costs about as much for 64 KiB
// as for 4, and whoever waits for it does not wait long.
const runBytes = 64 << 10

// Allocator gives an Appender blocks that nothing on disk and no reader refers to.
type Allocator interface {
	Allocate() (base.BlockNo, error)
}

// Appender writes the pages of one new segment: it hands them out one after another to
// be filled in place, links the blocks, stores the page sums, and writes long runs.
// Nothing refers to the pages until the segment is published.
type Appender struct {
	f      *File
	alloc  Allocator
	blocks []base.BlockNo // all blocks used, in order
	buf    []byte         // pages from number first that are not written yet
	first  base.PageNo
	page   base.PageNo // the newest page, 0 before the first
	seal   format.Seal // of the segment
	pages  int64
	packer *packer // of a compressed file
}

// NewAppender starts a segment at page start, which must be free to write (an append
// point), or, if start is 0, in a block of its own.
func (f *File) NewAppender(alloc Allocator, start base.PageNo) *Appender {
	a := &Appender{f: f, alloc: alloc}
	if f.geo.Compressed {
		a.packer = &packer{at: start, record: make([]byte, 0, f.maxImage+2*format.RecordSizeLen)}
	}
	if start != 0 {
		a.blocks = append(a.blocks, f.geo.Block(start))
		a.first = start
	}
	return a
}

// SetSeal makes seal that of the segment. It must be called before the first page is
// handed out; without it the pages get the old sum.
func (a *Appender) SetSeal(seal format.Seal) { a.seal = seal }

// Next returns the number and the zeroed content area of the next page. The caller
// fills it completely before the next call; it must not touch it afterwards.
func (a *Appender) Next() (base.PageNo, []byte, error) {
	if a.packer != nil {
		return a.nextRecord()
	}
	geo := a.f.geo
	switch {
	case a.page == 0 && a.first != 0: // at an append point
		a.page = a.first
	case a.page == 0:
		b, err := a.allocate()
		if err != nil {
			return 0, nil, err
		}
		a.page = geo.FirstPage(b)
		a.first = a.page
	case geo.IsLast(a.page):
		if err := a.nextBlock(); err != nil {
			return 0, nil, err
		}
	default:
		if len(a.buf) >= runBytes {
			if err := a.flush(); err != nil {
				return 0, nil, err
			}
		}
		a.page++
	}
	a.pages++
	raw := a.grow()
	if geo.IsFirst(a.page) && len(a.blocks) > 1 {
		geo.SetLink(a.page, raw, a.blocks[len(a.blocks)-2])
	}
	return a.page, geo.Content(a.page, raw), nil
}

// allocate takes a new block and forgets what the cache knows of its former life.
func (a *Appender) allocate() (base.BlockNo, error) {
	b, err := a.alloc.Allocate()
	if err != nil {
		return 0, err
	}
	a.f.cache.drop(b)
	a.blocks = append(a.blocks, b)
	return b, nil
}

// nextBlock links the newest page to a new block, writes what is buffered, and goes on
// there. A segment that ends on the last page of its block links to nothing.
func (a *Appender) nextBlock() error {
	b, err := a.allocate()
	if err != nil {
		return err
	}
	a.f.geo.SetLink(a.page, a.buf[len(a.buf)-a.f.geo.PageSize:], b)
	if err := a.flush(); err != nil {
		return err
	}
	a.page = a.f.geo.FirstPage(b)
	a.first = a.page
	return nil
}

// grow adds one zeroed page to the buffer and returns it. A segment of one page needs no more
// memory than that.
func (a *Appender) grow() []byte {
	size := a.f.geo.PageSize
	n := len(a.buf)
	if n+size > cap(a.buf) {
		bigger := make([]byte, n, max(size, min(4*n, max(runBytes, n+size))))
		copy(bigger, a.buf)
		a.buf = bigger
	}
	a.buf = a.buf[:n+size]
	raw := a.buf[n:]
	clear(raw)
	return raw
}

// flush writes the buffered pages. Their content and links are final.
func (a *Appender) flush() error {
	size := a.f.geo.PageSize
	if len(a.buf) == 0 {
		return nil
	}
	for i := 0; i < len(a.buf); i += size {
		a.f.geo.SealPage(a.first+base.PageNo(i/size), a.buf[i:i+size], a.seal)
	}
	if err := a.f.writeAt(a.buf, a.f.geo.Offset(a.first)); err != nil {
		return err
	}
	n := len(a.buf) / size
	a.f.written.Add(uint32(n))
	a.f.stats.pagesWritten.Add(int64(n))
	a.f.stats.dataBytes.Add(int64(len(a.buf)))
	a.first += base.PageNo(n)
	a.buf = a.buf[:0]
	return nil
}

// Finish writes what is left. Afterwards the segment's pages are all in the file, though
// not synced.
func (a *Appender) Finish() error {
	if a.packer != nil {
		return a.finishStream()
	}
	return a.flush()
}

// LastPage returns the newest page, which is the segment's last one after Finish.
func (a *Appender) LastPage() base.PageNo { return a.page }

// End returns where the segment ends, after Finish: with its last page, or, in a compressed
// file, with the last byte of the padding behind it.
func (a *Appender) End() base.PageNo {
	if a.packer != nil && a.page != 0 {
		return a.packer.at - 1
	}
	return a.page
}

// Size returns the size of the segment as lsm1 counts it: in pages, or, in a compressed
// file, in bytes.
func (a *Appender) Size() int64 {
	if a.packer != nil {
		return a.packer.bytes
	}
	return a.pages
}

// Pages returns the number of pages handed out.
func (a *Appender) Pages() int64 { return a.pages }

// Blocks returns the blocks that hold the pages, in order. The first one may be shared
// with the end of another segment.
func (a *Appender) Blocks() []base.BlockNo { return a.blocks }

// AppendPoint returns the page where another segment may start behind this one, or 0.
// Where pages are smaller than a sector, writing behind the end could tear the last
// page of this segment, so only a start at a sector is offered.
func (a *Appender) AppendPoint() base.PageNo {
	end := a.End()
	if a.page == 0 || a.f.geo.IsLast(end) || a.f.geo.Offset(end+1)%int64(a.f.f.SectorSize()) != 0 {
		return 0
	}
	return end + 1
}
