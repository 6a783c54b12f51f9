// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// withLostGroup runs a test in which commit a is durable, and b, c and d could not be written. open is
// called while they wait to be.
func withLostGroup(t *testing.T, open func(d *desk), run func(t *testing.T, d *desk, g *gate)) {
	t.Helper()
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		for _, key := range []string{"a", "b", "c", "d"} {
			c.put(d, key, 10)
		}
		if open != nil {
			open(d)
		}
		d.fs.write = errFail
		g.pass <- nil
		synctest.Wait()
		d.fs.write = nil
		c.expect(t, "after the failed write", "a", "b", "c", "d")
		for _, key := range []string{"b", "c", "d"} {
			var located *errs.Error
			if err := c.errs[key]; !errors.Is(err, errFail) || !errors.Is(err, errs.ErrIO) ||
				!errors.As(err, &located) || located.Op != "commit" || located.Path != d.Files.LogPath() {
				t.Errorf("%s: %v", key, err)
			}
		}
		if seq := d.Ledger.Newest().Seq; seq != 1 || !d.sees("a") || d.sees("b") || g.syncs.Load() != 1 || d.poisons.Load() != 0 {
			t.Errorf("commit %d is shown, %d syncs, poisoned %d times", seq, g.syncs.Load(), d.poisons.Load())
		}
		run(t, d, g)
	})
}

// goesOn wants the next commit to be number seq, and to be shown with all before but what was lost.
func (d *desk) goesOn(g *gate, seq uint64) {
	d.t.Helper()
	done := make(chan error, 1)
	go func() { done <- d.put("next", 10) }()
	g.pass <- nil
	if err := <-done; err != nil {
		d.t.Error(err)
	}
	st := d.Ledger.Newest()
	if st.Seq != seq || !d.sees("a") || !d.sees("next") || d.sees("b") || d.sees("d") || d.sees("open") {
		d.t.Errorf("commit %d is shown, want %d; a %t, next %t, b %t, d %t, open %t", st.Seq, seq,
			d.sees("a"), d.sees("next"), d.sees("b"), d.sees("d"), d.sees("open"))
	}
	d.hold(func() {
		if _, r := d.tree.Get([]byte("c")); r != memtree.Unknown || d.seq != seq || d.log.Lost() != nil {
			d.t.Errorf("the tree knows what was lost: %v; commit %d, %v", r, d.seq, d.log.Lost())
		}
	})
	if d.inside.Load() != 0 || d.Turn.TakenAt() != 0 {
		d.t.Errorf("%d inside", d.inside.Load())
	}
}

// TestFailedWriteFailsItsGroup, and nothing else.
func TestFailedWriteFailsItsGroup(t *testing.T) {
	withLostGroup(t, nil, func(t *testing.T, d *desk, g *gate) {
		d.goesOn(g, 2)
		if d.hold(d.forgetMark); d.group.marked || d.group.mark.Epoch() != 0 {
			t.Error("the mark of the group is still held")
		}
		if commits, failed := d.Counters.Commits.Load(), d.Counters.Errors.Load(); commits != 2 || failed != 3 {
			t.Errorf("%d commits, %d errors", commits, failed)
		}
	})
}

// TestTransactionOnALostGroup has seen what there is not: it cannot be committed, whether it wrote or
// not, but rolled back.
func TestTransactionOnALostGroup(t *testing.T) {
	ends := map[string]func(*testing.T, *Tx){
		"commit": func(t *testing.T, tx *Tx) {
			must(t, tx.Put([]byte("open"), nil))
			if err := tx.Commit(context.Background()); !errors.Is(err, errFail) {
				t.Errorf("a commit: %v", err)
			}
		},
		"commit after a write that was large": func(t *testing.T, tx *Tx) {
			must(t, tx.Put([]byte("open"), make([]byte, 2*wal.MaxPending)))
			if err := tx.Commit(context.Background()); !errors.Is(err, errFail) {
				t.Errorf("a commit: %v", err)
			}
		},
		"commit without a write": func(t *testing.T, tx *Tx) {
			if err := tx.Commit(context.Background()); !errors.Is(err, errFail) {
				t.Errorf("a commit of a reader: %v", err)
			}
		},
		"rollback": func(t *testing.T, tx *Tx) {
			must(t, tx.Put([]byte("open"), nil))
			must(t, tx.Rollback())
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			var tx Tx
			open := func(d *desk) {
				must(d.t, d.Begin(context.Background(), &tx))
				must(d.t, tx.Put([]byte("open"), []byte("first")))
				_, err := tx.Begin()
				must(d.t, err)
				must(d.t, tx.Delete([]byte("a")))
				must(d.t, tx.RollbackTo(1))
			}
			if name == "commit without a write" {
				open = func(d *desk) { must(d.t, d.Begin(context.Background(), &tx)) }
			}
			withLostGroup(t, open, func(t *testing.T, d *desk, g *gate) {
				end(t, &tx)
				d.goesOn(g, 2)
			})
		})
	}
}

