// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestStaleTransactionsAreTriedOncePerCommit has goroutines count up in transactions that
// begin with a read, and try again when somebody else was first. A commit makes each of the
// others try once more, not as often as it finds time for until the commit is synced.
func TestStaleTransactionsAreTriedOncePerCommit(t *testing.T) {
	const writers, each = 8, 200
	for _, safety := range []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull} {
		db, err := engine.Open(context.Background(), t.TempDir()+"/x.lsm", engine.Options{Safety: safety})
		if err != nil {
			t.Fatal(err)
		}
		tries := countUp(t, db, writers, each)
		t.Logf("safety %v: %d tries for %d commits", safety, tries, writers*each)
		if tries > writers*writers*each {
			t.Errorf("safety %v: %d tries for %d commits", safety, tries, writers*each)
		}
		err = db.View(context.Background(), func(s *engine.Snapshot) error {
			v, _, err := s.Get(nil, []byte("counter"))
			if err == nil && binary.BigEndian.Uint64(v) != writers*each {
				t.Errorf("safety %v: counted to %d of %d", safety, binary.BigEndian.Uint64(v), writers*each)
			}
			return err
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// countUp has so many writers count up so often each, and returns how often they tried.
func countUp(t *testing.T, db *engine.DB, writers, each int) int64 {
	var group sync.WaitGroup
	var tries atomic.Int64
	for range writers {
		group.Go(func() {
			for done := 0; done < each; {
				tries.Add(1)
				switch err := increment(db); {
				case err == nil:
					done++
				case !errors.Is(err, engine.ErrBusySnapshot):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return tries.Load()
}

// increment reads the counter from a snapshot, and counts up from there.
func increment(db *engine.DB) error {
	ctx := context.Background()
	key := []byte("counter")
	s, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	old, _, err := s.Get(nil, key)
	if err != nil {
		return err
	}
	tx, err := db.BeginFrom(ctx, s)
	if err != nil {
		return err
	}
	n := binary.BigEndian.Uint64(append(make([]byte, 8-len(old)), old...))
	if err := tx.Put(key, binary.BigEndian.AppendUint64(nil, n+1)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit(ctx)
}

// TestStaleTransactionIsRefusedBeforeItQueues has a writer hold its turn.
func TestStaleTransactionIsRefusedBeforeItQueues(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(tx *engine.Tx) error { return tx.Put([]byte("key"), nil) }
	if err := db.Update(ctx, put); err != nil {
		t.Fatal(err)
	}
	err = db.Update(ctx, func(*engine.Tx) error {
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if _, err := db.BeginFrom(short, s); !errors.Is(err, engine.ErrBusySnapshot) {
			t.Errorf("while another one writes: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
