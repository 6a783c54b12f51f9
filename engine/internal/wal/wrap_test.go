// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestWrapWritesKnownBytes(t *testing.T) {
	f, l, ckpt := wrapping(t)
	end := l.End().Off
	l.BeginAfter(ckpt)
	mustAppend(t, l, "new", 5)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	if got, want := f.data[end:], []byte{2, 4, 0, 0, 0, 0, 4, 0}; !bytes.Equal(got, want) {
		t.Errorf("behind the old end stands %x, want %x", got, want)
	}
	if f.data[0] != 0x07 {
		t.Errorf("the record behind the jump starts with %#x, want a write with a checksum", f.data[0])
	}
	if want := [3]Region{0: {end, end + 8}, 2: {0, 28}}; l.Regions() != want {
		t.Errorf("regions %v, want %v", l.Regions(), want)
	}
	r := checkKeys(t, f, ckpt, "new")
	if r.Regions != l.Regions() || r.Bytes != 36 || l.Size() != 36 {
		t.Errorf("recovered %+v", r)
	}
}

// C lsm1 loses every later commit when a transaction that wrapped the log is rolled back.
func TestRollbackAfterWrapLosesNothing(t *testing.T) {
	for _, c := range []struct {
		name     string
		rollback func(l *Log)
		wraps    bool // whether the transaction that follows wraps
	}{
		{"whole transaction", func(l *Log) {
			mustAppend(t, l, "rolledback", 100)
			l.Rollback()
		}, true},
		{"after early writes", func(l *Log) {
			mustAppend(t, l, "rolledback", 100)
			mustAppend(t, l, "rolledback", 2*maxBuffer)
			l.Rollback()
		}, true},
		{"to a savepoint before the wrap", func(l *Log) {
			m := l.Mark()
			mustAppend(t, l, "rolledback", 100)
			l.RollbackTo(m)
		}, true},
		{"to a savepoint before the wrap, after early writes", func(l *Log) {
			m := l.Mark()
			mustAppend(t, l, "rolledback", 100)
			mustAppend(t, l, "rolledback", 2*maxBuffer)
			l.RollbackTo(m)
		}, true},
		{"begin without an end", func(l *Log) {
			mustAppend(t, l, "rolledback", 100)
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, l, ckpt := wrapping(t)
			before, end := l.Regions(), l.End()
			l.BeginAfter(ckpt)
			c.rollback(l)
			l.BeginAfter(ckpt)
			if got := l.End(); got.Off != end.Off || got.Sum != end.Sum {
				t.Fatalf("end %+v, before it was %+v", got, end)
			}
			before[2].Start = ckpt.Off
			if l.Regions() != before {
				t.Fatalf("regions %v, want %v", l.Regions(), before)
			}
			var keys []string
			for i := range 20 {
				keys = append(keys, fmt.Sprint("key", i))
				put(t, l, keys[i], 10*i)
				checkKeys(t, f, ckpt, keys...)
			}
			if wrapped := l.Regions()[0].inUse(); wrapped != c.wraps {
				t.Errorf("wrapped: %v", wrapped)
			}
		})
	}
}

