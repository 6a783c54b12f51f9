// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// The server is restarted in the middle of things. What was open says that it is gone and that the program can start
// again; what comes next works, without an error, on new connections; what was committed is there.
func TestServerRestarted(t *testing.T) {
	var s server
	s.start(t)
	t.Cleanup(s.stop)
	ctx := context.Background()
	d := openStore(t, s.url("kv", nil), rwc)
	put(t, d, "a", "1")
	for _, signal := range []string{"INT", "QUIT"} {
		snap, err := d.Snapshot(ctx, true)
		ok(t, err)
		tx := begin(t, d, nil)
		ok(t, tx.Put(ctx, []byte("lost"), nil))
		s.restart(t, signal)
		_, _, err = snap.Get(ctx, nil, []byte("a"))
		is(t, err, errs.ErrSnapshotGone)
		_, err = d.Begin(limit(t, 30*time.Millisecond), snap)
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errs.ErrBusy) {
			t.Errorf("begin from a snapshot that is gone: %v", err)
		}
		is(t, tx.Commit(ctx), errs.ErrBusy)
		ok(t, snap.Close())
		if v, _, err := d.Get(ctx, nil, []byte("a")); string(v) != "1" || err != nil {
			t.Fatalf("%s: %q, %v", signal, v, err)
		}
		put(t, d, "b", signal)
		if got := keys(t, d); got != "a b" {
			t.Errorf("%s: keys %s", signal, got)
		}
	}
}

// Retry outlasts restarts: no transaction that it runs meanwhile fails, except with an unknown outcome.
func TestRetryOutlastsRestarts(t *testing.T) {
	t.Parallel()
	var s server
	s.start(t)
	t.Cleanup(s.stop)
	db := openSQL(t, s.url("kv", map[string]string{"mode": "rwc"}))
	exec1(t, db, "INSERT INTO kv VALUES ('a', '0')")
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var done atomic.Int64
	for w := range 6 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				err := lsmlite.Retry(limit(t, time.Minute), db, nil, func(tx *sql.Tx) error {
					_, err := tx.Exec("INSERT INTO kv VALUES (?, 'x')", fmt.Sprint(w, i))
					return err
				})
				if err != nil && !errors.Is(err, errs.ErrUndetermined) {
					t.Errorf("%v", err)
				}
				done.Add(1)
			}
		})
	}
	for _, signal := range []string{"INT", "QUIT"} {
		time.Sleep(300 * time.Millisecond)
		s.restart(t, signal)
	}
	before := done.Load()
	for end := time.Now().Add(time.Minute); done.Load() < before+12 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	wg.Wait()
	if done.Load() < before+12 {
		t.Errorf("%d transactions before the last restart, %d in all", before, done.Load())
	}
}

func limit(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// The server ends transactions that wait for too long. What was open says that its state is gone, and nothing of it is
// written; the writer's turn is free.
func TestServerEndsIdleTransactions(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	d := openStore(t, shared.url(table(t), map[string]string{"idle_in_transaction_session_timeout": "40ms"}), rwc)
	put(t, d, "a", "1")
	snap, err := d.Snapshot(ctx, false)
	ok(t, err)
	tx := begin(t, d, nil)
	ok(t, tx.Put(ctx, []byte("lost"), nil))
	for _, r := range []store.Reader{snap, tx} {
		for limit := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			if _, _, err = r.Get(ctx, nil, []byte("a")); err != nil || time.Now().After(limit) {
				break
			}
		}
		is(t, err, errs.ErrSnapshotGone)
	}
	ok(t, snap.Close())
	is(t, tx.Commit(ctx), errs.ErrSnapshotGone)
	put(t, d, "b", "2")
	if got := keys(t, d); got != "a b" {
		t.Errorf("keys %s", got)
	}
}
