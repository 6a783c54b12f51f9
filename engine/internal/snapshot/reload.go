// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"slices"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// A file that another process writes is read by one checkpoint after another, and its blocks are used
// again in between. The page cache knows pages by their numbers only. So of each checkpoint it has to be
// found out which segments are new, and the pages in their blocks are dropped from the cache before
// anything of them is read.
//
// A segment is the same as one of the checkpoint before if it begins on the same page, or ends on the same
// page. For that the blocks of the one before must have been honoured until the new one was read: then no page
// of it was written again, so a page that belongs to both belongs to the same segment. It may have grown at its
// end, as the output of a half-done merge does, or have lost its front, as an input does.

// Reload opens the segments that a newer checkpoint of a file lists. before is the snapshot of one that was honoured
// until after the newer one was read, nil if there is none; then the cache must have no pages. Segments that
// are in both are shared, and keep their pages and indexes. honoured is what the leases of all of them
// ask from then on; see blockfile.NewLease. What before shows is not changed, and if Reload fails nothing is.
func Reload(f *blockfile.File, c *format.Checkpoint, before *Snapshot, honoured func() error) (*Snapshot, error) {
	r := reload{before: before}
	var failed atomic.Pointer[error]
	asked := func() error {
		err := honoured()
		if err != nil {
			failed.Store(&err)
		}
		return err
	}
	s, err := load(f, c, r.open, func() *blockfile.Lease { return blockfile.NewLease(asked) })
	if p := failed.Load(); p != nil { // to open a segment is to guess from what can be read
		return nil, *p
	}
	if err != nil {
		return nil, err
	}
	for _, seg := range r.kept {
		seg.Space.Lease.Renew(honoured)
	}
	return s, nil
}

// reload is a Reload that is being done.
type reload struct {
	before *Snapshot
	kept   []*segment.Segment
}

// open opens a segment, or returns the one that is open already.
func (r *reload) open(space *blockfile.Space, fs format.Segment, what segment.What) (*segment.Segment, error) {
	level, old := r.find(fs)
	if old == nil {
		if err := space.ForgetPages(fs.First, fs.Last); err != nil {
			return nil, err
		}
		return segment.Open(space, fs, what)
	}
	was := old.Segment
	if old.RootDropped {
		was.Root = 0
	}
	// What belongs to a half-done merge is opened again: from which key on it is searched changes with the merge.
	if was == fs && level.Merging == nil && !what.Input && !what.Output && sealOf(old) == what.Seal &&
		slices.Equal(old.Space.Redirects, space.Redirects) {
		r.kept = append(r.kept, old)
		return old, nil
	}
	if was.Last != fs.Last && space.ForgetPages(was.Last, fs.Last) != nil {
		// It does not go on from there, so little is known of it.
		if err := space.ForgetPages(fs.First, fs.Last); err != nil {
			return nil, err
		}
	}
	return segment.Open(space, fs, what)
}

// find returns the segment of the snapshot before that one of the new one is, or was, or nil.
func (r *reload) find(fs format.Segment) (*Level, *segment.Segment) {
	if r.before == nil {
		return nil, nil
	}
	for _, l := range r.before.Levels {
		for _, seg := range l.Segments() {
			if seg.First == fs.First || seg.Last == fs.Last {
				return l, seg
			}
		}
	}
	return nil, nil
}
