package lsmlite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// txn is the transaction of a connection, whoever began it: BeginTx, BEGIN, or an
// outermost SAVEPOINT. Levels are lsm1's: 1 is the transaction, 2 and up are savepoints,
// except that an outermost savepoint is level 1 itself.
type txn struct {
	state txnState
	// tx is open in txnWriting.
	tx storeTx
	// snap is what txnReading reads, and txnDeferred once it has read; else nil, except
	// while txnDeferred becomes txnWriting.
	snap storeSnapshot
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
	// txnWriting: the writer's place is held.
	txnWriting
	// txnDeferred: the writer's place is taken at the first write.
	txnDeferred
	// txnReading: one snapshot, and no writes.
	txnReading
)

// topLevel is the level of the innermost savepoint, or of the transaction.
func (t *txn) topLevel() int { return max(1, t.firstLevel+len(t.saves)-1) }

// find returns the index of the newest savepoint of that name, or -1.
func (t *txn) find(name string) int {
	for i := len(t.saves) - 1; i >= 0; i-- {
		if t.saves[i] == name {
			return i
		}
	}
	return -1
}

// beginTxn opens a transaction. firstLevel is the level that its first savepoint has.
func (c *conn) beginTxn(ctx context.Context, state txnState, firstLevel int) error {
	if c.txn.state != txnNone {
		return misusef("begin", "a transaction is open already; SAVEPOINT opens one within it")
	}
	if c.readOnly() {
		state = txnReading
	}
	c.txn = txn{saves: c.txn.saves[:0], firstLevel: firstLevel}
	var err error
	switch state {
	case txnWriting:
		c.txn.tx, err = c.beginWriter(ctx, nil, true)
	case txnReading:
		c.txn.snap, err = c.store.Snapshot(ctx)
	}
	if err == nil {
		c.txn.state = state
	}
	return err
}

// defaultState is the state in which a transaction starts that does not say.
func (c *conn) defaultState() txnState {
	if c.cfg.TxLock == TxDeferred {
		return txnDeferred
	}
	return txnWriting
}

// commitTxn ends the transaction and makes what it wrote permanent. When it returns,
// with an error or without, there is no transaction; only a panic leaves it to
// abandonTxn.
func (c *conn) commitTxn(ctx context.Context) error {
	t := &c.txn
	var err error
	switch t.state {
	case txnNone:
		return misusef("commit", "no transaction is open")
	case txnWriting:
		err = t.tx.Commit(ctx)
	}
	return joinErrors(err, c.endTxn())
}

// rollbackTxn ends the transaction and undoes what it wrote, under the terms of
// commitTxn.
func (c *conn) rollbackTxn() error {
	t := &c.txn
	var err error
	switch t.state {
	case txnNone:
		return misusef("rollback", "no transaction is open")
	case txnWriting:
		err = t.tx.Rollback()
	}
	return joinErrors(err, c.endTxn())
}

// endTxn forgets the transaction, whose tx has been committed or rolled back.
func (c *conn) endTxn() error {
	if c.txn.state == txnWriting {
		c.leaveWriter()
	}
	snap := c.txn.snap
	c.txn = txn{saves: c.txn.saves[:0]}
	return closeSnapshot(snap)
}

// abandonTxn rolls back a transaction that nobody ended, if there is one.
func (c *conn) abandonTxn() (err error) {
	if c.txn.state == txnNone {
		return nil
	}
	defer c.guard(&err, "rollback")
	return c.rollbackTxn()
}

func closeSnapshot(s storeSnapshot) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

// savepoint opens a savepoint, and the transaction if none is open.
func (c *conn) savepoint(ctx context.Context, name string) error {
	t := &c.txn
	switch t.state {
	case txnNone:
		if err := c.beginTxn(ctx, c.defaultState(), 1); err != nil {
			return err
		}
	case txnWriting:
		if _, err := t.tx.Begin(); err != nil {
			return err
		}
	}
	t.saves = append(t.saves, name)
	return nil
}

// releaseSavepoint merges the savepoint, and those opened after it, into the level
// below; for an outermost one that is COMMIT.
func (c *conn) releaseSavepoint(ctx context.Context, name string) error {
	t := &c.txn
	i := t.find(name)
	if i < 0 {
		return noSavepoint("release", name)
	}
	level := t.firstLevel + i
	if level == 1 {
		return c.commitTxn(ctx)
	}
	if t.state == txnWriting {
		if err := t.tx.CommitTo(level - 1); err != nil {
			return err
		}
	}
	t.saves = t.saves[:i]
	return nil
}

