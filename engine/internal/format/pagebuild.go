// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// LeafBuilder fills the content area of one leaf page. The bytes it is given must be
// zero. Footer and cell index are kept up to date, so there is no finishing step.
type LeafBuilder struct {
	page Page
	off  int // end of the used data
	n    int // cells
}

// Reset makes b fill page, whose bytes must be zero.
func (b *LeafBuilder) Reset(page []byte) { b.page, b.off, b.n = page, 0, 0 }

// NumCells returns the number of cells that start on the page so far.
func (b *LeafBuilder) NumCells() int { return b.n }

// eof returns the end of the data area of a page with n cells.
func (b *LeafBuilder) eof(n int) int { return len(b.page) - footerSize - 2*n }

// LeafHeaderLen returns the size of the header of a record without FC pointer.
func LeafHeaderLen(kind base.Kind, keyLen, valLen int) int {
	n := 2 + varintLen(uint64(keyLen))
	if kind&base.Insert != 0 {
		n += varintLen(uint64(valLen))
	}
	return n
}

// Fits reports whether a cell whose header has the given length can start here.
func (b *LeafBuilder) Fits(headerLen int) bool { return b.off+headerLen <= b.eof(b.n+1) }

// StartCell writes the header of a record; Fits must have said yes. The record's body,
// key and value, follows by calls to Body, here and on further pages.
func (b *LeafBuilder) StartCell(kind base.Kind, keyLen, valLen int) {
	binary.BigEndian.PutUint16(b.page[b.eof(b.n+1):], uint16(b.off))
	b.n++
	binary.BigEndian.PutUint16(b.page[len(b.page)-2:], uint16(b.n))
	h := append(b.page[b.off:b.off], byte(kind), 0)
	h = appendVarint(h, uint64(keyLen))
	if kind&base.Insert != 0 {
		h = appendVarint(h, uint64(valLen))
	}
	b.off += len(h)
}

// Body copies as much of data as the page has room for and returns how much that was.
func (b *LeafBuilder) Body(data []byte) int {
	n := copy(b.page[b.off:b.eof(b.n)], data)
	b.off += n
	return n
}

// BTreeBuilder collects the cells of one b-tree page before it is known where the page
// will lie, and so how large its content area is: it takes what fits the smallest.
type BTreeBuilder struct {
	cells    []byte
	offsets  []int
	pageSize int
}

// Reset empties b for a page of the given nominal size in bytes.
func (b *BTreeBuilder) Reset(pageSize int) {
	b.cells, b.offsets, b.pageSize = b.cells[:0], b.offsets[:0], pageSize
}

// Add appends a cell and reports whether it fitted. A cell whose Ref is set stores that
// reference instead of the key.
func (b *BTreeBuilder) Add(c BTreeCell) bool {
	size := 1 + varintLen(uint64(c.Child))
	if c.Ref != 0 {
		size += varintLen(uint64(c.Ref))
	} else {
		size += varintLen(uint64(len(c.Key))) + len(c.Key)
	}
	room := b.pageSize - linkSize - footerSize - 2*(len(b.offsets)+1)
	if len(b.cells)+size > room {
		return false
	}
	b.offsets = append(b.offsets, len(b.cells))
	if c.Ref != 0 {
		b.cells = append(b.cells, 0)
		b.cells = appendVarint(b.cells, uint64(c.Child))
		b.cells = appendVarint(b.cells, uint64(c.Ref))
		return true
	}
	b.cells = append(b.cells, byte(base.Separator|c.Kind&base.System))
	b.cells = appendVarint(b.cells, uint64(c.Child))
	b.cells = appendVarint(b.cells, uint64(len(c.Key)))
	b.cells = append(b.cells, c.Key...)
	return true
}

// Write puts the page with its right-most child into a zeroed content area.
func (b *BTreeBuilder) Write(page Page, right base.PageNo) {
	copy(page, b.cells)
	for i, off := range b.offsets {
		binary.BigEndian.PutUint16(page[len(page)-footerSize-2-2*i:], uint16(off))
	}
	binary.BigEndian.PutUint64(page[len(page)-footerSize:], uint64(right))
	binary.BigEndian.PutUint16(page[len(page)-4:], FlagBTree)
	binary.BigEndian.PutUint16(page[len(page)-2:], uint16(len(b.offsets)))
}

// IndirectKey reports whether the b-tree refers to a key of the given length on its
// leaf page instead of copying it, by C lsm1's rule.
func IndirectKey(keyLen, pageSize int) bool { return keyLen*4 > pageSize }

// Link reads and SetLink writes the block number that the first page of a block (the
// previous block) or its last page (the next block) carries. raw is the whole page.
func (g Geometry) Link(p base.PageNo, raw []byte) base.BlockNo {
	if g.IsLast(p) {
		return base.BlockNo(binary.BigEndian.Uint32(raw[g.PageSize-linkSize:]))
	}
	return base.BlockNo(binary.BigEndian.Uint32(raw))
}

// BlockLink reads a block link that is not part of a page, and PutBlockLink writes it.
func BlockLink(b []byte) base.BlockNo { return base.BlockNo(binary.BigEndian.Uint32(b)) }

// PutBlockLink writes a block link that is not part of a page.
func PutBlockLink(b []byte, to base.BlockNo) { binary.BigEndian.PutUint32(b, uint32(to)) }

// SetLink writes the block link of page p; see Link.
func (g Geometry) SetLink(p base.PageNo, raw []byte, b base.BlockNo) {
	if g.IsLast(p) {
		binary.BigEndian.PutUint32(raw[g.PageSize-linkSize:], uint32(b))
		return
	}
	binary.BigEndian.PutUint32(raw, uint32(b))
}
