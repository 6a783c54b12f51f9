// SPDX-License-Identifier: Apache-2.0

// Package attach shows a database that another process has open for writing: it follows what that process
// commits, and takes care that nothing is shown that was written over while it was read.
//
// Package engine calls it, for a read-only handle. A Follower owns the files that it opens, the locks by
// which the writer knows which checkpoints are read, and a tree in memory of what the log has after the newest of
// them. It makes states; the ledger of the handle publishes them. Except where a method says otherwise, one goroutine
// at a time may use a Follower.
//
// What a writer promises is in package live. A run is what one writer does from its opening to its end. Invariants:
//
//   - Nothing that was read from a file is used before the run was seen to honour the checkpoint that it
//     belongs to, after the read. This goes for pages (blockfile.Lease), meta pages and the log.
//   - A checkpoint is pinned before its meta page is read, and as long as a state that shows it may be read.
//   - A state shows all of a commit or nothing of it, and what was shown once is shown until a newer commit
//     is. If anything fails, the state stays that was shown last.
//   - No free list is read.
package attach

import (
	"context"
	"errors"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

const (
	// maxSteps is how often a step is done again before the statement is refused, and stepPause the longest pause
	// before the next one. Together that is some seconds, for which a writer may be held up in the middle of a sync.
	maxSteps  = 200
	stepPause = 20 * time.Millisecond
	// TreeBytes is how large the tree may grow before a newer checkpoint takes the place of what it holds. If none
	// is there, it grows on: it holds what the writer has logged since its newest checkpoint.
	TreeBytes = 32 << 20
)

// Follower follows the writers of one database, one run after another.
type Follower struct {
	Config
	decode  func(meta []byte) (*format.Checkpoint, error)
	keys    *crypt.Keys
	readers *snapshot.Registry

	run     *run // the one that is followed; nil if none is
	retired []*run
	shown   []shown
	seq     uint64
}

// New makes a Follower that follows nobody.
func New(c Config) *Follower { return &Follower{Config: c} }

// Unlocked gives the Follower what it takes to read meta pages and the log: keys is nil unless they are encrypted.
func (f *Follower) Unlocked(decode func([]byte) (*format.Checkpoint, error), keys *crypt.Keys) {
	f.decode, f.keys = decode, keys
}

// Publishes gives the Follower the registry in which Publish publishes.
func (f *Follower) Publishes(in *snapshot.Registry) { f.readers = in }

// Data returns the database file of the run that is followed.
func (f *Follower) Data() vfs.File { return f.run.data }

// Find looks for a writer, and begins to follow its run. Nothing is shown of it yet. It returns ErrNoWriter if
// there is none.
func (f *Follower) Find(ctx context.Context) error {
	return f.repeat(ctx, func() error {
		r, err := openRun(&f.Config)
		if err != nil {
			return err
		}
		if f.run != nil {
			f.retired = append(f.retired, f.run)
		}
		f.run = r
		return nil
	})
}

// Leave ends following a run that has ended. What was shown of it stays as it is, and can be read further if nobody has
// used its space meanwhile, nor is about to.
func (f *Follower) Leave() {
	if f.run != nil {
		mark.Hit(mark.AttachLost)
		f.retired = append(f.retired, f.run)
		f.run = nil
	}
	f.Reap()
	for _, s := range f.shown {
		s.claim.keepIfFree()
	}
}

// Load shows the newest state of the run that Find has found.
func (f *Follower) Load(ctx context.Context) error {
	return f.repeat(ctx, func() error { return f.adopt(ctx) })
}

// Refresh shows the newest commit. It returns ErrNoWriter if the run has ended.
func (f *Follower) Refresh(ctx context.Context) error {
	if f.run == nil {
		return ErrNoWriter
	}
	return f.repeat(ctx, func() error { return f.step(ctx, false) })
}

// Renew is Refresh for a timer: it also goes on to a newer checkpoint, so that the writer may use the space again
// of the one before.
func (f *Follower) Renew(ctx context.Context) error {
	if f.run == nil {
		return ErrNoWriter
	}
	err := f.repeat(ctx, func() error { return f.step(ctx, true) })
	f.Reap()
	return err
}

// repeat does a step until the writer does not get in between.
func (f *Follower) repeat(ctx context.Context, step func() error) error {
	pause, err := time.Duration(0), error(nil)
	for range maxSteps {
		if err = step(); !errors.Is(err, errAgain) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause+100*time.Microsecond, stepPause)
	}
	return &errs.Error{Code: errs.CodeBusy, Op: "read", Path: f.Path, Err: err,
		Detail: "the process that writes makes checkpoints faster than this one can read them, or hangs in the middle of one; try again"}
}

func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d == 0 {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		sched.Point("follower ends")
		return ctx.Err()
	case <-t.C:
		sched.Point("follower has slept")
		return nil
	}
}

// step goes on to the newest commit, and to the newest checkpoint if that has to be, or is to be.
func (f *Follower) step(ctx context.Context, renew bool) error {
	r := f.run
	if r.disk == nil {
		return f.adopt(ctx)
	}
	page, err := r.look()
	if err != nil {
		return err
	}
	alive, err := r.claim.hold.Alive()
	if err != nil {
		return err
	}
	// If the checkpoint is not honoured any more, the run has ended or others are.
	must := !alive || page.Checkpoint.At.Stream > r.end.Stream
	if must || page.Checkpoint.ID > r.claim.hold.Page.Checkpoint.ID && (renew || r.tree.Size() > TreeBytes) {
		if err := f.adopt(ctx); must || !errors.Is(err, errAgain) {
			return err
		}
	}
	if r.end == page.End {
		return nil
	}
	return f.follow(ctx, page.End)
}

// follow reads the log up to the end that was seen.
func (f *Follower) follow(ctx context.Context, end wal.Place) error {
	r := f.run
	before := r.tree.Mark()
	lies := r.lies
	n, err := r.read(ctx, r.tail, end, r.tree, &lies)
	if err == nil {
		err = r.intact(r.claim.hold, r.end)
	}
	if err != nil {
		r.tree.RollbackTo(before)
		r.tree.Release(before)
		r.tail = wal.NewTail(r.log, r.end, f.keys)
		return r.logError(r.claim.hold, r.end, err)
	}
	r.tree.Release(before)
	r.end, r.lies = end, lies
	f.seq += n
	mark.Hit(mark.AttachFollowed)
	f.publish()
	f.reclaim()
	return nil
}

// Newest returns the newest checkpoint that is shown, and what returns an error once it is not honoured any more. A run
// must be followed of which something is shown: after Refresh, Renew or Load has succeeded, and until Leave.
func (f *Follower) Newest() (c *format.Checkpoint, honoured func() error) {
	return f.run.checkpoint, f.run.claim.honoured
}

// Shown says what a Follower has shown last.
type Shown struct {
	PID        int // of the process that writes, as it sees itself; 0 if it is not known
	Checkpoint base.SnapshotID
}

// Shown returns what was shown last, and false if no run is followed.
func (f *Follower) Shown() (s Shown, ok bool) {
	r := f.run
	if r == nil || r.disk == nil {
		return s, false
	}
	return Shown{PID: r.pid, Checkpoint: r.claim.hold.Page.Checkpoint.ID}, true
}
