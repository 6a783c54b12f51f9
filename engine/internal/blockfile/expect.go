// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// A reader that is about to read several pages or records says so before it reads the first one, so that
// the processor fetches from memory what it needs of all of them at the same time. Nothing is held,
// nothing is loaded but entries of the cache's tables, and nothing depends on it.

// ExpectSoon says that Expect will be called for page p.
func (s *Space) ExpectSoon(p base.PageNo) {
	if at := s.cache.expected(p); at != nil {
		prefetch(unsafe.Pointer(at))
	}
}

// Expect says that page p will be searched.
func (s *Space) Expect(p base.PageNo) {
	if at := s.cache.expected(p); at != nil {
		prefetch(unsafe.Pointer(at.frame.Load()))
		prefetchEnd(unsafe.Pointer(at.end.Load()))
	}
}

// ExpectFront says that page p will be read from its beginning on: what lies there first is fetched, and the
// page's end.
func (s *Space) ExpectFront(p base.PageNo) {
	if at := s.cache.expected(p); at != nil {
		prefetch(unsafe.Pointer(at.frame.Load()))
		if e := at.end.Load(); e != nil {
			prefetchPage(unsafe.Pointer(e), s.geo.PageSize)
		}
	}
}

// expected returns the place of page p in its table, or nil if there is nothing to be fetched.
func (c *cache) expected(p base.PageNo) *directPlace {
	if !prefetches || c.hashes {
		return nil
	}
	if t := c.tableOf(p); t != nil {
		return t.direct.at(c.geo.Ordinal(p))
	}
	return nil
}

// ExpectRecord says that the record will be read that begins at an offset of a page.
func ExpectRecord(page format.Page, off int) {
	if prefetches {
		prefetchRecord(unsafe.Pointer(&page[off]))
	}
}

// ExpectSpan says that a page will be read from an offset on, which lies on it, for about size bytes.
func ExpectSpan(page format.Page, off, size int) {
	if prefetches {
		prefetchSpan(unsafe.Pointer(&page[off]), size)
	}
}
