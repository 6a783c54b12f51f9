// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"math"
	"slices"
)

// rangeTable holds locks on ranges of bytes. Its owners are those of a LockTable, which guards it.
type rangeTable []heldRange

// heldRange is a lock on the bytes from first to last. Those of one owner do not overlap.
type heldRange struct {
	owner       any
	first, last int64
	kind        LockKind
}

// set is RangeLocker.LockRange.
func (t *rangeTable) set(owner any, off, n int64, kind LockKind) error {
	want := heldRange{owner, off, off + (n - 1), kind}
	if kind != Unlock {
		if _, held := t.find(owner, off, n, kind); held {
			return ErrLocked
		}
	}
	var kept rangeTable
	for _, h := range *t {
		if h.owner != owner || h.last < want.first || want.last < h.first {
			// What touches a lock of the same kind becomes one with it, so that a lock which moves on
			// byte by byte leaves nothing.
			if h.owner == owner && h.kind == kind && touch(h, want) {
				want.first, want.last = min(h.first, want.first), max(h.last, want.last)
				continue
			}
			kept = append(kept, h)
			continue
		}
		if h.first < want.first {
			kept = append(kept, heldRange{owner, h.first, want.first - 1, h.kind})
		}
		if h.last > want.last {
			kept = append(kept, heldRange{owner, want.last + 1, h.last, h.kind})
		}
	}
	if kind != Unlock {
		kept = append(kept, want)
	}
	*t = kept
	return nil
}

// touch reports whether one range begins right after the other.
func touch(a, b heldRange) bool {
	return a.last < math.MaxInt64 && a.last+1 == b.first || b.last < math.MaxInt64 && b.last+1 == a.first
}

// find is RangeLocker.RangeLocked.
func (t *rangeTable) find(owner any, off, n int64, kind LockKind) (first ByteLock, held bool) {
	last := off + (n - 1)
	for _, h := range *t {
		if h.owner == owner || h.last < off || last < h.first || kind == Shared && h.kind == Shared {
			continue
		}
		from := max(h.first, off)
		if !held || from < first.Off {
			first, held = ByteLock{Off: from, Len: min(h.last, last) - from + 1, Kind: h.kind}, true
		}
	}
	return first, held
}

// release drops all locks of owner.
func (t *rangeTable) release(owner any) {
	*t = slices.DeleteFunc(*t, func(h heldRange) bool { return h.owner == owner })
}

// LockRange is RangeLocker.LockRange for the handle owner.
func (t *LockTable) LockRange(owner any, off, n int64, kind LockKind) error {
	if err := checkRange(off, n, kind); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ranges.set(owner, off, n, kind)
}

// RangeLocked is RangeLocker.RangeLocked for the handle owner.
func (t *LockTable) RangeLocked(owner any, off, n int64, kind LockKind) (ByteLock, bool, error) {
	if err := checkRangeTest(off, n, kind); err != nil {
		return ByteLock{}, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	found, held := t.ranges.find(owner, off, n, kind)
	return found, held, nil
}
