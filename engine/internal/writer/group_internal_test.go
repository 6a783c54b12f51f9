// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// gate is a sync that waits until it is let through.
type gate struct {
	pass  chan error
	syncs atomic.Int64
}

func (g *gate) sync() error {
	g.syncs.Add(1)
	return <-g.pass
}

// withGate runs a test with a writer whose log is synced when the test says so.
func withGate(t *testing.T, change func(*tuning.Values), run func(t *testing.T, d *desk, g *gate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, change)
		g := &gate{pass: make(chan error)}
		d.fs.sync = g.sync
		run(t, d, g)
	})
}

// commits is what several writers have got, in the order in which they got it.
type commits struct {
	mu   sync.Mutex
	done []string
	errs map[string]error
}

// put has a goroutine of its own commit a key.
func (c *commits) put(d *desk, key string, size int) {
	go func() {
		err := d.put(key, size)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.done = append(c.done, key)
		if c.errs == nil {
			c.errs = make(map[string]error)
		}
		c.errs[key] = err
	}()
	synctest.Wait()
}

// expect compares who is done, in any order.
func (c *commits) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := slices.Sorted(slices.Values(c.done)); !slices.Equal(done, want) {
		t.Errorf("%s: done are %v, want %v", when, done, want)
	}
}

// TestWritersShareASync: those that commit while one is running share the next. Nothing is seen
// before it is synced.
func TestWritersShareASync(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		for _, key := range []string{"a", "b", "c", "d"} {
			c.put(d, key, 10)
		}
		c.expect(t, "during the first sync")
		if seq := d.Ledger.Newest().Seq; g.syncs.Load() != 1 || seq != 0 || d.group.newest() != 4 {
			t.Fatalf("%d syncs, commit %d is shown, %d is the newest", g.syncs.Load(), seq, d.group.newest())
		}
		if got := len(d.group.heads()); got != 2 {
			t.Errorf("%d heads may be published, want the one that is synced, and the newest", got)
		}
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the first sync", "a")
		if seq := d.Ledger.Newest().Seq; g.syncs.Load() != 2 || seq != 1 || !d.sees("a") || d.sees("b") {
			t.Errorf("%d syncs, commit %d is shown", g.syncs.Load(), seq)
		}
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the second sync", "a", "b", "c", "d")
		if seq := d.Ledger.Newest().Seq; g.syncs.Load() != 2 || seq != 4 || !d.sees("d") {
			t.Errorf("%d syncs, commit %d is shown", g.syncs.Load(), seq)
		}
		if heads := d.group.heads(); heads != nil || d.inside.Load() != 0 || d.Counters.Commits.Load() != 4 {
			t.Errorf("heads %v, %d inside, %d commits", heads, d.inside.Load(), d.Counters.Commits.Load())
		}
	})
}

// TestManyWritersNeedFewSyncs, and each sees its commit, and those before it, when it returns.
func TestManyWritersNeedFewSyncs(t *testing.T) {
	const writers, each = 8, 25
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		var syncs atomic.Int64
		d.fs.sync = func() error {
			syncs.Add(1)
			time.Sleep(time.Millisecond)
			return nil
		}
		var running sync.WaitGroup
		for w := range writers {
			running.Go(func() {
				last := uint64(0)
				for i := range each {
					key := fmt.Sprintf("%d/%d", w, i)
					if err := d.put(key, 10); err != nil {
						t.Errorf("%s: %v", key, err)
						return
					}
					if st := d.Ledger.Acquire(); !d.sees(key) || st.Seq <= last {
						t.Errorf("%s is not seen in commit %d, after %d", key, st.Seq, last)
					} else {
						last = st.Seq
						d.Ledger.Release(st)
					}
				}
			})
		}
		running.Wait()
		if got := d.Ledger.Newest(); got.Seq != writers*each || got.Live.Len() != writers*each {
			t.Errorf("commit %d with %d keys, want %d", got.Seq, got.Live.Len(), writers*each)
		}
		if n := syncs.Load(); n > 2*each+2 || n < each {
			t.Errorf("%d syncs for %d commits of %d writers", n, writers*each, writers)
		}
	})
}

// TestFailedSyncFailsAllThatWait: nothing of them is ever shown, and nothing more is committed.
func TestFailedSyncFailsAllThatWait(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		g.pass <- nil
		synctest.Wait()
		c.put(d, "b", 10)
		c.put(d, "c", 10)
		c.put(d, "d", 10)
		var open Tx
		must(t, d.Begin(context.Background(), &open))
		must(t, open.Put([]byte("e"), nil))
		g.pass <- errFail
		synctest.Wait()
		c.expect(t, "after the failed sync", "a", "b", "c", "d")
		for _, key := range []string{"b", "c", "d"} {
			if err := c.errs[key]; !errors.Is(err, errFail) || !errors.Is(err, errs.ErrIO) {
				t.Errorf("%s: %v", key, err)
			}
		}
		if err := open.Commit(context.Background()); !errors.Is(err, errFail) {
			t.Errorf("a transaction that was open: %v", err)
		}
		if err := d.put("f", 10); !errors.Is(err, errFail) {
			t.Errorf("a transaction after that: %v", err)
		}
		if seq := d.Ledger.Newest().Seq; seq != 1 || d.sees("b") || d.sees("e") || d.poisons.Load() != 1 || g.syncs.Load() != 2 {
			t.Errorf("commit %d is shown; poisoned %d times, %d syncs", seq, d.poisons.Load(), g.syncs.Load())
		}
		if d.inside.Load() != 0 || d.Turn.TakenAt() != 0 || d.Counters.Commits.Load() != 1 || d.Counters.Errors.Load() != 4 {
			t.Errorf("%d inside, %d commits, %d errors", d.inside.Load(), d.Counters.Commits.Load(), d.Counters.Errors.Load())
		}
	})
}

