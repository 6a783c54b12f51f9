// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

// TestAttachUnsynced: a reader finds a commit in the log of a killed process that the next one, which has come while
// the log is read, has written and is still to sync. It does not show it before that one does: not to a handle that was
// attached to the killed process, and not to one that is just being opened, which would both go back to an older state
// once they are attached.
func TestAttachUnsynced(t *testing.T) {
	for _, opened := range []bool{false, true} {
		for _, shares := range []bool{false, true} {
			attachUnsynced(t, opened, shares)
		}
	}
}

func attachUnsynced(t *testing.T, opened, shares bool) {
	ctx := context.Background()
	x := newKept(t, engine.Options{}, false)
	ok(t, x.s.Close())
	ok(t, x.r.Close())
	through := faultfs.Wrap(x.mem)
	open := func() (*engine.DB, error) {
		return engine.Open(ctx, "/x.lsm", engine.Options{FS: through, ReadOnly: true})
	}
	var r *engine.DB
	var err error
	if !opened {
		r, err = open()
		ok(t, err)
	}
	x.kill()

	disk, reached, release := faultfs.Wrap(x.mem), make(chan struct{}), make(chan struct{})
	o := x.o
	o.FS, o.Safety, o.Readers = disk, engine.SafetyFull, shares
	var w *engine.DB
	var wg sync.WaitGroup
	var come, stop sync.Once
	through.OnCall(func(op faultfs.Op) {
		if op.Kind != faultfs.Read || op.Name != "/x.lsm-log" {
			return
		}
		come.Do(func() {
			w = mustOpen(t, "/x.lsm", o)
			disk.OnCall(func(op faultfs.Op) {
				if op.Kind == faultfs.Sync && op.Name == "/x.lsm-log" {
					stop.Do(func() {
						close(reached)
						<-release
					})
				}
			})
			wg.Go(func() {
				if err := commitGeneration(ctx, w, nil, x.gen+1); err != nil {
					t.Error(err)
				}
			})
			<-reached
		})
	})
	expect := func(want uint64) {
		t.Helper()
		if r == nil || !shares {
			return
		}
		expectGeneration(t, r, want)
	}
	if opened {
		r, err = open()
	} else {
		var s *engine.Snapshot
		if s, err = r.Snapshot(ctx); err == nil {
			gen, readErr := readGeneration(s)
			ok(t, errors.Join(readErr, s.Close()))
			if gen != x.gen {
				t.Errorf("opened %v, shares %v: generation %d before it was synced, after %d", opened, shares, gen, x.gen)
			}
		}
	}
	if w == nil {
		t.Fatalf("opened %v: the log was not read", opened)
	}
	if shares {
		ok(t, err)
	} else if !errors.Is(err, engine.ErrBusy) {
		t.Errorf("opened %v: next to a process that lets nobody read: %v", opened, err)
	}
	expect(x.gen)
	close(release)
	wg.Wait()
	expect(x.gen + 1)
	ok(t, w.Close())
	if r != nil {
		expectGeneration(t, r, x.gen+1)
		ok(t, r.Close())
	}
}
