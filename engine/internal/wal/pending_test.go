// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// later commits a transaction of one write, to be written later.
func later(t testing.TB, l *Log, key string, valueLen int) {
	t.Helper()
	l.Begin()
	mustAppend(t, l, key, valueLen)
	if err := l.CommitLater(true); err != nil {
		t.Fatal(err)
	}
}

// TestPendingIsWrittenAtOnce: one write for several commits, which leaves the same bytes as a write for
// each.
func TestPendingIsWrittenAtOnce(t *testing.T) {
	f, one := newFile(), newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	each, _, _ := mustRecover(t, one, emptyPos)
	l.mark, each.mark = false, false // which is random
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprint("key", i))
		later(t, l, keys[i], i*100)
		each.Begin()
		mustAppend(t, each, keys[i], i*100)
		if err := each.Commit(true); err != nil {
			t.Fatal(err)
		}
		if f.writes != 0 || l.Pending() == 0 || l.End() != each.End() || l.Regions() != each.Regions() {
			t.Fatalf("after %d commits: %d writes, %d bytes pending, the end is %+v, want %+v", i+1, f.writes, l.Pending(), l.End(), each.End())
		}
	}
	checkKeys(t, f, emptyPos)
	if err := l.WritePending(); err != nil {
		t.Fatal(err)
	}
	if end := l.End().Off; f.writes != 1 || l.Pending() != 0 || !bytes.Equal(f.data[:end], one.data[:end]) {
		t.Errorf("%d writes, %d bytes are left; the bytes are the same: %t", f.writes, l.Pending(), bytes.Equal(f.data[:end], one.data[:end]))
	}
	checkKeys(t, f, emptyPos, keys...)
	if err := l.WritePending(); err != nil || f.writes != 1 {
		t.Errorf("nothing is pending: %d writes, %v", f.writes, err)
	}
}

// TestPendingIsBounded: what does not fit is written, in order.
func TestPendingIsBounded(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const size = 100 << 10
	var keys []string
	most := int64(0)
	for i := range 30 {
		keys = append(keys, fmt.Sprint("key", i))
		later(t, l, keys[i], size)
		most = max(most, l.Pending())
	}
	if most > MaxPending || most < MaxPending-2*size {
		t.Errorf("at most %d bytes were pending; the limit is %d", most, MaxPending)
	}
	if n := cap(l.pending.buf); n > 2*MaxPending {
		t.Errorf("%d bytes are held for what is pending", n)
	}
	if err := l.WritePending(); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, f, emptyPos, keys...)
}

// TestPendingGoesFirst: before a transaction that has to be written itself.
func TestPendingGoesFirst(t *testing.T) {
	t.Run("commit", func(t *testing.T) {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		later(t, l, "a", 10)
		put(t, l, "b", 10)
		checkKeys(t, f, emptyPos, "a", "b")
	})
	for _, size := range []int{maxBuffer + 100, directBytes} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		later(t, l, "a", 10)
		l.Begin()
		mustAppend(t, l, "b", size)
		checkKeys(t, f, emptyPos)
		if err := l.CommitLater(true); err != nil || l.Pending() != 0 {
			t.Fatalf("%d bytes are pending, %v", l.Pending(), err)
		}
		checkKeys(t, f, emptyPos, "a", "b")
	}
	f, l, ckpt := wrapping(t)
	later(t, l, "a", 10)
	l.BeginAfter(ckpt)
	mustAppend(t, l, "b", 10)
	if err := l.CommitLater(true); err != nil || l.Regions()[0] == (Region{}) || l.Pending() != 0 {
		t.Fatalf("a transaction that wraps: regions %v, %d bytes are pending, %v", l.Regions(), l.Pending(), err)
	}
	checkKeys(t, f, ckpt, "a", "b")
}

