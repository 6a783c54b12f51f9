// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// follow goes on to the newest commit, of the next process that writes if the one before has ended.
func (a *attached) follow(ctx context.Context) error {
	err := a.follower.Refresh(ctx)
	if errors.Is(err, attach.ErrNoWriter) {
		a.follower.Leave()
		return a.next(ctx)
	}
	return a.failed(err)
}

// nextTries is how often the next process is looked for, or else the files opened at rest, one of which fails
// while a process opens or closes the database; nextPause is the pause in between. A statement that comes soon after
// one that was refused is refused at once: the process lets nobody read.
const (
	nextTries = 20
	nextPause = 5 * time.Millisecond
)

// next attaches to the next process that writes, or shows the files at rest if there is none.
func (a *attached) next(ctx context.Context) (err error) {
	if a.rest != nil {
		if changed, err := a.rest.watch.Changed(); err != nil || !changed {
			return a.failed(err)
		}
	}
	tries := nextTries
	now := time.Now()
	if since := now.Sub(a.refused); since >= 0 && since < attachInterval {
		tries = 1
	}
	for {
		if err = a.attach(ctx); err == nil || !errors.Is(err, attach.ErrNoWriter) {
			return a.failed(err)
		}
		if err = a.openRest(ctx); err == nil || !errors.Is(err, ErrBusy) {
			return a.failed(err)
		}
		if a.found.Load() && writtenHere(a.db) {
			return nil // a handle of this process writes, and uses no space again that this one shows
		}
		if tries--; tries <= 0 {
			break
		}
		timer := time.NewTimer(nextPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	a.refused = time.Now()
	return notShared(a.db.path, a.db.opts.FS, err)
}

// attach shows the newest state of a process that writes.
func (a *attached) attach(ctx context.Context) error {
	if err := a.follower.Find(ctx); err != nil {
		return err
	}
	if err := a.follower.Load(ctx); err != nil {
		a.follower.Leave()
		return err
	}
	a.leaveRest()
	return nil
}

// openRest opens the files as nobody writes them, and shows what they hold.
func (a *attached) openRest(ctx context.Context) error {
	watch, err := attach.NewWatch(a.db.opts.FS, a.db.path, a.db.path+files.LogSuffix) // first, so that it finds who comes in between
	if err != nil {
		return err
	}
	db, err := a.openFiles(ctx)
	if err != nil {
		watch.Close()
		return err
	}
	st := db.ledger.Newest()
	a.show(&snapshot.State{Disk: st.Disk, Live: st.Live, Tree: st.Tree, Seq: a.db.ledger.Newest().Seq + 1, End: st.End},
		view{pages: db.bf, rest: db})
	a.leaveRest()
	a.rest = &resting{db: db, disk: st.Disk, watch: watch}
	return nil
}

// leaveRest gives up the files at rest, once nobody reads them any more.
func (a *attached) leaveRest() {
	if a.rest != nil {
		a.left = append(a.left, a.rest)
		a.rest.watch.Leave()
		a.rest = nil
		a.found.Store(false)
	}
	a.reap()
}

// reap closes the files at rest that nobody reads any more.
func (a *attached) reap() {
	a.follower.Reap()
	if len(a.left) == 0 {
		return
	}
	read := map[*snapshot.Snapshot]bool{a.db.ledger.Newest().Disk: true}
	for _, p := range a.db.ledger.Readers().PinnedStates() {
		read[p.State.Disk] = true
	}
	a.left = slices.DeleteFunc(a.left, func(r *resting) bool {
		if !r.free(read) {
			return false
		}
		r.watch.Close()
		if r.db != a.db {
			_ = a.closeFiles(r.db)
		} else {
			r.db.bf.Close()            // its cache: the handle reads other files from here on
			_ = a.db.files.LeaveRest() // if not, the process that writes keeps more than it has to
		}
		return true
	})
}
