// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

const (
	// linger is how long a reader that has caught up waits before it has commits wake it. Next to a writer that
	// commits all the time a commit so rarely has a reader to wake.
	linger = 100 * time.Microsecond
)

// alignAfter is how long it then waits for the writer before it asks again.
const alignAfter = time.Millisecond

// SyncAfter is how long a reader of what is durable waits for others to make it so before it does it itself.
const SyncAfter = 100 * time.Millisecond

// Options say how a stream is read.
type Options struct {
	Durable bool // only what is durable is handed over
	Wait    bool // writers are held back rather than that the reader loses its place
	NoWait  bool // the stream ends where it has caught up
}

// Reader reads the change stream. One goroutine at a time may use it. It must be closed.
type Reader struct {
	Options
	hub  *Hub
	tail *wal.Tail
	from wal.Place // before the transaction that Next has found

	needs  atomic.Int64 // number of the oldest place that is still to be read from
	parked atomic.Bool
	news   chan struct{} // capacity 1
	idle   bool          // nothing was handed over since it waited last
	cut    bool          // it has lost its place
}

// Open makes a reader at a place, and counts it. Until Next is called the first time, it is not known whether the log
// still has what follows.
func (h *Hub) Open(o Options, at wal.Place) (*Reader, error) {
	r := &Reader{Options: o, hub: h, news: make(chan struct{}, 1)}
	h.files.RLock()
	defer h.files.RUnlock()
	if h.over {
		return nil, errClosed
	}
	f := h.Log()
	if f == nil {
		return nil, gap("the database has no log")
	}
	r.tail = wal.NewTail(f, at, h.Keys())
	r.needs.Store(at.Stream)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readers[r] = struct{}{}
	if r.Wait {
		h.holding.Add(1)
	}
	return r, nil
}

// Close ends the reader.
func (r *Reader) Close() {
	h := r.hub
	h.mu.Lock()
	if r.parked.CompareAndSwap(true, false) {
		h.parked.Add(-1)
	}
	delete(h.readers, r)
	if r.Wait {
		h.holding.Add(-1)
	}
	if len(h.readers) == 0 && h.empty != nil {
		close(h.empty)
		h.empty = nil
	}
	h.mu.Unlock()
	h.hasMoved()
}

// wake ends a wait, or the next one.
func (r *Reader) wake() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// Place returns the place after the transaction that Next has found.
func (r *Reader) Place() wal.Place { return r.tail.Place() }

// Bytes returns how many bytes of the log that transaction takes.
func (r *Reader) Bytes() int64 { return r.tail.Place().Stream - r.from.Stream }

// Next goes on to the next transaction. It waits for one, as long as ctx lasts, and reports false if there will be
// none, because the database is being closed; or with NoWait, if there is none.
func (r *Reader) Next(ctx context.Context) (bool, error) {
	r.from = r.tail.Place()
	r.needs.Store(r.from.Stream)
	if r.Wait {
		r.hub.hasMoved()
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		found, err := r.find()
		if err != nil {
			return false, err
		}
		if found {
			r.idle = false
			return r.durable(ctx)
		}
		if r.NoWait {
			return false, nil
		}
		if ended := r.wait(ctx); ended {
			return false, nil
		}
	}
}

// find looks for a transaction that can be seen.
func (r *Reader) find() (bool, error) {
	h := r.hub
	h.files.RLock()
	defer h.files.RUnlock()
	if h.over {
		return false, errClosed
	}
	end, _ := h.End()
	if end.Stream < r.from.Stream {
		return false, nil // it began at a place that is shown a moment later
	}
	found, err := r.tail.Next(end)
	if !h.History().Holds(r.from.Stream) && (found || err != nil || end.Stream != r.from.Stream) {
		return false, r.lost("they were written over")
	}
	if errors.Is(err, wal.ErrNotThere) {
		return false, r.lost(err.Error())
	}
	return found, err
}

// wait waits for a commit, and reports whether there will be none.
func (r *Reader) wait(ctx context.Context) (ended bool) {
	h := r.hub
	select {
	case <-h.ending:
		return !r.more()
	default:
	}
	if !r.idle {
		r.idle = true
		time.Sleep(linger)
		sched.Point("stream has lingered")
		return false
	}
	r.parked.Store(true)
	h.parked.Add(1)
	sched.Point("stream is parked")
	if r.more() { // a commit that was shown before has woken nobody
		r.unpark()
		return false
	}
	select {
	case <-r.news: // before the others, so that it is not there the next time
	default:
		select {
		case <-r.news:
		case <-ctx.Done():
		case <-h.ending:
		}
	}
	sched.Point("stream is woken")
	r.unpark()
	return false
}

// more reports whether something can be seen that was not read.
func (r *Reader) more() bool {
	end, _ := r.hub.End()
	return end.Stream != r.from.Stream
}

