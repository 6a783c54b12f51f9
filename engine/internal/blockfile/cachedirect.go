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
	frames []atomic.Pointer[Frame]
}

func newDirect(geo *format.Geometry) *cacheBlock {
	b := &cacheBlock{direct: direct{geo, make([]atomic.Pointer[Frame], geo.PagesPerBlock())}}
	b.pageTable = &b.direct
	return b
}

func (d *direct) put(fr *Frame) bool {
	return d.frames[d.geo.IndexInBlock(fr.no)].CompareAndSwap(nil, fr)
}

func (d *direct) remove(fr *Frame) {
	d.frames[d.geo.IndexInBlock(fr.no)].CompareAndSwap(fr, nil)
}

func (d *direct) clear(dropped func(*Frame)) {
	for i := range d.frames {
		if fr := d.frames[i].Swap(nil); fr != nil {
			dropped(fr)
		}
	}
}
