package engine

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// PageRange is a run of pages one behind the other in the file: First up to Last, both
// included.
type PageRange struct{ First, Last int64 }

// SegmentRanges returns the pages of the segment that begins on page first, in the order
// in which they are read: LSM_INFO_ARRAY_STRUCTURE of C lsm1. Structure tells the first
// pages. It fails with ErrMisuse if the newest snapshot has no such segment.
func (db *DB) SegmentRanges(first int64) ([]PageRange, error) {
	var out []PageRange
	err := db.withSegment(first, func(seg *segment.Segment) error {
		blocks, err := seg.Blocks()
		if err != nil {
			return err
		}
		geo := db.bf.Geometry()
		for i, b := range blocks {
			r := PageRange{First: int64(geo.FirstPage(b)), Last: int64(geo.LastPage(b))}
			if i == 0 {
				r.First = int64(seg.First)
			}
			if i == len(blocks)-1 {
				r.Last = int64(seg.Last)
			}
			if n := len(out); n > 0 && out[n-1].Last+1 == r.First {
				out[n-1].Last = r.Last
				continue
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// SegmentPages returns the number of each page of the segment that begins on page first,
// in the order in which they are read: LSM_INFO_ARRAY_PAGES of C lsm1. For a compressed
// file it reads the segment, and a range of SegmentRanges is one of bytes.
func (db *DB) SegmentPages(first int64) ([]int64, error) {
	if db.bf.Geometry().Compressed {
		return db.segmentRecords(first)
	}
	ranges, err := db.SegmentRanges(first)
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, r := range ranges {
		for p := r.First; p <= r.Last; p++ {
			out = append(out, p)
		}
	}
	return out, nil
}

// segmentRecords is SegmentPages for a compressed file.
func (db *DB) segmentRecords(first int64) (out []int64, err error) {
	err = db.withSegment(first, func(seg *segment.Segment) error {
		jumps, geo := uint32(0), db.bf.Geometry()
		q := blockfile.NewSequential(seg.Space, seg.Last)
		for p := seg.First; ; {
			out = append(out, int64(p))
			if p == seg.LastPage {
				return nil
			}
			next, err := q.NextPage(p)
			if err != nil {
				return err
			}
			if geo.Block(next) != geo.Block(p) || next <= p {
				if jumps++; jumps > seg.Space.Blocks() {
					return errs.Corruptf("the segment's pages run in a circle").AtPage(int64(p))
				}
			}
			p = next
		}
	})
	return out, err
}

// withSegment calls f with the segment that begins on page first, which stays as it is
// meanwhile.
func (db *DB) withSegment(first int64, f func(*segment.Segment) error) error {
	if err := db.enter("segment"); err != nil {
		return err
	}
	defer db.leave()
	st := db.reg.Acquire()
	defer db.reg.Release(st)
	for _, l := range st.Disk.Levels {
		for _, seg := range l.Segments() {
			if int64(seg.First) == first {
				return f(seg)
			}
		}
	}
	return &Error{Code: CodeMisuse, Op: "segment", Path: db.path,
		Detail: fmt.Sprintf("no segment begins on page %d; Structure, or PRAGMA structure, tells the first page of each", first)}
}

// PageInfo is what a page of the file holds.
type PageInfo struct {
	Page, Offset int64 // its number, and where it lies in the file
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
	// none), "BAD", or "of no segment": only with its segment a page can be checked.
	Check string
	// Damage says why the page cannot be taken apart; then it has no Cells.
	Damage string
	Cells  []CellInfo
}

// CellInfo is one cell of a page.
type CellInfo struct {
	Offset int    // on the page
	Kind   string // such as "insert", or several with a plus between them; of a b-tree cell "separator"
	// Key and Value are what lies on this page of them; KeyLen and ValueLen are their whole
	// lengths. What is missing is on the pages behind.
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
// values. The page is read from the file, not from the cache; it need not be sound, nor
// belong to anything. It fails if the file has no such page. The meta pages are not pages
// in this sense.
func (db *DB) Page(page int64) (PageInfo, error) {
	d, done, err := db.dumperOf(page)
	if err != nil {
		return PageInfo{}, err
	}
	defer done()
	geo := d.geo
	info := PageInfo{
		Page: page, Offset: geo.Offset(d.p), Block: int64(geo.Block(d.p)), IndexInBlock: geo.IndexInBlock(d.p),
		BTree:    d.page.IsBTree(),
		SkipNext: d.page.Flags()&format.FlagSkipNext != 0,
		SkipThis: d.page.Flags()&format.FlagSkipThis != 0,
		Pointer:  int64(d.page.Ptr()),
		Check:    d.check(),
	}
	if geo.Compressed {
		info.StoredBytes = d.stored
	} else if geo.IsLast(d.p) {
		info.NextBlock = int64(geo.Link(d.p, d.raw))
	} else if geo.IsFirst(d.p) {
		info.PrevBlock = int64(geo.Link(d.p, d.raw))
	}
	if err := format.ValidatePage(d.page); err != nil {
		info.Damage = err.Error()
		return info, nil
	}
	for i := range d.page.NumCells() {
		info.Cells = append(info.Cells, d.cell(i))
	}
	return info, nil
}

// cell takes cell i of a sound page apart.
func (d *dumper) cell(i int) CellInfo {
	out := CellInfo{Offset: d.page.CellOffset(i)}
	if d.page.IsBTree() {
		c := d.page.BTreeCell(i)
		out.Kind, out.Pointer, out.KeyPage = "separator", int64(c.Child), int64(c.Ref)
		if c.Ref == 0 {
			out.Kind, out.Key, out.KeyLen = kindText(c.Kind), c.Key, len(c.Key)
		}
		return out
	}
	c := d.page.LeafCell(i)
	out.Kind = kindText(c.Kind)
	out.Key, out.KeyLen = d.body(c.Body, c.KeyLen), c.KeyLen
	if c.Kind&base.Insert != 0 {
		out.Value, out.ValueLen = d.body(c.Body+c.KeyLen, c.ValLen), c.ValLen
	}
	out.Pointer = int64(d.page.Ptr() + base.PageNo(c.RelPtr))
	return out
}
