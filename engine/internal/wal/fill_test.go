// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// putMany commits transactions of one write each, without syncs, and returns their keys.
func putMany(t *testing.T, l *Log, keep int64, n int) (keys []string) {
	t.Helper()
	for i := range n {
		key := fmt.Sprintf("k%d", i)
		l.Begin()
		l.Trim(keep)
		mustAppend(t, l, key, 100)
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// TestLogIsFilledAhead: from a length on the file grows in steps and not with each commit, ends in
// zeros, is counted, and is read as if it ended where the commits do.
func TestLogIsFilledAhead(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	putMany(t, l, 1<<40, 100)
	if size, end := int64(len(f.data)), l.End().Off; size != end {
		t.Errorf("a short log is filled: %d bytes, and the commits end at %d", size, end)
	}
	f = newFile()
	l, _, _ = mustRecover(t, f, emptyPos)
	keys := putMany(t, l, 1<<40, 3000)
	end := l.End().Off
	if size := int64(len(f.data)); size%fillStep != 0 || size < end || size > end+fillStep || size != l.Stats().FileBytes {
		t.Errorf("a file of %d bytes, %d are counted; the commits end at %d", size, l.Stats().FileBytes, end)
	}
	if rest := f.data[end:]; !bytes.Equal(rest, make([]byte, len(rest))) {
		t.Error("what follows the end is not all zeros")
	}
	if most := 3000 + int(end/fillStep) + 1; f.writes > most {
		t.Errorf("%d writes, want %d at most", f.writes, most)
	}
	if r := checkKeys(t, f, emptyPos, keys...); r.End.Off != end || r.Torn || r.Stale {
		t.Errorf("recovered %+v; the end is %d", r, end)
	}
	again, _, _ := mustRecover(t, f.reopened(), emptyPos)
	put(t, again, "more", 10)
	checkKeys(t, again.f.(*memFile), emptyPos, append(keys, "more")...)
}

// TestFilledNoFurtherThanIsKept: what Trim would cut off is not written.
func TestFilledNoFurtherThanIsKept(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const keep = fillStep + 1000
	for range 60 {
		putMany(t, l, keep, 20)
		if size, end := int64(len(f.data)), l.End().Off; size > max(keep, end) {
			t.Fatalf("a file of %d bytes; the commits end at %d", size, end)
		}
	}
}

// TestLongTransactionsAreNotFilledAfter: they are long enough for themselves.
func TestLongTransactionsAreNotFilledAfter(t *testing.T) {
	for _, large := range []int{fillStep, 3 * fillStep, directBytes, maxBuffer} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		l.Trim(1 << 40)
		l.Begin()
		for left := large; left > 0; left -= 1000 {
			mustAppend(t, l, "k", 1000)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		if size, end := int64(len(f.data)), l.End().Off; size != end {
			t.Errorf("%d bytes: a file of %d bytes; the commit ends at %d", large, size, end)
		}
	}
}

// noZeros fails to write what is all zeros, after some of it.
type noZeros struct {
	*memFile
	refused int
}

func (f *noZeros) WriteAt(b []byte, off int64) (int, error) {
	if len(b) >= 1<<10 && bytes.Equal(b, make([]byte, len(b))) {
		f.refused++
		n, _ := f.memFile.WriteAt(b[:512], off)
		return n, errors.New("failed on purpose")
	}
	return f.memFile.WriteAt(b, off)
}

// TestLogThatCannotBeFilled: commits are written all the same, and what is counted is there.
func TestLogThatCannotBeFilled(t *testing.T) {
	f := &noZeros{memFile: newFile()}
	l, _, err := Recover(f, emptyPos, ignore)
	if err != nil {
		t.Fatal(err)
	}
	keys := putMany(t, l, 1<<40, 3000)
	if size, end := int64(len(f.data)), l.End().Off; f.refused == 0 || size < end || size > end+512 || size != l.Stats().FileBytes {
		t.Errorf("%d times refused; a file of %d bytes, %d are counted; the commits end at %d", f.refused, size, l.Stats().FileBytes, end)
	}
	checkKeys(t, f.memFile, emptyPos, keys...)
}
