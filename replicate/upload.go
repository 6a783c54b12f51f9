// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// batch is what becomes one log object.
type batch struct {
	object.Log
	count  uint64    // complete transactions
	opened time.Time // when its first transaction came
	sealed bool      // nothing may be added
}

// uploading is a session's loop: one goroutine reads changes, one uploads a log object, one a snapshot, and this one
// decides. At most one batch is collected while another is uploaded, and one transaction waits in the reader: that is
// what it has in memory.
type uploading struct {
	r *Replicator
	g *generation
	p *place // pos and prev move with what is uploaded

	read     object.Position // of the newest transaction that was read
	end      object.Digest   // of the object that ends with p.pos
	pending  batch
	hold     *piece // what does not fit into pending
	sending  *batch
	sent     chan sent
	waiting  []*waiter // for their position to be read
	reached  []reached // for the transaction to be in the target
	tidying  []*waiter // for retention
	first    *waiter   // of the loop itself: when it is told, all that was committed is in the target
	known    bool      // it was told
	stopping bool      // the source has ended

	snap snapshotting
}

// reached is a waiter whose transaction is known.
type reached struct {
	*waiter
	seq uint64
}

// sent is the result of an upload.
type sent struct {
	digest object.Digest
	size   int
	err    error
}

// upload uploads from a place on, until an error. Nil is never returned: the end of the source is ErrStopped.
func (r *Replicator) upload(ctx context.Context, p *place) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	u := &uploading{r: r, g: p.g, p: p, read: p.pos, end: p.prev, sent: make(chan sent, 1)}
	pieces, ended := make(chan piece), make(chan error, 1)
	defer func() {
		cancel()
		wg.Wait()
		u.snap.end()
		for _, w := range append(u.waiting, u.tidying...) {
			w.done <- errJoin
		}
		for _, w := range u.reached {
			w.done <- errJoin
		}
		r.board.set(func(s *Status) {
			s.Pending, s.PendingBytes, s.Snapshotting = 0, 0, false
			if r.board.oldest.IsZero() { // from now on nobody looks what is committed
				r.board.oldest = time.Now()
			}
		})
	}()
	r.board.set(func(s *Status) { s.Generation, s.Uploaded, s.UploadedAt = u.g.num, p.pos.Seq, p.time })
	u.snap.begin(ctx, u, &wg)
	wg.Go(func() {
		err := readPieces(ctx, r.src, p.pos, pieces)
		ended <- err
	})
	u.look(ctx)
	return u.loop(ctx, &wg, pieces, ended)
}

func (u *uploading) loop(ctx context.Context, wg *sync.WaitGroup, pieces <-chan piece, ended <-chan error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		u.send(ctx, wg)
		u.snap.step(ctx, wg)
		u.wake(ctx, wg)
		if u.stopping && u.sending == nil && u.pending.empty() && u.hold == nil {
			switch {
			case u.snap.restorable():
				return ErrStopped
			case !u.snap.running:
				return fmt.Errorf("the first snapshot of generation %d is not complete: %w", u.g.num, errClosed)
			}
		}
		from := pieces
		if u.hold != nil {
			from = nil
		}
		timer.Reset(u.wait())
		select {
		case p := <-from:
			u.add(p)
		case err := <-ended:
			if err != nil {
				return err
			}
			u.stopping, ended = true, nil
		case s := <-u.sent:
			if s.err != nil {
				return s.err
			}
			u.acknowledge(s)
			if !u.known && u.first == nil {
				u.look(ctx)
			}
		case w := <-u.r.syncs:
			u.arrive(ctx, w)
		case err := <-u.snap.done:
			if err := u.snap.finished(err); err != nil {
				return err
			}
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *batch) empty() bool { return b.First == 0 && b.opened.IsZero() }

// add takes a piece into the batch, if it fits.
func (u *uploading) add(p piece) {
	now := time.Now()
	u.r.board.set(func(s *Status) {
		s.PendingBytes += int64(len(p.data))
		if p.ends {
			s.Pending++
		}
		if u.r.board.oldest.IsZero() {
			u.r.board.oldest = now
		}
	})
	u.hold = &p
	u.move(now)
}

// move moves the piece that waits into the batch, if it fits.
func (u *uploading) move(now time.Time) {
	p := u.hold
	if p == nil || !u.pending.empty() && (u.pending.sealed || p.cut || len(u.pending.Data)+len(p.data) > object.PartBytes) {
		return
	}
	b := &u.pending
	if b.empty() {
		b.opened, b.First, b.Part, b.Last, b.Pos = now, p.seq, p.part, p.seq-1, u.read
	}
	b.Data = append(b.Data, p.data...)
	b.sealed, u.hold = p.cut, nil
	if p.ends {
		b.Whole, b.Last, b.Pos, b.count = true, p.seq, p.pos, b.count+1
		u.read = p.pos
		u.match()
	}
}

// arrive takes a waiter, for the state that the database has now: what was read is no later.
func (u *uploading) arrive(ctx context.Context, w *waiter) bool {
	s, err := u.r.src.snapshot(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = errJoin
		}
		w.done <- err
		return false
	}
	w.pos = s.position()
	s.close()
	u.waiting = append(u.waiting, w)
	u.match()
	return true
}

