// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// failing returns a pool on a model whose next so many commits fail with an error.
func failing(t *testing.T, commits int, err error) (*sql.DB, *atomic.Int64) {
	var tried atomic.Int64
	return sql.OpenDB(lsmlite.NewModelConnector(lsmlite.Config{Path: "retry"}, func(op string) error {
		if op == "commit" && tried.Add(1) <= int64(commits) {
			return err
		}
		return nil
	})), &tried
}

func insertA(tx *sql.Tx) error {
	_, err := tx.Exec("INSERT INTO kv VALUES ('a', 'b')")
	return err
}

func TestRetry(t *testing.T) {
	coded := func(code lsmlite.Code) error { return &lsmlite.Error{Code: code, Op: "commit"} }
	for name, tt := range map[string]struct {
		fails   int
		err     error
		opts    *lsmlite.RetryOptions
		tried   int64
		is      error
		longest time.Duration
	}{
		"at once":            {0, nil, nil, 1, nil, 0},
		"conflicts":          {4, coded(lsmlite.CodeConflict), nil, 5, nil, (5 + 10 + 20 + 40) * time.Millisecond},
		"a late upgrade":     {1, coded(lsmlite.CodeBusySnapshot), nil, 2, nil, 5 * time.Millisecond},
		"many":               {11, coded(lsmlite.CodeBusy), nil, 12, nil, (1275 + 3*1000) * time.Millisecond},
		"attempts":           {9, coded(lsmlite.CodeConflict), &lsmlite.RetryOptions{Attempts: 3}, 3, lsmlite.ErrConflict, 15 * time.Millisecond},
		"other times":        {4, coded(lsmlite.CodeBusy), &lsmlite.RetryOptions{First: time.Second, Most: 3 * time.Second}, 5, nil, 9 * time.Second},
		"an unknown outcome": {9, coded(lsmlite.CodeUndetermined), nil, 1, lsmlite.ErrUndetermined, 0},
		"both": {9, errors.Join(coded(lsmlite.CodeUndetermined), coded(lsmlite.CodeBusy)), nil, 1,
			lsmlite.ErrUndetermined, 0},
		"another error": {9, coded(lsmlite.CodeIO), nil, 1, lsmlite.ErrIO, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db, tried := failing(t, tt.fails, tt.err)
				start := time.Now()
				err := lsmlite.Retry(context.Background(), db, tt.opts, insertA)
				took := time.Since(start)
				if !errors.Is(err, tt.is) || tt.is == nil && err != nil || tried.Load() != tt.tried {
					t.Errorf("%v after %d attempts, should be %v after %d", err, tried.Load(), tt.is, tt.tried)
				}
				if took > tt.longest || took < tt.longest/2 {
					t.Errorf("waited %v, should be %v to %v", took, tt.longest/2, tt.longest)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The error of what runs in the transaction ends it, with a rollback, or repeats it; a panic rolls back, too.
func TestRetryOfTheFunction(t *testing.T) {
	db := openMemory(t, "")
	ctx := context.Background()
	other := errors.New("something else")
	calls := 0
	err := lsmlite.Retry(ctx, db, nil, func(tx *sql.Tx) error { calls++; return errors.Join(insertA(tx), other) })
	if !errors.Is(err, other) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	func() {
		defer func() {
			if recover() != "stop" {
				t.Error("the panic is lost")
			}
		}()
		_ = lsmlite.Retry(ctx, db, nil, func(tx *sql.Tx) error { _ = insertA(tx); panic("stop") })
	}()
	wantRows(t, db, "0", "SELECT count(*) FROM kv")
	calls = 0
	err = lsmlite.Retry(ctx, db, nil, func(tx *sql.Tx) error {
		if calls++; calls < 3 {
			return errors.Join(insertA(tx), lsmlite.ErrBusy)
		}
		return insertA(tx)
	})
	if err != nil || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
	wantRows(t, db, "1", "SELECT count(*) FROM kv")
	err = lsmlite.Retry(ctx, db, &lsmlite.RetryOptions{Tx: &sql.TxOptions{ReadOnly: true}}, insertA)
	checkError(t, "read only", err, "", lsmlite.ErrReadOnly)
}

// The end of the context ends a wait, and both errors are there.
func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, _ := failing(t, 1<<30, lsmlite.ErrConflict)
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		start := time.Now()
		err := lsmlite.Retry(ctx, db, nil, insertA)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, lsmlite.ErrConflict) || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
