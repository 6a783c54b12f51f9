// SPDX-License-Identifier: Apache-2.0

package vfstest

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ranger is a file with the optional ability to lock ranges.
type ranger struct {
	vfs.File
	vfs.RangeLocker
}

// ranges opens a file and returns it if it can lock ranges. Else the test is over: what says so is
// its error, and it says the same of every call.
func (s place) ranges(t *testing.T, name string, flag vfs.OpenFlag) ranger {
	t.Helper()
	f := s.open(t, name, flag)
	able, ok := f.(vfs.RangeLocker)
	if !ok {
		t.Skip("files of it lock no ranges")
	}
	_, _, err := able.RangeLocked(vfs.FirstRangeByte, 1, vfs.Exclusive)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, vfs.ErrLockUnsupported) {
		if err := able.LockRange(vfs.FirstRangeByte, 1, vfs.Shared); err == nil {
			t.Error("it locks a range, but finds none")
		}
		t.Skipf("files of it lock no ranges: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ranger{f, able}
}

// expectRange checks the first lock that f finds.
func expectRange(t *testing.T, f ranger, off, n int64, kind vfs.LockKind, want vfs.ByteLock) {
	t.Helper()
	got, held, err := f.RangeLocked(off, n, kind)
	if got != want || held != (want.Len > 0) || err != nil {
		t.Errorf("RangeLocked(%d, %d, %v) = %+v, %v, %v; want %+v", off, n, kind, got, held, err, want)
	}
}

const create = vfs.ReadWrite | vfs.Create

// rangeCases are what a file does that is a vfs.RangeLocker.
var rangeCases = []testCase{
	{"ranges: shared and exclusive locks of two handles", func(t *testing.T, s place) {
		a, b := s.ranges(t, "a", create), s.ranges(t, "a", create)
		for _, off := range []int64{vfs.FirstRangeByte, 1 << 31, 1 << 60, math.MaxInt64 - 9} {
			ok(t, a.LockRange(off, 10, vfs.Shared))
			ok(t, b.LockRange(off, 10, vfs.Shared))
			expectError(t, b.LockRange(off, 10, vfs.Exclusive), vfs.ErrLocked)
			expectRange(t, b, off, 10, vfs.Exclusive, vfs.ByteLock{Off: off, Len: 10, Kind: vfs.Shared})
			expectRange(t, b, off, 10, vfs.Shared, vfs.ByteLock{})
			ok(t, b.LockRange(off, 10, vfs.Unlock))
			ok(t, a.LockRange(off, 10, vfs.Exclusive))
			expectError(t, b.LockRange(off+9, 1, vfs.Shared), vfs.ErrLocked)
			expectRange(t, b, off+3, 2, vfs.Shared, vfs.ByteLock{Off: off + 3, Len: 2, Kind: vfs.Exclusive})
			expectRange(t, a, off, 10, vfs.Exclusive, vfs.ByteLock{})
			ok(t, a.LockRange(off, 10, vfs.Unlock))
			ok(t, b.LockRange(off, 10, vfs.Exclusive))
			ok(t, b.LockRange(off, 10, vfs.Unlock))
		}
	}},
	{"ranges: a part is unlocked, and what is left is found in order", func(t *testing.T, s place) {
		const at = 1 << 61
		a, b := s.ranges(t, "a", create), s.ranges(t, "a", create)
		ok(t, a.LockRange(at+10, 20, vfs.Exclusive))
		ok(t, a.LockRange(at+15, 5, vfs.Unlock))
		ok(t, a.LockRange(at+25, 1, vfs.Shared))
		for _, want := range []vfs.ByteLock{
			{Off: at + 10, Len: 5, Kind: vfs.Exclusive}, {Off: at + 20, Len: 5, Kind: vfs.Exclusive},
			{Off: at + 25, Len: 1, Kind: vfs.Shared}, {Off: at + 26, Len: 4, Kind: vfs.Exclusive},
		} {
			expectRange(t, b, want.Off, 100, vfs.Exclusive, want)
		}
		expectRange(t, b, at, 1000, vfs.Exclusive, vfs.ByteLock{Off: at + 10, Len: 5, Kind: vfs.Exclusive})
		expectRange(t, b, at+25, 2, vfs.Shared, vfs.ByteLock{Off: at + 26, Len: 1, Kind: vfs.Exclusive})
		expectRange(t, b, at+30, math.MaxInt64-at-30+1, vfs.Exclusive, vfs.ByteLock{})
	}},
	{"ranges: a lock that fails leaves those that were there", func(t *testing.T, s place) {
		a, b := s.ranges(t, "a", create), s.ranges(t, "a", create)
		ok(t, a.LockRange(5000, 10, vfs.Shared))
		ok(t, b.LockRange(5005, 1, vfs.Shared))
		expectError(t, a.LockRange(5000, 10, vfs.Exclusive), vfs.ErrLocked)
		expectRange(t, b, 5000, 10, vfs.Exclusive, vfs.ByteLock{Off: 5000, Len: 10, Kind: vfs.Shared})
		expectRange(t, b, 5000, 10, vfs.Shared, vfs.ByteLock{})
	}},
	{"ranges: the first of many locks is reported, whatever was locked first", func(t *testing.T, s place) {
		const at = 1 << 62
		all := make([]ranger, 6)
		for i := range all {
			all[i] = s.ranges(t, "a", create)
		}
		// Kernels keep locks by holder, so the first that they meet is any of them.
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			for _, i := range rng.Perm(5) {
				ok(t, all[i].LockRange(at+int64(100*i), 50, vfs.Shared))
			}
			for from := range int64(450) {
				want := vfs.ByteLock{Off: at + max(from, (from+50)/100*100), Kind: vfs.Shared}
				want.Len = at + (want.Off-at)/100*100 + 50 - want.Off
				expectRange(t, all[5], at+from, 1000, vfs.Exclusive, want)
			}
			for i := range 5 {
				ok(t, all[i].LockRange(at, 1000, vfs.Unlock))
			}
			expectRange(t, all[5], vfs.FirstRangeByte, math.MaxInt64-vfs.FirstRangeByte+1, vfs.Exclusive, vfs.ByteLock{})
		}
	}},
	{"ranges: locks end with the handle that took them", func(t *testing.T, s place) {
		a, b, c := s.ranges(t, "a", create), s.ranges(t, "a", create), s.ranges(t, "a", create)
		ok(t, a.LockRange(1<<60, 1, vfs.Exclusive))
		ok(t, c.Close())
		expectRange(t, b, 1<<60, 1, vfs.Shared, vfs.ByteLock{Off: 1 << 60, Len: 1, Kind: vfs.Exclusive})
		ok(t, a.Close())
		expectRange(t, b, 1<<60, 1, vfs.Shared, vfs.ByteLock{})
		expectError(t, a.LockRange(1<<60, 1, vfs.Shared), fs.ErrClosed)
		_, _, err := a.RangeLocked(1<<60, 1, vfs.Shared)
		expectError(t, err, fs.ErrClosed)
	}},
	{"ranges: a read-only handle", func(t *testing.T, s place) {
		a, b := s.ranges(t, "a", create), s.ranges(t, "a", vfs.ReadOnly)
		ok(t, b.LockRange(1<<61, 1, vfs.Shared))
		expectError(t, b.LockRange(1<<61, 1, vfs.Exclusive), fs.ErrPermission)
		expectRange(t, a, 1<<61, 1, vfs.Exclusive, vfs.ByteLock{Off: 1 << 61, Len: 1, Kind: vfs.Shared})
		ok(t, a.LockRange(1<<60, 1, vfs.Shared))
		expectRange(t, b, 1<<60, 1, vfs.Exclusive, vfs.ByteLock{Off: 1 << 60, Len: 1, Kind: vfs.Shared})
	}},
	{"ranges: slots are not theirs", func(t *testing.T, s place) {
		a, b := s.ranges(t, "a", create), s.ranges(t, "a", create)
		ok(t, a.LockRange(vfs.FirstRangeByte, math.MaxInt64-vfs.FirstRangeByte+1, vfs.Exclusive))
		held, err := b.Locked(1, vfs.SlotRWClient0+vfs.NumRWClients-1, vfs.Exclusive)
		if held || err != nil {
			t.Errorf("slots are locked by a lock on all ranges: %v, %v", held, err)
		}
		ok(t, b.Lock(vfs.SlotDMS1, vfs.Exclusive))
		ok(t, b.Lock(vfs.SlotDMS1, vfs.Unlock))
		expectRange(t, a, vfs.FirstRangeByte, 1<<61, vfs.Exclusive, vfs.ByteLock{})
		ok(t, a.LockRange(vfs.FirstRangeByte, math.MaxInt64-vfs.FirstRangeByte+1, vfs.Unlock))
	}},
	{"ranges: a lock adds no byte to the file", func(t *testing.T, s place) {
		a := s.ranges(t, "a", create)
		write(t, a, 0, "data")
		ok(t, a.LockRange(1<<62, 1<<61, vfs.Exclusive))
		expect(t, a, "data")
	}},
	{"ranges: what no call allows", func(t *testing.T, s place) {
		f := s.ranges(t, "a", create)
		for _, bad := range []struct{ off, n int64 }{
			{-1, 1}, {0, 1}, {vfs.FirstRangeByte - 1, 1}, {5000, 0}, {5000, -1}, {math.MaxInt64, 2},
			{1 << 62, math.MaxInt64}, {math.MinInt64, math.MaxInt64},
		} {
			expectError(t, f.LockRange(bad.off, bad.n, vfs.Shared), fs.ErrInvalid)
			_, _, err := f.RangeLocked(bad.off, bad.n, vfs.Shared)
			expectError(t, err, fs.ErrInvalid)
		}
		expectError(t, f.LockRange(5000, 1, vfs.Exclusive+1), fs.ErrInvalid)
		_, _, err := f.RangeLocked(5000, 1, vfs.Unlock)
		expectError(t, err, fs.ErrInvalid)
	}},
}
