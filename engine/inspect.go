// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"math"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// PageRange is a run of pages that follow each other in the file: First up to Last, both
// included.
type PageRange struct{ First, Last int64 }

// SegmentRanges returns the pages of the segment that begins on page first, in the order
// in which they are read: LSM_INFO_ARRAY_STRUCTURE of C lsm1. Structure returns the first pages.
// It fails with ErrMisuse if the newest snapshot has no such segment.
func (db *DB) SegmentRanges(first int64) (out []PageRange, err error) {
	err = withSegment(db, first, func(seg *segment.Segment) error {
		ranges, err := inspect.Ranges(seg)
		for _, r := range ranges {
			out = append(out, PageRange(r))
		}
		return err
	})
	return out, err
}

// SegmentPages returns the number of each page of the segment that begins on page first,
// in the order in which they are read: LSM_INFO_ARRAY_PAGES of C lsm1. For a compressed
// file it reads the segment, and a range of SegmentRanges is one of bytes.
func (db *DB) SegmentPages(first int64) (out []int64, err error) {
	return db.FirstSegmentPages(first, math.MaxInt)
}

// FirstSegmentPages returns what SegmentPages returns, but no more than most pages, which is at
// least one. A large segment has millions.
func (db *DB) FirstSegmentPages(first int64, most int) (out []int64, err error) {
	err = withSegment(db, first, func(seg *segment.Segment) (err error) {
		out, err = inspect.Pages(seg, max(most, 1))
		return err
	})
	return out, err
}

// PageInfo is what a page of the file holds.
type PageInfo struct {
	Page, Offset int64 // its number, and its offset in the file
	Block        int64
	IndexInBlock int   // 0 for the first page of the block; in a compressed file, in bytes
	StoredBytes  int   // bytes that the page takes in a compressed file, else 0
	PrevBlock    int64 // of the segment, on the first page of a block; else 0
	NextBlock    int64 // on the last page of a block; else 0

	BTree    bool  // a b-tree page, not a leaf page
	SkipNext bool  // the next leaf page with cells is not in the b-tree
	SkipThis bool  // this leaf page is not in the b-tree
	Pointer  int64 // the footer's: the last child of a b-tree page, the base of a leaf page's FC pointers

	// Check says what the page sum of 13 bits says: "good", "none" (C lsm1 writes
	// none), "BAD", or "of no segment": without its segment, the page sum of a page cannot be
	// verified.
	Check string
	// Damage says why the page cannot be decoded; then it has no Cells.
	Damage string
	Cells  []CellInfo
}

// CellInfo is one cell of a page.
type CellInfo struct {
	Offset int    // on the page
	Kind   string // such as "insert", or several with a plus between them; of a b-tree cell "separator"
	// Key and Value are the parts of them on this page; KeyLen and ValueLen are their whole
	// lengths. What is missing is on the pages after it.
	Key, Value       []byte
	KeyLen, ValueLen int
	// Pointer is the page that an FC pointer leads to, 0 for none; of a b-tree cell, the
	// child that holds the keys below Key.
	Pointer int64
	// KeyPage is the leaf page whose first key is the key of this b-tree cell, if the key
	// is not here.
	KeyPage int64
}

// Page returns what page number page holds: LSM_INFO_PAGE_ASCII_DUMP of C lsm1, as
// values. The page is read from the file, not from the cache; it may be damaged, and may belong
// to no segment. It fails if the file has no such page, with ErrMisuse if nothing is damaged. The
// meta pages are not pages in this sense.
func (db *DB) Page(page int64) (info PageInfo, err error) {
	err = withPage(db, page, func(p *inspect.Page) {
		i := p.Info()
		info = PageInfo{
			Page: page, Offset: i.Offset, Block: i.Block, IndexInBlock: i.IndexInBlock,
			StoredBytes: i.StoredBytes, PrevBlock: i.PrevBlock, NextBlock: i.NextBlock,
			BTree: i.BTree, SkipNext: i.SkipNext, SkipThis: i.SkipThis, Pointer: i.Pointer,
			Check: i.Sum, Damage: i.Damage,
		}
		for _, c := range p.Cells() {
			info.Cells = append(info.Cells, CellInfo(c))
		}
	})
	return info, err
}

// PageDump returns a text that shows what page number page holds, for a person to read: its place
// in the file, its footer and page sum, its cells with keys and values shortened, and all of its
// bytes. The page is read from the file, not from the cache; it may be damaged, and may belong to
// no segment. The text's form may change.
//
// In a compressed file a page's number is the offset of its record, and the text shows the
// page decompressed. It fails if the file has no such page, as Page does. Page returns the same as values.
func (db *DB) PageDump(page int64) (text string, err error) {
	err = withPage(db, page, func(p *inspect.Page) { text = p.Text() })
	return text, err
}

// PageHexDump is PageDump with keys and values in hexadecimal, and not shortened.
func (db *DB) PageHexDump(page int64) (text string, err error) {
	err = withPage(db, page, func(p *inspect.Page) { text = p.HexText() })
	return text, err
}

// withPage calls look with a page, whose segment stays as it is meanwhile.
func withPage(db *DB, page int64, look func(*inspect.Page)) error {
	return withLevels(db, "dump", func(disk *snapshot.Snapshot, pages *blockfile.File) error {
		p, err := inspect.ReadPage(pages, disk, base.PageNo(page))
		if none, ok := errors.AsType[*inspect.NoPageError](err); ok {
			return &Error{Code: CodeMisuse, Op: "dump", Path: db.path, Detail: none.Error()}
		}
		if err == nil {
			look(p)
		}
		return err
	})
}

// withSegment calls look with the segment that begins on page first, which stays as it is
// meanwhile.
func withSegment(db *DB, first int64, look func(*segment.Segment) error) error {
	return withLevels(db, "segment", func(disk *snapshot.Snapshot, _ *blockfile.File) error {
		if seg := inspect.Segment(disk, first); seg != nil {
			return look(seg)
		}
		return &Error{Code: CodeMisuse, Op: "segment", Path: db.path, Detail: fmt.Sprintf(
			"no segment begins on page %d; Structure, or PRAGMA structure, tells the first page of each", first)}
	})
}

// withLevels calls look with the newest levels, which stay as they are meanwhile, and the pages that they are in.
func withLevels(db *DB, op string, look func(*snapshot.Snapshot, *blockfile.File) error) error {
	if err := db.enter(op); err != nil {
		return err
	}
	defer db.leave()
	st, pages := db.pinLevels()
	defer db.ledger.Release(st)
	return look(st.Disk, pages)
}
