// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Iter walks the records of a segment in both directions, delete marks and system keys
// included, bare separators left out. Key is read-only and valid until the iterator
// moves. After an error the iterator is not valid and Err returns it.
//
// An Iter is meant to be embedded: Init makes it usable, no method allocates but those
// that must assemble a record spanning pages, and those reuse their buffers.
type Iter struct {
	seg *Segment
	seq blockfile.Sequential // nil: read single pages through the cache

	spot  // the current page
	cell  int
	steps int64 // pages walked since the last seek
	jumps int64 // those of them that led to another block, to notice circles
	// scanning: several pages in a row were walked forward, so more will be.
	scanning bool
	// fetched is the offset on the page up to which its bytes are on their way into the processor's cache, as far
	// as the walk knows.
	fetched int

	valid bool
	kind  base.Kind
	// apart says that the key spans pages and is in keyBuf; else it lies on page at bodyOff.
	apart   bool
	bodyOff int
	keyLen  int
	valLen  int
	// end is the page on which the value ends, if that is known, it is another one than
	// page, and no other record begins before it; else 0.
	end     base.PageNo
	endRoom int64 // what is left over there if no record begins

	keyBuf, cmpBuf []byte
	err            error
	sink           byte // keeps touch from being optimized away

	approach
	lookups int64 // pages looked up and not reported to the file yet
}

// spot is a page, and what is read from its footer once. The iterator holds the page of its
// spot; see leave for the only copies.
type spot struct {
	held  *blockfile.Frame // nil if the page is in memory that stays
	page  format.Page
	no    base.PageNo
	cells int // that a walk visits
	eof   int
}

// Init makes it an iterator over seg that stands nowhere.
func (it *Iter) Init(seg *Segment) {
	it.held.Release()
	*it = Iter{seg: seg, keyBuf: it.keyBuf[:0], cmpBuf: it.cmpBuf[:0], lookups: it.lookups}
}

// keptBuffer is up to which size a buffer is kept by Release.
const keptBuffer = 4 << 10

// Done reports the pages that were looked up, see FlushLookups, and releases the current one. Every
// iterator that was used ends with it or with Release: a page that is held stays in memory.
func (it *Iter) Done() {
	it.FlushLookups()
	it.held.Release()
	it.held, it.valid = nil, false
}

// Release makes it an iterator over nothing, which holds no page and keeps small buffers.
func (it *Iter) Release() {
	it.held.Release()
	keyBuf, cmpBuf := it.keyBuf[:0], it.cmpBuf[:0]
	if cap(keyBuf) > keptBuffer {
		keyBuf = nil
	}
	if cap(cmpBuf) > keptBuffer {
		cmpBuf = nil
	}
	*it = Iter{keyBuf: keyBuf, cmpBuf: cmpBuf}
}

// Segment returns the segment.
func (it *Iter) Segment() *Segment { return it.seg }

// flushLookups is after how many pages an iterator tells the file of them.
const flushLookups = 256

// FlushLookups reports to the file how many pages were looked up since the last time. A caller
// that is done with an iterator calls it; one that goes on for long does so by itself. The count
// is the iterator's own until then, so that readers do not get in each other's way.
func (it *Iter) FlushLookups() {
	if it.lookups > 0 {
		it.seg.Space.CountLookups(uintptr(unsafe.Pointer(it)), it.lookups)
		it.lookups = 0
	}
}

// ReadAhead makes the iterator read the file in long runs, for one pass from front to
// back. It must be positioned again.
func (it *Iter) ReadAhead() {
	it.held.Release()
	it.held, it.valid = nil, false
	it.seq = blockfile.NewSequential(it.seg.Space, it.seg.Last)
}

// FetchAhead reads about n bytes of what comes next, if the iterator reads the file in runs and has come to
// the last page of one. It reports whether it has read: what cannot be read is found when it is needed.
func (it *Iter) FetchAhead(n int) bool { return it.seq != nil && it.seq.Ahead(it.no, n) }

// Err returns the error that made the iterator invalid, if any.
func (it *Iter) Err() error { return it.err }

// Leave makes the iterator stand nowhere, and forgets its error.
func (it *Iter) Leave() { it.valid, it.err = false, nil }

// Kind, Key and ValueLen describe the current record.
func (it *Iter) Kind() base.Kind { return it.kind }

// Key returns the current key.
func (it *Iter) Key() []byte {
	if it.apart {
		return it.keyBuf
	}
	end := it.bodyOff + it.keyLen
	return it.page[it.bodyOff:end:end]
}

// ValueLen returns the length of the current value without loading it.
func (it *Iter) ValueLen() int { return it.valLen }

// Inline returns the current value if all of it lies on the record's first page. It is
// read-only and valid until the iterator moves.
func (it *Iter) Inline() (value []byte, ok bool) {
	start := it.bodyOff + it.keyLen
	end := start + it.valLen
	if end > it.eof {
		return nil, false
	}
	return it.page[start:end:end], true
}

// AppendValue appends the current value to dst, which grows once.
func (it *Iter) AppendValue(dst []byte) ([]byte, error) {
	if v, ok := it.Inline(); ok {
		return append(dst, v...), nil
	}
	if v, ok := it.appendSplit(dst); ok {
		return v, nil
	}
	b := it.bodyAt(it.no, it.page, it.bodyOff+it.keyLen, it.valLen, 0)
	value, err := b.appendTo(dst)
	it.Passed(&b)
	b.Close()
	return value, err
}

// Body begins to read the current value piece by piece.
func (it *Iter) Body() Body {
	b := it.bodyAt(it.no, it.page, it.bodyOff+it.keyLen, it.valLen, 0)
	b.copies = true
	return b
}

// Passed is called with what Body has returned when it was read. If that was to
// the end, the iterator goes on where it ends.
func (it *Iter) Passed(b *Body) {
	it.lookups += b.lookups
	b.lookups = 0
	if b.left == 0 && b.no != 0 && b.no != it.no && it.cell == it.cells-1 {
		it.end, it.endRoom = b.no, b.rem.room
	}
}

// fail makes the iterator invalid permanently.
func (it *Iter) fail(err error) bool {
	it.valid = false
	it.err = err
	return false
}

func (it *Iter) corrupt(p base.PageNo, format string, args ...any) error {
	return it.seg.corrupt(p, format, args...)
}
