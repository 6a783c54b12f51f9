// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestGroupShares holds a sync up until three more writers have committed to the log: one
// further sync is enough for them all. Until then nothing of theirs is seen, a snapshot of
// before cannot become a transaction, and a commit under another safety level, a flush and
// the end of the sync show everything in order.
func TestGroupShares(t *testing.T) { synctest.Test(t, testGroupShares) }

func testGroupShares(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
	if err != nil {
		t.Fatal(err)
	}
	var syncs, writes atomic.Int64
	held, release := make(chan struct{}), make(chan struct{})
	ffs.OnOp(func(op faultfs.Op) {
		if !strings.HasSuffix(op.Name, "-log") {
			return
		}
		switch op.Kind {
		case faultfs.Sync:
			if syncs.Add(1) == 1 {
				close(held)
				<-release
			}
		case faultfs.Write:
			writes.Add(1)
		}
	})
	c := &counters{db: db}
	errs := make(chan error, 4)
	go func() { errs <- c.put(0, 1) }()
	<-held
	before, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for w := 1; w < 4; w++ {
		go func() { errs <- c.put(w, 1) }()
	}
	synctest.Wait()
	if n := writes.Load(); n != 1 {
		t.Errorf("%d writes to the log while the first commit is synced, want only its own", n)
	}
	// The turn is free, although four commits wait.
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if v, found, err := tx.Get(nil, []byte{3}); err != nil || !found || v[307] != 1 {
		t.Errorf("a writer does not see the commit it builds on: %v, %v", found, err)
	}
	rolledBack := make(chan error, 1) // it gives the turn back, and returns when readers see what it has read
	go func() { rolledBack <- tx.Rollback() }()
	now, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(now); got != [4]int64{} {
		t.Errorf("readers see %v before it is synced", got)
	}
	now.Close()
	// A transaction on a snapshot that is older than what waits is refused, when what waits
	// can be seen, or when its context ends.
	stale := make(chan error, 1)
	go func() {
		_, err := db.BeginFrom(ctx, before)
		stale <- err
	}()
	short, cancel := context.WithTimeout(ctx, time.Second)
	if _, err := db.BeginFrom(short, before); !errors.Is(err, engine.ErrBusySnapshot) {
		t.Errorf("a stale transaction whose context has ended: %v", err)
	}
	cancel()
	synctest.Wait()
	select {
	case err := <-stale:
		t.Errorf("a stale transaction was refused (%v) while a new snapshot would be as old", err)
	default:
	}
	if err := db.Set(func(o *engine.Options) { o.Safety = engine.SafetyNormal }); err != nil {
		t.Fatal(err)
	}
	normal := make(chan error)
	go func() {
		normal <- db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("n"), nil) })
	}()
	synctest.Wait()
	close(release)
	for range 4 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(<-normal, <-rolledBack); err != nil {
		t.Fatal(err)
	}
	if err := <-stale; !errors.Is(err, engine.ErrBusySnapshot) {
		t.Errorf("a stale transaction: %v", err)
	}
	before.Close()
	if n := syncs.Load(); n != 2 {
		t.Errorf("%d syncs for four commits, want 2", n)
	}
	if n := writes.Load(); n != 3 {
		t.Errorf("%d writes for four commits and one that is not synced, want 3", n)
	}
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(s); got != [4]int64{1, 1, 1, 1} {
		t.Errorf("readers see %v", got)
	}
	s.Close()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

var groupCommits = flag.Int("group.commits", 50, "commits of each run of TestGroupCommits")

// TestGroupCommits measures commits per second under safety=full on a real file.
//
//	go test ./engine -run TestGroupCommits -group.commits=2000 -v
func TestGroupCommits(t *testing.T) {
	for _, writers := range []int{1, 4, 16} {
		db, err := engine.Open(context.Background(), t.TempDir()+"/x.lsm", engine.Options{Safety: engine.SafetyFull})
		if err != nil {
			t.Fatal(err)
		}
		var left atomic.Int64
		left.Store(int64(*groupCommits))
		var wg sync.WaitGroup
		start := time.Now()
		for w := range writers {
			wg.Go(func() {
				var key [16]byte
				for n := left.Add(-1); n >= 0; n = left.Add(-1) {
					err := db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put(loadKey(key[:], uint64(n)), make([]byte, 100)) })
					if err != nil {
						t.Errorf("writer %d: %v", w, err)
						return
					}
				}
			})
		}
		wg.Wait()
		t.Logf("%2d writers: %.0f commits/s", writers, float64(*groupCommits)/time.Since(start).Seconds())
		if n := db.Stats().Commits; n != int64(*groupCommits) {
			t.Errorf("%d commits are counted, %d were made", n, *groupCommits)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGroupKeepsHeads holds a sync up while hundreds of commits replace most of the tree,
// beside a snapshot of before, which has the tree look for nodes to reuse. What the first
// sync publishes is the state of that moment all the same.
func TestGroupKeepsHeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		ffs := faultfs.Wrap(memfs.New())
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
		if err != nil {
			t.Fatal(err)
		}
		const rows = 3000
		put := func(from, to int, mark byte) error {
			return db.Update(ctx, func(tx *engine.Tx) error {
				var key [16]byte
				for i := from; i < to; i++ {
					if err := tx.Put(loadKey(key[:], uint64(i)), bytes.Repeat([]byte{mark}, 20)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := put(0, rows, 1); err != nil {
			t.Fatal(err)
		}
		var syncs atomic.Int64
		gates := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
		ffs.OnOp(func(op faultfs.Op) {
			if n := syncs.Load(); op.Kind == faultfs.Sync && strings.HasSuffix(op.Name, "-log") && n < 2 {
				syncs.Add(1)
				<-gates[n]
			}
		})
		pinned, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := put(0, 1, 2); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // in the sync
		for n := range 600 {
			wg.Go(func() {
				if err := put(n*5, n*5+5, 3); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(gates[0])
		synctest.Wait() // the next sync has begun; the first has published its head
		look := func(s *engine.Snapshot, want [4]int) {
			t.Helper()
			c, err := s.Cursor()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var got [4]int
			for ok := c.First(); ok; ok = c.Next() {
				v, err := c.Value()
				if err != nil || len(v) != 20 || v[0] > 3 || !bytes.Equal(v, bytes.Repeat(v[:1], 20)) {
					t.Fatalf("key %x has value %x, %v", c.Key(), v, err)
				}
				got[v[0]]++
			}
			if c.Err() != nil || got != want {
				t.Errorf("values %v, want %v; %v", got, want, c.Err())
			}
		}
		now, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		look(now, [4]int{0, rows - 1, 1, 0})
		look(pinned, [4]int{0, rows, 0, 0})
		close(gates[1])
		wg.Wait()
		now.Close()
		if now, err = db.Snapshot(ctx); err != nil {
			t.Fatal(err)
		}
		look(now, [4]int{0, 0, 0, rows})
		now.Close()
		pinned.Close()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
