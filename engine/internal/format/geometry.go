// SPDX-License-Identifier: Apache-2.0

package format

import (
	"fmt"
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Limits of page and block sizes, in bytes. C lsm1 refuses anything outside them.
const (
	MinPageSize  = 256
	MaxPageSize  = 65536
	MinBlockSize = 64 << 10
	MaxBlockSize = 64 << 20
	// MinPagesPerBlock keeps block 1 usable: with fewer pages C lsm1 corrupts data or
	// cannot step backwards, because a page would carry both block links.
	MinPagesPerBlock = 4
)

// MetaPageSize is the distance between the two meta pages, which lie at file offsets 0
// and MetaPageSize. MetaSize is the number of bytes of each that hold data: the rest of
// the second one are the bytes that carry the file locks.
const (
	MetaPageSize = 4096
	MetaSize     = 4066
)

// MaxBlocks is how many blocks a file may have: what their numbers allow, or 64 Mi, which are
// 64 TiB of ordinary blocks, where addresses have 32 bits and tables of blocks must be small.
const MaxBlocks = 1<<(26+6*base.Wide) - base.Wide

// CheckBlocks returns an error if a file of that many blocks is too large for this process.
func CheckBlocks(blocks uint64) error {
	if blocks <= MaxBlocks {
		return nil
	}
	detail := fmt.Sprintf("a file of %d blocks; the limit is %d", blocks, uint64(MaxBlocks))
	if base.Wide == 0 {
		detail += " in a process of 32 bits: use one of 64 bits"
	}
	return &errs.Error{Code: errs.CodeTooBig, Detail: detail}
}

// Geometry says where pages and blocks of a file lie. It is a small value that is right by
// construction: make it with NewGeometry or NewCompressedGeometry.
//
// In a compressed file a page number is a byte offset, so that the places of a block are
// its bytes: FirstPage and LastPage are the first and the last that can hold data. See
// record.go for what lies there. The constructors are the only ones that decide by the kind
// of the file: the numbers they choose make every formula right for both.
type Geometry struct {
	PageSize   int  // bytes, a power of two
	BlockSize  int  // bytes, a power of two
	Compressed bool // pages are records of their own lengths

	pageShift  uint8 // log2 PageSize; 0 in a compressed file
	blockShift uint8 // log2 pages per block; of bytes in a compressed file
	// origin is the number of a page that began with the file: 1, or, where numbers are byte
	// offsets, 0.
	origin uint8
	// lead is how far the first page of block b lies after (b-1)<<blockShift, and trail how far
	// the last one lies before b<<blockShift.
	lead, trail uint8
	// inside is the size of a block link that is part of the first or the last page, outside
	// that of a link which is not part of a page: one of them is 0.
	inside, outside uint8

	first base.PageNo // the first page of block 1, after the meta pages
}

// NewGeometry checks the two sizes and returns the geometry they make of an uncompressed
// file. Its error says what is wrong with them; only the caller knows whether they were chosen or
// read from a damaged file.
func NewGeometry(pageSize, blockSize int) (Geometry, error) {
	if err := checkSizes(pageSize, blockSize); err != nil {
		return Geometry{}, err
	}
	if blockSize/pageSize < MinPagesPerBlock {
		return Geometry{}, fmt.Errorf("a block of %d bytes holds fewer than %d pages of %d bytes", blockSize, MinPagesPerBlock, pageSize)
	}
	return Geometry{
		PageSize: pageSize, BlockSize: blockSize,
		pageShift:  uint8(bits.TrailingZeros(uint(pageSize))),
		blockShift: uint8(bits.TrailingZeros(uint(blockSize / pageSize))),
		origin:     1,
		lead:       1,
		inside:     linkSize,
		first:      base.PageNo(1 + (2*MetaPageSize+pageSize-1)/pageSize),
	}, nil
}

// NewCompressedGeometry is NewGeometry for a compressed file. bound is the longest record
// content that the codec may make of a page; pass the page size where the codec is not
// known. A record may reach from one block into the next, but not into a third.
func NewCompressedGeometry(pageSize, blockSize, bound int) (Geometry, error) {
	if err := checkSizes(pageSize, blockSize); err != nil {
		return Geometry{}, err
	}
	if bound+2*RecordSizeLen >= blockSize-2*linkSize || bound > MaxRecord {
		return Geometry{}, fmt.Errorf("a page of %d bytes may take %d bytes when compressed or encrypted, which do not fit into a block of %d "+
			"bytes; take a smaller page or a larger block",
			pageSize, bound, blockSize)
	}
	return Geometry{
		PageSize: pageSize, BlockSize: blockSize, Compressed: true,
		blockShift: uint8(bits.TrailingZeros(uint(blockSize))),
		lead:       linkSize,
		trail:      linkSize + 1,
		outside:    linkSize,
		first:      2*MetaPageSize + linkSize,
	}, nil
}

func checkSizes(pageSize, blockSize int) error {
	if pageSize < MinPageSize || pageSize > MaxPageSize || pageSize&(pageSize-1) != 0 {
		return fmt.Errorf("page size %d; want a power of two from %d to %d", pageSize, MinPageSize, MaxPageSize)
	}
	if blockSize < MinBlockSize || blockSize > MaxBlockSize || blockSize&(blockSize-1) != 0 {
		return fmt.Errorf("block size %d; want a power of two from %d to %d", blockSize, MinBlockSize, MaxBlockSize)
	}
	return nil
}

// PagesPerBlock returns by how much the numbers of a page and of the one in the same place
// of the next block differ: the number of pages in a block, or, in a compressed file, of
// bytes.
func (g Geometry) PagesPerBlock() int64 { return 1 << g.blockShift }

// Ordinal returns how many page numbers of the file there are before p.
func (g Geometry) Ordinal(p base.PageNo) int64 { return int64(p) - int64(g.origin) }

// Offset returns the byte offset of page p in the file.
func (g Geometry) Offset(p base.PageNo) int64 {
	return (int64(p) - int64(g.origin)) << g.pageShift
}

// Block returns the block that page p lies in. A damaged file may name pages that no block
// can hold, below 0 or above what block numbers reach: their block is the last number, in
// which they do not lie, so that no such page looks like another.
func (g Geometry) Block(p base.PageNo) base.BlockNo {
	return base.BlockNo(min(uint64(int64(p)-int64(g.origin))>>g.blockShift, maxBlockNo-1)) + 1
}

const maxBlockNo = 1<<32 - 1

// IndexInBlock returns the position of page p within its block, from 0.
func (g Geometry) IndexInBlock(p base.PageNo) int {
	return int((int64(p) - int64(g.origin)) & (1<<g.blockShift - 1))
}

// FirstPage returns the first page of block b. In block 1 it is the first one after the meta pages.
func (g Geometry) FirstPage(b base.BlockNo) base.PageNo {
	if b == 1 {
		return g.first
	}
	return base.PageNo((int64(b)-1)<<g.blockShift + int64(g.lead))
}

// LastPage returns the last page of block b.
func (g Geometry) LastPage(b base.BlockNo) base.PageNo {
	return base.PageNo(int64(b)<<g.blockShift - int64(g.trail))
}

// IsFirst and IsLast report whether p is the first or last page of its block, and so
// carries the link to the previous or next block of its segment, or, in a compressed file, is
// stored next to it.
func (g Geometry) IsFirst(p base.PageNo) bool { return p == g.FirstPage(g.Block(p)) }

// IsLast reports whether p is the last page of its block.
func (g Geometry) IsLast(p base.PageNo) bool {
	return (int64(p)+int64(g.trail))&(1<<g.blockShift-1) == 0
}

// Content returns the part of a raw page that holds cells and footer: all of it but the
// four bytes of a block link, which compressed pages do not have.
func (g Geometry) Content(p base.PageNo, raw []byte) Page {
	if g.IsLast(p) {
		end := g.PageSize - int(g.inside)
		return Page(raw[:end:end])
	}
	if g.IsFirst(p) {
		return Page(raw[g.inside:g.PageSize:g.PageSize])
	}
	return Page(raw[:g.PageSize:g.PageSize])
}

// MaxPage returns the last page of a file of the given number of blocks.
func (g Geometry) MaxPage(blocks uint32) base.PageNo {
	return g.LastPage(base.BlockNo(blocks))
}

// LinkOffset returns where in the file block b's link to the next block of its segment is (next),
// or that to the previous one.
func (g Geometry) LinkOffset(b base.BlockNo, next bool) int64 {
	if next {
		return int64(b)*int64(g.BlockSize) - linkSize
	}
	return g.Offset(g.FirstPage(b)) - int64(g.outside)
}

// linkSize is the size of a block link.
const linkSize = LinkSize

// LinkSize is the size of a block link.
const LinkSize = 4
