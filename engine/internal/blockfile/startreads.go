// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Where pages are missed one by one, all over a file that is not in the memory of the system, each costs a
// request to the disk, which takes more time of the processor than reading its neighbours does. So before a
// page is read, the system is told to begin to read the region around it. That pays if the neighbours are
// needed some time: it is done only if all of the file fits into the cache, where its pages will be in the end,
// once for each region, and not before a session has missed some pages.

const (
	// regionBytes is how much of the file the system is told to read at once.
	regionBytes = 512 << 10
	// Before that as many leaf pages are missed as pay for much of reading all of the file: one for each
	// regionShare of it, at least regionMisses. B-tree pages do not count: they are read for the first few
	// searches, and all of them to make fences.
	regionShare  = 512 << 10
	regionMisses = 64
)

// regions are those of the file, with a bit for each that says whether the system was told to read it.
type regions struct {
	starter vfs.ReadStarter // nil: the file cannot do that
	fits    int64           // up to which size of the file this is done
	misses  atomic.Int64    // of leaf pages, as far as they are counted
	told    []atomic.Uint32
}

func (r *regions) init(f vfs.File, fits int64) {
	if r.starter, _ = f.(vfs.ReadStarter); r.starter != nil {
		r.fits = fits
		r.told = make([]atomic.Uint32, (fits/regionBytes+32)/32)
	}
}

// expect has the region of a page read that is at an offset of a file of a size, once.
func (r *regions) expect(off, size int64) {
	if size > r.fits || off >= size || r.misses.Load() < max(regionMisses, size/regionShare) {
		return
	}
	i := off / regionBytes
	word, bit := &r.told[i/32], uint32(1)<<(i%32)
	if word.Load()&bit == 0 && word.Or(bit)&bit == 0 {
		r.starter.StartRead(i*regionBytes, regionBytes)
	}
}

// missed is called before a page at an offset is read that the cache does not have.
func (f *File) missed(off int64) {
	if f.mapping == nil {
		f.regions.expect(off, f.blockBytes())
	}
}

// readMissed is called after a page was read that the cache did not have.
func (r *regions) readMissed(page format.Page) {
	if r.starter != nil && !page.IsBTree() && r.misses.Load() < max(regionMisses, r.fits/regionShare) {
		r.misses.Add(1)
	}
}
