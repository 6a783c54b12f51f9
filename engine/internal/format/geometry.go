package format

import (
	"math/bits"

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

// Geometry says where pages and blocks of an uncompressed file lie. It is a small value
// that is right by construction: make it with NewGeometry.
type Geometry struct {
	PageSize  int // bytes, a power of two
	BlockSize int // bytes, a power of two

	pageShift  uint // log2 PageSize
	blockShift uint // log2 pages per block
}

// NewGeometry checks the two sizes and returns the geometry they make.
func NewGeometry(pageSize, blockSize int) (Geometry, error) {
	if pageSize < MinPageSize || pageSize > MaxPageSize || pageSize&(pageSize-1) != 0 {
		return Geometry{}, base.Corruptf("page size %d is not a power of two from %d to %d", pageSize, MinPageSize, MaxPageSize)
	}
	if blockSize < MinBlockSize || blockSize > MaxBlockSize || blockSize&(blockSize-1) != 0 {
		return Geometry{}, base.Corruptf("block size %d is not a power of two from %d to %d", blockSize, MinBlockSize, MaxBlockSize)
	}
	if blockSize/pageSize < MinPagesPerBlock {
		return Geometry{}, base.Corruptf("a block of %d bytes holds fewer than %d pages of %d bytes", blockSize, MinPagesPerBlock, pageSize)
	}
	return Geometry{
		PageSize: pageSize, BlockSize: blockSize,
		pageShift:  uint(bits.TrailingZeros(uint(pageSize))),
		blockShift: uint(bits.TrailingZeros(uint(blockSize / pageSize))),
	}, nil
}

// PagesPerBlock returns the number of pages in a block.
func (g Geometry) PagesPerBlock() int64 { return 1 << g.blockShift }

// Offset returns the byte offset of page p in the file.
func (g Geometry) Offset(p base.PageNo) int64 { return (int64(p) - 1) << g.pageShift }

// Block returns the block that page p lies in.
func (g Geometry) Block(p base.PageNo) base.BlockNo {
	return base.BlockNo((int64(p)-1)>>g.blockShift) + 1
}

// IndexInBlock returns the position of page p within its block, from 0.
func (g Geometry) IndexInBlock(p base.PageNo) int {
	return int((int64(p) - 1) & (1<<g.blockShift - 1))
}

// FirstPage returns the first page of block b. In block 1 it is the first one behind
// the meta pages.
func (g Geometry) FirstPage(b base.BlockNo) base.PageNo {
	if b == 1 {
		return base.PageNo(1 + (2*MetaPageSize+g.PageSize-1)/g.PageSize)
	}
	return base.PageNo((int64(b)-1)<<g.blockShift + 1)
}

// LastPage returns the last page of block b.
func (g Geometry) LastPage(b base.BlockNo) base.PageNo {
	return base.PageNo(int64(b) << g.blockShift)
}

// IsFirst and IsLast report whether p is the first or last page of its block, and so
// carries the link to the previous or next block of its segment.
func (g Geometry) IsFirst(p base.PageNo) bool { return p == g.FirstPage(g.Block(p)) }

// IsLast reports whether p is the last page of its block.
func (g Geometry) IsLast(p base.PageNo) bool { return int64(p)&(1<<g.blockShift-1) == 0 }

// Content returns the part of a raw page that holds cells and footer: all of it but the
// four bytes of a block link.
func (g Geometry) Content(p base.PageNo, raw []byte) Page {
	if g.IsLast(p) {
		return Page(raw[: g.PageSize-linkSize : g.PageSize-linkSize])
	}
	if g.IsFirst(p) {
		return Page(raw[linkSize:g.PageSize:g.PageSize])
	}
	return Page(raw[:g.PageSize:g.PageSize])
}

// MaxPage returns the last page of a file of the given number of blocks.
func (g Geometry) MaxPage(blocks uint32) base.PageNo {
	return base.PageNo(int64(blocks) << g.blockShift)
}

// linkSize is the size of a block link.
const linkSize = 4
