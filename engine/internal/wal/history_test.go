// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"testing"
)

// Nothing before Break leads to what comes after it, and what comes after it is recovered from a checkpoint there.
func TestBreak(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Keep(1 << 20)
	put(t, l, "before", 10)
	tail := NewTail(f, l.Place(), testKeys)
	before := l.Place()
	l.Break()
	if l.End().Off != before.Off || l.End().Sum == before.Sum {
		t.Errorf("the end is %+v, before it was %+v", l.End(), before)
	}
	if l.History().Holds(before.Stream) || !l.History().Holds(l.Place().Stream) {
		t.Error("the history holds what comes before, or not what comes after")
	}
	if got, err := readTail(t, tail, l.Place()); got != "" || !errors.Is(err, ErrNotThere) {
		t.Errorf("%q, %v", got, err)
	}
	ckpt := l.End()
	l.Resume(ckpt)
	put(t, l, "after", 10)
	if got, err := readTail(t, tail, l.Place()); got != "" || !errors.Is(err, ErrNotThere) {
		t.Errorf("%q, %v", got, err)
	}
	checkKeys(t, f, ckpt, "after")
}

// If nothing has changed, the log goes on where the checkpoint is that there is.
func TestBreakForNothing(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "before", 10)
	ckpt := l.End()
	l.Break()
	l.Resume(ckpt)
	put(t, l, "after", 10)
	checkKeys(t, f, ckpt, "after")
}

// A transaction that is longer than what is kept can be read until another one has come to an end that is far enough
// away, and what is kept stays within its bounds.
func TestHistoryIsBounded(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const kept = 200_000
	l.Keep(kept)
	largest := int64(0)
	for i := range 3000 {
		at := l.End()
		l.BeginAfter(at)
		n := 500
		if i%500 == 499 {
			n = 700_000
		}
		before := l.Place()
		mustAppend(t, l, fmt.Sprint("k", i), n)
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		if !l.History().Holds(before.Stream-kept/2) && before.Stream > kept {
			t.Fatalf("transaction %d: the history does not hold half of what it is to", i)
		}
		largest = max(largest, l.Size())
	}
	if largest < 700_000 || largest > 700_000+2*kept {
		t.Errorf("up to %d bytes were kept", largest)
	}
	if size := int64(len(f.data)); size > 2*(700_000+2*kept) {
		t.Errorf("the file has %d bytes", size)
	}
	l.Keep(0)
	l.BeginAfter(l.End())
	l.Rollback()
	if l.Size() != 0 || l.History().Holds(l.Place().Stream) {
		t.Errorf("%d bytes are left", l.Size())
	}
}

// Commits that could not be written are no place to align the log at: they are undone later.
func TestAlignAfterAFailedWrite(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "a", 10)
	l.Begin()
	mustAppend(t, l, "lost", 10)
	if err := l.CommitLater(false); err != nil {
		t.Fatal(err)
	}
	if l.Align() {
		t.Error("aligned while a commit waits to be written")
	}
	f.failWrite = f.writes + 1
	if err := l.WritePending(); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	if l.Align() {
		t.Error("aligned after a commit that could not be written")
	}
	l.Undo()
	if !l.Align() || l.tx.off()%l.sector != 0 {
		t.Error("not aligned after that was undone")
	}
	put(t, l, "b", 10)
	checkKeys(t, f, emptyPos, "a", "b")
}
