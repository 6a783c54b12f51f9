// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Page flags. The remaining 13 bits of the field hold the page sum (see pagesum.go).
const (
	FlagBTree    = 0x0001 // the page belongs to the segment's b-tree
	FlagSkipNext = 0x0002 // the next leaf page with cells is not in the b-tree
	FlagSkipThis = 0x0004 // this leaf page is not in the b-tree
	flagMask     = 0x0007
)

// footerSize is the fixed part of the footer: pointer, flags, number of cells.
const footerSize = 12

// Page is the content area of a page, without a block link: cells from the front, then
// the cell index (growing downwards) and the footer at the end. A Page is a view; the function
// that hands it out says who owns the bytes. The accessors of a page that ValidatePage has
// accepted never fail.
type Page []byte

// NoRoom is a leaf page that holds nothing and has room for nothing.
var NoRoom = make(Page, footerSize)

// Flags returns the page flags, without the page sum.
func (p Page) Flags() uint16 { return binary.BigEndian.Uint16(p[len(p)-4:]) & flagMask }

// IsBTree reports whether p is a b-tree page rather than a leaf page.
func (p Page) IsBTree() bool { return p[len(p)-3]&FlagBTree != 0 }

// Ptr returns the footer pointer: the base FC pointer of a leaf page, the right-most
// child of a b-tree page.
func (p Page) Ptr() base.PageNo {
	return base.PageNo(binary.BigEndian.Uint64(p[len(p)-footerSize:]))
}

// NumCells returns the number of cells that start on the page.
func (p Page) NumCells() int { return int(binary.BigEndian.Uint16(p[len(p)-2:])) }

// EOF returns the end of the area that holds cells.
func (p Page) EOF() int { return len(p) - footerSize - 2*p.NumCells() }

// CellOffset returns where cell i begins.
func (p Page) CellOffset(i int) int {
	return int(binary.BigEndian.Uint16(p[len(p)-footerSize-2-2*i:]))
}

// LeafCell is the header of a record on a leaf page.
type LeafCell struct {
	Kind   base.Kind
	RelPtr int64 // FC pointer relative to the page's base pointer
	KeyLen int
	ValLen int // 0 unless Kind has Insert
	Body   int // offset of the key's first byte on the page
}

// The longest key and the longest value that a file may hold, and that a process can: less
// where an int has 32 bits, so that an offset, a key and a value add up without overflow.
const (
	MaxStoredLen = 1<<31 - 1
	MaxKeyLen    = 1<<(29+2*base.Wide) - base.Wide
	MaxValueLen  = 1<<(30+base.Wide) - base.Wide
)

// TooLong returns the error for a record that the format allows and this process, of 32
// bits, cannot hold; nil if it can.
func TooLong(key, value uint64) error {
	if key <= MaxKeyLen && value <= MaxValueLen || key > MaxStoredLen || value > MaxStoredLen {
		return nil
	}
	return &errs.Error{Code: errs.CodeTooBig, Detail: fmt.Sprintf("a key of %d and a value of %d bytes; "+
		"the limits of a process of 32 bits are %d and %d: use one of 64 bits", key, value, MaxKeyLen, MaxValueLen)}
}

// LeafCell decodes the header of cell i of a page that ValidatePage has accepted.
func (p Page) LeafCell(i int) LeafCell {
	off := p.CellOffset(i)
	// The common header: no FC pointer, lengths below 241.
	if h := p[off : off+4 : off+4]; h[1] == 0 && h[2] <= 240 && h[3] <= 240 && h[0]&byte(base.Insert) != 0 {
		return LeafCell{Kind: base.Kind(h[0]).Clean(), KeyLen: int(h[2]), ValLen: int(h[3]), Body: off + 4}
	}
	c, _ := p.decodeLeafCell(off, p.EOF())
	return c
}

