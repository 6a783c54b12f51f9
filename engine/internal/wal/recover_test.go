// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestCutAndFlippedAnywhere(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	var ends []int64
	var keys []string
	for i := range 8 {
		l.Begin()
		for j := range i % 3 {
			mustAppend(t, l, fmt.Sprintf("x%d.%d", i, j), j)
			keys = append(keys, fmt.Sprintf("x%d.%d", i, j))
		}
		mustAppend(t, l, fmt.Sprint("y", i), 13*i)
		keys = append(keys, fmt.Sprint("y", i))
		if err := l.Commit(i == 4); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, l.End().Off)
	}
	commitsBefore := func(off int64) (n int) {
		for n < len(ends) && ends[n] <= off {
			n++
		}
		return n
	}
	for i := range int64(len(f.data)) {
		for what, g := range map[string]*memFile{
			"cut":    {data: append([]byte(nil), f.data[:i]...), sector: 512},
			"zeroed": {data: append(append([]byte(nil), f.data[:i]...), make([]byte, 2000)...), sector: 512},
			"flip":   {data: append([]byte(nil), f.data...), sector: 512},
		} {
			if what == "flip" {
				g.data[i] ^= 1 << (i % 8)
			}
			whole := i // the bytes before it are as they were: what was zero before it is zeroed is, too
			for what == "zeroed" && whole < int64(len(f.data)) && f.data[whole] == 0 {
				whole++
			}
			want := commitsBefore(whole)
			l, r, _ := mustRecover(t, g, emptyPos)
			end := int64(0)
			if want > 0 {
				end = ends[want-1]
			}
			if r.Commits != want || l.End().Off != end {
				t.Fatalf("%s at %d: %d commits up to %d, want %d up to %d", what, i, r.Commits, l.End().Off, want, end)
			}
			put(t, l, "more", 3)
			_, r, got := mustRecover(t, g, emptyPos)
			if r.Commits != want+1 || got[len(got)-1] != "write more 3" {
				t.Fatalf("%s at %d: after another commit there are %+v", what, i, r)
			}
		}
	}
	checkKeys(t, f, emptyPos, keys...)
}

func TestRecoveredTransactionStartsItsOwnSector(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "first", 10)
	l, _, _ = mustRecover(t, f, emptyPos)
	end := l.End().Off
	m := l.Mark()
	mustAppend(t, l, "rolledback", 10)
	l.RollbackTo(m)
	mustAppend(t, l, "second", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	want := int64(512 + format.LogMarkLen + 1 + 1 + 1 + 6 + 10 + format.LogCommitLen)
	if testKeys != nil {
		want = 512 + format.LogKeyFrameLen + 3 + int64(format.LogDataFrameLen(1+1+1+6+10)) + format.LogCommitLen
	}
	if got := l.End().Off; got != want {
		t.Fatalf("the first transaction of the session, after %d, ends at %d", end, got)
	}
	put(t, l, "third", 10)
	if got := l.End().Off; got > want+100 {
		t.Fatalf("the next one ends at %d", got)
	}
	checkKeys(t, f, emptyPos, "first", "second", "third")
}

