// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
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
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// versions are the committed states that concurrent readers may see.
type versions struct {
	mu     sync.Mutex
	states []enginetest.Map // the last one may be under way
	acked  int
}

func (v *versions) begin(m enginetest.Map) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.states = append(v.states[:v.acked+1], m)
}

func (v *versions) committed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.acked = len(v.states) - 1
}

func (v *versions) newest() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.acked
}

// since returns what a reader may see that began when state from was acknowledged.
func (v *versions) since(from int) []enginetest.Map {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.states[from:len(v.states):len(v.states)]
}

// settled waits until there are no more goroutines than before.
func settled(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left, %d were there before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

var backgrounds = []engine.Background{engine.BackgroundNone, engine.BackgroundMerger, engine.BackgroundCheckpointer, engine.BackgroundBoth}

// TestConcurrent has one writer, several readers that hold snapshots and cursors, and
// goroutines that flush, merge, checkpoint, check, change settings and try to close.
// Every reader sees a state that was committed, at least as new as the one that was
// acknowledged when it began.
func TestConcurrent(t *testing.T) {
	for i, bg := range backgrounds {
		t.Run("background="+bg.String(), func(t *testing.T) {
			before := runtime.NumGoroutine()
			rng := rand.New(rand.NewPCG(*seed, uint64(i)))
			o := enginetest.RandomOptions(rng)
			o.FS, o.Background, o.NoAutoWork = memfs.New(), bg, false
			o.PageSize, o.BlockSize = min(o.PageSize, 4096), 64<<10
			if i == 1 || *withKey {
				o.Key = keys.Raw(secret)
			}
			ctx := context.Background()
			db, err := engine.Open(ctx, "/db", o)
			if err != nil {
				t.Fatal(err)
			}
			c := &concurrent{db: db, gen: enginetest.NewGen(rng, o.PageSize, 16<<10), v: &versions{states: []enginetest.Map{{}}}}
			c.run(t, rng)
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			settled(t, before)
			c.reopened(t, o)
		})
	}
}

type concurrent struct {
	db  *engine.DB
	gen *enginetest.Gen
	v   *versions
}

// run starts everybody and waits for the writer to end.
func (c *concurrent) run(t *testing.T, rng *rand.Rand) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var everybody sync.WaitGroup
	var failed atomic.Bool
	start := func(what string, f func(ctx context.Context, rng *rand.Rand) error) {
		own := rand.New(rand.NewPCG(rng.Uint64(), 0))
		everybody.Go(func() {
			for ctx.Err() == nil {
				if err := f(ctx, own); err != nil && !errors.Is(err, context.Canceled) {
					if !failed.Swap(true) {
						t.Errorf("%s: %v", what, err)
					}
					stop()
					return
				}
				runtime.Gosched()
			}
		})
	}
	pin, err := c.db.Snapshot(ctx) // so that nobody can close the database meanwhile
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		start(fmt.Sprint("reader ", i), c.read)
	}
	start("point reader", c.get)
	start("flush", func(ctx context.Context, rng *rand.Rand) error { return c.db.Flush(ctx) })
	start("checkpoint", func(ctx context.Context, rng *rand.Rand) error {
		_, err := c.db.Checkpoint(ctx)
		return err
	})
	start("work", func(ctx context.Context, rng *rand.Rand) error {
		_, err := c.db.Work(ctx, engine.WorkOptions{Merge: 1 + rng.IntN(4), Pages: 1 + rng.IntN(100)})
		return err
	})
	start("tune", func(ctx context.Context, rng *rand.Rand) error {
		time.Sleep(time.Millisecond)
		c.db.Stats()
		c.db.Structure()
		c.db.LogStructure()
		c.db.FreeList()
		if err := c.db.Set(func(o *engine.Options) { o.Safety = safeties[rng.IntN(3)] }); err != nil && !errors.Is(err, engine.ErrBusy) {
			return err
		}
		return c.db.Set(func(o *engine.Options) { o.AutoFlush = 4096 << rng.IntN(4) })
	})
	start("close", func(ctx context.Context, rng *rand.Rand) error {
		time.Sleep(time.Millisecond)
		if err := c.db.Close(); !errors.Is(err, engine.ErrBusy) {
			return fmt.Errorf("close with open handles: %w", err)
		}
		return nil
	})
	own := rand.New(rand.NewPCG(rng.Uint64(), 0))
	for range 400 {
		if err := c.write(ctx, own); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("writer: %v", err)
			}
			break
		}
	}
	stop()
	everybody.Wait()
	if n, err := scanned(pin); err != nil || n != 0 {
		t.Errorf("the snapshot of the empty database shows %d rows, error %v", n, err)
	}
	if err := pin.Close(); err != nil {
		t.Error(err)
	}
}

