// SPDX-License-Identifier: Apache-2.0

package session

import "context"

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

// savepoint opens a savepoint, and the transaction if none is open.
func (t *txn) savepoint(ctx context.Context, name string) error {
	switch t.state {
	case txnNone:
		if err := t.begin(ctx, t.defaultState(), 1); err != nil {
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

// release merges the savepoint, and those opened after it, into the level below; for an
// outermost one that is COMMIT.
func (t *txn) release(ctx context.Context, name string) error {
	i := t.find(name)
	if i < 0 {
		return noSavepoint("release", name)
	}
	level := t.firstLevel + i
	if level == 1 {
		return t.commit(ctx)
	}
	if t.state == txnWriting {
		if err := t.tx.CommitTo(level - 1); err != nil {
			return err
		}
	}
	t.saves = t.saves[:i]
	return nil
}

// rollbackTo goes back to the state at the savepoint, which stays open; those opened after
// it are gone.
func (t *txn) rollbackTo(name string) error {
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