func (r *Reader) unpark() {
	if r.parked.CompareAndSwap(true, false) {
		r.hub.parked.Add(-1)
	}
}

// durable waits until the transaction that was found may be handed over.
func (r *Reader) durable(ctx context.Context) (bool, error) {
	if !r.Durable {
		return true, nil
	}
	h, stream := r.hub, r.tail.Place().Stream
	is := func() bool { _, d := h.End(); return d >= stream }
	var timer *time.Timer
	pause := alignAfter
	for !is() {
		if timer == nil {
			timer = time.NewTimer(h.SyncAfter)
			defer timer.Stop()
		}
		r.parked.Store(true)
		h.parked.Add(1)
		due := false
		if !is() {
			select {
			case <-r.news:
			case <-ctx.Done():
			case <-timer.C:
				due = true
			}
			sched.Point("stream is woken")
		}
		r.unpark()
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := r.sync(stream, due); err != nil {
			return false, err
		}
		if due {
			timer.Reset(pause)
			pause = min(2*pause, max(h.SyncAfter, alignAfter))
		}
	}
	if !h.History().Holds(r.from.Stream) {
		return false, r.lost("they were written over")
	}
	return true, nil
}

// sync makes durable what comes before a number, if nothing that is written later can damage it. If it is due, it has
// the writer see to that.
func (r *Reader) sync(stream int64, due bool) error {
	h := r.hub
	h.files.RLock()
	defer h.files.RUnlock()
	if h.over {
		return errClosed
	}
	if due && h.aligned.Load() < stream {
		h.wantsAlign.Store(true)
		h.Align()
		h.hasMoved() // a writer that waits for this reader
	}
	aligned := h.aligned.Load()
	if _, durable := h.End(); aligned < stream || durable >= stream {
		return nil
	}
	if err := h.Sync(); err != nil {
		return err
	}
	h.Synced(aligned)
	return nil
}

// Records calls apply for each record of the transaction that Next has found, as wal.Tail does.
func (r *Reader) Records(apply func(format.LogRecord) error) error {
	var stopped error
	err := r.tail.Records(func(rec format.LogRecord) error {
		if rec.Load != nil {
			load := rec.Load
			rec.Load = func(value []byte) error {
				if err := load(value); err != nil {
					return err
				}
				return r.there()
			}
		}
		if stopped = r.there(); stopped == nil {
			stopped = apply(rec)
		}
		return stopped
	})
	switch {
	case err == nil || err == stopped && !errors.Is(err, wal.ErrNotThere):
		return err
	case errors.Is(err, wal.ErrNotThere):
		return r.lost(err.Error())
	}
	if gone := r.there(); gone != nil {
		return gone // the files are closed
	}
	return err
}

// Held returns how many records the transaction has that Next has found, if Record has them all.
func (r *Reader) Held() (n int, ok bool) { return r.tail.Held() }

// Record returns a record of those that are held, counted from 0. It is valid until the next call of Next.
func (r *Reader) Record(i int) (format.LogRecord, error) {
	rec := r.tail.Record(i)
	return rec, r.there()
}

// there returns an error if what was read of the transaction may have been written over.
func (r *Reader) there() error {
	if !r.hub.History().Holds(r.from.Stream) {
		return r.lost("they were written over")
	}
	r.hub.files.RLock()
	defer r.hub.files.RUnlock()
	if r.hub.over {
		return errClosed
	}
	return nil
}

// Cut notes that the reader has lost its place, or that the one that reads it has.
func (r *Reader) Cut() {
	if !r.cut {
		r.cut = true
		mark.Hit(mark.StreamCut)
		r.hub.cuts.Add(1)
	}
}

// IsCut reports whether Cut was called, by the reader itself, too.
func (r *Reader) IsCut() bool { return r.cut }

// From returns the place before the transaction that Next has found or was looking for, and how many bytes there were
// from there to the end of what can be seen.
func (r *Reader) From() (at wal.Place, lag int64) {
	end, _ := r.hub.End()
	return r.from, end.Stream - r.from.Stream
}

// lost says that the reader has lost its place.
func (r *Reader) lost(why string) error {
	r.Cut()
	return gap(fmt.Sprintf("those after transaction %d: %s", r.from.Seq, why))
}

// errClosed is the error of a stream that has not come to its end before the database was closed.
var errClosed = gap("the database was closed before the stream had read all of them")

// IsClosed reports whether an error is that of a stream that has not come to its end before the database was closed.
func IsClosed(err error) bool { return err == errClosed }

// gap is the error of changes that are not there.
func gap(why string) error {
	return &errs.Error{Code: errs.CodeGap, Op: "changes", Detail: why + "; take a snapshot, and go on from its position"}
}