// What a loss of power took must not come back because the next session writes the same
// jump as the one before it did, and is killed before it writes what it leads to.
func TestLostCommitsStayLost(t *testing.T) {
	f, l, ckpt := wrapping(t)
	mustAppend(t, l, "kept", 10)
	if err := l.Commit(true); err != nil {
		t.Fatal(err)
	}
	end := l.End().Off
	l.BeginAfter(ckpt)
	mustAppend(t, l, "lost", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	put(t, l, "lost, too", 10)
	checkKeys(t, f, ckpt, "kept", "lost", "lost,")
	clear(f.data[end : end+8]) // the jump's sector is as it was before
	checkKeys(t, f, ckpt, "kept")

	f = f.reopened()
	l, _, _ = mustRecover(t, f, ckpt)
	l.BeginAfter(ckpt)
	mustAppend(t, l, "under way", 10)
	f.failWrite, f.dieOnWrite = f.writes+2, true
	if err := l.Commit(false); !errors.Is(err, errInjected) {
		t.Fatalf("the commit of a killed process: %v", err)
	}
	if l.Regions()[2].End != end || f.data[end] == 0 {
		t.Fatalf("nothing was written at %d, the end of %v", end, l.Regions())
	}
	checkKeys(t, f, ckpt, "kept")

	// The same where the log was not to wrap: the first of two commits was lost, and is
	// written again.
	f = newFile()
	l, _, _ = mustRecover(t, f, emptyPos)
	put(t, l, "kept", 512)
	end = l.End().Off
	put(t, l, "lost", 600)
	put(t, l, "lost, too", 10)
	f.data[end]++
	f = f.reopened()
	l, _, _ = mustRecover(t, f, emptyPos)
	l.align = false // so that the bytes could be the same
	put(t, l, "lost", 600)
	checkKeys(t, f, emptyPos, "kept", "lost")
}

// C lsm1 can leave transactions at the start of the file that are lost, because their
// checksums do not know of the jump that leads there. A checkpoint at the end of the log
// must not bring them back.
func TestStaleStartIsForgotten(t *testing.T) {
	f, l, ckpt := wrapping(t)
	put(t, l, "kept", 10)
	end := l.End()
	lost := newFile()
	at0, _, _ := mustRecover(t, lost, format.LogPos{Sum: end.Sum})
	put(t, at0, "lost", 10)
	f.data = append(f.data, format.AppendLogWrap(nil)...)
	copy(f.data, lost.data)

	if r := checkKeys(t, f, ckpt, "kept"); !r.Stale || r.End.Off != end.Off {
		t.Fatalf("recovered %+v", r)
	}
	checkKeys(t, f, end, "lost") // which is what must not be
	l, _, _ = mustRecover(t, f, ckpt)
	if err := l.ForgetStale(); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, f, end)
	if r := checkKeys(t, f, ckpt, "kept"); r.Stale {
		t.Errorf("recovered %+v", r)
	}
	l.BeginAfter(ckpt)
	mustAppend(t, l, "new", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, f, ckpt, "kept", "new")
}

func TestRecoverPassesErrorsOn(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "k", 100)
	for _, keep := range []int{0, keepBytes} {
		stop := errors.New("stop")
		if _, _, err := recoverLog(f, emptyPos, how{keys: testKeys, keep: keep}, func(format.LogRecord) error { return stop }); err != stop {
			t.Errorf("apply's error became %v", err)
		}
	}
	f.readErr = errInjected
	if _, _, err := recovering(f, emptyPos, ignore); !errors.Is(err, errInjected) || !errors.Is(err, errs.ErrIO) {
		t.Errorf("read error became %v", err)
	}
}

func TestUnbelievableLengths(t *testing.T) {
	for _, tail := range []string{
		"\x06\xfd\x01\x00\x00\x00\x00\x00\x01", // a key of 2^40 bytes
		"\x06\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\x00\x00",
		"\x06\xff\x80\x00\x00\x00\x00\x00\x00\x00\xff\x80\x00\x00\x00\x00\x00\x00\x00",
		"\x08\xff\x7f\xff\xff\xff\xff\xff\xff\xff",
		"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x04\xff\x7f\xff\xff\xff\xff\xff\xff\xff",
		"\x06\xfa\x02\x00\x00\x00", // more than is left
	} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		put(t, l, "k", 100)
		f.data = append(f.data, tail...)
		f.data = append(f.data, make([]byte, 100)...)
		var r Recovered
		if n := allocated(func() { _, r, _ = mustRecover(t, f, emptyPos) }); n > 64<<10 {
			t.Errorf("%x: %d bytes allocated", tail, n)
		}
		if r.Commits != 1 || !r.Torn {
			t.Errorf("%x: %+v", tail, r)
		}
	}
}

func TestRecoveryMemoryIsBounded(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const n = 40000
	for i := range n {
		mustAppend(t, l, fmt.Sprint("key", i), 1000)
	}
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	records := 0
	var r Recovered
	bytes := allocated(func() {
		var err error
		_, r, err = recovering(f, emptyPos, func(r format.LogRecord) error {
			if want := fmt.Sprint("key", records); string(r.Key) != want || len(r.Value) != 1000 {
				t.Fatalf("record %d has key %q", records, r.Key)
			}
			records++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if records != n || r.Records != n || r.Commits != 1 {
		t.Fatalf("%d records: %+v", records, r)
	}
	bytes -= min(bytes, n*32) // the test's own
	if bytes > 24<<20 {
		t.Errorf("%d bytes allocated for a transaction of %d", bytes, len(f.data))
	}
}