func (p Page) decodeLeafCell(off, eof int) (c LeafCell, ok bool) {
	if off >= eof {
		return c, false
	}
	b := p[off:eof]
	c.Kind = base.Kind(b[0]).Clean()
	at := 1
	rel, n := varint(b[at:])
	at += n
	k, m := varint(b[at:])
	at += m
	if n == 0 || m == 0 || k > MaxKeyLen {
		return c, false
	}
	c.RelPtr, c.KeyLen = int64(rel), int(k)
	if c.Kind&base.Insert != 0 {
		v, n := varint(b[at:])
		if n == 0 || v > MaxValueLen {
			return c, false
		}
		at += n
		c.ValLen = int(v)
	}
	c.Body = off + at
	return c, true
}

// tooLong returns TooLong of the record whose cell begins at off.
func (p Page) tooLong(off, eof int) error {
	if off >= eof {
		return nil
	}
	b := p[off:eof]
	at := 1
	next := func() uint64 {
		v, n := varint(b[at:])
		at += n
		return v
	}
	next() // the FC pointer
	key, value := next(), uint64(0)
	if base.Kind(b[0])&base.Insert != 0 {
		value = next()
	}
	return TooLong(key, value)
}

// BTreeCell is a cell of a b-tree page: keys below Key are found under Child. If Ref is
// not 0 the key is not here but is that of the first cell of leaf page Ref.
type BTreeCell struct {
	Child base.PageNo
	Kind  base.Kind // Separator, with System if the key is a system key; 0 if Ref is set
	Key   []byte
	Ref   base.PageNo
}

// BTreeCell decodes cell i of a b-tree page that ValidatePage has accepted.
func (p Page) BTreeCell(i int) BTreeCell {
	c, _ := p.decodeBTreeCell(p.CellOffset(i), p.EOF())
	return c
}

func (p Page) decodeBTreeCell(off, eof int) (c BTreeCell, ok bool) {
	if off >= eof {
		return c, false
	}
	b := p[off:eof]
	kind := base.Kind(b[0]).Clean()
	child, n := varint(b[1:])
	at := 1 + n
	second, m := varint(b[at:])
	at += m
	if n == 0 || m == 0 {
		return c, false
	}
	c.Child = base.PageNo(child)
	if kind == 0 {
		c.Ref = base.PageNo(second)
		return c, c.Ref > 0
	}
	if second > uint64(len(b)-at) {
		return c, false
	}
	c.Kind = kind
	c.Key = b[at : at+int(second)]
	return c, true
}

// ValidatePage checks everything about a page that can be checked from its own bytes:
// footer, cell index, every cell header, and that records follow each other without a gap,
// as lsmlite and C lsm1 write them. After it the accessors cannot fail.
func ValidatePage(p Page) error {
	if len(p) < footerSize {
		return errs.Corruptf("page of %d bytes has no room for a footer", len(p))
	}
	n := p.NumCells()
	eof := len(p) - footerSize - 2*n
	if eof < 0 {
		return errs.Corruptf("page claims %d cells, more than fit", n)
	}
	if p.IsBTree() {
		for i := range n {
			if _, ok := p.decodeBTreeCell(p.CellOffset(i), eof); !ok {
				return outside(i, n, p.CellOffset(i))
			}
		}
		return nil
	}
	end := int64(-1) // of the record before
	for i := range n {
		off := p.CellOffset(i)
		// Nearly always, looked at in few steps: what PlainCell reads in one.
		if off == int(end) && off+ShortHeader <= eof {
			if h := binary.LittleEndian.Uint32(p[off:]); ShortPlain(h) {
				end += ShortHeader + int64(h>>16&0xFF) + int64(h>>24)
				continue
			}
		}
		c, ok := p.decodeLeafCell(off, eof)
		if !ok {
			if err := p.tooLong(off, eof); err != nil {
				return err
			}
			return outside(i, n, off)
		}
		if end >= 0 && int64(off) != end {
			return errs.Corruptf("cell %d of %d stands at offset %d; the record before it ends at %d", i, n, off, end)
		}
		if !c.Kind.Possible() {
			return errs.Corruptf("cell %d of %d at offset %d is of the impossible kind %#02x", i, n, off, uint8(c.Kind))
		}
		end = int64(c.Body) + int64(c.KeyLen) + int64(c.ValLen)
	}
	return nil
}

func outside(i, n, off int) error {
	return errs.Corruptf("cell %d of %d at offset %d does not lie within the page", i, n, off)
}
