// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/stream"
)

// Range is a range of keys. The zero Range is all keys.
type Range struct {
	Lo, Hi       []byte
	HasLo, HasHi bool // without HasLo there is no lower end
	// LoOpen and HiOpen leave the key that is the end out.
	LoOpen, HiOpen bool
}

// PrefixRange returns the range of all keys that begin with a prefix.
func PrefixRange(prefix []byte) Range {
	r := Range{Lo: prefix, HasLo: len(prefix) > 0}
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			r.Hi = append(bytes.Clone(prefix[:i]), prefix[i]+1)
			r.HasHi, r.HiOpen = true, true
			break
		}
	}
	return r
}

// Contains reports whether a key lies in the range.
func (r *Range) Contains(key []byte) bool {
	if r.HasLo {
		if c := bytes.Compare(key, r.Lo); c < 0 || c == 0 && r.LoOpen {
			return false
		}
	}
	if r.HasHi {
		if c := bytes.Compare(key, r.Hi); c > 0 || c == 0 && r.HiOpen {
			return false
		}
	}
	return true
}

// meets reports whether a key strictly between two others may lie in the range.
func (r *Range) meets(after, before []byte) bool {
	return !(r.HasHi && bytes.Compare(after, r.Hi) >= 0 || r.HasLo && bytes.Compare(before, r.Lo) <= 0)
}

// Event is something that has happened to a range of keys.
type Event struct {
	// Op is what was done. It belongs to the receiver. Of a value of MaxOpValue bytes or more there is only the length.
	Op
	// Deleted is, for OpDeleteRange, the part of the watched range that was deleted.
	Deleted Range
	// Position is that after the transaction. All its events have it.
	Position Position
	// Resync says that events are missing: anything in the range may have changed up to Position. There is no Op.
	Resync bool
}

// MaxWatchBytes bounds the keys and values of the events that wait for a watcher.
const MaxWatchBytes = 8 << 20

// Watch returns what happens to the keys of a range, from the call on, as long as ctx lasts and the database is open.
// It holds back nobody. At most buffer events wait for the receiver, and MaxWatchBytes of keys and values, at most what
// Options.Changes keeps of the log: if it is too slow for that, or if something cannot be read, one event, Resync,
// takes the place of all that were missed: read the range again. Without Options.Changes every event is
// that. All operations of a transaction come one after the other; one that leaves a key as it was is an event, too.
func (db *DB) Watch(ctx context.Context, keys Range, buffer int) iter.Seq[Event] {
	keys.Lo, keys.Hi = bytes.Clone(keys.Lo), bytes.Clone(keys.Hi)
	w := &watch{db: db, keys: keys, buffer: max(buffer, 1)}
	if db.usable("watch") == nil && !db.opts.ReadOnly {
		w.at, _ = db.ledger.LogEnd()
		w.ok = true
	}
	return func(yield func(Event) bool) { w.run(ctx, yield) }
}

// watch is a watch in progress.
type watch struct {
	db     *DB
	keys   Range
	buffer int
	at     format.LogPlace // up to where everything was taken
	ok     bool            // the database can be watched
	r      *stream.Reader
	events []Event // taken, and not handed over
	bytes  int
	err    error // why events are missing
}

// run hands over events until there will be no more.
func (w *watch) run(ctx context.Context, yield func(Event) bool) {
	defer func() {
		if w.r != nil {
			w.r.Close()
		}
	}()
	for taken := goesOn; w.ok && taken != ended; {
		if taken = w.take(ctx); taken == missed {
			w.resync()
		}
		for i := range w.events {
			if ctx.Err() != nil || !yield(w.events[i]) {
				return
			}
		}
		clear(w.events)
		w.events, w.bytes = w.events[:0], 0
	}
}

// resync makes one event of all that were missed.
func (w *watch) resync() {
	w.r.Cut()
	if f := w.db.obs.Cut; f != nil && w.db.tuning.Load().Changes > 0 { // else this is all that there ever is
		at, lag := w.r.From()
		f(CutEvent{DB: w.db, Watch: true, Position: positionOf(&at, at.Seq), Lag: lag, Err: w.db.changesError(w.err)})
	}
	w.r.Close()
	w.r = nil
	w.at, _ = w.db.ledger.LogEnd()
	clear(w.events)
	w.events = append(w.events[:0], Event{Resync: true, Position: positionOf(&w.at, w.at.Seq)})
}

var errFull = errors.New("more events than may wait for the one that watches")

// taken says what take has come to.
type taken uint8

const (
	goesOn taken = iota
	missed       // events are missing
	ended        // there will be none after these
)

// take waits for events and takes all that there are.
func (w *watch) take(ctx context.Context) taken {
	if w.r == nil {
		r, err := w.db.streams.Open(stream.Options{}, w.at)
		if err != nil {
			return ended
		}
		w.r = r
	}
	for {
		w.r.NoWait = len(w.events) > 0
		found, err := w.r.Next(ctx)
		switch {
		case err == nil && !found && w.r.NoWait:
			return goesOn
		case err == nil && !found:
			return ended
		}
		if err == nil {
			place := w.r.Place()
			pos := positionOf(&place, place.Seq)
			err = w.r.Records(func(rec format.LogRecord) error { return w.add(&rec, pos) })
		}
		if err != nil {
			if ctx.Err() != nil || stream.IsClosed(err) {
				return ended
			}
			w.err = err
			return missed
		}
	}
}

// add adds an operation to the events, if it is one of the range.
func (w *watch) add(rec *format.LogRecord, pos Position) error {
	op := opOf(rec)
	op.Load = nil
	if op.Kind == OpDeleteRange && !w.keys.meets(op.Key, op.End) || op.Kind != OpDeleteRange && !w.keys.Contains(op.Key) {
		return nil
	}
	w.bytes += len(op.Key) + len(op.End) + len(op.Value)
	if len(w.events) == w.buffer || w.bytes > MaxWatchBytes {
		return errFull
	}
	e := Event{Op: op, Position: pos}
	if op.Kind == OpDeleteRange {
		e.Deleted = w.deleted(op.Key, op.End)
	}
	e.Key, e.End, e.Value = bytes.Clone(op.Key), bytes.Clone(op.End), bytes.Clone(op.Value)
	w.events = append(w.events, e)
	return nil
}

// deleted returns which part of the watched range lies strictly between two keys.
func (w *watch) deleted(after, before []byte) Range {
	r := w.keys
	if !r.HasLo || bytes.Compare(after, r.Lo) >= 0 {
		r.Lo, r.HasLo, r.LoOpen = bytes.Clone(after), true, true
	}
	if !r.HasHi || bytes.Compare(before, r.Hi) <= 0 {
		r.Hi, r.HasHi, r.HiOpen = bytes.Clone(before), true, true
	}
	return r
}
