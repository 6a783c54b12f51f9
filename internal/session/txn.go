// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// txn is the transaction of a session, whether it was begun by BeginTx, BEGIN, or an outermost
// SAVEPOINT. Levels are lsm1's: 1 is the transaction, 2 and up are savepoints, except that
// an outermost savepoint is level 1 itself.
type txn struct {
	store    store.Store
	shared   *Shared
	settings Settings
	me       holder
	// broken is set when a panic was caught: what the session holds is unknown.
	broken bool

	state txnState
	// tx is open in txnWriting.
	tx store.Tx
	// snap is what txnReading reads, and txnDeferred once it has read; else nil, except
	// while txnDeferred becomes txnWriting.
	snap store.Snapshot
	// saves are the names of the open savepoints, outermost first. Savepoint i is
	// level firstLevel+i, also while there is no tx that has levels.
	saves      []string
	firstLevel int
}

// txnState says what a transaction may do and what it holds.
type txnState uint8

const (
	// txnNone: none is open; each statement is its own.
	txnNone txnState = iota
	// txnWriting: the writer's turn is held.
	txnWriting
	// txnDeferred: the writer's turn is taken at the first write.
	txnDeferred
	// txnReading: one snapshot, and no writes.
	txnReading
)

// defaultState is the state in which a transaction starts that does not say.
func (t *txn) defaultState() txnState {
	if t.settings.Deferred {
		return txnDeferred
	}
	return txnWriting
}

// begin opens a transaction. firstLevel is the level that its first savepoint has.
func (t *txn) begin(ctx context.Context, state txnState, firstLevel int) (err error) {
	if t.state != txnNone {
		return misusef("begin", "a transaction is open already; SAVEPOINT opens one within it")
	}
	if t.settings.ReadOnly {
		state = txnReading
	}
	t.saves, t.firstLevel = t.saves[:0], firstLevel
	switch state {
	case txnWriting:
		t.tx, err = t.takeTurn(ctx, nil, true)
	case txnReading:
		t.snap, err = t.store.Snapshot(ctx, false)
	}
	if err != nil {
		t.tx, t.snap = nil, nil
		return err
	}
	t.state = state
	return nil
}

// commit ends the transaction and makes what it wrote permanent. When it returns, with an
// error or without, there is no transaction; only a panic leaves it to abandon.
func (t *txn) commit(ctx context.Context) (err error) {
	switch {
	case t.state == txnNone:
		return misusef("commit", "no transaction is open")
	case t.broken:
		// The statement that broke the session has not undone itself.
		err = &errs.Error{Op: "commit", Detail: "rolled back, because of the internal error before"}
		return joinErrors(err, t.rollback(ctx))
	case t.state == txnWriting:
		err = t.tx.Commit(ctx)
	}
	return joinErrors(err, t.end())
}

// rollback ends the transaction and undoes what it wrote, under the terms of commit.
func (t *txn) rollback(ctx context.Context) (err error) {
	switch t.state {
	case txnNone:
		return misusef("rollback", "no transaction is open")
	case txnWriting:
		err = t.tx.Rollback(ctx)
	}
	return joinErrors(err, t.end())
}

// end forgets the transaction, whose tx has been committed or rolled back.
func (t *txn) end() error {
	if t.state == txnWriting {
		t.shared.left(&t.me)
	}
	snap := t.snap
	t.state, t.tx, t.snap, t.saves, t.firstLevel = txnNone, nil, nil, t.saves[:0], 0
	return closeSnapshot(snap)
}

// abandon rolls back a transaction that nobody ended, if there is one.
func (t *txn) abandon() error {
	if t.state == txnNone {
		return nil
	}
	return t.rollback(context.Background())
}

func closeSnapshot(s store.Snapshot) error {
	if s == nil {
		return nil
	}
	return s.Close()
}
