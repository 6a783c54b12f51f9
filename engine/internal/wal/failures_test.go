// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestFailedCommitLeavesNoCommit(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "first", 10)
	f.failWrite, f.failAfter = f.writes+1, 1000 // all is written, and yet it is an error
	l.Begin()
	mustAppend(t, l, "failed", 10)
	if err := l.Commit(false); !errors.Is(err, errs.ErrIO) || !errors.Is(err, errInjected) {
		t.Fatalf("commit: %v", err)
	}
	checkKeys(t, f, emptyPos, "first")
	put(t, l, "second", 10)
	checkKeys(t, f, emptyPos, "first", "second")
}

// Whoever rolls back after a commit may do so by a mark, whether the commit failed or not.
func TestRollbackToAfterTheTransactionEnded(t *testing.T) {
	for _, fails := range []bool{true, false} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		put(t, l, "first", 10)
		want := []string{"first"}
		l.Begin()
		start := l.Mark()
		mustAppend(t, l, "second", 10)
		middle := l.Mark()
		if fails {
			f.failWrite = f.writes + 1
		} else {
			want = append(want, "second")
		}
		if err := l.Commit(false); (err != nil) != fails {
			t.Fatal(err)
		}
		end := l.End()
		l.RollbackTo(middle)
		l.RollbackTo(start)
		l.Rollback()
		if l.End() != end {
			t.Fatalf("end %+v, before it was %+v", l.End(), end)
		}
		put(t, l, "third", 10)
		checkKeys(t, f, emptyPos, append(want, "third")...)
	}
}

// A transaction that is in progress when the next one begins is rolled back.
func TestBeginRollsBack(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "first", 10)
	for _, begin := range []func(){l.Begin, func() { l.BeginAfter(l.seen) }} {
		mustAppend(t, l, "dropped", 10)
		if l.Uncommitted() == 0 {
			t.Fatal("nothing is in progress")
		}
		begin()
		if n := l.Uncommitted(); n != 0 {
			t.Errorf("%d bytes are in progress after begin", n)
		}
	}
	mustAppend(t, l, "second", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, f, emptyPos, "first", "second")
}

// Each write in turn fails, after each of a few numbers of bytes. What Commit promised
// is there, and nothing else.
func TestEveryWriteFails(t *testing.T) {
	for _, after := range []int{0, 9, 700, 1 << 30} {
		for n := 1; ; n++ {
			f, l, ckpt := wrapping(t)
			f.failWrite, f.failAfter = f.writes+n, after
			last := f.writes + n
			var keys []string
			failed := 0
			for i := range 6 {
				l.BeginAfter(ckpt)
				key := fmt.Sprint("key", i)
				r := format.LogRecord{Op: format.LogWrite, Key: []byte(key), Value: randomBytes()[:[]int{20, 50000, maxBuffer + 100}[i%3]]}
				err := l.Append(r)
				if err == nil && i%2 == 0 {
					m := l.Mark()
					if err = l.Append(r); err == nil {
						l.RollbackTo(m)
					}
				}
				if err == nil {
					err = l.Commit(i == 3)
				} else {
					l.Rollback()
				}
				if err != nil {
					failed++
					if !errors.Is(err, errInjected) {
						t.Fatal(err)
					}
				} else {
					keys = append(keys, key)
				}
				checkKeys(t, f, ckpt, keys...)
			}
			if f.writes < last {
				break // the scenario does not make that many writes
			}
			if failed != 1 {
				t.Fatalf("write %d failed, and %d transactions", n, failed)
			}
		}
	}
}

func TestDiskFull(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, fullFile{f}, emptyPos)
	mustAppend(t, l, "k", 1)
	if err := l.Commit(false); !errors.Is(err, errs.ErrFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("commit on a full disk: %v", err)
	}
}

type fullFile struct{ *memFile }

func (fullFile) WriteAt([]byte, int64) (int, error) { return 0, syscall.ENOSPC }

func TestFailedSyncIsFinal(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "k", 1)
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	f.syncErr = errInjected
	l.Begin()
	mustAppend(t, l, "lost", 1)
	first := l.Sync()
	if !errors.Is(first, errInjected) || !errors.Is(first, errs.ErrIO) {
		t.Fatalf("sync: %v", first)
	}
	f.syncErr = nil
	writes := f.writes
	for what, err := range map[string]error{
		"sync":   l.Sync(),
		"append": l.Append(format.LogRecord{Op: format.LogDelete, Key: []byte("k")}),
		"commit": l.Commit(false),
		"again":  l.Commit(false),
	} {
		if err != first {
			t.Errorf("%s after a failed sync: %v, want the first error", what, err)
		}
	}
	if f.writes != writes {
		t.Error("a log whose sync failed was written to")
	}
}

func TestSyncBesideTheWriter(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 200 {
				if err := l.Sync(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	for i := range 200 {
		put(t, l, fmt.Sprint("k", i), 10)
	}
	wg.Wait()
	if _, r, _ := mustRecover(t, f, emptyPos); r.Commits != 200 {
		t.Fatalf("%+v", r)
	}
}
