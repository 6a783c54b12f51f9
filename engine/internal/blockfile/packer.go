// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packer is the output of a compressed file. A page can be compressed when it
// is complete, which it is when the next one is begun; from then on the number of the next one,
// the offset after its record, is known. Blocks are filled to the last byte:
//
//	… record | record | reco → next block          previous block ← rd | record | padding
//
// A new block is taken when the next byte has to be written, so that none is left over at
// the end.
type packer struct {
	*Appender
	layout  *packed
	content []byte      // the newest page, not compressed yet unless stored is set
	stored  bool        // the newest page is in the stream
	record  []byte      // memory for one record
	plain   []byte      // memory for what a box is to hold, compressed
	before  base.PageNo // the page before the newest one, 0 for none; for an encrypted file
	at      base.PageNo // where the next byte goes; 0 before the first, in a new block
	written int64       // bytes of records and padding
}

func newPacker(a *Appender, l *packed, start base.PageNo) *packer {
	return &packer{Appender: a, layout: l, at: start, record: make([]byte, 0, l.maxImage+2*format.RecordSizeLen)}
}

func (k *packer) next() (base.PageNo, []byte, error) {
	if k.page != 0 && !k.stored {
		if err := k.packPage(false); err != nil {
			return 0, nil, err
		}
	}
	if k.at == 0 || !k.hasRoom() {
		if err := k.packBlock(); err != nil {
			return 0, nil, err
		}
	}
	k.before, k.page, k.stored = k.page, k.at, false
	k.pages++
	if k.content == nil {
		k.content = make([]byte, k.f.geo.PageSize, k.f.geo.PageSize+crypt.PageTail)
	}
	clear(k.content)
	return k.page, k.content, nil
}

// hasRoom reports whether the current block has a byte left.
func (k *packer) hasRoom() bool { return k.at <= k.f.geo.LastPage(k.current()) }

// current returns the block that is being written.
func (k *packer) current() base.BlockNo { return k.blocks[len(k.blocks)-1] }

// packPage seals, compresses, encrypts and stores the newest page.
func (k *packer) packPage(last bool) error {
	f := k.f
	f.geo.SealPage(k.page, k.content, k.seal)
	k.record = append(k.record[:0], make([]byte, format.RecordSizeLen)...)
	var record []byte
	var err error
	if f.keys == nil {
		record, err = k.compress(k.record, k.layout.maxImage)
	} else {
		record, err = k.encrypt(k.record, last)
	}
	if err != nil {
		return err
	}
	n := len(record) - format.RecordSizeLen
	format.PutRecordSize(record, n, false)
	k.record = append(record, record[:format.RecordSizeLen]...)
	if err := k.pack(k.record); err != nil {
		return err
	}
	k.layout.usualImage.Store((7*k.layout.usualImage.Load() + int64(len(k.record)) + 7) / 8)
	f.written.Add(1)
	f.stats.pagesWritten.Add(1)
	return nil
}

// compress appends to dst what the codec makes of the newest page, at most most bytes.
func (k *packer) compress(dst []byte, most int) ([]byte, error) {
	coder := k.layout.coder
	out, err := coder.Compress(dst, k.content)
	if err != nil {
		return nil, &errs.Error{Code: errs.CodeIO, Op: "compress", Path: k.f.path, Detail: "a page with " + coder.Name(), Err: err}
	}
	if n := len(out) - len(dst); n <= 0 || n > most {
		return nil, &errs.Error{Code: errs.CodeIO, Op: "compress", Path: k.f.path, Detail: coder.Name() + " makes more of a page than it says it would"}
	}
	return out, nil
}

// encrypt appends the box of the newest page to dst.
func (k *packer) encrypt(dst []byte, last bool) (_ []byte, err error) {
	if k.box == nil {
		if k.box, err = k.f.keys.Segment(k.salt); err != nil {
			return nil, err
		}
	}
	plain := k.content // has room for the tail
	if k.layout.coder != nil {
		if k.plain, err = k.compress(k.plain[:0], k.layout.maxImage-crypt.PageOverhead); err != nil {
			return nil, err
		}
		plain = k.plain
	}
	return k.box.SealPage(dst, crypt.AppendPageTail(plain, uint64(k.before), last), uint64(k.page))
}

// pack appends bytes to the stream, over as many blocks as it takes.
func (k *packer) pack(b []byte) error {
	k.written += int64(len(b))
	for len(b) > 0 {
		if !k.hasRoom() {
			if err := k.packBlock(); err != nil {
				return err
			}
		}
		n := min(len(b), int(k.f.geo.LastPage(k.current())-k.at)+1)
		k.buf = append(k.buf, b[:n]...)
		k.at += base.PageNo(n)
		b = b[n:]
		if len(k.buf) >= runBytes {
			if err := k.flushStream(); err != nil {
				return err
			}
		}
	}
	return nil
}

// packBlock takes a new block. The one before it, if any, is complete and gets the link to
// it; the new one begins with a link back.
func (k *packer) packBlock() error {
	b, err := k.allocate()
	if err != nil {
		return err
	}
	var link [format.LinkSize]byte
	if n := len(k.blocks); n > 1 {
		format.PutBlockLink(link[:], b)
		k.buf = append(k.buf, link[:]...)
		if err := k.flushStream(); err != nil {
			return err
		}
		format.PutBlockLink(link[:], k.blocks[n-2])
	}
	k.first = base.PageNo(k.f.geo.LinkOffset(b, false))
	k.buf = append(k.buf[:0], link[:]...)
	k.at = k.f.geo.FirstPage(b)
	return nil
}

// flushStream writes what is buffered, which begins at offset first.
func (k *packer) flushStream() error {
	if len(k.buf) == 0 {
		return nil
	}
	if err := k.f.writeAt(k.buf, int64(k.first)); err != nil {
		return err
	}
	k.f.wrotePages(int64(k.first), len(k.buf))
	k.f.stats.dataBytes.Add(int64(len(k.buf)))
	k.first += base.PageNo(len(k.buf))
	k.buf = k.buf[:0]
	return nil
}

// finish writes padding after the last page, so that nothing that is appended later shares a
// sector with the segment.
func (k *packer) finish() error {
	if k.page == 0 {
		return nil
	}
	if !k.stored {
		if err := k.packPage(true); err != nil {
			return err
		}
		k.stored = true
	}
	sector := max(512, k.f.f.SectorSize())
	if n := k.f.geo.PadTo(int64(k.at-1), sector); n > 0 {
		if err := k.pack(format.AppendPad(nil, n)); err != nil {
			return err
		}
	}
	return k.flushStream()
}

// spill does nothing: pages of few bytes are written together.
func (k *packer) spill() (bool, error) { return false, nil }

// pause is finish: what comes next begins after the padding.
func (k *packer) pause() (bool, error) {
	if err := k.finish(); err != nil {
		return false, err
	}
	return k.AppendPoint() != 0, nil
}

func (k *packer) end() base.PageNo {
	if k.page == 0 {
		return 0
	}
	return k.at - 1
}

func (k *packer) size() int64 { return k.written }
