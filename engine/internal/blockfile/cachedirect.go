// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// direct is the table of one block's frames where pages are numbered one by one: a place for
// each.
type direct struct {
	geo    *format.Geometry
	frames []atomic.Pointer[frame]
}

func newDirect(geo *format.Geometry) *cacheBlock {
	b := &cacheBlock{direct: direct{geo, make([]atomic.Pointer[frame], geo.PagesPerBlock())}}
	b.pageTable = &b.direct
	return b
}

func (d *direct) put(fr *frame) bool {
	return d.frames[d.geo.IndexInBlock(fr.no)].CompareAndSwap(nil, fr)
}

func (d *direct) remove(fr *frame) {
	d.frames[d.geo.IndexInBlock(fr.no)].CompareAndSwap(fr, nil)
}

func (d *direct) clear() {
	for i := range d.frames {
		if fr := d.frames[i].Swap(nil); fr != nil {
			fr.recent.Store(false)
		}
	}
}
