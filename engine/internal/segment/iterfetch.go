// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"math"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
)

// A walk forward has what it will come to fetched from memory while its caller works on the current record: the next
// part of the page, and at the end of that the front of the page after it. The processor finds out by itself where a
// walk through a page goes, but too late for pages of 4 KiB, and not beyond their end.
const (
	fetchBytes    = 1024 // at a time
	fetchDistance = 512  // before the walk comes to the end of what was fetched
)

// FetchOn is called at a plain record that a walk forward has come to.
func (it *Iter) FetchOn() {
	if it.bodyOff+it.keyLen+it.valLen+fetchDistance > it.fetched {
		it.fetchOn()
	}
}

func (it *Iter) fetchOn() {
	from := max(it.bodyOff+it.keyLen+it.valLen, it.fetched)
	if from < it.eof {
		blockfile.ExpectSpan(it.page, from, min(fetchBytes, it.eof-from))
		it.fetched = min(from+fetchBytes, it.eof)
		return
	}
	it.fetched = math.MaxInt
	if it.seq == nil {
		it.seg.Space.ExpectFront(it.no + 1)
	}
}
