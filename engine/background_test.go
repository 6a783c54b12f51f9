// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var backgrounds = []engine.Background{engine.BackgroundNone, engine.BackgroundMerger, engine.BackgroundCheckpointer, engine.BackgroundBoth}

// TestBackground writes, overwrites and deletes in every mode, with readers beside the
// writer, and reopens in the next mode.
func TestBackground(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	want := map[uint64]uint64{}
	rng := rand.New(rand.NewPCG(5, 6))
	for round := range 2 * len(backgrounds) {
		mode := backgrounds[round%len(backgrounds)]
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{
			FS: mem, Background: mode, AutoFlush: 64 << 10, AutoCheckpoint: 128 << 10, BlockSize: 64 << 10, CacheSize: 1 << 20,
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		readers := make(chan error, 2)
		for range 2 {
			go func() { readers <- readWhile(db, stop) }()
		}
		for range 150 {
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for range 40 {
					var key [8]byte
					k, v := rng.Uint64N(20_000), rng.Uint64()
					binary.BigEndian.PutUint64(key[:], k)
					if v%8 == 0 {
						delete(want, k)
						if err := tx.Delete(key[:]); err != nil {
							return err
						}
						continue
					}
					want[k] = v
					if err := tx.Put(key[:], fmt.Appendf(nil, "%0100d", v)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatalf("mode %v: %v", mode, err)
			}
		}
		close(stop)
		for range 2 {
			if err := <-readers; err != nil {
				t.Fatalf("mode %v: %v", mode, err)
			}
		}
		expectNumbers(t, db, want)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatalf("mode %v: %v", mode, err)
		}
		if n := strings.Count(goroutines(), "engine.(*DB).loop"); n != 0 {
			t.Fatalf("mode %v: %d goroutines are left", mode, n)
		}
	}
}

func goroutines() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// readWhile scans snapshots until stop is closed: keys must ascend, and two scans of one
// snapshot agree.
func readWhile(db *engine.DB, stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		err := db.View(context.Background(), func(s *engine.Snapshot) error {
			var sums [2]uint64
			for i := range sums {
				c, err := s.Cursor()
				if err != nil {
					return err
				}
				last := ""
				for ok := c.First(); ok; ok = c.Next() {
					if k := string(c.Key()); k <= last {
						return fmt.Errorf("key %x follows %x", k, last)
					} else {
						last = k
					}
					v, err := c.Value()
					if err != nil {
						return err
					}
					for _, b := range v {
						sums[i] = sums[i]*31 + uint64(b)
					}
				}
				if err := errors.Join(c.Err(), c.Close()); err != nil {
					return err
				}
			}
			if sums[0] != sums[1] {
				return errors.New("two scans of one snapshot differ")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// expectNumbers compares the database with the map that was written to it.
func expectNumbers(t *testing.T, db *engine.DB, want map[uint64]uint64) {
	t.Helper()
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		n := 0
		for ok := c.First(); ok; ok = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			k := binary.BigEndian.Uint64(c.Key())
			if w, ok := want[k]; !ok || string(v) != fmt.Sprintf("%0100d", w) {
				return fmt.Errorf("key %d: got %s, want %d (there: %v)", k, v, w, ok)
			}
			n++
		}
		if n != len(want) {
			return fmt.Errorf("%d rows, want %d", n, len(want))
		}
		return c.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBackgroundErrorReachesCaller fails every write of pages: nothing can be flushed. The
// next transactions are told, in every mode, and after the disk has room again all goes on.
func TestBackgroundErrorReachesCaller(t *testing.T) {
	for _, mode := range backgrounds {
		t.Run(mode.String(), func(t *testing.T) { errorReachesCaller(t, mode) })
	}
}

func errorReachesCaller(t *testing.T, mode engine.Background) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Background: mode, AutoFlush: 32 << 10, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Forever: true, Err: syscall.ENOSPC})
	put := func(i int) error {
		return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "%06d", i), make([]byte, 1000)) })
	}
	told, acknowledged := false, 0
	for i := range 500 {
		if err := put(i); err == nil {
			acknowledged++
		} else if told = true; !errors.Is(err, engine.ErrFull) {
			t.Fatalf("put %d: %v", i, err)
		}
	}
	if !told {
		t.Fatal("no transaction was told that the merger cannot write")
	}
	ffs.Clear()
	for i := 500; i < 1000; i++ {
		if err := put(i); err != nil {
			t.Fatal(err)
		}
		acknowledged++
	}
	n := 0
	if err := db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		return c.Err()
	}); err != nil || n != acknowledged {
		t.Fatalf("%d rows, %d were acknowledged; error %v", n, acknowledged, err)
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBackgroundSyncFails fails the sync of a checkpoint that nobody has called for: in every
// mode the next transactions fail for good, and Close says why and leaves no goroutine.
func TestBackgroundSyncFails(t *testing.T) {
	ctx := context.Background()
	broken := errors.New("broken disk")
	for _, mode := range backgrounds {
		ffs := faultfs.Wrap(memfs.New())
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Background: mode, AutoFlush: 32 << 10, AutoCheckpoint: 64 << 10, BlockSize: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: ".lsm", Err: broken})
		put := func() error {
			return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), make([]byte, 1000)) })
		}
		for i := 0; err == nil && i < 100_000; i++ {
			err = put()
		}
		for range 3 {
			if !errors.Is(err, broken) {
				t.Fatalf("mode %v: %v", mode, err)
			}
			err = put()
		}
		if err := db.Close(); !errors.Is(err, broken) {
			t.Errorf("mode %v: close: %v", mode, err)
		}
		if n := strings.Count(goroutines(), "engine.(*DB).loop"); n != 0 {
			t.Errorf("mode %v: %d goroutines are left", mode, n)
		}
	}
}

// TestBackgroundWiring fills the live tree once in each mode and waits until nobody has
// anything left to do: a merger has flushed it without being called again, a checkpointer
// has made what was flushed durable, and without a merger the old tree waits for the next
// commits. Then all goroutines rest, and Close ends them.
func TestBackgroundWiring(t *testing.T) {
	for _, mode := range backgrounds {
		synctest.Test(t, func(t *testing.T) {
			db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: memfs.New(), Background: mode, AutoFlush: 64 << 10, AutoCheckpoint: 1})
			if err != nil {
				t.Fatal(err)
			}
			for i, full := 0, false; !full; i++ {
				if err := db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "%06d", i), make([]byte, 1000)) }); err != nil {
					t.Fatal(err)
				}
				old, live := db.TreeSize()
				full = old > 0 || live == 0
			}
			synctest.Wait()
			s := db.Stats()
			merges := mode&engine.BackgroundMerger != 0
			if flushed := s.OldBytes == 0 && s.Segments == 1; flushed != merges {
				t.Errorf("mode %v: %d bytes wait to be flushed, %d segments", mode, s.OldBytes, s.Segments)
			}
			if merges && s.Checkpoints != 1 {
				t.Errorf("mode %v: %d checkpoints", mode, s.Checkpoints)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}) // which fails if a goroutine is left
	}
}

// flushAndCheckpoint brings everything into the file and makes it durable.
func flushAndCheckpoint(ctx context.Context, db *engine.DB) error {
	if err := db.Flush(ctx); err != nil {
		return err
	}
	_, err := db.Checkpoint(ctx)
	return err
}
