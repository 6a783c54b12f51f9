// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// snapshotPart is how many bytes of rows a part of a snapshot has, and snapshotUploads how many parts are uploaded at
// the same time: with their compressed forms they are what a snapshot has in memory.
const (
	snapshotPart    = 16 << 20
	snapshotUploads = 3
)

// snapshotting decides when a session makes a snapshot. All but put runs in the session's loop.
//
//  1. It pins the newest state of the database, and waits until the changes up to it have been read: so it knows the
//     number of the transaction, and the log object ends there.
//  2. It uploads the parts, while log objects go on.
//  3. When the log object that ends there is in the target, it makes the index, which has that object's digest.
type snapshotting struct {
	u       *uploading
	snap    sourceSnapshot // pinned, not yet being uploaded
	taken   time.Time
	running bool
	matched *object.Position // of the state that is pinned, when it is known
	ready   chan<- logEnd    // gets the end of its log object, once
	told    bool
	done    chan error

	newest    uint64    // the transaction of the newest complete snapshot
	there     bool      // there is one
	since     time.Time // when it was taken, by this machine's clock; zero: too long ago, or by a clock that is ahead
	stored    int64     // its length
	tidies    bool      // what is running is retention alone
	notBefore time.Time // the next attempt
	atBegin   int64     // log bytes when the snapshot that is being made was pinned
	next      complete  // what it becomes
}

// logEnd is the digest of the log object that ends with a snapshot's transaction, and its time.
type logEnd struct {
	digest object.Digest
	time   time.Time
}

// begin takes over what the target has, and the snapshot of a new generation.
func (s *snapshotting) begin(ctx context.Context, u *uploading, wg *sync.WaitGroup) {
	s.u, s.done = u, make(chan error, 1)
	if n := u.p.newest; n != nil {
		s.newest, s.there, s.stored = n.Pos.Seq, true, n.StoredBytes()
		if !n.Time.After(time.Now()) {
			s.since = n.Time
		}
		u.r.board.set(func(b *Status) { b.Snapshot, b.SnapshotAt = n.Pos.Seq, n.Time })
	} else {
		u.r.board.set(func(b *Status) { b.Snapshot, b.SnapshotAt = 0, time.Time{} })
	}
	if u.p.snapshot != nil {
		s.snap, s.taken, u.p.snapshot = u.p.snapshot, u.g.base.Time, nil
		s.launch(ctx, wg, u.p.pos)
	}
}

// restorable reports whether the generation has a complete snapshot.
func (s *snapshotting) restorable() bool { return s.there }

// due reports whether a snapshot is made now.
func (s *snapshotting) due(now time.Time) bool {
	if s.running || s.snap != nil || now.Before(s.notBefore) || s.u.stopping {
		return false
	}
	return s.wanted(now)
}

// wanted reports whether the newest snapshot is not enough any more. One of the same state would be no better.
func (s *snapshotting) wanted(now time.Time) bool {
	if !s.there {
		return true
	}
	return s.u.read.Seq != s.newest && (now.Sub(s.since) >= s.u.r.o.SnapshotEvery || s.u.p.logBytes > max(s.stored, s.u.r.o.minLog))
}

// busy reports whether a snapshot is being made, or is due as soon as one can be made.
func (s *snapshotting) busy(now time.Time) bool {
	return s.running || s.snap != nil || !s.u.stopping && s.wanted(now)
}

// wait is how long none is due.
func (s *snapshotting) wait() time.Duration {
	now := time.Now()
	switch {
	case s.running || s.snap != nil || s.u.stopping || s.there && s.u.read.Seq == s.newest:
		return time.Hour
	case !s.restorable():
		return max(0, s.notBefore.Sub(now))
	}
	return max(0, s.notBefore.Sub(now), s.since.Add(s.u.r.o.SnapshotEvery).Sub(now))
}

// step pins a state when a snapshot is due, and passes on the digest that its index needs.
func (s *snapshotting) step(ctx context.Context, wg *sync.WaitGroup) {
	if now := time.Now(); s.due(now) {
		snap, err := s.u.r.src.snapshot(ctx)
		if err != nil {
			s.u.r.failed(err)
			s.notBefore = now.Add(s.u.r.o.RetryEvery)
			return
		}
		s.snap, s.taken = snap, now
		s.u.match()
	}
	if s.matched != nil {
		s.launch(ctx, wg, *s.matched)
	}
	if s.running && !s.tidies && !s.told && s.u.p.pos.Seq == s.next.Pos.Seq {
		s.ready <- logEnd{s.u.end, s.u.p.time}
		s.told = true
	}
}

// match reports whether a position is that of the state that is pinned, which then is uploaded.
func (s *snapshotting) match(pos object.Position) bool {
	if s.snap == nil || s.matched != nil || s.snap.position().Sum != pos.Sum {
		return false
	}
	s.matched = &pos
	return true
}

// launch begins to upload the state that is pinned.
func (s *snapshotting) launch(ctx context.Context, wg *sync.WaitGroup, pos object.Position) {
	r := s.u.r
	s.running, s.told, s.matched, s.atBegin = true, false, nil, s.u.p.logBytes
	ready := make(chan logEnd, 1)
	s.ready = ready
	r.board.set(func(b *Status) { b.Snapshotting = true })
	snap := s.snap
	s.snap = nil
	s.next = complete{Index: &object.Index{Pos: pos, Time: s.taken}}
	x := s.next.Index
	wg.Go(func() {
		defer snap.close()
		s.done <- r.putSnapshot(ctx, s.u.g, snap, x, ready)
	})
}

