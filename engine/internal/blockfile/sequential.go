// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// readAheadBytes is how much a Sequential reads at once.
const readAheadBytes = 64 << 10

// Sequential reads the pages of one segment from front to back with few large reads. It
// bypasses the page cache on the way in, so that a merge does not push out what readers
// use. It belongs to one goroutine.
type Sequential interface {
	// Page returns page p, as Space.Page does. It stays valid, unless Stand was called: then it is
	// valid until the next call for another page.
	Page(p base.PageNo) (format.Page, error)
	// Stand is Page for a reader that stands on one page and looks at others from there. The page is
	// valid until the next call of Stand, whatever is read meanwhile: memory is used again.
	Stand(p base.PageNo) (format.Page, error)
	// Ahead reads about n bytes of the pages after p, on which the reader stands, if p is the last one
	// that is in memory, and reports whether it did. It finds nothing out: what it could not read is
	// read again when it is needed.
	Ahead(p base.PageNo, n int) bool
	// Raw returns the whole of page p as it is in the file, block link included and
	// decompressed, verifying nothing.
	Raw(p base.PageNo) ([]byte, error)
	// NextPage returns the page after p in the segment, as Space.NextPage does.
	NextPage(p base.PageNo) (base.PageNo, error)
	// Layout walks over a segment whose first page is at first and that ends at last, checks
	// that its pages fit together as far as that can be seen without looking into them, and
	// returns the last one.
	Layout(first, last base.PageNo) (lastPage base.PageNo, err error)
}

// NewSequential makes a reader of a segment that ends at last.
func NewSequential(s *Space, last base.PageNo) Sequential { return s.layout.sequential(s, last, false) }

// NewFresh is NewSequential for a reader that wants to see what is in the file, whatever
// the cache holds.
func NewFresh(s *Space, last base.PageNo) Sequential { return s.layout.sequential(s, last, true) }
