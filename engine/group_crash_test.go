// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// counters are writers that each count in a key of their own, and a reader that looks.
type counters struct {
	db    *engine.DB
	acked [4]atomic.Int64 // acknowledged
	tried [4]atomic.Int64 // begun to be committed
	seen  [4]atomic.Int64 // by the reader
}

func (c *counters) put(w int, n int64) error {
	tx, err := c.db.Begin(context.Background())
	if err != nil {
		return err
	}
	if err := tx.Put([]byte{byte(w)}, binary.BigEndian.AppendUint64(make([]byte, 300), uint64(n))); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	c.tried[w].Store(n)
	if err := tx.Commit(context.Background()); err != nil {
		return err
	}
	c.acked[w].Store(n)
	return nil
}

// count lets each writer commit n times, beside a reader. The first error ends a writer.
func (c *counters) count(n int) error {
	var wg sync.WaitGroup
	errs := make([]error, len(c.acked))
	for w := range c.acked {
		wg.Go(func() {
			for i := 1; i <= n && errs[w] == nil; i++ {
				errs[w] = c.put(w, int64(i))
			}
		})
	}
	stop, reader := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				reader <- nil
				return
			default:
			}
			s, err := c.db.Snapshot(context.Background())
			if err != nil {
				reader <- err
				return
			}
			for w, v := range valuesOf(s) {
				c.seen[w].Store(max(v, c.seen[w].Load()))
			}
			s.Close()
		}
	}()
	wg.Wait()
	close(stop)
	return errors.Join(append(errs, <-reader)...)
}

func valuesOf(s *engine.Snapshot) (out [4]int64) {
	for w := range out {
		v, found, err := s.Get(nil, []byte{byte(w)})
		if err != nil {
			panic(err)
		}
		if found {
			out[w] = int64(binary.BigEndian.Uint64(v[300:]))
		}
	}
	return out
}

// TestGroupCrash loses power before every operation on the files while several writers
// commit under safety=full. What was acknowledged by then, and what any reader saw, is
// there afterwards.
func TestGroupCrash(t *testing.T) {
	t.Parallel()
	for _, mode := range backgrounds {
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		o := engine.Options{FS: ffs, Safety: engine.SafetyFull, Background: mode, AutoFlush: 16 << 10, AutoCheckpoint: 32 << 10, BlockSize: 64 << 10, PageSize: 1024}
		db, err := engine.Open(context.Background(), "/x.lsm", o)
		if err != nil {
			t.Fatal(err)
		}
		c := &counters{db: db}
		var mu sync.Mutex
		var failure error
		moments := 0
		ffs.OnOp(func(op faultfs.Op) {
			mu.Lock()
			defer mu.Unlock()
			var least [4]int64
			for w := range least {
				least[w] = max(c.acked[w].Load(), c.seen[w].Load())
			}
			rng := rand.New(rand.NewPCG(uint64(op.N), uint64(mode)))
			crashed := mem.Crash(rng, memfs.CrashMode(1+rng.IntN(2)))
			if moments++; failure != nil {
				return
			}
			failure = func() error {
				after, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: crashed})
				if err != nil {
					return err
				}
				defer after.Close()
				s, err := after.Snapshot(context.Background())
				if err != nil {
					return err
				}
				defer s.Close()
				for w, v := range valuesOf(s) {
					if v < least[w] || v > c.tried[w].Load() {
						return fmt.Errorf("mode %v, before %v: writer %d is at %d; %d was acknowledged or seen, %d tried", mode, op, w, v, least[w], c.tried[w].Load())
					}
				}
				return nil
			}()
		})
		if err := c.count(25); err != nil {
			t.Fatal(err)
		}
		ffs.OnOp(nil)
		mu.Lock() // goroutines may still be at it
		failed, n := failure, moments
		mu.Unlock()
		if failed != nil {
			t.Fatal(failed)
		}
		if n < 30 {
			t.Errorf("mode %v: %d moments only", mode, n)
		}
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGroupSyncFails fails a sync of the log while several writers commit. Nobody is
// acknowledged any more, no reader sees what was not synced, and what is found afterwards
// holds all that was acknowledged.
func TestGroupSyncFails(t *testing.T) {
	broken := errors.New("broken disk")
	for n := 3; n < 30; n += 4 {
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
		if err != nil {
			t.Fatal(err)
		}
		ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Nth: n, Err: broken})
		c := &counters{db: db}
		if err := c.count(60); !errors.Is(err, broken) {
			t.Fatalf("sync %d fails: %v", n, err)
		}
		var acked [4]int64
		for w := range acked {
			acked[w] = c.acked[w].Load()
			if err := c.put(w, 1000); !errors.Is(err, broken) || c.acked[w].Load() != acked[w] {
				t.Fatalf("after the failure: %v", err)
			}
		}
		s, err := db.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := valuesOf(s); got != acked {
			t.Errorf("sync %d failed: readers see %v, acknowledged are %v", n, got, acked)
		}
		s.Close()
		if err := db.Close(); !errors.Is(err, broken) {
			t.Errorf("close: %v", err)
		}
		crashed := mem.Crash(rand.New(rand.NewPCG(1, uint64(n))), memfs.CrashLoseAll)
		if db, err = engine.Open(context.Background(), "/x.lsm", engine.Options{FS: crashed}); err != nil {
			t.Fatal(err)
		}
		if s, err = db.Snapshot(context.Background()); err != nil {
			t.Fatal(err)
		}
		for w, v := range valuesOf(s) {
			if v < acked[w] {
				t.Errorf("sync %d failed: writer %d is at %d after power loss, acknowledged was %d", n, w, v, acked[w])
			}
		}
		s.Close()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGroupWriteFails fails a write to the log while several writers commit. Those of its group are told,