// goesOnAfter wants what is in the file of the log to be committed, though the write after it failed, and
// the next commit to be number seq and to be built on it.
func (d *desk) goesOnAfter(g *gate, seq uint64, kept ...string) {
	d.t.Helper()
	done := make(chan error, 1)
	go func() { done <- d.put("next", 10) }()
	g.pass <- nil
	if err := <-done; err != nil {
		d.t.Error(err)
	}
	if st := d.Ledger.Newest(); st.Seq != seq || d.has("lost") {
		d.t.Errorf("commit %d is shown, want %d; what was lost is seen: %t", st.Seq, seq, d.has("lost"))
	}
	for _, key := range append(kept, "next") {
		if !d.has(key) {
			d.t.Errorf("%s is not seen", key)
		}
	}
	d.hold(func() {
		if n := d.tree.Freeze().Len(); n != int(seq) || d.seq != seq || d.log.Lost() != nil {
			d.t.Errorf("the tree has %d keys; commit %d, %v", n, d.seq, d.log.Lost())
		}
	})
}

// large is a setting under which no tree becomes full.
func large(v *tuning.Values) { v.AutoFlush = 64 << 20 }

// TestCommitInTheFileDoesNotFailWithTheNextWrite: it was too large to wait for others.
func TestCommitInTheFileDoesNotFailWithTheNextWrite(t *testing.T) {
	withGate(t, large, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		c.put(d, "large", 2*wal.MaxPending)
		c.put(d, "lost", 10)
		d.fs.write = errFail
		g.pass <- nil // a is durable; the write of the last one fails
		synctest.Wait()
		d.fs.write = nil
		c.expect(t, "after the failed write", "a", "lost")
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the second sync", "a", "large", "lost")
		if c.errs["a"] != nil || c.errs["large"] != nil || !errors.Is(c.errs["lost"], errFail) {
			t.Errorf("%v", c.errs)
		}
		d.goesOnAfter(g, 3, "a", "large")
	})
}

// TestCommitThatAnotherHasWrittenDoesNotFailWithTheNextWrite: a writer that leads has written it before it
// was a member of a batch.
func TestCommitThatAnotherHasWrittenDoesNotFailWithTheNextWrite(t *testing.T) {
	withGate(t, large, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		c.put(d, "leads", 10)
		var tx Tx
		must(t, d.Begin(t.Context(), &tx))
		must(t, tx.Put([]byte("b"), nil))
		watch := tx.watch()
		sync, err := tx.commitToLog(t.Context())
		must(t, err)
		g.pass <- nil // a is durable; the next one leads, and writes b, too
		synctest.Wait()
		b := make(chan error, 1)
		go func() { b <- tx.publish(sync, &watch) }()
		synctest.Wait()
		c.put(d, "lost", 10)
		d.fs.write = errFail
		g.pass <- nil // the one that leads is durable; the write of the last one fails
		synctest.Wait()
		d.fs.write = nil
		c.expect(t, "after the failed write", "a", "leads", "lost")
		if c.errs["leads"] != nil || !errors.Is(c.errs["lost"], errFail) || len(b) != 0 {
			t.Fatalf("%v; %d have ended", c.errs, len(b))
		}
		g.pass <- nil
		if err := <-b; err != nil {
			t.Errorf("what was written before: %v", err)
		}
		d.goesOnAfter(g, 4, "a", "leads", "b")
	})
}

// TestBeginFromAfterALostGroup: the state of before is the newest again, and whoever was waiting for a
// commit of the group is refused.
func TestBeginFromAfterALostGroup(t *testing.T) {
	refused := make(chan error, 1)
	wait := func(d *desk) {
		from := d.Ledger.Acquire()
		go func() {
			defer d.Ledger.Release(from)
			refused <- d.BeginFrom(context.Background(), new(Tx), from)
		}()
		synctest.Wait()
	}
	withLostGroup(t, wait, func(t *testing.T, d *desk, g *gate) {
		if err := <-refused; !errors.Is(err, errs.ErrBusySnapshot) {
			t.Errorf("a transaction from before all: %v", err)
		}
		st := d.Ledger.Acquire()
		defer d.Ledger.Release(st)
		var tx Tx
		must(t, d.BeginFrom(context.Background(), &tx, st))
		must(t, tx.Rollback())
		d.goesOn(g, 2)
	})
}

// TestLostGroupWithSavepoints: the first commit of the group had levels.
func TestLostGroupWithSavepoints(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		var tx Tx
		must(t, d.Begin(context.Background(), &tx))
		for _, key := range []string{"b", "c", "d"} {
			must(t, tx.Put([]byte(key), nil))
			_, err := tx.Begin()
			must(t, err)
		}
		lost := make(chan error, 1)
		go func() { lost <- tx.Commit(context.Background()) }()
		synctest.Wait()
		d.fs.write = errFail
		g.pass <- nil
		if err := <-lost; !errors.Is(err, errFail) {
			t.Error(err)
		}
		d.fs.write = nil
		d.goesOn(g, 2)
	})
}

