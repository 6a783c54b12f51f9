// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// atRest is the lock on the database file of a run that has ended, by which processes that come later know that its
// checkpoint is still read. It is on the file that is read, whatever its name is by now.
type atRest struct {
	mu     sync.Mutex // a leaf, except for locks of the file
	locked bool
	claims int // that are kept
}

// lockRest locks the file, unless it is locked, by the rules of package files for a handle that only reads. It returns
// errAgain if a process has it open for writing, or is about to. The caller has the mutex.
func (r *run) lockRest() error {
	if r.atRest.locked {
		return nil
	}
	if err := r.data.Lock(vfs.SlotDMS1, vfs.Shared); err != nil {
		return lockedAgain(err)
	}
	defer func() { _ = r.data.Lock(vfs.SlotDMS1, vfs.Unlock) }()
	for _, slots := range [][2]int{{vfs.SlotDMS2, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		held, err := r.data.Locked(slots[0], slots[1], vfs.Shared)
		if err != nil {
			return err
		}
		if held {
			return errAgain
		}
	}
	if err := r.data.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		return lockedAgain(err)
	}
	r.atRest.locked = true
	return nil
}

// lockedAgain makes errAgain of the error of a lock that another process has.
func lockedAgain(err error) error {
	if errors.Is(err, vfs.ErrLocked) {
		return errAgain
	}
	return err
}

// unlockRest unlocks the file, unless a claim is kept. The caller has the mutex.
func (r *run) unlockRest() {
	if r.atRest.locked && r.atRest.claims == 0 {
		_ = r.data.Lock(vfs.SlotROTrans, vfs.Unlock) // which ends with the file at the latest
		r.atRest.locked = false
	}
}

// newestRef returns which checkpoint is the newest one on a meta page.
func newestRef(data vfs.File, path string, decode func([]byte) (*format.Checkpoint, error)) (newest format.CheckpointRef, err error) {
	for i := 1; i <= 2; i++ {
		meta, err := blockfile.ReadMeta(data, path, i)
		if err != nil {
			return newest, err
		}
		if c, err := decode(meta); err == nil && c.ID > newest.ID {
			newest = format.RefOf(meta)
		}
	}
	return newest, nil
}