func TestJumpOverRegion0(t *testing.T) {
	f, l, ckpt := wrapping(t)
	l.BeginAfter(ckpt)
	var keys []string
	// One transaction that wraps, fills the space before region 0 and goes on behind it.
	for i := range 200 {
		keys = append(keys, fmt.Sprint("key", i))
		mustAppend(t, l, keys[i], 1000)
	}
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	r := l.Regions()
	if len(inUse(r)) != 3 || r[0].Start != ckpt.Off || r[1].Start != 0 || r[1].End > r[0].Start ||
		r[2].Start <= r[0].End || r[2].Start > r[0].End+512 || r[2].Start%512 != 0 {
		t.Fatalf("regions %v with the checkpoint at %d", r, ckpt.Off)
	}
	checkKeys(t, f, ckpt, keys...)
	checkStream(t, f.data, ckpt, l.End().Off)

	// A checkpoint in region 2 empties the others, and then the log wraps again.
	ckpt = l.End()
	l.BeginAfter(ckpt)
	if got, want := l.Regions(), [3]Region{2: {ckpt.Off, ckpt.Off}}; got != want {
		t.Fatalf("regions %v, want %v", got, want)
	}
	mustAppend(t, l, "again", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	if l.Regions()[2].Start != 0 {
		t.Fatalf("regions %v: not wrapped", l.Regions())
	}
	checkKeys(t, f, ckpt, "again")
}

// A large first record goes where it fits, without a detour over the start of the file.
func TestNoWrapForARecordThatDoesNotFit(t *testing.T) {
	f, l, ckpt := wrapping(t)
	l.BeginAfter(ckpt)
	mustAppend(t, l, "large", 2*format.LogMinWrap)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	if got := l.Regions(); got[2].Start != ckpt.Off || got[0].inUse() {
		t.Fatalf("regions %v", got)
	}
	checkKeys(t, f, ckpt, "large")
}

func TestReclaim(t *testing.T) {
	all := [3]Region{{1000, 2000}, {0, 500}, {2048, 3000}}
	for _, c := range []struct {
		name string
		off  int64
		want [3]Region
	}{
		{"inside region 0", 1500, [3]Region{{1500, 2000}, {0, 500}, {2048, 3000}}},
		{"at the start of region 0", 1000, all},
		{"inside region 1", 100, [3]Region{{}, {100, 500}, {2048, 3000}}},
		{"at the end of region 1", 500, [3]Region{{}, {500, 500}, {2048, 3000}}},
		{"inside region 2", 2100, [3]Region{{}, {}, {2100, 3000}}},
		{"at the end of region 2", 3000, [3]Region{{}, {}, {3000, 3000}}},
		{"in none", 700, all},
		{"behind all", 4000, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			pos := format.LogPos{Off: c.off, Toggle: true}
			for _, told := range []struct {
				begin func(l *Log)
				seen  format.LogPos
				want  [3]Region
			}{
				{func(l *Log) { l.BeginAfter(pos) }, format.LogPos{}, c.want},
				{func(l *Log) { l.BeginAfter(pos) }, pos, all},
				{(*Log).Begin, format.LogPos{}, all},
			} {
				l, _, _ := mustRecover(t, newFile(), emptyPos)
				l.regions, l.seen = all, told.seen
				told.begin(l)
				if l.Regions() != told.want {
					t.Errorf("seen %+v: regions %v, want %v", told.seen, l.Regions(), told.want)
				}
			}
		})
	}
}

// The checkpoint that the log was opened with may point into the log that was begun anew
// at offset 0, by chance. Nothing must be reclaimed by it.
func TestRebasedLogIgnoresTheOldCheckpoint(t *testing.T) {
	old := format.LogPos{Off: format.LogMinWrap + 100, Sum: format.Checksum{S0: 77, S1: 88}}
	f := newFile()
	l, r, _ := mustRecover(t, f, old)
	if !r.Rebased || r.End.Off != 0 || r.End.Sum != old.Sum || r.Commits != 0 {
		t.Fatalf("%+v", r)
	}
	var keys []string
	for i := range 300 {
		l.BeginAfter(old)
		keys = append(keys, fmt.Sprint("key", i))
		mustAppend(t, l, keys[i], 1000)
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	if want := [3]Region{2: {0, l.End().Off}}; l.Regions() != want {
		t.Fatalf("regions %v, want %v", l.Regions(), want)
	}
	r = checkKeys(t, f, old, keys...)
	if !r.Rebased {
		t.Fatalf("%+v", r)
	}
	// Another session, and then a checkpoint of that one.
	l, _, _ = mustRecover(t, f, old)
	l.BeginAfter(old)
	ckpt := l.End()
	l.BeginAfter(ckpt)
	if want := [3]Region{2: {ckpt.Off, ckpt.Off}}; l.Regions() != want {
		t.Fatalf("regions %v, want %v", l.Regions(), want)
	}
}

// TestWrapThatFailsDoesNotComeBack: a transaction wraps the log and fails although all of it was written. The next
// one wraps it, too, by the same record, and the process is killed at any moment of that: the first one is
// not there again.
func TestWrapThatFailsDoesNotComeBack(t *testing.T) {
	for write := 1; write <= 2; write++ {
		for _, after := range []int{0, 1, 8, 20, 40, 1 << 20} {
			f, l, ckpt := wrapping(t)
			fails := func(key string, write, after int) {
				t.Helper()
				f.failWrite, f.failAfter = f.writes+write, after
				l.BeginAfter(ckpt)
				mustAppend(t, l, key, 10)
				if err := l.Commit(false); !errors.Is(err, errInjected) {
					t.Fatal(err)
				}
			}
			fails("lost", 2, 1<<20)
			checkKeys(t, f, ckpt)
			f.dieOnWrite = true
			fails("next", write, after)
			if _, _, got := mustRecover(t, f.reopened(), ckpt); slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, "lost") }) {
				t.Errorf("killed %d bytes into write %d: there is %v", after, write, got)
			}
		}
	}
}