// TestPendingThatFails: none of it is in the log, however much was written, nothing is committed before
// it is undone, and then the log goes on.
func TestPendingThatFails(t *testing.T) {
	writes := map[string]func(*Log) error{
		"write":  (*Log).WritePending,
		"commit": func(l *Log) error { return l.Commit(false) },
	}
	for name, write := range writes {
		for _, after := range []int{0, 9, 512, 1024, 1100, 1 << 20} {
			f := newFile()
			l, _, _ := mustRecover(t, f, emptyPos)
			put(t, l, "before", 10)
			end, regions := l.End(), l.Regions()
			later(t, l, "a", 10)
			later(t, l, "b", 10)
			later(t, l, "c", 10)
			l.Begin()
			open := l.Mark()
			mustAppend(t, l, "open", 10)
			f.failWrite, f.failAfter = f.writes+1, after
			if err := write(l); !errors.Is(err, errInjected) {
				t.Fatalf("%s: %v", name, err)
			}
			checkKeys(t, f, emptyPos, "before")
			for _, again := range []func() error{l.WritePending, l.Lost, func() error { return l.Commit(false) }} {
				if err := again(); !errors.Is(err, errInjected) {
					t.Errorf("%s: before it is undone: %v", name, err)
				}
			}
			l.RollbackTo(open)
			l.Undo()
			if l.Lost() != nil || l.Pending() != 0 || l.End() != end || l.Regions() != regions {
				t.Errorf("%s: after it was undone the log ends at %+v, want %+v; %v", name, l.End(), end, l.Lost())
			}
			later(t, l, "d", 10)
			if err := l.WritePending(); err != nil {
				t.Fatal(err)
			}
			checkKeys(t, f, emptyPos, "before", "d")
		}
	}
}

// TestPendingThatFailsAndIsTriedAgain: the first of several commits that could not be written, though all
// of their bytes are in the file, is committed once more. The others do not come back.
func TestPendingThatFailsAndIsTriedAgain(t *testing.T) {
	for name, again := range map[string]func(*Log){
		"at once": func(l *Log) { put(t, l, "a", 10) },
		"later": func(l *Log) {
			later(t, l, "a", 10)
			if err := l.WritePending(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		put(t, l, "before", 10)
		for _, key := range []string{"a", "b", "c"} {
			later(t, l, key, 10)
		}
		f.failWrite, f.failAfter = f.writes+1, MaxPending
		if err := l.WritePending(); !errors.Is(err, errInjected) {
			t.Fatalf("%s: %v", name, err)
		}
		checkKeys(t, f, emptyPos, "before")
		l.Undo()
		again(l)
		checkKeys(t, f, emptyPos, "before", "a")
		put(t, l, "d", 10)
		checkKeys(t, f, emptyPos, "before", "a", "d")
	}
}

// TestUndoKeepsTheFirstMark: the first transaction after a recovery begins with a mark, even if the
// first that tried was undone.
func TestUndoKeepsTheFirstMark(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "a", 10)
	l, _, _ = mustRecover(t, f, emptyPos)
	later(t, l, "b", 10)
	f.failWrite = f.writes + 1
	if l.WritePending() == nil {
		t.Fatal("the write did not fail")
	}
	l.Undo()
	if !l.mark || !l.align {
		t.Errorf("a mark %t, a sector of its own %t", l.mark, l.align)
	}
}

// TestUndoKeepsWhatACheckpointGaveUp meanwhile.
func TestUndoKeepsWhatACheckpointGaveUp(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "a", 10)
	ckpt := l.End()
	later(t, l, "b", 10)
	l.BeginAfter(ckpt)
	f.failWrite = f.writes + 1
	if l.WritePending() == nil {
		t.Fatal("the write did not fail")
	}
	l.Undo()
	if got := l.Regions()[2]; got != (Region{ckpt.Off, ckpt.Off}) {
		t.Errorf("region 2 is %v, want the end at %d only", got, ckpt.Off)
	}
}

// TestPendingAfterAFailedSync is not written.
func TestPendingAfterAFailedSync(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	later(t, l, "a", 10)
	f.syncErr = errInjected
	if err := l.Sync(); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	if err := l.WritePending(); !errors.Is(err, errInjected) || f.writes != 0 {
		t.Errorf("%d writes after a failed sync, %v", f.writes, err)
	}
}

// TestPendingAllocatesNothing once its memory is there.
func TestPendingAllocatesNothing(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	f.data = make([]byte, 0, 16<<20)
	r := format.LogRecord{Op: format.LogWrite, Key: []byte("key"), Value: []byte(strings.Repeat("v", 100))}
	group := func() {
		for range 16 {
			l.Begin()
			if err := errors.Join(l.Append(r), l.CommitLater(true)); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.WritePending(); err != nil {
			t.Fatal(err)
		}
	}
	group()
	if n := testing.AllocsPerRun(100, group); n != 0 {
		t.Errorf("%v allocations for a group", n)
	}
}
