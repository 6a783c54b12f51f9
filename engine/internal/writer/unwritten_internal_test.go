// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// reading has a goroutine commit a transaction that reads a key and writes nothing, and returns where its
// error appears. The key has to be there.
func (d *desk) reading(t *testing.T, key string) chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		var tx Tx
		err := d.Begin(context.Background(), &tx)
		if err != nil {
			ended <- err
			return
		}
		if _, found, err := tx.Get(nil, []byte(key)); err != nil || !found {
			t.Errorf("the transaction finds %q: %v, error %v", key, found, err)
		}
		ended <- tx.Commit(context.Background())
	}()
	synctest.Wait()
	return ended
}

// stillWaits fails if it has ended.
func stillWaits(t *testing.T, ended chan error, when string) {
	t.Helper()
	select {
	case err := <-ended:
		t.Errorf("%s: a transaction that has read what is not synced has ended, error %v", when, err)
		ended <- err
	default:
	}
}

// TestCommitOfNothingWaitsForWhatItHasRead: a transaction that writes nothing has seen commits that no reader sees
// yet. When it returns they are durable, and readers see them.
func TestCommitOfNothingWaitsForWhatItHasRead(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		inSync := d.reading(t, "a") // of the sync that is running
		c.put(d, "b", 10)
		pending := d.reading(t, "b") // of the next one
		stillWaits(t, inSync, "during the first sync")
		stillWaits(t, pending, "during the first sync")
		g.pass <- nil
		synctest.Wait()
		if err := <-inSync; err != nil || !d.sees("a") {
			t.Errorf("after the first sync: %v, a reader sees what it has read: %v", err, d.sees("a"))
		}
		stillWaits(t, pending, "during the second sync")
		g.pass <- nil
		synctest.Wait()
		if err := <-pending; err != nil || !d.sees("b") {
			t.Errorf("after the second sync: %v, a reader sees what it has read: %v", err, d.sees("b"))
		}
		c.expect(t, "at the end", "a", "b")
		if err := <-d.reading(t, "b"); err != nil || g.syncs.Load() != 2 {
			t.Errorf("with nothing to wait for: %v, %d syncs", err, g.syncs.Load())
		}
		if n := d.Counters.Commits.Load(); n != 2 || d.inside.Load() != 0 {
			t.Errorf("%d commits are counted, %d transactions are inside", n, d.inside.Load())
		}
	})
}

// TestCommitOfNothingFailsWithWhatItHasRead: if that cannot be synced, or written, it never took place.
func TestCommitOfNothingFailsWithWhatItHasRead(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		inSync := d.reading(t, "a")
		c.put(d, "b", 10)
		pending := d.reading(t, "b")
		g.pass <- errFail
		synctest.Wait()
		for _, ended := range []chan error{inSync, pending} {
			if err := <-ended; !errors.Is(err, errFail) || !errors.Is(err, errs.ErrIO) {
				t.Errorf("after a sync that failed: %v", err)
			}
		}
		if d.sees("a") || d.sees("b") {
			t.Error("a reader sees what could not be synced")
		}
	})
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		c.put(d, "b", 10)
		pending := d.reading(t, "b")
		d.fs.write = errFail
		g.pass <- nil // after which the next ones are written
		synctest.Wait()
		if err := <-pending; !errors.Is(err, errFail) {
			t.Errorf("after a write that failed: %v", err)
		}
		if !d.sees("a") || d.sees("b") {
			t.Error("a reader sees what could not be written")
		}
		d.fs.write = nil
		go func() { g.pass <- nil }()
		if err := d.put("c", 10); err != nil || !d.sees("c") {
			t.Errorf("the next commit: %v", err)
		}
	})
}

// TestRollbackWaitsForWhatItHasRead, so that no reader shows its caller an older state afterwards.
func TestRollbackWaitsForWhatItHasRead(t *testing.T) {
	for _, outcome := range []error{nil, errFail} {
		withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
			var c commits
			c.put(d, "a", 10)
			ended := make(chan error, 1)
			go func() {
				var tx Tx
				err := d.Begin(context.Background(), &tx)
				if err == nil {
					err = errors.Join(tx.Put([]byte("b"), nil), tx.Rollback())
				}
				ended <- err
			}()
			synctest.Wait()
			stillWaits(t, ended, "during the sync")
			g.pass <- outcome
			synctest.Wait()
			if err := <-ended; err != nil || d.sees("a") != (outcome == nil) || d.sees("b") {
				t.Errorf("after a sync that ends with %v: %v, a reader sees what it has read: %v", outcome, err, d.sees("a"))
			}
		})
	}
}
