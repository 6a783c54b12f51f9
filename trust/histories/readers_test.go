// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/internal/campaign"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

const (
	manyReaders = 64
	farReaders  = 16 // of those read as from other processes
)

// crowd is many readers and some writers of one database.
type crowd struct {
	states *states
	done   atomic.Bool
	looked atomic.Int64 // snapshots that were compared as a whole
	held   atomic.Int64 // cursors that were walked slowly to their end
	gone   atomic.Int64
}

// again calls do until the writers have ended, and once more then.
func (c *crowd) again(do func() error) error {
	for last := false; ; {
		if err := do(); err != nil {
			return err
		}
		if last {
			return nil
		}
		last = c.done.Load()
		runtime.Gosched()
	}
}

// look compares a snapshot twice, with some time in between.
func (c *crowd) look(store enginetest.Store, rng *rand.Rand, last *int) (err error) {
	atLeast := max(*last, c.states.newest())
	snap, err := store.Snapshot(context.Background())
	if err != nil {
		return c.refused(err)
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	n, err := c.states.expect(snap, atLeast)
	if err != nil {
		return c.refused(err)
	}
	*last = n
	c.looked.Add(1)
	if rng.IntN(4) > 0 {
		return nil
	}
	time.Sleep(time.Duration(rng.IntN(5)) * time.Millisecond)
	if again, err := c.states.expect(snap, n); err != nil || again != n {
		return c.refused(errors.Join(err, fmt.Errorf("a snapshot of state %d shows %d later", n, again)))
	}
	return nil
}

// walk holds a cursor and moves it now and then.
func (c *crowd) walk(store enginetest.Store, rng *rand.Rand) (err error) {
	snap, err := store.Snapshot(context.Background())
	if err != nil {
		return c.refused(err)
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	n, err := stateOf(snap.Get)
	if err != nil {
		return c.refused(err)
	}
	want, err := c.states.at(n)
	if err != nil {
		return err
	}
	cur, err := snap.Cursor()
	if err != nil {
		return c.refused(err)
	}
	defer func() { err = errors.Join(err, cur.Close()) }()
	i := 0
	for ok := cur.First(); ok; ok = cur.Next() {
		key, value, _ := want.At(i)
		got, err := cur.Value()
		if err != nil {
			return c.refused(err)
		}
		if key != string(cur.Key()) || value != string(got) {
			return fmt.Errorf("row %d of a held cursor is %q (%d bytes), want %q (%d bytes) as in state %d", i, cur.Key(), len(got), key, len(value), n)
		}
		if i++; i%64 == 0 {
			time.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
		}
	}
	if cur.Err() != nil {
		return c.refused(cur.Err())
	}
	if i != want.Len() {
		return fmt.Errorf("a held cursor shows %d rows, state %d has %d", i, n, want.Len())
	}
	c.held.Add(1)
	return nil
}

func (c *crowd) refused(err error) error {
	if errors.Is(err, errs.ErrSnapshotGone) {
		c.gone.Add(1)
		return nil
	}
	return err
}

// run has four writers commit so many transactions each, next to the readers.
func (c *crowd) run(db *engine.DB, far []*engine.DB, rng *rand.Rand, commits int) error {
	var readers, writers sync.WaitGroup
	failed := make([]error, manyReaders+5)
	near := enginetest.Engine(db)
	for i := range manyReaders {
		own, last := rand.New(rand.NewPCG(rng.Uint64(), 0)), 0
		store := near
		if i < farReaders {
			store = enginetest.Engine(far[i%len(far)])
		}
		do := func() error { return c.look(store, own, &last) }
		if i%4 == 3 {
			do = func() error { return c.walk(store, own) }
		}
		readers.Go(func() { failed[i] = c.again(do) })
	}
	work := house(db)
	own := rand.New(rand.NewPCG(rng.Uint64(), 0))
	readers.Go(func() { failed[manyReaders] = c.again(func() error { return work(context.Background(), own) }) })
	g := enginetest.NewGen(rng, 512, 4096)
	for i := range 4 {
		own := rand.New(rand.NewPCG(rng.Uint64(), 0))
		writers.Go(func() {
			for n := 0; n < commits && failed[manyReaders+1+i] == nil; n++ {
				failed[manyReaders+1+i] = c.states.commit(db, g, own)
			}
		})
	}
	writers.Wait()
	c.done.Store(true)
	readers.Wait()
	return errors.Join(failed...)
}

// TestManyReaders has 64 readers next to four writers and all the work that a database does: each snapshot is exactly
// one committed state, at least as new as the newest one that was acknowledged when it was opened, and stays it.
func TestManyReaders(t *testing.T) {
	campaign.Run(t, campaign.Campaign{
		Name: "readers", Cases: "snapshots", Goal: 1_000_000, Brief: 2, CPU: 3 * time.Second,
		Marks: []string{"cursors were held"},
		Unit: func(unit uint64, tally *campaign.Tally) (err error) {
			ctx := context.Background()
			rng := rand.New(rand.NewPCG(unit, 15))
			o := small(rng, engine.SafetyFull)
			o.Readers = true
			if unit%2 == 1 {
				o.Background, o.Key, o.PageSize = engine.BackgroundBoth, keys.Raw(bytes.Repeat([]byte("key "), 8)), 1024
			}
			db, err := engine.Open(ctx, "/x.lsm", o)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			var far []*engine.DB
			for range 4 {
				r, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: &process{o.FS}, ReadOnly: true, Key: o.Key, CacheSize: 32 << 10})
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, r.Close()) }()
				far = append(far, r)
			}
			c := &crowd{states: newStates(Counter())}
			if err := c.run(db, far, rng, 25); err != nil {
				return err
			}
			tally.Add(int(c.looked.Load()))
			tally.Count("cursors that were walked slowly", int(c.held.Load()))
			tally.Count("snapshots that were not kept for another process", int(c.gone.Load()))
			if c.held.Load() > 0 {
				tally.Mark("cursors were held")
			}
			for p := range db.Check(ctx) {
				err = errors.Join(err, errors.New(p.String()))
			}
			return err
		},
	})
}
