// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// bugDB is a database that only does what it is told, and can crash.
type bugDB struct {
	*engine.DB
	t   *testing.T
	mem *memfs.FS
	o   engine.Options
}

func openBug(t *testing.T, o engine.Options) *bugDB {
	t.Helper()
	b := &bugDB{t: t, mem: memfs.New(), o: o}
	b.open()
	return b
}

func (b *bugDB) open() {
	b.t.Helper()
	b.o.FS = b.mem
	var err error
	b.DB, err = engine.Open(context.Background(), "/x.lsm", b.o)
	ok(b.t, err)
}

func (b *bugDB) put(key, value string) {
	b.t.Helper()
	ok(b.t, b.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte(value)) }))
}

func (b *bugDB) do(what ...func(context.Context) error) {
	b.t.Helper()
	for _, f := range what {
		ok(b.t, f(context.Background()))
	}
}

// crash loses what was not synced, and opens what is left.
func (b *bugDB) crash() {
	b.t.Helper()
	b.mem = b.mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
	b.open()
}

// expect wants exactly these rows, by scans in both directions, lookups and seeks, and no
// problems.
func (b *bugDB) expect(want map[string]string) {
	b.t.Helper()
	expectSound(b.t, b.DB)
	keys := make([]string, 0, len(want))
	for k := range want {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	ok(b.t, b.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		i := 0
		for more := c.First(); more; more = c.Next() {
			if i >= len(keys) || string(c.Key()) != keys[i] {
				b.t.Fatalf("row %d is %q, of %d", i, c.Key(), len(keys))
			}
			i++
		}
		for more := c.Last(); more; more = c.Prev() {
			if i--; i < 0 || string(c.Key()) != keys[i] {
				b.t.Fatalf("backward, row %d is %q", i, c.Key())
			}
		}
		if i != 0 || c.Err() != nil {
			b.t.Fatalf("%d rows are missing: %v", i, c.Err())
		}
		for _, k := range keys {
			for _, mode := range []engine.SeekMode{engine.SeekLEFast, engine.SeekLE, engine.SeekEQ, engine.SeekGE} {
				if !c.Seek([]byte(k), mode) || string(c.Key()) != k {
					b.t.Fatalf("seek %q, mode %d: on %q: %v", k, mode, c.Key(), c.Err())
				}
				if v, err := c.Value(); err != nil || string(v) != want[k] {
					b.t.Fatalf("%q has the value %q: %v", k, v, err)
				}
			}
		}
		return nil
	}))
}

// Flush, Checkpoint and Optimize are the database's, in the form that do takes.
func (b *bugDB) Flush(ctx context.Context) error    { return b.DB.Flush(ctx) }
func (b *bugDB) Optimize(ctx context.Context) error { return b.DB.Optimize(ctx) }

func (b *bugDB) Checkpoint(ctx context.Context) error {
	_, err := b.DB.Checkpoint(ctx)
	return err
}
