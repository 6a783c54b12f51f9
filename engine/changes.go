// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/stream"
)

// ChangesGrace is how long Close waits for streams of changes to read up to the end.
const ChangesGrace = 5 * time.Second

var changesGrace, changesSyncAfter = ChangesGrace, stream.SyncAfter // tests wait less

// OnLag says what happens to a stream that has more than Options.Changes bytes of the log still to read.
type OnLag uint8

const (
	// Cut: the stream ends with ErrGap. Writers never wait for it.
	Cut OnLag = iota
	// Wait: writers wait in Begin until the stream has got further, with StallChanges, as long as their contexts
	// last. So who reads the stream must not begin a transaction of the same database between two changes. Before
	// the sequence is first used nothing waits, and the position may be too long ago by then.
	Wait
)

// ChangeOptions say how changes are read.
type ChangeOptions struct {
	// Durable leaves out what a loss of power could still undo: a transaction comes once the log was synced after
	// it, or a checkpoint holds it. Where neither happens within a tenth of a second, the stream syncs the log itself.
	// With SafetyOff nothing is durable, and it means nothing.
	Durable bool
	// OnLag says what happens to a stream that is too slow.
	OnLag OnLag
	// NoWait ends the stream, without an error, where it has read all that can be seen.
	NoWait bool
}

// Change is a transaction that was committed.
type Change struct {
	// Position is that after the transaction: where to go on.
	Position
	// Bytes is how much of the log it takes.
	Bytes int64

	stream *changes
	turn   uint64 // of the stream, while the change can be read
}

// Ops is the sequence of its operations, for a range statement. They are read from the log, as often as the sequence
// is used, before the stream goes on; later it has ErrMisuse. An error ends it: then some operations are missing, and
// those before count for nothing.
func (c Change) Ops(yield func(Op, error) bool) {
	if c.stream == nil {
		yield(Op{}, &Error{Code: CodeMisuse, Op: "changes", Detail: goneOn})
		return
	}
	c.stream.ops(c.turn, yield)
}

const goneOn = "the stream has gone on since the change"

// OpKind is what an operation does.
type OpKind uint8

// The kinds of operations.
const (
	OpPut         OpKind = iota + 1 // the value of Key is Value
	OpDelete                        // Key is deleted
	OpDeleteRange                   // all keys between Key and End are deleted, both not included
)

// String names the kind.
func (k OpKind) String() string {
	switch k {
	case OpPut:
		return "put"
	case OpDelete:
		return "delete"
	case OpDeleteRange:
		return "delete range"
	}
	return "unknown operation"
}

// Op is an operation of a transaction. What it refers to is valid until the next one.
type Op struct {
	Kind     OpKind
	Key, End []byte
	Value    []byte
	// Load is set, in place of Value, if the value has MaxOpValue bytes or more: it reads the ValueLen bytes of it
	// into value, once. ValueLen is the length of any value.
	Load     func(value []byte) error
	ValueLen int
}

// MaxOpValue is from which length on a value is read by Op.Load.
const MaxOpValue = 1 << 20

// Changes returns the transactions that were committed after a position, each once and in order, and goes on with
// those that are committed meanwhile, as long as ctx lasts: the last thing is its error. When the database is
// closed, it ends without one, after what was committed last; Close waits 5 seconds for that.
//
// If the position is not that of a moment of this database, or of one that is too long ago, the stream has nothing
// but ErrGap; so it has, later, if it was too slow. Then take a snapshot, use it, and go on from its Position. How far
// back a stream may begin, and may fall, is Options.Changes. Positions are found again after the database was
// closed, if they are that of its end, and after a crash.
//
// A commit with NoLog, or one of C lsm1 without a log, is no change: there is ErrGap in its place. Transactions that
// write nothing are none, either.
//
// Memory in use is a few megabytes, whatever the transactions hold. The database may not be closed by the one that
// reads the stream. A stream of a read-only handle is that of the handle that writes, and ErrMisuse without one.
func (db *DB) Changes(ctx context.Context, from Position, o ChangeOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		r, err := db.openStream(ctx, from, o)
		if err != nil {
			yield(Change{}, err)
			return
		}
		defer r.Close()
		s := &changes{db: db, r: r, seq: from.Seq - r.Place().Seq}
		for {
			found, err := r.Next(ctx)
			if err != nil {
				s.report(err)
				yield(Change{}, db.changesError(err))
				return
			}
			if !found {
				return
			}
			place := r.Place()
			c := Change{Position: positionOf(&place, s.seq+place.Seq), Bytes: r.Bytes(), stream: s, turn: s.turn.Load()}
			goesOn := yield(c, nil)
			s.turn.Add(1)
			if !goesOn {
				return
			}
		}
	}
}