// look finds out when all that is committed now is in the target: until then, the lag goes on.
func (u *uploading) look(ctx context.Context) {
	w := &waiter{ctx: ctx, done: make(chan error, 1)}
	if u.arrive(ctx, w) {
		u.first = w
	}
}

// match finds what waits for the state after the newest transaction that was read.
func (u *uploading) match() {
	kept := u.waiting[:0]
	for _, w := range u.waiting {
		if w.ctx.Err() != nil {
			w.done <- errJoin
			continue
		}
		if w.pos.Sum == u.read.Sum {
			u.reached = append(u.reached, reached{waiter: w, seq: u.read.Seq})
			u.pending.sealed = u.pending.sealed || !u.pending.empty() // no reason to wait for more
			continue
		}
		kept = append(kept, w)
	}
	u.waiting = kept
	// The state of a snapshot is the end of an object, which says so.
	if u.snap.match(u.read) && u.pending.Whole && u.pending.Last == u.read.Seq {
		u.pending.Mark, u.pending.sealed = true, true
	}
}

// wake tells those whose transaction is in the target, in a generation that can be restored.
func (u *uploading) wake(ctx context.Context, wg *sync.WaitGroup) {
	there := u.snap.restorable()
	kept := u.reached[:0]
	for _, w := range u.reached {
		switch {
		case w.ctx.Err() != nil:
			w.done <- errJoin
		case !there || w.seq > u.p.pos.Seq || w.settle && u.snap.busy(time.Now()):
			kept = append(kept, w)
		case w.settle:
			u.tidying = append(u.tidying, w.waiter)
		default:
			w.done <- nil
			if w.waiter == u.first {
				u.known = true
				u.r.board.set(func(*Status) { u.r.board.oldest = u.oldest() })
			}
		}
	}
	u.reached = kept
	if len(u.tidying) > 0 && !u.snap.running {
		u.snap.tidy(ctx, wg)
	}
}

// oldest is when the oldest of what was read and is not in the target came; zero if there is none.
func (u *uploading) oldest() time.Time {
	switch {
	case u.sending != nil:
		return u.sending.opened
	case u.pending.empty() && u.hold != nil:
		return time.Now()
	}
	return u.pending.opened
}

// due reports whether the batch is uploaded now.
func (u *uploading) due(now time.Time) bool {
	b := &u.pending
	return !b.empty() && (b.sealed || u.hold != nil || u.stopping || len(b.Data) >= u.r.o.Bytes || now.Sub(b.opened) >= u.r.o.Interval)
}

// wait is how long nothing is due, unless something comes.
func (u *uploading) wait() time.Duration {
	d := u.snap.wait()
	if u.sending == nil && !u.pending.empty() {
		d = min(d, max(0, u.r.o.Interval-time.Since(u.pending.opened)))
	}
	return d
}

// send begins to upload the batch, if it is due and no other is on its way.
func (u *uploading) send(ctx context.Context, wg *sync.WaitGroup) {
	now := time.Now()
	if u.sending != nil || !u.due(now) {
		return
	}
	b := u.pending
	b.Prev, b.Time = u.p.prev, later(now, u.p.time)
	u.sending, u.pending = &b, batch{}
	u.move(now)
	wg.Go(func() { u.sent <- u.r.putLog(ctx, u.g, &b.Log) })
}

// acknowledge moves the place past the batch that is in the target.
func (u *uploading) acknowledge(s sent) {
	b := u.sending
	u.sending = nil
	u.p.prev, u.p.time, u.p.logBytes = s.digest, b.Time, u.p.logBytes+int64(s.size)
	if b.Whole {
		u.p.pos, u.end = b.Pos, s.digest
	}
	u.r.board.set(func(st *Status) {
		st.Uploaded, st.UploadedAt = u.p.pos.Seq, b.Time
		st.Pending, st.PendingBytes = st.Pending-b.count, st.PendingBytes-int64(len(b.Data))
		if u.known {
			u.r.board.oldest = u.oldest()
		}
	})
}

// putLog makes a log object. Where another run of this writer has made it already, with the same content, its object
// is as good, whenever it was made.
func (r *Replicator) putLog(ctx context.Context, g *generation, l *object.Log) sent {
	name := object.LogName(g.num, l.First, l.Part)
	data, err := l.Encode(g.num, g.sealer)
	if err != nil {
		return sent{err: err}
	}
	r.o.steps("log")
	err = r.create(ctx, name, data)
	if errors.Is(err, target.ErrExists) {
		there, digest, err := g.log(ctx, l.First, l.Part)
		switch {
		case errors.Is(err, ErrDamaged):
			return sent{err: fmt.Errorf("%w: another writer made it, or it was damaged: %w", err, errGap)}
		case err != nil:
			return sent{err: err}
		case there.SameContent(l):
			return sent{digest: digest, size: len(data), err: r.fenced(ctx, g)}
		}
		return sent{err: fmt.Errorf("%s: %w", name, errJoin)}
	}
	if err == nil {
		r.owned = g.num // only this goroutine and, after it, the session use it
		r.o.steps("fence")
		err = r.fenced(ctx, g)
	}
	return sent{digest: sha256.Sum256(data), size: len(data), err: err}
}
