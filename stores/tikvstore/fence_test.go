// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// two opens the same store twice, as two processes do.
func two(t *testing.T, writers string) (c *cluster, a, b store.Store) {
	t.Helper()
	c = newCluster(t, []byte("kkv\x00m"))
	var all []store.Store
	for range 2 {
		st, err := c.open("kv?writers="+writers, store.Settings{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		all = append(all, st)
	}
	return c, all[0], all[1]
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, s store.Store, from store.Snapshot) store.Tx {
	t.Helper()
	tx, err := s.Begin(context.Background(), from)
	must(t, err)
	return tx
}

// One process has the writer's turn at a time: others wait, as long as they want, and see what it has committed.
func TestFenceBetweenProcesses(t *testing.T) {
	ctx := context.Background()
	_, a, b := two(t, "one")
	tx := begin(t, a, nil)
	must(t, tx.Put(ctx, []byte("k"), []byte("of a")))
	if _, err := b.(store.TryBeginner).TryBegin(ctx, nil); !errors.Is(err, errs.ErrBusy) {
		t.Fatalf("without a wait: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := b.Begin(short, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Fatalf("with a short wait: %v after %v", err, time.Since(start))
	}
	snap, err := b.Snapshot(ctx, true)
	must(t, err, tx.Commit(ctx))
	if _, err := b.Begin(ctx, snap); !errors.Is(err, errs.ErrBusySnapshot) {
		t.Fatalf("from a state before the commit: %v", err)
	}
	must(t, snap.Close())
	tx = begin(t, b, nil)
	value, found, err := tx.Get(ctx, nil, []byte("k"))
	if err != nil || !found || string(value) != "of a" {
		t.Fatalf("%q, %v, %v", value, found, err)
	}
	must(t, tx.Put(ctx, []byte("k"), []byte("of b")), tx.Commit(ctx))
	// A transaction that only reads is no commit for those that come after it.
	snap, err = a.Snapshot(ctx, true)
	must(t, err, begin(t, b, nil).Commit(ctx))
	tx = begin(t, a, snap)
	must(t, tx.Put(ctx, []byte("k"), []byte("again")), tx.Commit(ctx), snap.Close())
}

// Updates of two processes at the same time are all there.
func TestUpdatesOfTwoProcesses(t *testing.T) {
	ctx := context.Background()
	const each = 8
	for _, writers := range []string{"one", "many"} {
		_, a, b := two(t, writers)
		add := func(s store.Store) error {
			tx, err := s.Begin(ctx, nil)
			if err != nil {
				return err
			}
			value, _, err := tx.Get(ctx, nil, []byte("n"))
			n, _ := strconv.Atoi(string(value))
			if err := errors.Join(err, tx.Put(ctx, []byte("n"), strconv.AppendInt(nil, int64(n+1), 10))); err != nil {
				return errors.Join(err, tx.Rollback(ctx))
			}
			return tx.Commit(ctx)
		}
		failed := make(chan error, 2)
		var wait sync.WaitGroup
		for _, s := range []store.Store{a, b} {
			wait.Go(func() {
				for range each {
					err := add(s)
					for writers == "many" && errors.Is(err, errs.ErrConflict) {
						err = add(s)
					}
					if err != nil {
						failed <- err
						return
					}
				}
			})
		}
		wait.Wait()
		close(failed)
		for err := range failed {
			t.Fatalf("writers=%s: %v", writers, err)
		}
		value, _, err := a.Get(ctx, nil, []byte("n"))
		if err != nil || string(value) != strconv.Itoa(2*each) {
			t.Errorf("writers=%s: %d updates come to %s (%v)", writers, 2*each, value, err)
		}
	}
}

// A writer whose lock was lost, as after a long pause, cannot commit when another one has committed since.
func TestLostFence(t *testing.T) {
	ctx := context.Background()
	c, a, b := two(t, "one")
	slow := begin(t, a, nil)
	must(t, slow.Put(ctx, []byte("slow"), nil))
	// The lock goes away, as it does when it has expired.
	expire(t, c)
	quick := begin(t, b, nil)
	must(t, quick.Put(ctx, []byte("quick"), nil), quick.Commit(ctx))
	if err := slow.Commit(ctx); err == nil {
		t.Fatal("both have committed")
	}
	if _, found, err := b.Get(ctx, nil, []byte("slow")); found || err != nil {
		t.Fatalf("a part of it is there: %v, %v", found, err)
	}
	tx := begin(t, a, nil) // the turn was given back
	must(t, tx.Rollback(ctx))
}

// expire takes all locks away, as another client does when their time is over.
func expire(t *testing.T, c *cluster) {
	t.Helper()
	locks, err := c.client.MvccStore.ScanLock(nil, nil, math.MaxUint64)
	must(t, err)
	if len(locks) != 1 {
		t.Fatalf("%d locks", len(locks))
	}
	must(t, c.client.MvccStore.PessimisticRollback([][]byte{locks[0].Key}, locks[0].LockVersion, math.MaxUint64)...)
}
