package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packer is what an Appender does for a compressed file. A page can be compressed when it
// is complete, which it is when the next one is asked for; from then on the number of the
// next one, the offset behind its record, is known. Blocks are filled to the last byte:
//
//	… record | record | reco → next block          previous block ← rd | record | padding
//
// A new block is taken when the next byte has to be written, so that none is left over at
// the end.
type packer struct {
	page   []byte // the newest page, not compressed yet
	record []byte // memory for one record
	at     base.PageNo
	bytes  int64 // of records and padding
}

// nextRecord is Next for a compressed file.
func (a *Appender) nextRecord() (base.PageNo, []byte, error) {
	k := a.packer
	if a.page != 0 {
		if err := a.packPage(); err != nil {
			return 0, nil, err
		}
	}
	if k.at == 0 || !a.hasRoom() {
		if err := a.packBlock(); err != nil {
			return 0, nil, err
		}
	}
	a.page = k.at
	a.pages++
	if k.page == nil {
		k.page = make([]byte, a.f.geo.PageSize)
	}
	clear(k.page)
	return a.page, k.page, nil
}

// hasRoom reports whether the current block has a byte left.
func (a *Appender) hasRoom() bool { return a.packer.at <= a.f.geo.LastPage(a.current()) }

// current returns the block that is being written.
func (a *Appender) current() base.BlockNo { return a.blocks[len(a.blocks)-1] }

// packPage seals, compresses and stores the newest page.
func (a *Appender) packPage() error {
	k, f := a.packer, a.f
	f.geo.SealPage(a.page, k.page, a.seal)
	k.record = append(k.record[:0], make([]byte, format.RecordSizeLen)...)
	record, err := f.codec.Compress(k.record, k.page)
	if err != nil {
		return &errs.Error{Code: errs.CodeIO, Op: "compress", Path: f.path, Detail: "a page with " + f.codec.Name(), Err: err}
	}
	n := len(record) - format.RecordSizeLen
	if n <= 0 || n > f.maxImage {
		return &errs.Error{Code: errs.CodeIO, Op: "compress", Path: f.path,
			Detail: f.codec.Name() + " makes more of a page than it says it would"}
	}
	format.PutRecordSize(record, n, false)
	k.record = append(record, record[:format.RecordSizeLen]...)
	if err := a.pack(k.record); err != nil {
		return err
	}
	f.usualImage.Store((7*f.usualImage.Load() + int64(len(k.record)) + 7) / 8)
	f.written.Add(1)
	f.stats.pagesWritten.Add(1)
	return nil
}

// pack appends bytes to the stream, over as many blocks as it takes.
func (a *Appender) pack(b []byte) error {
	k := a.packer
	k.bytes += int64(len(b))
	for len(b) > 0 {
		if !a.hasRoom() {
			if err := a.packBlock(); err != nil {
				return err
			}
		}
		n := min(len(b), int(a.f.geo.LastPage(a.current())-k.at)+1)
		a.buf = append(a.buf, b[:n]...)
		k.at += base.PageNo(n)
		b = b[n:]
		if len(a.buf) >= runBytes {
			if err := a.flushStream(); err != nil {
				return err
			}
		}
	}
	return nil
}

// packBlock takes a new block. The one before it, if any, is complete and gets the link to
// it; the new one begins with a link back.
func (a *Appender) packBlock() error {
	b, err := a.allocate()
	if err != nil {
		return err
	}
	var link [format.LinkSize]byte
	if n := len(a.blocks); n > 1 {
		format.PutBlockLink(link[:], b)
		a.buf = append(a.buf, link[:]...)
		if err := a.flushStream(); err != nil {
			return err
		}
		format.PutBlockLink(link[:], a.blocks[n-2])
	}
	a.first = base.PageNo(a.f.geo.LinkOffset(b, false))
	a.buf = append(a.buf[:0], link[:]...)
	a.packer.at = a.f.geo.FirstPage(b)
	return nil
}

// flushStream writes what is buffered, which begins at offset first.
func (a *Appender) flushStream() error {
	if len(a.buf) == 0 {
		return nil
	}
	if err := a.f.writeAt(a.buf, int64(a.first)); err != nil {
		return err
	}
	a.f.stats.dataBytes.Add(int64(len(a.buf)))
	a.first += base.PageNo(len(a.buf))
	a.buf = a.buf[:0]
	return nil
}

// finishStream is Finish for a compressed file: behind the last page comes padding, so that
// nothing that is appended later shares a sector with the segment.
func (a *Appender) finishStream() error {
	k := a.packer
	if a.page == 0 {
		return nil
	}
	if err := a.packPage(); err != nil {
		return err
	}
	sector := max(512, a.f.f.SectorSize())
	if n := a.f.geo.PadTo(int64(k.at-1), sector); n > 0 {
		if err := a.pack(format.AppendPad(nil, n)); err != nil {
			return err
		}
	}
	return a.flushStream()
}
