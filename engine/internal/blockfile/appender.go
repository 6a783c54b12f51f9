// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
)

const (
	// runBytes is how much an Appender writes at once. A page costs a quarter of what it costs alone in a write of
	// 64 KiB, and as much in one of 128 KiB. But a commit that writes pages of a merge takes several times as long
	// as others do, and with twice as many pages at once there are half as many such commits.
	runBytes = 128 << 10
	// longRunBytes is how much it writes at once of long values, which take long anyway: what is written in
	// longer runs lies in larger pieces in the memory of the system, and is read from there with less work.
	longRunBytes = 256 << 10
)

// Allocator gives an Appender blocks that nothing on disk and no reader refers to.
type Allocator interface {
	Allocate() (base.BlockNo, error)
}

// Appender writes the pages of one new segment: it hands them out one after another to
// be filled in place, links the blocks, stores the page sums, and writes long runs.
// Nothing refers to the pages until the segment is published.
type Appender struct {
	f      *File
	alloc  Allocator
	blocks []base.BlockNo // all blocks used, in order
	buf    []byte         // pages; those from number first on, at sent, are not written yet
	first  base.PageNo
	sent   int         // how many bytes of buf are written already
	page   base.PageNo // the newest page, 0 before the first
	seal   format.Seal // of the segment
	sealed bool        // the newest page in buf has its sum
	salt   crypt.Salt  // of the segment's key in an encrypted file
	box    *crypt.Box  // of that key; nil before the first page is packed
	pages  int64
	out    output
}

// output is how an Appender's pages get into the file: what depends on its layout.
type output interface {
	// next is Appender.Next, and finish Appender.Finish.
	next() (base.PageNo, []byte, error)
	finish() error
	// spill is Appender.Spill.
	spill() (bool, error)
	// pause is Appender.Pause.
	pause() (bool, error)
	// end is Appender.End, and size Appender.Size.
	end() base.PageNo
	size() int64
}

// NewAppender starts a segment at page start, which must be free to write (an append
// point), or, if start is 0, in a block of its own.
func (f *File) NewAppender(alloc Allocator, start base.PageNo) *Appender {
	a := &Appender{f: f, alloc: alloc, first: start}
	if f.keys != nil {
		a.salt = crypt.NewSalt()
	}
	a.out = f.layout.output(a, start)
	if start != 0 {
		a.blocks = append(a.blocks, f.geo.Block(start))
		f.cache.dropFrom(start)
	}
	return a
}

// SetSeal makes seal that of the segment. It must be called before the first page is
// handed out; without it the pages get the old sum.
func (a *Appender) SetSeal(seal format.Seal) { a.seal = seal }

// SetSalt makes the pages of an encrypted file have the key of a salt that another Appender has drawn. Nothing
// that either of them writes may be kept but one of the two: it is for a file that is written twice over, of which
// the first one goes nowhere.
func (a *Appender) SetSalt(salt crypt.Salt) { a.salt = salt }

// Salt returns the salt of the segment's key in an encrypted file, zeros in another.
func (a *Appender) Salt() crypt.Salt { return a.salt }

// Next returns the number and the zeroed content area of the next page. The caller
// fills it completely before the next call; it must not touch it afterwards.
func (a *Appender) Next() (base.PageNo, []byte, error) { return a.out.next() }

// allocate takes a new block and forgets what the cache knows of its former life.
func (a *Appender) allocate() (base.BlockNo, error) {
	b, err := a.alloc.Allocate()
	if err != nil {
		return 0, err
	}
	if !mutant.Is(mutant.CacheKept) {
		a.f.cache.drop(b)
	}
	a.blocks = append(a.blocks, b)
	return b, nil
}

// Finish writes what is left. Afterwards the segment's pages are all in the file, though
// not synced.
func (a *Appender) Finish() error { return a.out.finish() }

// Spill writes the complete pages that wait for it, if Next is about to, and reports whether it did. A caller
// that fills pages in steps makes that a step of its own.
func (a *Appender) Spill() (bool, error) { return a.out.spill() }

// LastPage returns the newest page, which is the segment's last one after Finish.
func (a *Appender) LastPage() base.PageNo { return a.page }

// End returns where the segment ends, after Finish: with its last page, or, in a compressed
// file, with the last byte of the padding after it.
func (a *Appender) End() base.PageNo { return a.out.end() }

// Size returns the size of the segment as lsm1 counts it: in pages, or, in a compressed
// file, in bytes.
func (a *Appender) Size() int64 { return a.out.size() }

// Bytes returns how many bytes of the file the segment takes so far, block links left out.
func (a *Appender) Bytes() int64 { return a.f.BytesIn(a.Size()) }

// Pages returns the number of pages handed out.
func (a *Appender) Pages() int64 { return a.pages }

// Blocks returns the blocks that hold the pages, in order. The first one may be shared
// with the end of another segment.
func (a *Appender) Blocks() []base.BlockNo { return a.blocks }

// Pause writes what there is of the segment, if it can be continued after its newest page: then
// that page is the last one of a segment that may be published, and Next goes on with another
// page. It reports false where the newest page is the last one of its block or ends within a sector:
// another page has to come before it is tried again.
func (a *Appender) Pause() (bool, error) { return a.out.pause() }

// AppendPoint returns the page where another segment may start after this one, or 0.
func (a *Appender) AppendPoint() base.PageNo {
	if a.page == 0 {
		return 0
	}
	return a.f.ContinuesAfter(a.End())
}

// ContinuesAfter returns where something may be written after a segment that ends at the given
// place, or 0. Where pages are smaller than a sector, writing after the end could tear the
// segment's last page, so only a start at a sector is offered.
func (f *File) ContinuesAfter(end base.PageNo) base.PageNo {
	if f.geo.IsLast(end) || f.geo.Offset(end+1)%int64(f.f.SectorSize()) != 0 {
		return 0
	}
	return end + 1
}
