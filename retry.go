// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

// RetryOptions say how Retry repeats a transaction. The zero value, or nil, is what its fields say.
type RetryOptions struct {
	// Tx are the options of each transaction.
	Tx *sql.TxOptions
	// Attempts is how often the transaction is run at most, 0 for as long as the context lasts.
	Attempts int
	// First is how long to wait at most before the second attempt; each further wait may last twice as long as the
	// one before it, up to Most. Default: 5 milliseconds, and 1 second.
	First, Most time.Duration
}

const (
	defaultFirstWait = 5 * time.Millisecond
	defaultMostWait  = time.Second
)

// Retry runs do in a transaction, commits it, and starts again if that failed because of other transactions: with
// ErrBusy, which ErrBusySnapshot and ErrConflict are, too. Between two attempts it waits for a random part of a time
// that grows, so that transactions that hinder each other come apart. Any other error is returned at once, after a
// rollback. In particular ErrUndetermined is: the transaction may have taken place.
//
// As do may be called several times, it must have no effect except in the transaction, and it
// must return the errors of that. It must not commit or roll back.
func Retry(ctx context.Context, db *sql.DB, opts *RetryOptions, do func(*sql.Tx) error) error {
	var o RetryOptions
	if opts != nil {
		o = *opts
	}
	wait := o.First
	if wait <= 0 {
		wait = defaultFirstWait
	}
	most := o.Most
	if most <= 0 {
		most = defaultMostWait
	}
	for attempt := 1; ; attempt++ {
		err := attemptTx(ctx, db, o.Tx, do)
		if !errors.Is(err, ErrBusy) || errors.Is(err, ErrUndetermined) || attempt == o.Attempts {
			return err
		}
		wait = min(wait, most)
		if ended := sleep(ctx, wait/2+rand.N(wait/2+1)); ended != nil {
			return errors.Join(ended, err)
		}
		wait *= 2
	}
}

// attemptTx runs one transaction.
func attemptTx(ctx context.Context, db *sql.DB, opts *sql.TxOptions, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended { // do has panicked
			_ = tx.Rollback()
		}
	}()
	err = do(tx)
	ended = true
	if err == nil {
		return tx.Commit()
	}
	if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
		return errors.Join(err, undo)
	}
	return err
}

// sleep waits, and returns why ctx has ended if it ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
