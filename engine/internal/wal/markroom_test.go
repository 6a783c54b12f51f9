// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// beforeOldest returns a log that has wrapped, with that many bytes between its end and the oldest region.
func beforeOldest(t *testing.T, room int64) (*memFile, *Log, format.LogPos) {
	t.Helper()
	f, l, ckpt := wrapping(t)
	l.BeginAfter(ckpt)
	mustAppend(t, l, "new", 5)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	fill := func(length int64) { put(t, l, "fill", int(length)) }
	left := func() int64 { return l.before(l.regions[0].Start) - l.regions[2].End }
	fill(left() - 2048)
	was := left()
	fill(1)
	around := was - left() - 1 // what a short record takes besides its value
	long := int64(1)           // and a longer one more
	fill(left() - around - long - room)
	if left() != room {
		t.Fatalf("%d bytes are left, want %d", left(), room)
	}
	return f, l, ckpt
}

// TestFailedCommitStaysAwayBeforeTheOldestRegion: the next transaction jumps to the same place as one that could not be
// written, whose bytes are all in the file. Should the process be killed when it has written the jump, the
// other one must not continue it. There has to be room for a mark before the jump at every place where a
// transaction can end.
func TestFailedCommitStaysAwayBeforeTheOldestRegion(t *testing.T) {
	smallest := int64(format.LogJumpRoom) + (&Log{}).markLen()
	for room := smallest; room < smallest+64; room++ {
		f, l, ckpt := beforeOldest(t, room)
		_, _, before := mustRecover(t, f.reopened(), ckpt)
		l.BeginAfter(ckpt)
		mustAppend(t, l, "failed", 1000)
		f.failWrite, f.failAfter = f.writes+2, 1<<20 // the write after the jump
		if err := l.Commit(false); err == nil {
			t.Fatal("no error")
		}
		l.BeginAfter(ckpt)
		mustAppend(t, l, "killed", 1000)
		f.failWrite, f.failAfter, f.dieOnWrite = f.writes+2, 0, true
		if err := l.Commit(false); err == nil || !f.dead {
			t.Fatalf("with room for %d bytes: %v, %t", room, err, f.dead)
		}
		if _, _, got := mustRecover(t, f.reopened(), ckpt); fmt.Sprint(got) != fmt.Sprint(before) {
			t.Errorf("with room for %d bytes: recovered %q, want %q", room, got, before)
		}
	}
}

// TestTransactionsLeaveRoomForAMark, wherever they end.
func TestTransactionsLeaveRoomForAMark(t *testing.T) {
	for length := range 700 {
		_, l, ckpt := beforeOldest(t, 700)
		l.BeginAfter(ckpt)
		mustAppend(t, l, "last", length)
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		if l.regions[1].inUse() {
			return // it jumped, and so do all longer ones
		}
		if left := l.before(l.regions[0].Start) - l.regions[2].End; left < format.LogJumpRoom+l.markLen() {
			t.Errorf("a value of %d bytes leaves %d bytes", length, left)
		}
	}
	t.Error("no transaction jumped")
}

// TestNoRoomForAMark: where another program has left no room for it, a transaction that needs a mark waits for a
// checkpoint.
func TestNoRoomForAMark(t *testing.T) {
	for missing := range int64(2) {
		_, l, _ := beforeOldest(t, 100)
		l.mark = true
		l.regions[0].Start = l.regions[2].End + l.markLen() + format.LogJumpRoom - missing
		l.Begin()
		err := l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte("k"), Value: make([]byte, 600)})
		if errors.Is(err, errs.ErrFull) != (missing > 0) {
			t.Errorf("%d bytes are missing: %v", missing, err)
		}
	}
}
