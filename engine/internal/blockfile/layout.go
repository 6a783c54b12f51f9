// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// layout is how pages are stored: all of one size, side by side (plain), or compressed, as
// records of their own lengths (packed). New chooses it once for a file, and it holds all that
// differs between the two. A page that the cache has never comes here.
type layout interface {
	// codec returns what pages are compressed with, nil for nothing.
	codec() compress.Codec
	// pagesIn is File.PagesIn, bytesIn File.BytesIn, and maxContent File.MaxContent.
	pagesIn(size int64) int64
	bytesIn(size int64) int64
	maxContent() int64
	// stretch returns how many page numbers a stretch of the cache has, and whether they have a hash table.
	stretch() (pages int64, hashed bool)

	// read reads a page afresh, verifying nothing and counting nothing.
	read(s *Space, p base.PageNo) ([]byte, error)
	// miss reads a page that the cache does not have into it, and missAhead some of those
	// after it as well, up to page last. The caller holds the frame.
	miss(s *Space, p base.PageNo) (*Frame, error)
	missAhead(s *Space, p, last base.PageNo) (*Frame, error)

	// The steps from page to page and from block to block; see the methods of Space.
	nextPage(s *Space, p, last base.PageNo) (base.PageNo, error)
	prevPage(s *Space, p base.PageNo) (base.PageNo, error)
	lastPage(s *Space, end base.PageNo) (base.PageNo, error)
	nextBlock(s *Space, b base.BlockNo) (base.BlockNo, error)
	prevBlock(s *Space, b base.BlockNo) (base.BlockNo, error)

	// record is Space.Record.
	record(s *Space, p base.PageNo) (format.RecordHead, error)
	// sequential is NewSequential, or NewFresh, and tail is NewTail. output returns what a
	// writes with; start is the page at which it begins, 0 for a new block.
	sequential(s *Space, last base.PageNo, fresh bool) Sequential
	tail(s *Space, last base.PageNo) Tail
	output(a *Appender, start base.PageNo) output
}
