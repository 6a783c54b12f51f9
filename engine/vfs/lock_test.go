// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// expectLocked checks what f is told about the locks of others.
func expectLocked(t *testing.T, f vfs.File, first, count int, kind vfs.LockKind, want bool) {
	t.Helper()
	if got, err := f.Locked(first, count, kind); got != want || err != nil {
		t.Errorf("Locked(%d, %d, %v) = %v, %v; want %v", first, count, kind, got, err, want)
	}
}

func TestLocksOfTwoHandles(t *testing.T) {
	cases := []struct {
		held, asked vfs.LockKind
		granted     bool
	}{
		{vfs.Unlock, vfs.Shared, true}, {vfs.Unlock, vfs.Exclusive, true},
		{vfs.Shared, vfs.Shared, true}, {vfs.Shared, vfs.Exclusive, false},
		{vfs.Exclusive, vfs.Shared, false}, {vfs.Exclusive, vfs.Exclusive, false},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%v then %v", c.held, c.asked), func(t *testing.T) {
			everyFS(t, func(t *testing.T, s suite) {
				a, b := s.make(t, "a", ""), s.make(t, "a", "")
				ok(t, a.Lock(vfs.SlotDMS2, c.held))
				expectLocked(t, b, vfs.SlotDMS2, 1, c.asked, !c.granted)
				err := b.Lock(vfs.SlotDMS2, c.asked)
				if c.granted != (err == nil) || err != nil && !errors.Is(err, vfs.ErrLocked) {
					t.Fatalf("Lock gives %v", err)
				}
				// The neighbours are free, and an unlocked slot is free again.
				ok(t, b.Lock(vfs.SlotDMS1, vfs.Exclusive))
				ok(t, b.Lock(vfs.SlotDMS3, vfs.Exclusive))
				ok(t, a.Lock(vfs.SlotDMS2, vfs.Unlock))
				ok(t, b.Lock(vfs.SlotDMS2, c.asked))
				expectLocked(t, a, vfs.SlotDMS2, 1, vfs.Exclusive, true)
			})
		})
	}
}

func TestLocksOfOneHandleDoNotConflict(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		a, b := s.make(t, "a", ""), s.make(t, "a", "")
		for _, kind := range []vfs.LockKind{
			vfs.Shared, vfs.Shared, vfs.Exclusive, vfs.Exclusive, vfs.Shared, vfs.Unlock, vfs.Unlock, vfs.Exclusive,
		} {
			ok(t, a.Lock(vfs.SlotWriter, kind))
			expectLocked(t, a, vfs.SlotWriter, 1, vfs.Shared, false)
			expectLocked(t, b, vfs.SlotWriter, 1, vfs.Exclusive, kind != vfs.Unlock)
			expectLocked(t, b, vfs.SlotWriter, 1, vfs.Shared, kind == vfs.Exclusive)
		}
	})
}

func TestLockThatFailsLeavesTheOldOne(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		a, b := s.make(t, "a", ""), s.make(t, "a", "")
		ok(t, a.Lock(vfs.SlotReader0, vfs.Shared))
		ok(t, b.Lock(vfs.SlotReader0, vfs.Shared))
		expectError(t, a.Lock(vfs.SlotReader0, vfs.Exclusive), vfs.ErrLocked)
		expectLocked(t, b, vfs.SlotReader0, 1, vfs.Shared, false)
		ok(t, b.Lock(vfs.SlotReader0, vfs.Unlock))
		expectLocked(t, b, vfs.SlotReader0, 1, vfs.Exclusive, true)
	})
}

func TestLockedLooksAtTheWholeRange(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		a, b := s.make(t, "a", ""), s.make(t, "a", "")
		for slot := vfs.SlotRWClient0; slot < vfs.SlotRWClient0+vfs.NumRWClients; slot++ {
			ok(t, a.Lock(slot, vfs.Exclusive))
			expectLocked(t, b, vfs.SlotRWClient0, vfs.NumRWClients, vfs.Shared, true)
			expectLocked(t, b, slot, 1, vfs.Shared, true)
			expectLocked(t, b, 1, slot-1, vfs.Exclusive, false)
			ok(t, a.Lock(slot, vfs.Unlock))
		}
		expectLocked(t, b, 1, vfs.SlotRWClient0+vfs.NumRWClients-1, vfs.Exclusive, false)
	})
}

func TestLocksEndWithTheHandleThatTookThem(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		a, b, c := s.make(t, "a", ""), s.make(t, "a", ""), s.make(t, "a", "")
		ok(t, a.Lock(vfs.SlotDMS2, vfs.Exclusive))
		// The classic locks of Unix would be lost here.
		ok(t, c.Close())
		expectLocked(t, b, vfs.SlotDMS2, 1, vfs.Exclusive, true)
		ok(t, a.Close())
		expectLocked(t, b, vfs.SlotDMS2, 1, vfs.Exclusive, false)
		ok(t, b.Lock(vfs.SlotDMS2, vfs.Exclusive))
	})
}

func TestLocksOfAReadOnlyHandle(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		a := s.make(t, "a", "")
		b := s.open(t, "a", vfs.ReadOnly)
		expectLocked(t, b, vfs.SlotROTrans, 1, vfs.Exclusive, false)
		ok(t, b.Lock(vfs.SlotROTrans, vfs.Shared))
		expectLocked(t, a, vfs.SlotROTrans, 1, vfs.Exclusive, true)
		expectError(t, b.Lock(vfs.SlotROTrans, vfs.Exclusive), fs.ErrPermission)
		ok(t, a.Lock(vfs.SlotDMS2, vfs.Shared))
		expectLocked(t, b, vfs.SlotDMS2, 1, vfs.Exclusive, true)
		expectLocked(t, b, vfs.SlotDMS2, 1, vfs.Shared, false)
		ok(t, a.Lock(vfs.SlotDMS2, vfs.Exclusive))
		expectLocked(t, b, vfs.SlotDMS2, 1, vfs.Shared, true)
	})
}

func TestLocksNeedValidSlotsAndKinds(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		f := s.make(t, "a", "")
		for _, slot := range []int{-1, 0, 30, 4096} {
			expectError(t, f.Lock(slot, vfs.Shared), fs.ErrInvalid)
			_, err := f.Locked(slot, 1, vfs.Shared)
			expectError(t, err, fs.ErrInvalid)
		}
		expectError(t, f.Lock(1, vfs.Exclusive+1), fs.ErrInvalid)
		for _, bad := range []struct {
			first, count int
			kind         vfs.LockKind
		}{{1, 0, vfs.Shared}, {29, 2, vfs.Shared}, {1, 1, vfs.Unlock}, {1, 1, vfs.Exclusive + 1}} {
			_, err := f.Locked(bad.first, bad.count, bad.kind)
			expectError(t, err, fs.ErrInvalid)
		}
	})
}
