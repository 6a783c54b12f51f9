// SPDX-License-Identifier: Apache-2.0

package blockfile

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// pageAhead is how much of the stream is read for one page: most often all of it.
func (l *packed) pageAhead() int { return l.maxImage + 4*format.RecordSizeLen }

// bytesAhead is how much of the stream is read for some pages: most often all of them, up to most.
func (l *packed) bytesAhead(pages, most int) int {
	return min(most, max(l.pageAhead(), int(l.usualImage.Load())*pages))
}
