// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql"
	"errors"
)

// Execer is what Savepoint needs of a *sql.Tx or *sql.Conn.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// savepointName is the name of every savepoint that Savepoint opens. A name means the newest
// savepoint of that name, so nested calls may share it.
const savepointName = "lsmlite_savepoint"

// Savepoint runs f in a transaction nested in tx. If f returns nil, what it wrote
// becomes part of the enclosing transaction; if f returns an error or panics, what it wrote is
// undone, and the enclosing transaction stays open. Calls may be nested. The error is f's own,
// joined with that of the rollback if the rollback fails too. On a *sql.Conn that is in no
// transaction, Savepoint begins one and commits it.
//
// If the transaction has ended when f returns, because its context has ended, there is nothing to
// undo.
func Savepoint(ctx context.Context, tx Execer, f func() error) (err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+savepointName); err != nil {
		return err
	}
	finished := false
	undo := func() error {
		// Undoing must not fail because the context has ended.
		ctx := context.WithoutCancel(ctx)
		_, err := tx.ExecContext(ctx, "ROLLBACK TO "+savepointName+"; RELEASE "+savepointName)
		if errors.Is(err, sql.ErrTxDone) {
			return nil
		}
		return err
	}
	defer func() {
		if !finished { // f panics
			_ = undo()
		}
	}()
	err = f()
	finished = true
	if err != nil {
		return joinErrors(err, undo())
	}
	if _, err := tx.ExecContext(ctx, "RELEASE "+savepointName); err != nil {
		return joinErrors(err, undo())
	}
	return nil
}
