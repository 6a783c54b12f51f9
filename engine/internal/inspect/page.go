// SPDX-License-Identifier: Apache-2.0

// Package inspect takes pages and segments of a database file apart for people and tools, and
// finds out what pinned states hold back.
//
// It owns nothing and changes nothing. The caller pins the snapshot that is inspected, and holds
// nothing else. Only for Pins the states and the free list must not change. Any number of
// goroutines may call at once.
package inspect

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Page is one page as it is in the file. It may be damaged, and may belong to no segment.
type Page struct {
	geo  format.Geometry
	no   base.PageNo
	raw  []byte
	page format.Page
	disk *snapshot.Snapshot
	// stored is how many bytes a compressed page takes, 0 for another; packed says so with the codec.
	stored int
	packed string
}

// ReadPage reads a page from the file, not from the cache. disk is what tells the segments.
// It fails if the file has no such page, with a *NoPageError if the page is no segment's: then nothing
// is damaged. Only the oldest segment may hold moved blocks; a
// page that reaches into one is read with the redirects, if it cannot be without.
func ReadPage(f *blockfile.File, disk *snapshot.Snapshot, no base.PageNo) (*Page, error) {
	p := &Page{geo: f.Geometry(), no: no, disk: disk}
	space := &blockfile.Space{File: f}
	if f.Encrypted() {
		if own := p.space(); own != nil {
			space = own
		}
	}
	h, err := space.Record(no)
	if err != nil {
		return nil, p.unread(err)
	}
	if p.stored = h.Len; p.stored > 0 {
		p.packed = fmt.Sprintf("%d bytes", h.Body)
		if codec := f.Codec(); codec != nil {
			p.packed += " of " + codec.Name()
		}
		if f.Encrypted() {
			p.packed += ", encrypted"
		}
	}
	if p.raw, err = space.RawPage(no); err != nil && len(disk.Redirects) > 0 {
		space.Redirects = disk.Redirects
		p.raw, err = space.RawPage(no)
	}
	if err != nil {
		return nil, p.unread(err)
	}
	p.page = p.geo.Content(no, p.raw)
	return p, nil
}

// NoPageError is what was requested as a page and is none, in a file that may be sound.
type NoPageError struct {
	Page base.PageNo
	What string // is at its place
}

func (e *NoPageError) Error() string {
	return fmt.Sprintf("there is no page %d: %s; the pages of a segment are those that the structure of the file names", e.Page, e.What)
}

// unread is the error of a page that cannot be read. A file of which a segment cannot be read is left
// with the error that says so.
func (p *Page) unread(err error) error {
	switch space, known := p.owner(); {
	case space != nil || !known || !errors.Is(err, errs.ErrCorrupt):
		return err
	case p.no > 0 && p.geo.Offset(p.no) < 2*format.MetaPageSize:
		return &NoPageError{p.no, "its place in the file is that of the meta pages"}
	}
	return &NoPageError{p.no, "no segment has it, and nothing at its place can be read as one"}
}

// damage returns why the page cannot be taken apart, nil if it can.
func (p *Page) damage() error { return format.ValidatePage(p.page) }

// sum tells what the page sum says, which takes the seal of the page's segment.
func (p *Page) sum() string {
	space := p.space()
	stored := p.geo.StoredSum(p.no, p.raw)
	switch {
	case space == nil && stored == 0, space != nil && !space.Sealed && stored == 0:
		return "none"
	case space == nil:
		return "of no segment"
	case space.Unfit(p.no, p.raw) != "":
		return "BAD"
	}
	if old := space.Original(p.no); old != p.no {
		return fmt.Sprintf("good, as page %d, which it was before its block was moved", old)
	}
	return "good"
}

// space returns the space of the segment that the page belongs to, nil if it is none's.
func (p *Page) space() *blockfile.Space {
	space, _ := p.owner()
	return space
}

// owner is space, and reports whether it is known: the blocks of a damaged segment may not be.
func (p *Page) owner() (_ *blockfile.Space, known bool) {
	known = true
	for _, l := range p.disk.Levels {
		for _, seg := range l.Segments() {
			blocks, err := seg.Blocks()
			known = known && err == nil
			if err != nil || !slices.Contains(blocks, p.geo.Block(p.no)) {
				continue
			}
			first, last := p.geo.Block(seg.First), p.geo.Block(seg.Last)
			if (p.geo.Block(p.no) != first || p.no >= seg.First) && (p.geo.Block(p.no) != last || p.no <= seg.Last) {
				return seg.Space, true
			}
		}
	}
	return nil, known
}

// body returns the part of a record's body that lies on the page.
func (p *Page) body(off, n int) []byte {
	eof := p.page.EOF()
	off = min(off, eof)
	return p.page[off:min(off+n, eof)]
}
