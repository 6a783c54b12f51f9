// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// adopt goes on to the newest checkpoint and to the end of the log, next to what is shown:
//
//  1. Hold on to the checkpoint, and read its meta page.
//  2. Open its segments.
//  3. Read the log after it into a new tree.
//  4. See that this part of the log has not been written over, and that the checkpoint is honoured.
//
// If the writer has gone on too far, all of it has to be done again. Nothing is published before the end.
func (f *Follower) adopt(ctx context.Context) (err error) {
	r := f.run
	claim, c, err := r.attach(f.decode) // 1
	if err != nil {
		return err
	}
	next := &run{claim: claim, tree: memtree.New(), end: claim.hold.Page.End}
	if err := f.open(ctx, next, c); err != nil {
		if next.pages != nil && next.pages != r.pages {
			next.pages.Close()
		}
		claim.drop(r.claim)
		if errors.Is(err, errs.ErrSnapshotGone) {
			return errAgain
		}
		return err
	}
	f.Renewed(r.disk, next.disk)
	if r.pages != nil && r.pages != next.pages {
		r.pages.Close()
	}
	r.checkpoint, r.claim, r.disk, r.pages = c, claim, next.disk, next.pages
	r.tail, r.tree, r.end, r.lies = next.tail, next.tree, next.end, next.lies
	f.shown = append(f.shown, shown{next.disk, claim})
	claim.shown.Store(true)
	f.seq++
	mark.Hit(mark.AttachRenewed)
	f.publish()
	f.Reap()
	return nil
}

// open does steps 2 to 4 of adopt, and puts what it opens into next.
func (f *Follower) open(ctx context.Context, next *run, c *format.Checkpoint) error {
	r, hold := f.run, next.claim.hold
	before, err := f.pagesFor(next, c)
	if err != nil {
		return err
	}
	if next.disk, err = snapshot.Reload(next.pages, c, before, next.claim.honoured); err != nil { // 2
		return err
	}
	from := hold.Page.Checkpoint.At
	next.disk.Log = from.LogPos
	next.tail = wal.NewTail(r.log, from, f.keys)
	batch := memtree.NewBatch(next.tree)
	if _, err = r.read(ctx, next.tail, next.end, batch, &next.lies); err == nil { // 3
		batch.Apply()
		err = r.intact(hold, from) // 4
	}
	if err != nil {
		return r.logError(hold, from, err)
	}
	return nil
}

// pagesFor gives next the pages through which a checkpoint is to be read, and returns the snapshot that its segments
// may be shared with: the newest one. But if the writer has not honoured all that may still be read, what is read of
// that may be put into the cache at any time, so the checkpoint gets another cache. So does the first checkpoint
// that says how the file is compressed.
func (f *Follower) pagesFor(next *run, c *format.Checkpoint) (before *snapshot.Snapshot, err error) {
	r := f.run
	fresh := r.pages == nil || r.checkpoint.Compression != c.Compression
	for _, s := range f.shown {
		if s.claim.run == r && !fresh {
			alive, err := s.claim.hold.Alive()
			if err != nil {
				return nil, err
			}
			fresh = !alive
		}
	}
	next.pages, before = r.pages, r.disk
	if fresh {
		if next.pages, err = f.NewFile(r.data, c); err != nil {
			return nil, err
		}
		before = nil
	}
	next.pages.SetBlocks(max(next.pages.Blocks(), c.Blocks))
	next.pages.SetWritten(c.Written)
	return before, nil
}
