// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Pages that a flush or a merge writes take the place of others. If readers use most of those, they will
// want the new ones, too, and each would be read from the file that was just written. So as long as
// that is so, pages go into the cache when they are written.

const (
	// demandUnit is the demand when readers use all pages that merges read, demandPart the part of it that
	// one page makes, and demandHigh the demand from which on written pages are kept.
	demandUnit = 1 << 16
	demandPart = 64
	demandHigh = demandUnit / 2
)

// demand follows how many of the pages that merges have read lately were in the cache and used by readers.
// Two that count at the same time may lose a count.
type demand struct{ level atomic.Int32 }

// saw counts a page that a merge has read.
func (d *demand) saw(used bool) {
	was := d.level.Load()
	now := was - was/demandPart
	if used {
		now += demandUnit / demandPart
	}
	if now != was {
		d.level.Store(now)
	}
}

// high reports whether most of the pages were used.
func (d *demand) high() bool { return d.level.Load() >= demandHigh }

// keepFresh puts pages into the cache, if they are in demand, that have just been written from page p on.
func (f *File) keepFresh(p base.PageNo, raw []byte) {
	if !f.demand.high() {
		return
	}
	for size := f.geo.PageSize; len(raw) >= size; p, raw = p+1, raw[size:] {
		fr := f.cache.newFrame(p)
		if fr.place == noPlace {
			return // readers hold all of the cache
		}
		copy(fr.raw, raw[:size])
		f.cache.put(fr, f.geo.Content(p, fr.raw))
		fr.Release()
	}
}

// dropFrom forgets page p and those after it in its block, which are about to be written: they may be
// pages of a segment that was given up.
func (c *cache) dropFrom(p base.PageNo) {
	if c.hashes {
		return // nothing is put there before it is read
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for last := c.geo.LastPage(c.geo.Block(p)); p <= last; {
		if c.tableOf(p) == nil {
			p = c.nextStretch(p)
			continue
		}
		if fr := c.get(p); fr != nil {
			c.stretches.remove(fr)
			c.dropped(fr)
		}
		p++
	}
}
