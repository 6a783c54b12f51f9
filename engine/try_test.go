// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestTryDoesNotWait: while a transaction is open, or a piece of work is in the middle of a slice, the calls
// that do not wait are busy, and afterwards they do what those that wait do.
func TestTryDoesNotWait(t *testing.T) {
	ctx := context.Background()
	var inWork func()
	db := mustOpen(t, "/try.db", engine.Options{FS: memfs.New(), Observer: &engine.Observer{
		Flushed: func(engine.SegmentEvent) {
			if inWork != nil {
				inWork()
			}
		},
	}})
	defer db.Close()
	busy := func(what string, err error) {
		t.Helper()
		var e *engine.Error
		if !errors.As(err, &e) || e.Code != engine.CodeBusy || e.Detail == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	snap, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	tx, err := db.TryBegin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.TryBegin(ctx)
	busy("begin", err)
	_, err = db.TryBeginFrom(ctx, snap)
	busy("begin from", err)
	busy("flush", db.TryFlush(ctx))
	if _, err := db.TryCheckpoint(ctx); err != nil {
		t.Errorf("a checkpoint beside a transaction: %v", err)
	}
	if _, err := db.TryWork(ctx, engine.WorkOptions{}); err != nil {
		t.Errorf("work beside a transaction: %v", err)
	}
	if err := errors.Join(tx.Put([]byte("k"), []byte("v")), tx.Commit(ctx)); err != nil {
		t.Fatal(err)
	}
	if _, err = db.TryBeginFrom(ctx, snap); !errors.Is(err, engine.ErrBusySnapshot) {
		t.Errorf("begin from an old snapshot: %v", err)
	}

	worked := false
	inWork = func() {
		inWork, worked = nil, true
		done := make(chan struct{})
		go func() { // another goroutine, as the observer's may not
			defer close(done)
			busy("flush beside work", db.TryFlush(ctx))
			_, err := db.TryWork(ctx, engine.WorkOptions{})
			busy("work beside work", err)
			_, err = db.TryCheckpoint(ctx)
			busy("checkpoint beside work", err)
		}()
		<-done
	}
	if err := db.TryFlush(ctx); err != nil || !worked {
		t.Fatalf("flush: %v; worked: %v", err, worked)
	}
	if old, live := db.TreeSize(); old != 0 || live != 0 {
		t.Errorf("trees of %d and %d bytes after a flush", old, live)
	}
	if p, err := db.TryCheckpoint(ctx); err != nil || p.PagesWritten == 0 {
		t.Errorf("checkpoint: %+v, %v", p, err)
	}
	now, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	tx, err = db.TryBeginFrom(ctx, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}

// TestMismatchNamesTheCodec: a file whose codec is not there, or is not the one that is set, names it by its number.
func TestMismatchNamesTheCodec(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db := mustOpen(t, "/c.db", engine.Options{FS: fs, Compression: "zlib"})
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), []byte("v")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Open(ctx, "/c.db", engine.Options{FS: fs, Compression: "none"})
	var e *engine.Error
	if !errors.As(err, &e) || e.Code != engine.CodeMismatch || e.Codec != 10002 {
		t.Errorf("%v: %+v", err, e)
	}
}