// tidy begins to remove what is not kept. No snapshot is made meanwhile.
func (s *snapshotting) tidy(ctx context.Context, wg *sync.WaitGroup) {
	s.running, s.tidies = true, true
	wg.Go(func() { s.done <- s.u.r.retain(ctx, s.u.g, object.SnapshotID{}) })
}

// finished takes the result of a snapshot. A failure is no reason to end the session, unless another writer is there.
func (s *snapshotting) finished(err error) error {
	r := s.u.r
	now := time.Now()
	s.running = false
	if s.tidies {
		s.tidies = false
		for _, w := range s.u.tidying {
			w.done <- err
		}
		s.u.tidying = nil
		return nil
	}
	r.board.set(func(b *Status) { b.Snapshotting = false })
	if hopeless(err) {
		return err
	}
	if err != nil {
		r.failed(err)
		s.notBefore = now.Add(r.o.RetryEvery)
		return nil
	}
	x := s.next.Index
	s.newest, s.there, s.since, s.stored = x.Pos.Seq, true, s.taken, x.StoredBytes()
	s.u.p.logBytes -= s.atBegin
	s.notBefore = now
	r.board.set(func(b *Status) { b.Snapshot, b.SnapshotAt = x.Pos.Seq, x.Time })
	r.o.Logger.Info("replication: a snapshot is complete", "target", r.t.String(), "generation", s.u.g.num, "transaction", x.Pos.Seq,
		"rows", x.Rows, "bytes", s.stored)
	return nil
}

// end releases what is pinned.
func (s *snapshotting) end() {
	if s.snap != nil {
		s.snap.close()
		s.snap = nil
	}
}

// putSnapshot uploads the rows of a state, and its index. Then it removes what no moment that is kept needs.
func (r *Replicator) putSnapshot(ctx context.Context, g *generation, snap sourceSnapshot, x *object.Index, ready <-chan logEnd) error {
	id := object.SnapshotID{Gen: g.num, Seq: x.Pos.Seq}
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	id.Attempt = binary.BigEndian.Uint32(random[:])
	w := &partWriter{r: r, g: g, id: id, index: x, slots: make(chan struct{}, snapshotUploads)}
	err := w.rows(ctx, snap)
	if err = errors.Join(err, w.wait()); err != nil {
		return err
	}
	select {
	case end := <-ready:
		// No older than what is in it, whatever the clock did: else a moment before that would be restored with it.
		x.Log, x.Time = end.digest, later(x.Time, end.time)
	case <-ctx.Done():
		return ctx.Err()
	}
	data, err := x.Encode(id, g.sealer)
	if err != nil {
		return err
	}
	if err := r.fenced(ctx, g); err != nil {
		return err
	}
	r.o.steps("index")
	if err := r.create(ctx, id.Index(), data); err != nil {
		return err
	}
	r.o.steps("retention")
	if err := r.retain(ctx, g, id); err != nil && ctx.Err() == nil {
		// The next snapshot tries again. Also the key of an older generation is no reason to end.
		r.failed(fmt.Errorf("remove what is no longer needed: %w", err))
	}
	return nil
}

// partWriter cuts the rows of a snapshot into parts and uploads them.
type partWriter struct {
	r     *Replicator
	g     *generation
	id    object.SnapshotID
	index *object.Index
	slots chan struct{}
	wg    sync.WaitGroup
	mu    sync.Mutex
	err   error
}

// rows uploads all rows. Each byte is copied once, into the part that it belongs to, however long its row is.
func (w *partWriter) rows(ctx context.Context, snap sourceSnapshot) error {
	sum, full := sha256.New(), w.r.o.raw
	var part []byte
	write := func(b []byte) error {
		sum.Write(b)
		w.index.Bytes += uint64(len(b))
		for len(b) > 0 {
			n := min(len(b), full-len(part))
			part, b = append(part, b[:n]...), b[n:]
			if len(part) == full {
				if err := w.part(ctx, part); err != nil {
					return err
				}
				part = make([]byte, 0, full)
			}
		}
		return nil
	}
	for row, err := range snap.rows(ctx) {
		if err == nil {
			err = object.WriteRow(write, row.key, row.value)
		}
		if err != nil {
			return err
		}
		w.index.Rows++
	}
	if len(part) > 0 {
		if err := w.part(ctx, part); err != nil {
			return err
		}
	}
	sum.Sum(w.index.Sum[:0])
	return nil
}

// part uploads a part when there is a free slot.
func (w *partWriter) part(ctx context.Context, raw []byte) error {
	w.mu.Lock()
	n, err := len(w.index.Parts), w.err
	if err == nil && (n >= object.MaxIndexParts || n == math.MaxInt32) {
		err = fmt.Errorf("a snapshot of more than %d parts: %w", object.MaxIndexParts, ErrMisuse)
	}
	w.index.Parts = append(w.index.Parts, object.IndexPart{})
	w.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.wg.Go(func() {
		defer func() { <-w.slots }()
		data, err := object.Encode(object.KindPart, w.id.Part(n), raw, w.g.sealer)
		if err == nil {
			w.r.o.steps("part")
			err = w.r.create(ctx, w.id.Part(n), data)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.index.Parts[n] = object.IndexPart{Digest: sha256.Sum256(data), Stored: uint64(len(data))}
		w.err = errors.Join(w.err, err)
	})
	return nil
}

func (w *partWriter) wait() error {
	w.wg.Wait()
	return w.err
}
