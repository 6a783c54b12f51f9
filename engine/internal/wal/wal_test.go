package wal

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var emptyPos = format.LogPos{Sum: format.EmptyLogSum}

func newFile() *memFile { return &memFile{sector: 512} }

// load gives a record its value if that is long.
func load(r *format.LogRecord) error {
	if r.Load == nil {
		return nil
	}
	r.Value = make([]byte, r.ValueLen)
	return r.Load(r.Value)
}

func mustRecover(t testing.TB, f File, from format.LogPos) (*Log, Recovered, []string) {
	t.Helper()
	var got []string
	l, r, err := Recover(f, from, func(r format.LogRecord) error {
		if err := load(&r); err != nil {
			return err
		}
		got = append(got, fmt.Sprintf("%v %s %d", r.Op, r.Key, len(r.Value)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, r, got
}

func mustAppend(t testing.TB, l *Log, key string, valueLen int) {
	t.Helper()
	r := format.LogRecord{Op: format.LogWrite, Key: []byte(key), Value: randomBytes()[:valueLen]}
	if err := l.Append(r); err != nil {
		t.Fatal(err)
	}
}

// put commits a transaction of one write.
func put(t testing.TB, l *Log, key string, valueLen int) {
	t.Helper()
	l.Begin(format.LogPos{}, false, false)
	mustAppend(t, l, key, valueLen)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
}

// checkKeys recovers a copy of f and wants exactly the given keys, each written once.
func checkKeys(t testing.TB, f *memFile, from format.LogPos, keys ...string) Recovered {
	t.Helper()
	_, r, got := mustRecover(t, f.reopened(), from)
	var gotKeys []string
	for _, g := range got {
		gotKeys = append(gotKeys, strings.Fields(g)[1])
	}
	if fmt.Sprint(gotKeys) != fmt.Sprint(keys) {
		t.Fatalf("recovered %v, want %v (%+v)", gotKeys, keys, r)
	}
	return r
}

// wrapping returns a log of which all is checkpointed, so that the next transaction
// wraps it, and the position of that checkpoint.
func wrapping(t testing.TB) (*memFile, *Log, format.LogPos) {
	t.Helper()
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "old", format.LogMinWrap)
	return f, l, l.End()
}

func TestWorkedBytes(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	for _, kv := range [][2]string{{"a", "1"}, {"b", "22"}} {
		l.Begin(format.LogPos{}, false, true)
		if err := l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte(kv[0]), Value: []byte(kv[1])}); err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	want := []byte{
		0x06, 0x01, 0x01, 0x61, 0x31,
		0x03, 0x61, 0x01, 0x1c, 0x06, 0x61, 0x01, 0x35, 0x65,
		0x06, 0x01, 0x02, 0x62, 0x32, 0x32,
		0x03, 0x24, 0x04, 0x52, 0x71, 0x85, 0x08, 0xba, 0x08,
	}
	if !bytes.Equal(f.data, want) {
		t.Fatalf("log is\n%x, want\n%x", f.data, want)
	}
	if f.writes != 2 {
		t.Errorf("%d writes for two commits", f.writes)
	}
	end := format.LogPos{Off: 29, Toggle: true, Sum: format.Checksum{S0: 0x24045271, S1: 0x8508ba08}}
	if l.End() != end {
		t.Errorf("end %+v, want %+v", l.End(), end)
	}
	r := checkKeys(t, f, emptyPos, "a", "b")
	if r.Commits != 2 || r.Records != 2 || r.Bytes != 29 || r.Rebased || r.Torn || r.End != end {
		t.Errorf("recovered %+v", r)
	}
}

func TestPaddedCommitFillsItsSector(t *testing.T) {
	for _, sector := range []int{512, 4096} {
		for size := range 530 {
			f := &memFile{sector: sector}
			l, _, _ := mustRecover(t, f, emptyPos)
			mustAppend(t, l, "k", size)
			if err := l.Commit(true); err != nil {
				t.Fatal(err)
			}
			if n := len(f.data); n%sector != 0 || n > sector+512 {
				t.Fatalf("value of %d bytes in sectors of %d: the log has %d bytes", size, sector, n)
			}
			checkKeys(t, f, emptyPos, "k")
		}
	}
}

func TestWrapWritesKnownBytes(t *testing.T) {
	f, l, ckpt := wrapping(t)
	end := l.End().Off
	l.Begin(ckpt, true, true)
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
			l.Begin(ckpt, true, true)
			c.rollback(l)
			l.Begin(ckpt, true, true)
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
	l.Begin(ckpt, true, true)
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
	l.Begin(ckpt, true, true)
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
	l.Begin(ckpt, true, true)
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
				haveSynced, mayReclaim bool
				seen                   format.LogPos
				want                   [3]Region
			}{
				{true, true, format.LogPos{}, c.want},
				{true, true, pos, all},
				{false, true, format.LogPos{}, all},
				{true, false, format.LogPos{}, all},
			} {
				l, _, _ := mustRecover(t, newFile(), emptyPos)
				l.regions, l.seen = all, told.seen
				l.Begin(pos, told.haveSynced, told.mayReclaim)
				if l.Regions() != told.want {
					t.Errorf("told %+v: regions %v, want %v", told, l.Regions(), told.want)
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
		l.Begin(old, true, true)
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
	l.Begin(old, true, true)
	ckpt := l.End()
	l.Begin(ckpt, true, true)
	if want := [3]Region{2: {ckpt.Off, ckpt.Off}}; l.Regions() != want {
		t.Fatalf("regions %v, want %v", l.Regions(), want)
	}
}

func TestCutAndFlippedAnywhere(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	var ends []int64
	var keys []string
	for i := range 8 {
		l.Begin(format.LogPos{}, false, false)
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
			want := commitsBefore(i)
			if what == "zeroed" && bytes.Equal(g.data[:len(f.data)], f.data) {
				want = len(ends)
			}
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
	if got := l.End().Off; got != 512+format.LogMarkLen+1+1+1+6+10+9 {
		t.Fatalf("the first transaction of the session, behind %d, ends at %d", end, got)
	}
	put(t, l, "third", 10)
	if got := l.End().Off; got > 600 {
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
	l.Begin(ckpt, true, true)
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
	l.Begin(ckpt, true, true)
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
	l.Begin(ckpt, true, true)
	mustAppend(t, l, "new", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, f, ckpt, "kept", "new")
}

func TestFailedCommitLeavesNoCommit(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "first", 10)
	f.failWrite, f.failAfter = f.writes+1, 1000 // all is written, and yet it is an error
	l.Begin(format.LogPos{}, false, false)
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
		l.Begin(format.LogPos{}, false, false)
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
				l.Begin(ckpt, true, true)
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
	l.Begin(format.LogPos{}, false, false)
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

func TestNoFile(t *testing.T) {
	from := format.LogPos{Off: 12, Toggle: true, Sum: format.Checksum{S0: 1, S1: 2}}
	l, r, err := Recover(nil, from, ignore)
	if err != nil || r.Commits != 0 || !r.Rebased || r.Torn {
		t.Fatalf("%+v, %v", r, err)
	}
	l.Begin(from, true, true)
	if err := l.Append(format.LogRecord{Op: format.LogDelete}); !errors.Is(err, errs.ErrReadOnly) {
		t.Errorf("append without a file: %v", err)
	}
	if err := l.Commit(true); err != nil {
		t.Errorf("empty commit: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if f.closed != 1 {
		t.Fatalf("the file was closed %d times", f.closed)
	}
}

func TestRecoverPassesErrorsOn(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "k", 100)
	for _, keep := range []int{0, keepBytes} {
		stop := errors.New("stop")
		if _, _, err := recoverLog(f, emptyPos, func(format.LogRecord) error { return stop }, nil, keep); err != stop {
			t.Errorf("apply's error became %v", err)
		}
	}
	f.readErr = errInjected
	if _, _, err := Recover(f, emptyPos, ignore); !errors.Is(err, errInjected) || !errors.Is(err, errs.ErrIO) {
		t.Errorf("read error became %v", err)
	}
}

func TestTooBig(t *testing.T) {
	for _, c := range []struct {
		key, value int
		want       bool
	}{
		{0, 0, false},
		{format.MaxKeyLen, format.MaxValueLen, false},
		{format.MaxKeyLen + 1, 0, true},
		{0, format.MaxValueLen + 1, true},
	} {
		if err := checkSizes(c.key, c.value); errors.Is(err, errs.ErrTooBig) != c.want || (err == nil) == c.want {
			t.Errorf("key of %d, value of %d bytes: %v", c.key, c.value, err)
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
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
		_, r, err = Recover(f, emptyPos, func(r format.LogRecord) error {
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

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	f := newFile()
	f.data = make([]byte, 0, 32<<20)
	l, _, _ := mustRecover(t, f, emptyPos)
	r := format.LogRecord{Op: format.LogWrite, Key: []byte("some key"), Value: randomBytes()[:100]}
	n := testing.AllocsPerRun(200, func() {
		l.Begin(l.End(), true, true)
		for range 300 {
			if l.Append(r) != nil {
				t.Fatal("append fails")
			}
		}
		m := l.Mark()
		if l.Append(r) != nil {
			t.Fatal("append fails")
		}
		l.RollbackTo(m)
		if l.Commit(false) != nil {
			t.Fatal("commit fails")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a transaction", n)
	}
}
