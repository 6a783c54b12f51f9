// SPDX-License-Identifier: Apache-2.0

// Package inspect takes pages and segments of a database file apart for people and tools, and
// finds out what pinned states hold back.
//
// It owns nothing and changes nothing. The caller pins the snapshot that is inspected, and holds
// nothing else. Only for Pins the states and the free list must not change. Any number of
// goroutines may call at once.
package inspect

import (
	"fmt"
	"slices"

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
// It fails if the file has no such page. Only the oldest segment may hold moved blocks; a
// page that reaches into one is read with the redirects, if it cannot be without.
func ReadPage(f *blockfile.File, disk *snapshot.Snapshot, no base.PageNo) (*Page, error) {
	p := &Page{geo: f.Geometry(), no: no, disk: disk}
	space := &blockfile.Space{File: f}
	h, err := space.Record(no)
	if err != nil {
		return nil, err
	}
	if p.stored = h.Len; p.stored > 0 {
		p.packed = fmt.Sprintf("%d bytes of %s", h.Body, f.Codec().Name())
	}
	if p.raw, err = space.RawPage(no); err != nil && len(disk.Redirects) > 0 {
		space.Redirects = disk.Redirects
		p.raw, err = space.RawPage(no)
	}
	if err != nil {
		return nil, err
	}
	p.page = p.geo.Content(no, p.raw)
	return p, nil
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
	for _, l := range p.disk.Levels {
		for _, seg := range l.Segments() {
			blocks, err := seg.Blocks()
			if err != nil || !slices.Contains(blocks, p.geo.Block(p.no)) {
				continue
			}
			first, last := p.geo.Block(seg.First), p.geo.Block(seg.Last)
			if (p.geo.Block(p.no) != first || p.no >= seg.First) && (p.geo.Block(p.no) != last || p.no <= seg.Last) {
				return seg.Space
			}
		}
	}
	return nil
}

// body returns the part of a record's body that lies on the page.
func (p *Page) body(off, n int) []byte {
	eof := p.page.EOF()
	off = min(off, eof)
	return p.page[off:min(off+n, eof)]
}
