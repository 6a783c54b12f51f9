// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"fmt"
	"io/fs"
)

// LockKind is the strength of a lock on a slot.
type LockKind uint8

const (
	// Unlock means no lock.
	Unlock LockKind = iota
	// Shared allows other Shared locks on the slot.
	Shared
	// Exclusive allows no other lock on the slot.
	Exclusive
)

// String returns the kind's name.
func (k LockKind) String() string {
	switch k {
	case Unlock:
		return "unlock"
	case Shared:
		return "shared"
	case Exclusive:
		return "exclusive"
	}
	return fmt.Sprintf("lock kind %d", uint8(k))
}

// The lock slots, numbered as in lsm1. Slot n is byte 4096-n of the database file, so
// no data is ever written to bytes 4067..4095 of the first page.
const (
	SlotDMS1         = 1  // held Exclusive while connecting and disconnecting
	SlotDMS2         = 2  // held Exclusive while a single-process engine has the file open
	SlotDMS3         = 3  // held Shared by read-only connections to a live database
	SlotWriter       = 4  // held Exclusive by a write transaction in multi-process mode
	SlotWorker       = 5  // held Exclusive while the levels change in multi-process mode
	SlotCheckpointer = 6  // held Exclusive while a meta page is written in multi-process mode
	SlotROTrans      = 7  // held Shared by a read-only transaction on a database that is not live
	SlotReader0      = 8  // the first of six reader slots of multi-process mode
	SlotRWClient0    = 14 // the first of NumRWClients slots, held Exclusive by read-write connections
	NumRWClients     = 16
)

const (
	lastSlot = SlotRWClient0 + NumRWClients - 1
	lockEnd  = 4096 // slot n is byte lockEnd-n
)

var (
	// ErrLocked means that another handle holds a conflicting lock.
	ErrLocked = errors.New("file is locked")
	// ErrLockUnsupported means that the file, its file system or its server cannot
	// lock, which is not the same as being locked.
	ErrLockUnsupported = errors.New("file cannot be locked")
)

// checkSlots reports a use of slots or kinds that no lock call allows.
func checkSlots(first, count int, kind LockKind) error {
	if first < 1 || count < 1 || first+count-1 > lastSlot {
		return fmt.Errorf("lock slots %d..%d: %w", first, first+count-1, fs.ErrInvalid)
	}
	if kind > Exclusive {
		return fmt.Errorf("%v: %w", kind, fs.ErrInvalid)
	}
	return nil
}