func scanned(s *engine.Snapshot) (n int, err error) {
	c, err := s.Cursor()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for ok := c.First(); ok; ok = c.Next() {
		n++
	}
	return n, c.Err()
}

// write commits one transaction.
func (c *concurrent) write(ctx context.Context, rng *rand.Rand) error {
	tx, err := c.db.Begin(ctx)
	if err != nil {
		return err
	}
	m := c.v.since(c.v.newest())[0]
	for range 1 + rng.IntN(10) {
		key, value := c.gen.Key(rng), c.gen.Value(rng)
		switch rng.IntN(8) {
		case 0:
			m = m.Delete(key)
			err = tx.Delete([]byte(key))
		case 1:
			other := c.gen.Key(rng)
			m = m.DeleteRange(key, other)
			err = tx.DeleteRange([]byte(key), []byte(other))
		default:
			m = m.Put(key, value)
			err = tx.Put([]byte(key), []byte(value))
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if rng.IntN(10) == 0 {
		return tx.Rollback()
	}
	c.v.begin(m)
	if err := tx.Commit(context.Background()); err != nil {
		return err
	}
	c.v.committed()
	return nil
}

// read opens a snapshot, reads it, and reads it again a little later.
func (c *concurrent) read(ctx context.Context, rng *rand.Rand) (err error) {
	from := c.v.newest()
	s, err := enginetest.Engine(c.db).Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	states := c.v.since(from)
	at, err := enginetest.Find(s, states)
	if err != nil {
		return fmt.Errorf("%d states: %w", len(states), err)
	}
	cur, err := s.Cursor()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cur.Close()) }()
	want := states[at]
	n := 0
	for ok := cur.First(); ok; ok = cur.Next() {
		if key, _, _ := want.At(n); key != string(cur.Key()) {
			return fmt.Errorf("key %d of a held cursor is %q, should be %q", n, cur.Key(), key)
		}
		if n++; n%16 == 0 {
			time.Sleep(time.Duration(rng.IntN(200)) * time.Microsecond)
		}
	}
	if cur.Err() != nil || n != want.Len() {
		return fmt.Errorf("a held cursor shows %d rows, should be %d, error %w", n, want.Len(), cur.Err())
	}
	return enginetest.Probe(s, want, rng, c.gen, 5)
}

// get looks one key up without a snapshot.
func (c *concurrent) get(_ context.Context, rng *rand.Rand) error {
	key := c.gen.Key(rng)
	from := c.v.newest()
	got, found, err := c.db.Get(nil, []byte(key))
	if err != nil {
		return err
	}
	states := c.v.since(from)
	for _, m := range states {
		if v, ok := m.Get(key); ok == found && v == string(got) {
			return nil
		}
	}
	return fmt.Errorf("get %q finds (%v) %d bytes, as in none of %d states", key, found, len(got), len(states))
}

// reopened compares what was closed with what was committed last.
func (c *concurrent) reopened(t *testing.T, o engine.Options) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/db", o)
	if err != nil {
		t.Fatal(err)
	}
	store := enginetest.Engine(db)
	s, err := store.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	newest := c.v.newest()
	if _, err := enginetest.Find(s, c.v.since(newest)[:1]); err != nil {
		t.Errorf("opened again: %v", err)
	}
	if err := errors.Join(s.Close(), enginetest.Sound(ctx, store), db.Close()); err != nil {
		t.Error(err)
	}
}