// rollbackToSavepoint goes back to the state at the savepoint, which stays open; those
// opened after it are gone.
func (c *conn) rollbackToSavepoint(name string) error {
	t := &c.txn
	i := t.find(name)
	if i < 0 {
		return noSavepoint("rollback", name)
	}
	if t.state == txnWriting {
		if err := t.tx.RollbackTo(t.firstLevel + i); err != nil {
			return err
		}
	}
	t.saves = t.saves[:i+1]
	return nil
}

func noSavepoint(op, name string) error { return misusef(op, "no such savepoint: %s", name) }

// writer returns the transaction for a statement that writes, and whether the statement
// has one of its own, which it then has to end.
func (c *conn) writer(ctx context.Context) (tx storeTx, own bool, err error) {
	if c.readOnly() {
		return nil, false, readOnlyError("write", "the connection is read-only (mode=ro)")
	}
	t := &c.txn
	switch t.state {
	case txnNone:
		tx, err = c.beginWriter(ctx, nil, false)
		return tx, true, err
	case txnReading:
		return nil, false, readOnlyError("write", "the transaction is read-only")
	case txnDeferred:
		if err := c.upgrade(ctx); err != nil {
			return nil, false, err
		}
	}
	return t.tx, false, nil
}

// upgrade takes the writer's place for a deferred transaction. If it fails, the
// transaction is what it was.
func (c *conn) upgrade(ctx context.Context) error {
	t := &c.txn
	tx, err := c.beginWriter(ctx, t.snap, true)
	if err != nil {
		return err
	}
	t.state, t.tx = txnWriting, tx
	for err == nil && tx.Level() < t.topLevel() {
		_, err = tx.Begin()
	}
	if err != nil {
		err = joinErrors(err, tx.Rollback())
		c.leaveWriter()
		t.state, t.tx = txnDeferred, nil
		return err
	}
	snap := t.snap
	t.snap = nil
	return closeSnapshot(snap)
}

// reader returns the state that a query reads. A snapshot that is not nil belongs to the
// query, which has to close it.
func (c *conn) reader(ctx context.Context) (r storeReader, own storeSnapshot, err error) {
	t := &c.txn
	switch t.state {
	case txnWriting:
		return t.tx, nil, nil
	case txnNone:
		own, err = c.store.Snapshot(ctx)
		return own, own, err
	case txnDeferred:
		if err := c.pin(ctx); err != nil {
			return nil, nil, err
		}
	}
	return t.snap, nil, nil
}

// pin fixes the state that a deferred transaction reads, if nothing has yet. Every
// statement on the table does, whether or not it reads a row: as in SQLite, one with LIMIT
// 0 too.
func (c *conn) pin(ctx context.Context) (err error) {
	if t := &c.txn; t.state == txnDeferred && t.snap == nil {
		t.snap, err = c.store.Snapshot(ctx)
	}
	return err
}

// beginWriter takes the writer's place, from the state of snap if that is not nil, and
// waits for it as long as busy_timeout allows.
func (c *conn) beginWriter(ctx context.Context, snap storeSnapshot, explicit bool) (storeTx, error) {
	wait := ctx
	if limit := c.cfg.BusyTimeout; limit != 0 {
		if limit < 0 {
			if since, busy := c.store.Writer(); busy {
				return nil, c.busyError(since, 0)
			}
			limit = noWait
		}
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	var tx storeTx
	var err error
	if snap == nil {
		tx, err = c.store.Begin(wait)
	} else {
		tx, err = c.store.BeginFrom(wait, snap)
	}
	if err != nil {
		if wait != ctx && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			since, _ := c.store.Writer()
			return nil, c.busyError(since, c.cfg.BusyTimeout)
		}
		return nil, err
	}
	c.explicit.Store(explicit)
	c.handle.writer.Store(c)
	return tx, nil
}

// noWait is how long a connection that must not wait does wait, in case the writer's
// place is taken between the look at it and the attempt.
const noWait = 2 * time.Millisecond

// leaveWriter is called when the writer's place has been given back. By then it may be
// somebody else's.
func (c *conn) leaveWriter() { c.handle.writer.CompareAndSwap(c, nil) }

// busyError says who holds the writer's place and since when.
func (c *conn) busyError(since time.Time, waited time.Duration) error {
	who := "somebody"
	if w := c.handle.writer.Load(); w != nil {
		what := "a statement"
		if w.explicit.Load() {
			what = "a transaction"
		}
		who = fmt.Sprintf("%s of connection %d", what, w.number)
	}
	detail := "the writer's place is held by " + who
	if !since.IsZero() {
		detail += fmt.Sprintf(" for %v, since %s", time.Since(since).Round(time.Microsecond),
			since.Format("2006-01-02 15:04:05.000"))
	}
	if waited > 0 {
		detail += fmt.Sprintf("; gave up after busy_timeout=%v", waited)
	}
	return &Error{Code: CodeBusy, Op: "begin", Path: c.handle.key.path, Detail: detail}
}