// openStream begins a stream at a position.
func (db *DB) openStream(ctx context.Context, from Position, o ChangeOptions) (*stream.Reader, error) {
	if err := db.hasChanges(); err != nil {
		return nil, err
	}
	at, err := db.streams.Find(ctx, from.Off, format.Checksum{S0: from.Sum[0], S1: from.Sum[1]})
	if err != nil {
		return nil, db.changesError(err)
	}
	r, err := db.streams.Open(stream.Options{Durable: o.Durable, Wait: o.OnLag == Wait, NoWait: o.NoWait}, at)
	return r, db.changesError(err)
}

// hasChanges returns why there are no streams, if so.
func (db *DB) hasChanges() error {
	if err := db.usable("changes"); err != nil {
		return err
	}
	why := ""
	switch {
	case db.opts.ReadOnly:
		why = "the database is open read-only; only the process that writes has its changes"
	case db.tuning.Load().Changes == 0:
		why = "no changes are kept; open the database with Options.Changes, or changes=64mb"
	default:
		return nil
	}
	return &Error{Code: CodeMisuse, Op: "changes", Path: db.path, Detail: why}
}

// changesError adds to the error of a stream which database it is.
func (db *DB) changesError(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Path == "" {
		located := *e
		located.Path = db.path
		return &located
	}
	return err
}

// changes is a stream that is being read. A change costs no allocation: all of them refer to the one stream, and to the
// turn in which they were handed over.
type changes struct {
	db   *DB
	r    *stream.Reader
	seq  uint64        // what is added to the numbers of places
	turn atomic.Uint64 // how many changes are over
	said bool          // the observer knows that the stream was cut
}

// report tells the observer, once, that the stream was cut, if it was.
func (s *changes) report(err error) {
	if s.said || !s.r.IsCut() {
		return
	}
	s.said = true
	if f := s.db.obs.Cut; f != nil {
		at, lag := s.r.From()
		f(CutEvent{DB: s.db, Position: positionOf(&at, s.seq+at.Seq), Lag: lag, Err: s.db.changesError(err)})
	}
}

var errStopped = errors.New("stopped")

// over returns an error if the stream has gone on since a turn. It is asked before each operation, because the stream
// may go on while those of a change are read.
func (s *changes) over(turn uint64) error {
	if turn == s.turn.Load() {
		return nil
	}
	return &Error{Code: CodeMisuse, Op: "changes", Path: s.db.path, Detail: goneOn}
}

// ops yields the operations of the change that was handed over in a turn. It keeps yield nowhere, so that a range
// statement allocates nothing.
func (s *changes) ops(turn uint64, yield func(Op, error) bool) {
	if err := s.over(turn); err != nil {
		yield(Op{}, err)
		return
	}
	n, ok := s.r.Held()
	if !ok {
		next, stop := iter.Pull2(func(yield func(Op, error) bool) { s.long(turn, yield) })
		defer stop()
		for {
			op, err, ok := next()
			if !ok || !yield(op, err) {
				return
			}
		}
	}
	for i := range n {
		if err := s.over(turn); err != nil {
			yield(Op{}, err)
			return
		}
		rec, err := s.r.Record(i)
		if err != nil {
			s.report(err)
			yield(Op{}, s.db.changesError(err))
			return
		}
		if !yield(opOf(&rec), nil) {
			return
		}
	}
}

// long yields the operations of a transaction that is not in memory.
func (s *changes) long(turn uint64, yield func(Op, error) bool) {
	err := s.r.Records(func(rec format.LogRecord) error {
		if !yield(opOf(&rec), nil) {
			return errStopped
		}
		return s.over(turn)
	})
	if err != nil && err != errStopped {
		s.report(err)
		yield(Op{}, s.db.changesError(err))
	}
}

// opOf makes an operation of a record of the log. A long value is loaded also where it is in memory, so that it comes
// in one way, whatever else its transaction holds.
func opOf(r *format.LogRecord) Op {
	switch r.Op {
	case format.LogDelete:
		return Op{Kind: OpDelete, Key: r.Key}
	case format.LogDeleteRange:
		return Op{Kind: OpDeleteRange, Key: r.Key, End: r.Value}
	}
	op := Op{Kind: OpPut, Key: r.Key, Value: r.Value, Load: r.Load, ValueLen: len(r.Value)}
	switch {
	case r.Load != nil:
		op.ValueLen = r.ValueLen
	case op.ValueLen >= MaxOpValue:
		held := r.Value
		op.Value, op.Load = nil, func(value []byte) error { copy(value, held); return nil }
	}
	return op
}
