// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestCloseWaitsForTheObserver: what a function of the observer reads in a goroutine of the engine keeps Close waiting,
// and does not make it fail. What the caller itself has open does.
func TestCloseWaitsForTheObserver(t *testing.T) {
	ctx := context.Background()
	reads := make(chan struct{}, 1)
	var observer engine.Observer
	observer.Flushed = func(e engine.SegmentEvent) {
		s, err := e.DB.Snapshot(ctx)
		if err != nil {
			return // it was closed before
		}
		select {
		case reads <- struct{}{}:
		default:
		}
		time.Sleep(50 * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	db := mustOpen(t, "/x.lsm", engine.Options{FS: memfs.New(), Observer: &observer, AutoFlush: 32 << 10, Background: engine.BackgroundBoth})
	for read := false; !read; {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), make([]byte, 20<<10)) }))
		select {
		case <-reads:
			read = true
		default:
		}
	}
	ok(t, db.Close())

	db = mustOpen(t, "/y.lsm", engine.Options{FS: memfs.New(), Observer: &observer})
	s, err := db.Snapshot(ctx)
	ok(t, err)
	if err := db.Close(); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("with a snapshot that is open: %v", err)
	}
	ok(t, s.Close())
	ok(t, db.Close())
}