// TestUnsyncedCommitAfterAGroupThatFails: it is written after the group, and fails with it.
func TestUnsyncedCommitAfterAGroupThatFails(t *testing.T) {
	for _, log := range []bool{true, false} {
		withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
			var c commits
			c.put(d, "a", 10)
			c.put(d, "b", 10)
			d.set(func(v *tuning.Values) { v.Sync, v.Log = tuning.Checkpoints, log })
			d.fs.write = errFail
			c.put(d, "open", 10)
			c.expect(t, "after the failed write", "b", "open")
			if !errors.Is(c.errs["b"], errFail) || !errors.Is(c.errs["open"], errFail) {
				t.Errorf("%v, %v", c.errs["b"], c.errs["open"])
			}
			d.fs.write = nil
			d.set(func(v *tuning.Values) { v.Sync, v.Log = tuning.Commits, true })
			g.pass <- nil // a
			d.goesOn(g, 2)
		})
	}
}

// TestTreeSetAsideHasNothingOfALostGroup, although it is full of it, and so is set aside.
func TestTreeSetAsideHasNothingOfALostGroup(t *testing.T) {
	withGate(t, func(v *tuning.Values) { v.AutoFlush, v.AutoWork = 64<<10, false }, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		c.put(d, "b", 100<<10)
		d.fs.write = errFail
		g.pass <- nil
		synctest.Wait()
		d.fs.write = nil
		c.expect(t, "after the failed write", "a", "b")
		if st := d.Ledger.Newest(); !st.HasOld || st.Old.Len() != 1 || st.Seq != 1 || !errors.Is(c.errs["b"], errFail) {
			t.Errorf("an old tree: %t, of %d keys, commit %d is shown, %v", st.HasOld, st.Old.Len(), st.Seq, c.errs["b"])
		}
		d.goesOn(g, 2)
	})
}

// TestGroupIsWrittenAtOnce: however many have come meanwhile, and only when it is to be synced.
func TestGroupIsWrittenAtOnce(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		before := d.Log().Stats().BytesWritten
		for i := range 50 {
			c.put(d, fmt.Sprintf("key %d", i), 10)
		}
		if n := d.Log().Stats().BytesWritten; n != before || d.log.Pending() == 0 {
			t.Errorf("%d bytes are written before the sync, %d are pending", n-before, d.log.Pending())
		}
		g.pass <- nil
		synctest.Wait()
		if d.log.Pending() != 0 || g.syncs.Load() != 2 {
			t.Errorf("%d bytes are pending, %d syncs", d.log.Pending(), g.syncs.Load())
		}
		g.pass <- nil
		synctest.Wait()
		if st := d.Ledger.Newest(); st.Seq != 51 || st.Live.Len() != 51 {
			t.Errorf("commit %d with %d keys is shown", st.Seq, st.Live.Len())
		}
	})
}

// TestGroupIsBounded: what would make too much wait is written, and still shares the sync.
func TestGroupIsBounded(t *testing.T) {
	withGate(t, func(v *tuning.Values) { v.AutoFlush = 64 << 20 }, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		for i := range 40 {
			c.put(d, fmt.Sprintf("key %d", i), wal.MaxPending/8)
			if n := d.log.Pending(); n > wal.MaxPending {
				t.Errorf("%d bytes are pending", n)
			}
		}
		c.expect(t, "during the sync")
		g.pass <- nil
		g.pass <- nil
		synctest.Wait()
		if st := d.Ledger.Newest(); st.Seq != 41 || g.syncs.Load() != 2 || d.log.Pending() != 0 {
			t.Errorf("commit %d is shown after %d syncs", st.Seq, g.syncs.Load())
		}
	})
}

// TestGroupsThatFailNowAndThen: whatever happens to the groups of many writers, each writer is told
// what happened to its own commits.
func TestGroupsThatFailNowAndThen(t *testing.T) {
	const writers, each = 8, 60
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(v *tuning.Values) { v.AutoFlush = 16 << 10 })
		var writes, failed atomic.Int64
		d.fs.sync = func() error { time.Sleep(time.Millisecond); return nil }
		d.fs.onWrite = func() error {
			if writes.Add(1)%7 == 0 {
				failed.Add(1)
				return errFail
			}
			return nil
		}
		var running sync.WaitGroup
		var mu sync.Mutex
		done := make(map[string]bool)
		for w := range writers {
			running.Go(func() {
				for i := range each {
					key := fmt.Sprintf("%d/%d", w, i)
					err := d.put(key, 200)
					if err != nil && !errors.Is(err, errFail) {
						t.Errorf("%s: %v", key, err)
					}
					mu.Lock()
					done[key] = err == nil
					mu.Unlock()
					if err == nil && !d.has(key) {
						t.Errorf("%s is not seen", key)
					}
				}
			})
		}
		running.Wait()
		for key, ok := range done {
			if d.has(key) != ok {
				t.Errorf("%s is seen %t, was committed %t", key, !ok, ok)
			}
		}
		if failed.Load() < 5 || int64(len(done)) != writers*each {
			t.Errorf("%d writes failed, %d commits", failed.Load(), len(done))
		}
		var batches []*batch
		d.group.mu.Lock()
		batches = append(batches, d.group.spare...)
		d.group.mu.Unlock()
		if len(batches) > 8 {
			t.Errorf("%d batches are kept", len(batches))
		}
	})
}