// TestTreeIsSetAsideOnlyWhenItsCommitsAreSynced: until then the tree holds more than readers
// may see.
func TestTreeIsSetAsideOnlyWhenItsCommitsAreSynced(t *testing.T) {
	withGate(t, func(v *tuning.Values) { v.AutoFlush, v.AutoWork = 64<<10, false }, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		c.put(d, "b", 100<<10) // with which it is full
		if st := d.Ledger.Newest(); st.HasOld || st.Seq != 0 {
			t.Fatalf("an old tree: %t, commit %d is shown", st.HasOld, st.Seq)
		}
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the first sync", "a")
		if st := d.Ledger.Newest(); st.HasOld || st.Seq != 1 {
			t.Fatalf("an old tree: %t, commit %d is shown", st.HasOld, st.Seq)
		}
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the second sync", "a", "b")
		if st := d.Ledger.Newest(); !st.HasOld || st.OldSeq != 2 || st.Old.Len() != 2 || !st.Live.Empty() {
			t.Errorf("an old tree: %t, up to commit %d", st.HasOld, st.OldSeq)
		}
	})
}

// TestUnsyncedCommitWaitsForTheOnesBefore: under another setting it is not synced itself, but
// would show what is still to be synced.
func TestUnsyncedCommitWaitsForTheOnesBefore(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		d.set(func(v *tuning.Values) { v.Sync = tuning.Checkpoints })
		c.put(d, "b", 10)
		c.expect(t, "during the sync")
		if seq := d.Ledger.Newest().Seq; seq != 0 {
			t.Errorf("commit %d is shown", seq)
		}
		g.pass <- nil
		synctest.Wait()
		c.expect(t, "after the sync", "a", "b")
		c.put(d, "c", 10)
		c.expect(t, "without a sync", "a", "b", "c")
		if seq := d.Ledger.Newest().Seq; seq != 3 || g.syncs.Load() != 1 {
			t.Errorf("commit %d is shown, %d syncs", seq, g.syncs.Load())
		}
	})
}

// TestStaleTransactionIsRefusedWhenTheNewestCommitIsShown: not before, or it would begin again
// from the same state; but not later than its context.
func TestStaleTransactionIsRefusedWhenTheNewestCommitIsShown(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		from := d.Ledger.Acquire()
		var c commits
		c.put(d, "a", 10)
		begin := func(ctx context.Context) chan error {
			done := make(chan error, 1)
			go func() { done <- d.BeginFrom(ctx, new(Tx), from) }()
			synctest.Wait()
			return done
		}
		waits := begin(context.Background())
		ctx, cancel := context.WithCancel(context.Background())
		ends := begin(ctx)
		if len(waits) != 0 || len(ends) != 0 {
			t.Error("refused before the commit is shown")
		}
		cancel()
		synctest.Wait()
		if len(waits) != 0 || len(ends) != 1 {
			t.Errorf("%d and %d are refused when the context of the second has ended", len(waits), len(ends))
		}
		g.pass <- nil
		if err := <-waits; !errors.Is(err, errs.ErrBusySnapshot) {
			t.Errorf("%v", err)
		}
		if err := <-ends; !errors.Is(err, errs.ErrBusySnapshot) {
			t.Errorf("%v", err)
		}
		var tx Tx
		must(t, d.BeginFrom(context.Background(), &tx, d.Ledger.Newest()))
		must(t, tx.Rollback())
		d.Ledger.Release(from)
	})
}

// TestOneOfThoseThatShareASyncLooks whether the files still have their names.
func TestOneOfThoseThatShareASyncLooks(t *testing.T) {
	withGate(t, nil, func(t *testing.T, d *desk, g *gate) {
		var c commits
		last := d.fs.looks.Load()
		looks := func(when string, want int64) {
			t.Helper()
			if got := d.fs.looks.Load() - last; got != want {
				t.Errorf("%s: %d looks, want %d", when, got, want)
			}
			last = d.fs.looks.Load()
		}
		c.put(d, "a", 10)
		looks("the first commit", 1)
		for _, key := range []string{"b", "c", "d"} {
			c.put(d, key, 10)
		}
		looks("those that share the second sync", 1)
		g.pass <- nil
		synctest.Wait()
		c.put(d, "e", 10)
		looks("the first that shares the third", 1)
		g.pass <- nil
		g.pass <- nil
		synctest.Wait()
		// One that is not synced looks now and then.
		d.set(func(v *tuning.Values) { v.Sync = tuning.Checkpoints })
		c.put(d, "f", 10)
		looks("one that is not synced", 0)
		time.Sleep(2 * time.Second)
		c.put(d, "g", 10)
		looks("one that is not synced, later", 1)
	})
}

// TestTheNextLooksAfterACommitThatFailed: it was to look for those that share its sync.
func TestTheNextLooksAfterACommitThatFailed(t *testing.T) {
	withGate(t, large, func(t *testing.T, d *desk, g *gate) {
		var c commits
		c.put(d, "a", 10)
		var tx Tx
		must(t, d.Begin(context.Background(), &tx))
		must(t, tx.Put([]byte("too large to wait"), make([]byte, 2*wal.MaxPending)))
		d.fs.write = errFail
		if err := tx.Commit(context.Background()); !errors.Is(err, errFail) {
			t.Error(err)
		}
		d.fs.write = nil
		last := d.fs.looks.Load()
		c.put(d, "b", 10)
		c.put(d, "c", 10)
		if n := d.fs.looks.Load() - last; n != 1 {
			t.Errorf("%d looks for the next sync", n)
		}
		g.pass <- nil
		g.pass <- nil
	})
}
