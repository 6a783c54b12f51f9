// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// Start begins to replicate a database that is open for writing, with engine.Options.Changes. It returns at once: what
// the target says comes in Status. Stop it before the database is closed. The target stays the caller's, to be closed
// after Stop.
func Start(db *engine.DB, t target.Target, o Options) (*Replicator, error) {
	if db.Options().ReadOnly || db.Options().Changes == 0 {
		return nil, fmt.Errorf("%s is not open for writing with Options.Changes, so its changes cannot be read: %w", db.Path(), ErrMisuse)
	}
	lag := engine.Cut
	if o.Wait {
		lag = engine.Wait
	}
	return start(engineSource{db: db, o: engine.ChangeOptions{Durable: o.Durable, OnLag: lag}}, t, o)
}

// engineSource is a database of the engine.
type engineSource struct {
	db *engine.DB
	o  engine.ChangeOptions
}

func (e engineSource) encrypted() bool { return e.db.Encryption().Cipher != "" }

func (e engineSource) snapshot(ctx context.Context) (sourceSnapshot, error) {
	s, err := e.db.Snapshot(ctx)
	if err != nil {
		return nil, ofEngine(err)
	}
	return engineSnapshot{s}, nil
}

// ofEngine makes the errors of a closed database, which stay, those of this package.
func ofEngine(err error) error {
	switch {
	case errors.Is(err, engine.ErrGap):
		return fmt.Errorf("%w: %w", errGap, err)
	case errors.Is(err, engine.ErrMisuse):
		return fmt.Errorf("%w: %w", errClosed, err)
	}
	return err
}

type engineSnapshot struct{ s *engine.Snapshot }

func (s engineSnapshot) position() object.Position { return object.Position(s.s.Position()) }
func (s engineSnapshot) close()                    { _ = s.s.Close() }
func (s engineSnapshot) rows(ctx context.Context) iter.Seq2[row, error] {
	return rowsOf(ctx, s.s)
}

func (e engineSource) changes(ctx context.Context, from object.Position) iter.Seq2[sourceChange, error] {
	return func(yield func(sourceChange, error) bool) {
		for c, err := range e.db.Changes(ctx, engine.Position(from), e.o) {
			if err != nil {
				yield(sourceChange{}, ofEngine(err))
				return
			}
			if !yield(sourceChange{pos: object.Position(c.Position), ops: opsOf(c)}, nil) {
				return
			}
		}
	}
}

// opsOf yields the operations of a transaction. A long value is loaded when it comes, as a whole, and let go with the
// next operation.
func opsOf(c engine.Change) iter.Seq2[object.Op, error] {
	return func(yield func(object.Op, error) bool) {
		for op, err := range c.Ops {
			if err != nil {
				yield(object.Op{}, ofEngine(err))
				return
			}
			out := object.Op{Key: op.Key, Value: op.Value}
			switch op.Kind {
			case engine.OpPut:
				out.Kind = object.OpPut
				if op.Load != nil {
					out.Value = make([]byte, op.ValueLen)
					if err := op.Load(out.Value); err != nil {
						yield(object.Op{}, ofEngine(err))
						return
					}
				}
			case engine.OpDelete:
				out.Kind = object.OpDelete
			case engine.OpDeleteRange:
				out.Kind, out.Value = object.OpDeleteRange, op.End
			default:
				yield(object.Op{}, fmt.Errorf("the database reports an operation of kind %v: %w", op.Kind, ErrMisuse))
				return
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}
