// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"time"

	"github.com/lsmlite/lsmlite-go/store"
)

// readFrom returns the state that a query reads. Outside a transaction that is the store,
// whose state is a new one at each call.
func (t *txn) readFrom(ctx context.Context) (store.Reader, error) {
	switch t.state {
	case txnNone:
		return t.store, nil
	case txnWriting:
		return t.tx, nil
	}
	if err := t.pin(ctx); err != nil {
		return nil, err
	}
	return t.snap, nil
}

// pin fixes the state that a deferred transaction reads, if nothing has yet. Every
// statement on the table does, whether or not it reads a row: as in SQLite, one with LIMIT
// 0 too.
func (t *txn) pin(ctx context.Context) error {
	if t.state != txnDeferred || t.snap != nil {
		return nil
	}
	snap, err := t.store.Snapshot(ctx, true)
	if err == nil {
		t.snap = snap
	}
	return err
}

// mayWrite returns why nothing can be written, if so.
func (t *txn) mayWrite() error {
	switch {
	case t.settings.ReadOnly:
		return readOnlyError("the connection is read-only (mode=ro)")
	case t.state == txnReading:
		return readOnlyError("the transaction is read-only")
	}
	return nil
}

// writeTo returns the transaction for a statement that writes, and whether the statement
// has one of its own, which it then has to end.
func (t *txn) writeTo(ctx context.Context) (tx store.Tx, own bool, err error) {
	if err := t.mayWrite(); err != nil {
		return nil, false, err
	}
	switch t.state {
	case txnNone:
		tx, err = t.takeTurn(ctx, nil, false)
		return tx, true, err
	case txnDeferred:
		if err := t.upgrade(ctx); err != nil {
			return nil, false, err
		}
	}
	return t.tx, false, nil
}

// upgrade takes the writer's turn for a deferred transaction. If it fails, the transaction
// is what it was.
func (t *txn) upgrade(ctx context.Context) error {
	tx, err := t.takeTurn(ctx, t.snap, true)
	if err != nil {
		return err
	}
	t.state, t.tx = txnWriting, tx
	for err == nil && tx.Level() < t.topLevel() {
		_, err = tx.Begin()
	}
	if err != nil {
		err = joinErrors(err, tx.Rollback(ctx))
		t.shared.left(&t.me)
		t.state, t.tx = txnDeferred, nil
		return err
	}
	snap := t.snap
	t.snap = nil
	return closeSnapshot(snap)
}

// takeTurn takes the writer's turn, from the state of snap if that is not nil, and waits
// for it as long as the busy timeout allows.
func (t *txn) takeTurn(ctx context.Context, snap store.Snapshot, explicit bool) (tx store.Tx, err error) {
	switch limit := t.settings.BusyTimeout; {
	case limit == 0:
		tx, err = t.store.Begin(ctx, snap)
	case limit < 0:
		tx, err = t.beginAtOnce(ctx, snap)
	default:
		if tx, err = t.beginWithin(ctx, snap, limit); err == errLate {
			since, _ := t.busy()
			err = t.shared.busyError(since, limit)
		}
	}
	if err != nil {
		return nil, err
	}
	t.shared.took(&t.me, explicit)
	return tx, nil
}

// errLate is why beginWithin fails if its limit is over.
var errLate = errors.New("the limit is over")

// beginWithin is store.Begin with a limit of its own, besides ctx.
func (t *txn) beginWithin(ctx context.Context, snap store.Snapshot, limit time.Duration) (store.Tx, error) {
	wait := &patience{Context: ctx, limit: limit}
	defer wait.end()
	tx, err := t.store.Begin(wait, snap)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, errLate
	}
	return tx, err
}

const (
	// noWait is how long a session that must not wait does wait, in case the writer's turn
	// is taken between the look at it and the attempt.
	noWait = 2 * time.Millisecond
	// noWaitAttempts is how often it tries while nobody holds the turn: on a busy machine
	// noWait may be over before Begin has looked.
	noWaitAttempts = 10
)

// beginAtOnce is store.Begin for a session that must not wait.
func (t *txn) beginAtOnce(ctx context.Context, snap store.Snapshot) (store.Tx, error) {
	if s, ok := t.store.(store.TryBeginner); ok {
		return s.TryBegin(ctx, snap)
	}
	if !t.store.Caps().SingleWriter { // nobody waits for a turn
		return t.store.Begin(ctx, snap)
	}
	for attempt := 0; ; attempt++ {
		since, busy := t.busy()
		if busy || attempt == noWaitAttempts {
			return nil, t.shared.busyError(since, 0)
		}
		if tx, err := t.beginWithin(ctx, snap, noWait); err != errLate {
			return tx, err
		}
	}
}

// busy reports whether a write transaction is open and since when, as far as the store
// knows.
func (t *txn) busy() (since time.Time, busy bool) {
	if w, ok := t.store.(store.WriterInfo); ok {
		return w.Writer()
	}
	return time.Time{}, false
}
