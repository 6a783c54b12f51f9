// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// failingLocks is a file system on which one call for locks of ranges fails.
type failingLocks struct {
	vfs.FS
	calls, at atomic.Int64
}

type fileFailingLocks struct {
	vfs.File
	fs *failingLocks
}

func (f *failingLocks) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	file, err := f.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &fileFailingLocks{file, f}, nil
}

func (f *fileFailingLocks) fails() error {
	if f.fs.calls.Add(1) == f.fs.at.Load() {
		return &fs.PathError{Op: "lock", Path: "/x.lsm", Err: syscall.EIO}
	}
	return nil
}

func (f *fileFailingLocks) LockRange(off, n int64, kind vfs.LockKind) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.File.(vfs.RangeLocker).LockRange(off, n, kind)
}

func (f *fileFailingLocks) RangeLocked(off, n int64, kind vfs.LockKind) (vfs.ByteLock, bool, error) {
	if err := f.fails(); err != nil {
		return vfs.ByteLock{}, false, err
	}
	return f.File.(vfs.RangeLocker).RangeLocked(off, n, kind)
}

// attachWithFault reads a database through a file system of which something fails once, while it is written, closed and
// written again: what fails is an error of that call, nothing that is read is wrong, and after it everything is as
// if it had not been.
func attachWithFault(mem *memfs.FS, through vfs.FS, heal func()) error {
	ctx := context.Background()
	o := sharing(engine.Options{FS: mem, PageSize: 512, BlockSize: 64 << 10, AutoFlush: 16 << 10, AutoCheckpoint: 16 << 10})
	w, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		return err
	}
	gen, healed := uint64(0), false
	commit := func(n int) {
		for ; n > 0 && err == nil; n-- {
			gen++
			err = commitGeneration(ctx, w, nil, gen)
		}
	}
	if commit(10); err != nil {
		return err
	}
	open := func() (*engine.DB, error) {
		return engine.Open(ctx, "/x.lsm", engine.Options{FS: through, ReadOnly: true, CacheSize: 1})
	}
	r, openErr := open()
	if openErr != nil {
		heal()
		healed = true
		if r, err = open(); err != nil {
			return fmt.Errorf("open again after %w: %w", openErr, err)
		}
	}
	read := func() {
		if err != nil {
			return
		}
		s, failed := r.Snapshot(ctx)
		got := uint64(0)
		if failed == nil {
			got, failed = readGeneration(s)
			s.Close()
		}
		switch {
		case failed == nil && got != gen:
			err = fmt.Errorf("generation %d, want %d", got, gen)
		case failed != nil && (healed || errors.Is(failed, engine.ErrCorrupt)):
			err = failed
		case failed != nil:
			heal()
			healed = true
		}
	}
	for range 3 {
		commit(8)
		read()
		if engine.RenewAttached(r); err == nil {
			read()
		}
	}
	if err == nil {
		err = w.Close()
	}
	read()
	read()
	if err == nil {
		w, err = engine.Open(ctx, "/x.lsm", o)
	}
	commit(5)
	read()
	heal()
	healed = true
	read()
	if err != nil {
		return err
	}
	for p := range r.Check(ctx) {
		return errors.New(p.String())
	}
	return errors.Join(r.Close(), w.Close())
}

// TestAttachFaults fails operations of a reader, one in each run: the first ones, and then some of the others.
func TestAttachFaults(t *testing.T) {
	t.Parallel()
	runs := 0
	for n := 1; ; n += 1 + n/6 {
		mem := memfs.New()
		f := faultfs.Wrap(mem)
		fault := f.Add(faultfs.Rule{On: faultfs.Any &^ faultfs.Mutating, Err: syscall.EIO, Nth: n})
		if err := attachWithFault(mem, f, f.Clear); err != nil {
			t.Fatalf("operation %d, %v: %v", n, fault.First(), err)
		}
		if fault.Hits() == 0 {
			break
		}
		runs++
	}
	for n := 1; ; n += 1 + n/6 {
		mem := memfs.New()
		f := &failingLocks{FS: mem}
		f.at.Store(int64(n))
		if err := attachWithFault(mem, f, func() { f.at.Store(0) }); err != nil {
			t.Fatalf("call %d for locks: %v", n, err)
		}
		if f.calls.Load() < int64(n) {
			break
		}
		runs++
	}
	if runs < 40 {
		t.Errorf("%d runs", runs)
	}
}
