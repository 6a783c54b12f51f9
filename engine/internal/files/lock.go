// SPDX-License-Identifier: Apache-2.0

package files

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

const (
	otherHandle = "another process, or another handle of this one, has the database open"
	closeOther  = "; close it there, or use the handle that is open"
	attachToIt  = ", or read it with mode=ro, which needs readers=on where it is written"
	letRead     = "; with readers=on there, it can be read meanwhile"
	justNow     = "another process is just opening or closing the database; try again"
)

// LockFlag is the flag with which files are opened that are to be locked.
func (f *Files) LockFlag() vfs.OpenFlag {
	if f.OptionalLocks {
		return vfs.OptionalLocks
	}
	return 0
}

// lock keeps other processes, C lsm1's among them, from writing the file while we use
// it, and from reading it while we write. The locks are those of lsm1's single-process
// mode, with two additions that nobody's code objects to: RWCLIENT(0) tells a C
// read-only client that the database is live, and ROTRANS is respected, which C's
// single-process mode does not.
func (f *Files) lock(ctx context.Context) error {
	if f.ReadOnly {
		return f.lockToRead(ctx)
	}
	if err := f.lockFirst(ctx, vfs.Exclusive); err != nil {
		return err
	}
	for _, slot := range []int{vfs.SlotDMS2, vfs.SlotRWClient0} {
		if err := f.data.Lock(slot, vfs.Exclusive); err != nil {
			return f.lockError(f.whoHas(slot)+closeOther+attachToIt, err)
		}
	}
	f.sayWho()
	return f.unlockFirst()
}

// unlockFirst gives DMS1 back.
func (f *Files) unlockFirst() error {
	return ioerr.Lock("unlock", f.Path, f.data.Lock(vfs.SlotDMS1, vfs.Unlock))
}

// The pauses between two attempts to take DMS1.
const (
	firstPause = 200 * time.Microsecond
	longPause  = 20 * time.Millisecond
)

// lockFirst takes DMS1. Others hold it only while they open or close the database, or look whether it is being written,
// so it is waited for, as C lsm1 does. A process that has failed to make the database may have removed it meanwhile.
func (f *Files) lockFirst(ctx context.Context, kind vfs.LockKind) error {
	end := time.Now().Add(f.Patience)
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := f.data.Lock(vfs.SlotDMS1, kind)
		if err == nil {
			if pause > firstPause {
				err = expectName(f.dataID, f.Path)
			}
			return err
		}
		left := time.Until(end)
		if !errors.Is(err, vfs.ErrLocked) || left <= 0 {
			return f.lockError(justNow, err)
		}
		timer := time.NewTimer(min(pause, left))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (f *Files) lockToRead(ctx context.Context) error {
	if err := f.lockFirst(ctx, vfs.Shared); err != nil {
		return err
	}
	if err := f.StillAtRest(); err != nil {
		return err
	}
	if err := f.data.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		return f.lockError(otherHandle+closeOther, err)
	}
	return f.unlockFirst()
}

// StillAtRest returns an ErrBusy if another process has the database open for writing. One that only reads asks once
// more when it has read the log: what it has found there may be of a process that has come meanwhile, which is still to
// sync it, and lets nobody see it before.
func (f *Files) StillAtRest() error {
	for _, slots := range [][2]int{{vfs.SlotDMS2, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		held, err := f.data.Locked(slots[0], slots[1], vfs.Shared)
		if held || err != nil {
			return f.lockError(f.whoHas(slots[0])+" for writing"+closeOther+letRead, err)
		}
	}
	return nil
}

// lockError returns the error of a lock that is held elsewhere, by what,
// or that cannot be taken at all.
func (f *Files) lockError(what string, err error) error {
	if errors.Is(err, vfs.ErrLocked) || err == nil {
		return &errs.Error{Code: errs.CodeBusy, Op: "open", Path: f.Path, Detail: what}
	}
	e := &errs.Error{Code: errs.CodeProtocol, Op: "lock", Path: f.Path, Err: err}
	if errors.Is(err, vfs.ErrLockUnsupported) {
		e.Detail = "other processes cannot be kept out; if none of them opens the file, say locking=optional (Options.OptionalLocks)"
	}
	return e
}

// lockLog keeps every other handle from writing to the log, and a read-only one from reading
// one that is being written. C lsm1 knows no lock on the log.
func (f *Files) lockLog(log vfs.File) (err error) {
	held := false
	if f.ReadOnly {
		held, err = log.Locked(vfs.SlotDMS2, 1, vfs.Shared)
	} else if err = log.Lock(vfs.SlotDMS2, vfs.Exclusive); errors.Is(err, vfs.ErrLocked) {
		held, err = true, nil
	}
	switch {
	case err != nil:
		return ioerr.Lock("lock", f.logPath, err)
	case held:
		return &errs.Error{Code: errs.CodeBusy, Op: "open", Path: f.Path,
			Detail: fmt.Sprintf("its log %s is being written through another handle, whose database file had the name %s "+
				"before it was renamed, replaced or removed; close that one first", f.logPath, f.Path)}
	}
	return nil
}

// ForeignReader reports whether a read-only process that opened the file before us
// still reads it: then nothing may be overwritten that its checkpoint or log refers to.
func (f *Files) ForeignReader() (bool, error) {
	held, err := f.data.Locked(vfs.SlotROTrans, 1, vfs.Exclusive)
	return held && err == nil, ioerr.Lock("test lock", f.Path, err)
}
