// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
)

// claim is a checkpoint that is shown, and what the leases on its segments ask: whether its blocks are what they were.
//
// As long as its run goes on, that is so while the run honours the checkpoint. Afterwards it is so while nobody writes
// and it is still the newest one on a meta page: no program that may have had the database open in between, C lsm1
// included, has used a block again that the newest checkpoint lists, because a crash would have needed it. So the claim
// is kept after the end of its run if, in this order,
//
//  1. nobody has the database open for writing, and the lock is held which keeps others from using space again
//     from then on, and
//  2. the meta page that was found first is that of the newest checkpoint.
//
// An older checkpoint is given up: its blocks were free for the next process that came.
type claim struct {
	run    *run
	hold   *live.Hold
	decode func([]byte) (*format.Checkpoint, error)
	ref    format.CheckpointRef // what the meta page held

	shown atomic.Bool // readers may have it
	// heir is an older claim of the run that is still shown when this one ends, nil before: what the leases that have
	// been moved to this one ask from then on. They are on segments of both, which the process that writes may use
	// again once it honours only later checkpoints. As it gives up the oldest ones first, this one is honoured
	// whenever the heir is.
	heir atomic.Pointer[claim]
	kept atomic.Bool // after the end of its run; changed with run.atRest.mu
	gone bool        // and not kept later; guarded by run.atRest.mu
}

const (
	// keepTries is how often a read that meets the end of a run tries to keep the checkpoint, which fails while a
	// process opens or closes the database; keepPause is the pause in between.
	keepTries = 20
	keepPause = 5 * time.Millisecond
)

// honoured returns nil if everything that was read before is right, else the error of the read. Any goroutine may call
// it.
func (c *claim) honoured() error {
	if heir := c.heir.Load(); heir != nil {
		return heir.honoured()
	}
	if c.kept.Load() {
		return nil
	}
	alive, err := c.hold.Alive()
	if err != nil {
		return &errs.Error{Code: errs.CodeProtocol, Op: "read", Path: c.run.path, Err: err}
	}
	if alive || c.shown.Load() && c.keep() {
		return nil
	}
	return &errs.Error{Code: errs.CodeSnapshotGone, Op: "read", Path: c.run.path, Detail: fmt.Sprintf(
		"the process that writes has ended, or does not keep checkpoint %d any more (readers_hold); read again from a new snapshot",
		c.hold.Page.Checkpoint.ID)}
}

// keep is keepNow for a read, which waits for a process that opens or closes the database just now. It reports whether
// the claim is kept.
func (c *claim) keep() bool {
	rest := &c.run.atRest
	rest.mu.Lock()
	defer rest.mu.Unlock()
	for range keepTries {
		if err := c.keepNow(); !errors.Is(err, errAgain) {
			return err == nil && c.kept.Load()
		}
		time.Sleep(keepPause)
	}
	c.gone = true
	return false
}

// keepIfFree is keepNow for one who has nothing to read yet.
func (c *claim) keepIfFree() {
	rest := &c.run.atRest
	rest.mu.Lock()
	defer rest.mu.Unlock()
	_ = c.keepNow()
}

// keepNow decides whether the claim is kept, unless that has been done. It returns errAgain while the database is open
// for writing, which may be in the process of the run that is just closing it. The caller has the mutex.
func (c *claim) keepNow() error {
	if c.kept.Load() || c.gone {
		return nil
	}
	lives, err := c.hold.RunLives()
	if err != nil {
		return err
	}
	page, err := c.run.reader.Read()
	if c.gone = lives || err == nil && page.Run != c.run.id; c.gone {
		return nil
	}
	if err := c.run.lockRest(); err != nil { // 1
		return err
	}
	newest, err := newestRef(c.run.data, c.run.path, c.decode) // 2
	if err == nil {
		c.gone = newest != c.ref
		c.kept.Store(!c.gone)
	}
	if !c.kept.Load() {
		c.run.unlockRest()
		return err
	}
	c.run.atRest.claims++
	return nil
}

// giveUp gives the claim up unless it is kept, because another process writes by now.
func (c *claim) giveUp() {
	rest := &c.run.atRest
	rest.mu.Lock()
	defer rest.mu.Unlock()
	c.gone = !c.kept.Load()
}

// isGone reports whether nothing more can be read from the file.
func (c *claim) isGone() bool {
	rest := &c.run.atRest
	rest.mu.Lock()
	defer rest.mu.Unlock()
	return c.gone
}

// drop gives the claim up, because nobody reads what it is on any more. The heir is the newest claim of the run before
// this one that is still shown, if any: its readers read segments of this one, too.
func (c *claim) drop(heir *claim) {
	if heir != nil {
		c.heir.Store(heir) // before this one is let go
	}
	rest := &c.run.atRest
	rest.mu.Lock()
	defer rest.mu.Unlock()
	c.gone = true
	if c.kept.Swap(false) { // first: a read that still ends after this finds that it is not kept
		rest.claims--
		c.run.unlockRest()
	}
	_ = c.hold.Release() // which ends with the file at the latest
}
