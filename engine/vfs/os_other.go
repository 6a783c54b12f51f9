//go:build !linux && !darwin && !windows

package vfs

import (
	"errors"
	"sync"
)

// processLocks holds a lock table for every file that is open in this process, by
// canonical name. An entry lives as long as a handle uses it.
var processLocks = struct {
	sync.Mutex
	tables map[string]*processLockTable
}{tables: make(map[string]*processLockTable)}

type processLockTable struct {
	LockTable
	name    string
	handles int
}

// osLocks refers to the lock table of the handle's file.
type osLocks struct{ table *processLockTable }

func (l *osLocks) init(name string) error {
	name, err := OS.Canonical(name)
	if err != nil {
		return err
	}
	processLocks.Lock()
	defer processLocks.Unlock()
	l.table = processLocks.tables[name]
	if l.table == nil {
		l.table = &processLockTable{name: name}
		processLocks.tables[name] = l.table
	}
	l.table.handles++
	return nil
}

func (f *osFile) lock(slot int, kind LockKind) error {
	err := f.locks.table.Lock(f, slot, kind)
	if err == nil || errors.Is(err, ErrLocked) {
		return err
	}
	return f.fail("lock", err)
}

func (f *osFile) locked(first, count int, kind LockKind) (bool, error) {
	return f.locks.table.Locked(f, first, count, kind)
}

func (f *osFile) releaseLocks() error {
	table := f.locks.table
	table.Release(f)
	processLocks.Lock()
	defer processLocks.Unlock()
	// A file may have been removed and made again under the same name while a handle
	// of the old one was open; then both share a table, which errs on the safe side.
	if table.handles--; table.handles == 0 {
		delete(processLocks.tables, table.name)
	}
	return nil
}

func (f *osFile) sync() error { return f.f.Sync() }
