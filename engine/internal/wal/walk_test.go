// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// walked is what a walk has found: the records of each commit, and how it ended.
type walked struct {
	ops     []string
	commits []format.LogPos
	end     End
}

func walk(t testing.TB, f File, from format.LogPos, o WalkOptions) (w walked) {
	t.Helper()
	var open []string
	ended := false
	next := from.Off
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = testKeys
	err = Walk(f, from, o, func(e *Entry) bool {
		switch {
		case ended:
			t.Fatal("an entry comes after the end")
		case e.InFrame && testKeys != nil:
			open = append(open, fmt.Sprintf("%v %d %d", e.Header.Op, e.Header.N1, e.Header.N2))
			if len(e.Key) != min(o.Part, int(e.Header.N1)) || len(e.Value) != min(o.Part, int(e.Header.N2)) || e.Off >= next {
				t.Fatalf("%+v", e)
			}
			return true
		case e.Off != next && e.Off != max(from.Off, 0):
			t.Fatalf("an entry at offset %d, want %d", e.Off, next)
		case e.End == nil && e.Off+e.Len > size || e.Len < 0 || (e.Len == 0) != (e.End != nil):
			t.Fatalf("an entry of %d bytes at offset %d of %d", e.Len, e.Off, size)
		case len(e.Key) > o.Part || len(e.Value) > o.Part:
			t.Fatalf("parts of %d and %d bytes", len(e.Key), len(e.Value))
		}
		next = e.Off + e.Len
		switch e.Header.Kind {
		case format.LogOperation:
			open = append(open, fmt.Sprintf("%v %d %d", e.Header.Op, e.Header.N1, e.Header.N2))
		case format.LogCommit:
			w.ops = append(w.ops, open...)
			w.commits = append(w.commits, e.After)
			open = open[:0]
		case format.LogJump:
			next = int64(e.Header.N1)
		case format.LogEnd:
			w.end, ended = *e.End, true
			if w.end.Why == "" || w.end.Uncommitted < int64(len(open)) || w.end.Commits != int64(len(w.commits)) {
				t.Fatalf("the end is %+v, after %d operations without a commit", w.end, len(open))
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if !ended {
		t.Fatal("the walk has no end")
	}
	return w
}

// compare wants that a walk finds what recovery finds.
func compare(t testing.TB, f File, from format.LogPos) walked {
	t.Helper()
	w := walk(t, f, from, WalkOptions{Part: 10})
	var ops []string
	var commits []format.LogPos
	_, r, err := RecoverSteps(f, from, testKeys, func(r format.LogRecord) error {
		n := len(r.Value)
		if r.Load != nil {
			n = r.ValueLen
		}
		ops = append(ops, fmt.Sprintf("%v %d %d", r.Op, len(r.Key), n))
		return nil
	}, func(p format.LogPos) error {
		commits = append(commits, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rebased {
		if len(w.commits) > 0 {
			t.Fatalf("a walk from %d finds %d transactions, recovery none", from.Off, len(w.commits))
		}
		from.Off = 0
		w = walk(t, f, from, WalkOptions{Part: 10})
	}
	if !slices.Equal(w.ops, ops) || !slices.Equal(w.commits, commits) {
		t.Fatalf("%d transactions with %d operations; recovery has %d with %d", len(w.commits), len(w.ops), len(commits), len(ops))
	}
	if len(commits) > 0 && (w.end.Regions != r.Regions || w.end.After.Off != r.End.Off || w.end.After.Sum != r.End.Sum || w.end.Torn != r.Torn) {
		t.Fatalf("the end is %+v, recovery's %+v", w.end, r)
	}
	return w
}

// TestWalkGolden walks through the logs of C lsm1.
func TestWalkGolden(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(goldenDir(t), "*.db-log"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d logs, %v", len(names), err)
	}
	commits, jumps := 0, 0
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		from := logPosOf(t, name[:len(name)-len("-log")])
		w := compare(t, readOnlyFile{f, t}, from)
		commits += len(w.commits)
		if w.end.Regions[0].inUse() || w.end.Regions[1].inUse() {
			jumps++
		}
		whole := walk(t, readOnlyFile{f, t}, format.LogPos{}, WalkOptions{NoBeginning: true})
		if from.Off == 0 && len(w.commits) > 0 && len(whole.commits) != len(w.commits) {
			t.Errorf("%s: %d commits without a beginning, %d with it", name, len(whole.commits), len(w.commits))
		}
		_ = f.Close()
	}
	if commits < 100 || jumps < 3 {
		t.Errorf("%d commits, %d logs with jumps", commits, jumps)
	}
}

// longLog writes a log with a head, operations of all kinds and lengths, wraps and jumps, and returns
// the position that it is to be read from.
func longLog(t testing.TB, r *rand.Rand) (*memFile, format.LogPos) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.SetHead(func() format.LogHead { return format.LogHead{Mark: format.LogMark{1, 2}} })
	from := emptyPos
	for i := range 300 {
		l.BeginAfter(from)
		for range 1 + r.IntN(4) {
			rec := format.LogRecord{Op: format.LogWrite, Key: fmt.Appendf(nil, "key%d", i), Value: randomBytes()[:r.IntN(3000)]}
			switch r.IntN(4) {
			case 0:
				rec.Op, rec.Value = format.LogDelete, nil
			case 1:
				rec.Op, rec.Value = format.LogDeleteRange, []byte("key9")
			}
			if l.Append(rec) != nil {
				break
			}
		}
		if r.IntN(10) == 0 {
			l.Rollback()
			continue
		}
		_ = l.Commit(r.IntN(3) == 0)
		if r.IntN(60) == 0 {
			from = l.End()
		}
	}
	return f, from
}

// TestWalkDamaged changes logs at random: a walk finds what recovery finds, whatever they hold.
func TestWalkDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	ends := make(map[string]int)
	for range 20 {
		f, from := longLog(t, r)
		sound := compare(t, f.reopened(), from)
		for range 25 {
			c := f.reopened()
			c.data = slices.Clone(c.data)
			switch r.IntN(4) {
			case 0:
				c.data[r.IntN(len(c.data))] ^= 1 << r.IntN(8)
			case 1:
				at := r.IntN(len(c.data))
				clear(c.data[at:min(len(c.data), at+512)])
			case 2:
				c.data = c.data[:r.IntN(len(c.data))]
			case 3:
				at := r.IntN(len(c.data))
				for i := range c.data[at:min(len(c.data), at+40)] {
					c.data[at+i] = byte(r.IntN(16))
				}
			}
			w := compare(t, c, from)
			if len(w.commits) > len(sound.commits) {
				t.Fatalf("%d transactions, without the damage %d", len(w.commits), len(sound.commits))
			}
			walk(t, c, format.LogPos{}, WalkOptions{NoBeginning: true, Part: 1 << 20})
			ends[w.end.Why]++
		}
	}
	if len(ends) < 4 {
		t.Errorf("too few kinds of ends: %v", ends)
	}
}

// TestStartAfter follows a log that wraps and begins again.
func TestStartAfter(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	ckpt, seen := emptyPos, emptyPos
	var behind []format.LogPos // what a slower reader has seen
	read, missed := 0, 0
	for i := range 400 {
		l.BeginAfter(ckpt)
		mustAppend(t, l, fmt.Sprint("k", i), r.IntN(5000))
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		behind = append(behind, l.End())
		if r.IntN(50) == 0 {
			ckpt = l.End()
		}
		s, err := StartAfter(f, ckpt, seen)
		if err != nil || s.Missed {
			t.Fatalf("commit %d: %+v, %v", i, s, err)
		}
		w := walk(t, f, s.LogPos, WalkOptions{})
		read += len(w.commits)
		seen = w.end.After
		if w.end.After.Sum != l.End().Sum {
			t.Fatalf("commit %d: reading ends at %+v, the log at %+v", i, w.end.After, l.End())
		}
		if again, err := StartAfter(f, ckpt, seen); err != nil || again.Missed || len(walk(t, f, again.LogPos, WalkOptions{}).commits) > 0 {
			t.Fatalf("commit %d is read twice: %+v, %v", i, again, err)
		}
		old := behind[r.IntN(len(behind))]
		if s, err = StartAfter(f, ckpt, old); err != nil {
			t.Fatal(err)
		}
		if s.Missed {
			missed++
			continue
		}
		at := slices.IndexFunc(behind, func(p format.LogPos) bool { return p.Sum == old.Sum })
		if n := len(walk(t, f, s.LogPos, WalkOptions{}).commits); n != len(behind)-1-at {
			t.Fatalf("commit %d: %d transactions after one that was read, want %d", i, n, len(behind)-1-at)
		}
	}
	if read != 400 || missed == 0 {
		t.Errorf("%d transactions were read, %d times some were missed", read, missed)
	}
}

// FuzzWalk: whatever a log holds, a walk ends and finds what recovery finds.
func FuzzWalk(f *testing.F) {
	small := newFile()
	l, _, _ := mustRecover(f, small, emptyPos)
	l.SetHead(func() format.LogHead { return format.LogHead{} })
	for i := range 3 {
		put(f, l, "k", i*40)
	}
	f.Add(small.data, uint64(0), uint32(1234), uint32(5678))
	f.Add([]byte("\x04\x00"), uint64(0), uint32(0), uint32(0))
	f.Add([]byte("\x0b\x01\x01\x00"), uint64(0), uint32(0), uint32(0))
	f.Add([]byte("\x06\xfd\x01\x00\x00\x00\x00\x00\x01"), uint64(0), uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, raw uint64, s0, s1 uint32) {
		from := logPos(raw, s0, s1)
		compare(t, &memFile{data: withChecksums(data, from), sector: 512}, from)
		walk(t, &memFile{data: data, sector: 512}, format.LogPos{}, WalkOptions{NoBeginning: true, Part: 5})
	})
}
