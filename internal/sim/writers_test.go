// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestWriters has several writers that count together: each transaction adds one to what
// it has read, whether it began as one or as a snapshot that was upgraded.
func TestWriters(t *testing.T) {
	const numWriters, rounds = 6, 60
	for _, bg := range backgrounds {
		t.Run("background="+bg.String(), func(t *testing.T) {
			before := runtime.NumGoroutine()
			ctx := context.Background()
			db, err := engine.Open(ctx, "/db", engine.Options{FS: memfs.New(), PageSize: 256, BlockSize: 64 << 10,
				AutoFlush: 4096, AutoCheckpoint: 8192, Safety: engine.SafetyFull, Background: bg})
			if err != nil {
				t.Fatal(err)
			}
			var writers sync.WaitGroup
			var conflicts atomic.Int64
			for i := range numWriters {
				writers.Go(func() {
					for range rounds {
						for {
							err := addOne(ctx, db, i%2 == 0)
							if err == nil {
								break
							}
							if !errors.Is(err, engine.ErrBusySnapshot) {
								t.Errorf("writer %d: %v", i, err)
								return
							}
							conflicts.Add(1)
						}
					}
				})
			}
			writers.Wait()
			v, _, err := db.Get(nil, []byte("n"))
			if err != nil || string(v) != strconv.Itoa(numWriters*rounds) {
				t.Errorf("%d writers have counted to %s, should be %d, error %v", numWriters, v, numWriters*rounds, err)
			}
			t.Logf("%d conflicts", conflicts.Load())
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			settled(t, before)
		})
	}
}

func addOne(ctx context.Context, db *engine.DB, upgrade bool) (err error) {
	var tx *engine.Tx
	if upgrade {
		s, err := db.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		runtime.Gosched()
		if tx, err = db.BeginFrom(ctx, s); err != nil {
			return err
		}
	} else if tx, err = db.Begin(ctx); err != nil {
		return err
	}
	v, found, err := tx.Get(nil, []byte("n"))
	n := 0
	if err == nil && found {
		n, err = strconv.Atoi(string(v))
	}
	if err == nil {
		err = tx.Put([]byte("n"), []byte(strconv.Itoa(n+1)))
	}
	if err == nil {
		err = tx.Put(fmt.Appendf(nil, "row %d", n), make([]byte, 100))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit(ctx)
}

// TestWaitForTurn wants a writer that waits to give up when its context ends, and to
// leave nothing behind.
func TestWaitForTurn(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx := context.Background()
	db, err := engine.Open(ctx, "/db", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, time.Millisecond} {
		short, cancel := context.WithTimeout(ctx, wait)
		if _, err := db.Begin(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("begin while another writes: %v", err)
		}
		if err := db.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush while another writes: %v", err)
		}
		cancel()
	}
	if err := db.Close(); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("close while another writes: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := db.Begin(ctx); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("begin on a closed database: %v", err)
	}
	settled(t, before)
}
