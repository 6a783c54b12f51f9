// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"

	tikverr "github.com/tikv/client-go/v2/error"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// errorOf gives an error of TiKV's client its kind. What has one, and errors of contexts, stay what they are.
func (d *db) errorOf(op string, err error) error {
	var known *errs.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &errs.Error{Code: codeOf(err), Op: op, Path: d.o.shown, Err: err}
}

func codeOf(err error) errs.Code {
	var (
		conflict  *tikverr.ErrWriteConflict
		latch     *tikverr.ErrWriteConflictInLatch
		deadlock  *tikverr.ErrDeadlock
		retryable *tikverr.ErrRetryable
		early     *tikverr.ErrGCTooEarly
		txn       *tikverr.ErrTxnTooLarge
		entry     *tikverr.ErrEntryTooLarge
	)
	switch {
	case errors.Is(err, tikverr.ErrResultUndetermined):
		return errs.CodeUndetermined
	case errors.As(err, &conflict), errors.As(err, &latch), errors.As(err, &deadlock), errors.As(err, &retryable):
		return errs.CodeConflict
	case errors.As(err, &early):
		return errs.CodeSnapshotGone
	case errors.As(err, &txn), errors.As(err, &entry):
		return errs.CodeTooBig
	case errors.Is(err, tikverr.ErrLockWaitTimeout), errors.Is(err, tikverr.ErrLockAcquireFailAndNoWaitSet):
		return errs.CodeBusy
	case errors.Is(err, tikverr.ErrTiKVDiskFull):
		return errs.CodeFull
	}
	return errs.CodeIO
}

func (d *db) misuse(op, detail string) error {
	return &errs.Error{Code: errs.CodeMisuse, Op: op, Path: d.o.shown, Detail: detail}
}
