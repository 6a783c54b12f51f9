// SPDX-License-Identifier: Apache-2.0

package engine

import "context"

// The calls of this file do not wait for others, as C lsm1 does not: where Begin, Flush, Work and
// Checkpoint would wait for a transaction or for work that another caller has begun, they fail with
// ErrBusy at once. Once they have begun, they do all of their own work, and between its slices they let
// others in as those do.

// TryBegin is Begin for a caller that does not wait for another write transaction: ErrBusy.
func (db *DB) TryBegin(ctx context.Context) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	tx := &Tx{db: db}
	if err := db.writer.TryBegin(ctx, &tx.tx); err != nil {
		return nil, err
	}
	return tx, nil
}

// TryBeginFrom is BeginFrom for a caller that does not wait for another write transaction: ErrBusy.
func (db *DB) TryBeginFrom(ctx context.Context, s *Snapshot) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	tx := &Tx{db: db}
	if err := db.writer.TryBeginFrom(ctx, &tx.tx, s.pin.state); err != nil {
		return nil, err
	}
	return tx, nil
}

// TryFlush is Flush for a caller that does not wait for a write transaction or for work that has
// begun: ErrBusy. A tree that waited may be flushed even then.
func (db *DB) TryFlush(ctx context.Context, report ...func(Progress)) error {
	return db.flush(ctx, true, report)
}

// TryWork is Work for a caller that does not wait for work that has begun: ErrBusy.
func (db *DB) TryWork(ctx context.Context, o WorkOptions) (Progress, error) {
	return db.work(ctx, true, o)
}

// TryCheckpoint is Checkpoint for a caller that does not wait for work that has begun, or for another
// checkpoint: ErrBusy.
func (db *DB) TryCheckpoint(ctx context.Context) (Progress, error) {
	return db.checkpoint(ctx, db.worker.TryCheckpoint)
}
