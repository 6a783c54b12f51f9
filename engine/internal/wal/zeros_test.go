// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"slices"
	"testing"
)

// TestSmallCommitsFindZeros: from some length on the file grows in steps, by zeros, which are counted, and
// it is read as if it ended where the commits do.
func TestSmallCommitsFindZeros(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Trim(1 << 40)
	var keys []string
	grown := 0
	for range 20_000 {
		size, end := int64(len(f.data)), l.End().Off
		keys = append(keys, "k")
		put(t, l, "k", 100)
		by := int64(len(f.data)) - size
		if size > zerosPart*zerosUnit+zerosStep && by > 0 {
			grown++
			if l.End().Off < size || by < zerosUnit || by > size/zerosPart+l.End().Off-end || by > zerosStep+l.End().Off-end {
				t.Fatalf("a file of %d bytes, with commits up to %d, grows by %d", size, end, by)
			}
		}
	}
	end := l.End().Off
	if size := int64(len(f.data)); size < end || size > end+zerosStep || size != l.Stats().FileBytes {
		t.Errorf("a file of %d bytes, %d are counted; the commits end at %d", size, l.Stats().FileBytes, end)
	}
	if grown < 10 || int64(grown) > end/zerosUnit {
		t.Errorf("%d bytes of commits make the file grow %d times", end, grown)
	}
	if i := slices.IndexFunc(f.data[end:], func(b byte) bool { return b != 0 }); i >= 0 {
		t.Fatalf("byte %d after the end is not 0", i)
	}
	if r := checkKeys(t, f, emptyPos, keys...); r.End.Off != end || r.Torn || r.Stale {
		t.Errorf("recovered %+v; the end is %d", r, end)
	}
	again, _, _ := mustRecover(t, f.reopened(), emptyPos)
	put(t, again, "more", 10)
	checkKeys(t, again.f.(*memFile), emptyPos, append(keys, "more")...)
}

// TestLargeCommitsWriteNoZeros: they write whole pages anyway.
func TestLargeCommitsWriteNoZeros(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Trim(1 << 40)
	for range 100 {
		put(t, l, "k", zerosFor)
	}
	if size, end := int64(len(f.data)), l.End().Off; size != end {
		t.Errorf("a file of %d bytes; the commits end at %d", size, end)
	}
}

// TestZerosNoFurtherThanIsKept: what Trim would cut off is not added, and a log that needs more than that
// grows as it is written.
func TestZerosNoFurtherThanIsKept(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const keep = 300 << 10
	l.Trim(keep)
	for range 4000 {
		put(t, l, "k", 100)
		if size, end := int64(len(f.data)), l.End().Off; size > max(keep, end) {
			t.Fatalf("a file of %d bytes; the commits end at %d", size, end)
		}
	}
	if end := l.End().Off; end < keep+keep/4 {
		t.Fatalf("the commits end at %d, not after what is kept", end)
	}
}

// TestZerosThatCannotBeWritten: a commit does not fail with them, and they are not tried again.
func TestZerosThatCannotBeWritten(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Trim(1 << 40)
	put(t, l, "first", zerosPart*zerosUnit)
	f.failWrite, f.failAfter = f.writes+2, 1000
	keys := []string{"first"}
	before := f.writes
	const commits = 1000
	for range commits {
		keys = append(keys, "k")
		put(t, l, "k", 100)
	}
	if n := f.writes - before; n != commits+1 {
		t.Errorf("%d writes of %d commits, want one more", n, commits)
	}
	if size, end := int64(len(f.data)), l.End().Off; size != end || l.Stats().FileBytes != end {
		t.Errorf("a file of %d bytes, %d are counted; the commits end at %d", size, l.Stats().FileBytes, end)
	}
	checkKeys(t, f, emptyPos, keys...)
}