// no reader sees what they wrote, and the others go on; what was acknowledged survives a loss of power.
func TestGroupWriteFails(t *testing.T) {
	broken := errors.New("no room")
	for _, part := range []float64{0, 0.5, 1} {
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		o := engine.Options{FS: ffs, Safety: engine.SafetyFull, AutoFlush: 16 << 10, AutoCheckpoint: 32 << 10, BlockSize: 64 << 10, PageSize: 1024}
		db, err := engine.Open(context.Background(), "/x.lsm", o)
		if err != nil {
			t.Fatal(err)
		}
		for n := 5; n < 60; n += 6 {
			ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: n, Err: broken, Part: part})
		}
		c := &counters{db: db}
		var failed [4]map[int64]bool
		var wg sync.WaitGroup
		for w := range failed {
			failed[w] = make(map[int64]bool)
			wg.Go(func() {
				for n := int64(1); n <= 60; n++ {
					if err := c.put(w, n); errors.Is(err, broken) {
						failed[w][n] = true
					} else if err != nil {
						t.Error(err)
						return
					}
					s, err := db.Snapshot(context.Background())
					if err != nil {
						t.Error(err)
						return
					}
					if got := valuesOf(s)[w]; got != c.acked[w].Load() {
						t.Errorf("writer %d sees %d, acknowledged was %d", w, got, c.acked[w].Load())
					}
					s.Close()
				}
			})
		}
		wg.Wait()
		all := 0
		for w := range failed {
			all += len(failed[w])
		}
		if all < 5 {
			t.Errorf("only %d commits failed", all)
		}
		expectSound(t, db)
		crashed := mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = engine.Open(context.Background(), "/x.lsm", engine.Options{FS: crashed}); err != nil {
			t.Fatal(err)
		}
		s, err := db.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for w, v := range valuesOf(s) {
			if v != c.acked[w].Load() {
				t.Errorf("writer %d is at %d after power loss, acknowledged was %d", w, v, c.acked[w].Load())
			}
		}
		s.Close()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostGroupLeavesNoSpans: a transaction that walked over what it had deleted knew that nothing is
// visible there. When it is lost, readers see the rows.
func TestLostGroupLeavesNoSpans(t *testing.T) { synctest.Test(t, testLostGroupLeavesNoSpans) }

func testLostGroupLeavesNoSpans(t *testing.T) {
	ctx := context.Background()
	broken := errors.New("no room")
	ffs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
	if err != nil {
		t.Fatal(err)
	}
	const rows = 300
	key := func(i int) []byte { return fmt.Appendf(nil, "row %03d", i) }
	if err := db.Update(ctx, func(tx *engine.Tx) (err error) {
		for i := range rows {
			err = errors.Join(err, tx.Put(key(i), []byte("value")))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		c, err := db.Cursor(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		return n
	}
	var holding atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	ffs.OnOp(func(op faultfs.Op) {
		if op.Kind == faultfs.Sync && holding.CompareAndSwap(true, false) {
			close(held)
			<-release
		}
	})
	holding.Store(true)
	first := make(chan error, 1)
	go func() {
		first <- db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("zzz"), nil) })
	}()
	<-held
	lost := make(chan error, 1)
	go func() {
		lost <- db.Update(ctx, func(tx *engine.Tx) (err error) {
			for i := range rows {
				err = errors.Join(err, tx.Delete(key(i)))
			}
			c, failed := tx.Cursor()
			if failed != nil {
				return failed
			}
			defer c.Close()
			if c.First(); string(c.Key()) != "zzz" {
				return fmt.Errorf("the first key is %q", c.Key())
			}
			return err
		})
	}()
	synctest.Wait()
	ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: 1, Err: broken})
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-lost; !errors.Is(err, broken) {
		t.Errorf("the transaction that deletes: %v", err)
	}
	if n := count(); n != rows+1 {
		t.Errorf("%d rows are visible before the next commit, want %d", n, rows+1)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("zzzz"), nil) }); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != rows+2 {
		t.Errorf("%d rows are visible, want %d", n, rows+2)
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
