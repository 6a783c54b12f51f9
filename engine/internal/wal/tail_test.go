// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// readTail reads up to a place, and returns the keys of the records, with a bar after each transaction.
func readTail(t testing.TB, tail *Tail, to Place) (string, error) {
	t.Helper()
	var got strings.Builder
	for {
		more, err := tail.Next(to)
		if !more || err != nil {
			return got.String(), err
		}
		err = tail.Records(func(r format.LogRecord) error {
			if err := load(&r); err != nil {
				return err
			}
			got.WriteString(string(r.Key) + " ")
			return nil
		})
		if err != nil {
			return got.String(), err
		}
		got.WriteString("|")
	}
}

func TestTailReadsWhatIsCommitted(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	tail := NewTail(f, l.Place(), testKeys)
	for i := range 5 {
		l.Begin()
		mustAppend(t, l, fmt.Sprint("a", i), 10)
		mustAppend(t, l, fmt.Sprint("b", i), 2*maxBuffer-1) // parts are in the file before the commit
		if got, err := readTail(t, tail, l.Place()); got != "" || err != nil {
			t.Fatalf("before the commit: %q, %v", got, err)
		}
		if err := l.Commit(i%2 == 0); err != nil {
			t.Fatal(err)
		}
		put(t, l, "c", i)
		want := fmt.Sprintf("a%d b%d |c |", i, i)
		if got, err := readTail(t, tail, l.Place()); got != want || err != nil {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		if tail.Place().Stream != l.Place().Stream || !samePlace(tail.Place().LogPos, l.End()) {
			t.Fatalf("at %+v, want %+v", tail.Place(), l.Place())
		}
	}
}

// A commit of which the write failed may be whole in the file, and so may one that waits for its turn to be seen.
func TestTailReadsNoFurtherThanItIsTold(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	tail := NewTail(f, l.Place(), testKeys)
	put(t, l, "a", 10)
	at := l.Place()
	put(t, l, "b", 10)
	if got, err := readTail(t, tail, at); got != "a |" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if got, err := readTail(t, tail, l.Place()); got != "b |" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if got, err := readTail(t, tail, at); got != "" || !errors.Is(err, ErrNotThere) {
		t.Fatalf("backwards: %q, %v", got, err)
	}
}

// A place that is not in the log is not reached, and nothing after it is handed over.
func TestTailWithAPlaceThatIsNotThere(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	start := l.Place()
	put(t, l, "a", 10)
	middle := l.Place()
	put(t, l, "b", 10)
	for name, c := range map[string]struct {
		from, to func(*Place)
		want     string
	}{
		"ends later":     {func(*Place) {}, func(p *Place) { p.Stream, p.Off = p.Stream-1, p.Off-1 }, "a |"},
		"not yet there":  {func(*Place) {}, func(p *Place) { p.Stream, p.Off = p.Stream+100, p.Off+100 }, "a |b |"},
		"other sum":      {func(*Place) {}, func(p *Place) { p.Sum.S0++ }, "a |"},
		"other offset":   {func(*Place) {}, func(p *Place) { p.Off++ }, "a |"},
		"begins nowhere": {func(p *Place) { p.Sum.S1++ }, func(*Place) {}, ""},
		"begins after the end": {func(p *Place) {
			p.Off = 1 << 40
		}, func(*Place) {}, ""},
		"same number": {func(p *Place) { *p = middle; p.Off++ }, func(p *Place) { *p = middle }, ""},
	} {
		from, to := start, l.Place()
		c.from(&from)
		c.to(&to)
		got, err := readTail(t, NewTail(f, from, testKeys), to)
		if got != c.want || !errors.Is(err, ErrNotThere) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// The space of a transaction is used again after the Tail has found it, and before it has handed it over.
func TestTailOvertaken(t *testing.T) {
	for _, long := range []bool{false, true} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		tail := newTail(f, l.Place(), testKeys, 0)
		if l.Begin(); long {
			mustAppend(t, l, "long", longValue+5)
		}
		for i := range 100 {
			mustAppend(t, l, fmt.Sprint("k", i), 5000)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		if more, err := tail.Next(l.Place()); !more || err != nil {
			t.Fatal(more, err)
		}
		at := l.End()
		for range 60 {
			l.BeginAfter(at)
			mustAppend(t, l, "over", 7000)
			if err := l.Commit(false); err != nil {
				t.Fatal(err)
			}
		}
		err := tail.Records(func(r format.LogRecord) error { return load(&r) })
		if !errors.Is(err, ErrNotThere) {
			t.Errorf("long %v: %v", long, err)
		}
		if got, err := readTail(t, tail, l.Place()); err == nil && !strings.HasPrefix(got, "over |") {
			t.Errorf("long %v: %q after that", long, got)
		}
	}
}

// The log is used round and round, and a Tail follows it all the way.
func TestTailFollowsWraps(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	tail := NewTail(f, l.Place(), testKeys)
	wraps := 0
	for i := range 400 {
		at := tail.Place().LogPos
		l.BeginAfter(at)
		before := l.Regions()
		mustAppend(t, l, fmt.Sprint("k", i), 3000+i)
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		if l.Regions()[2].Start < before[2].Start {
			wraps++
		}
		if i%3 > 0 {
			continue
		}
		want := fmt.Sprintf("k%d |k%d |k%d |", i-2, i-1, i)
		if i == 0 {
			want = "k0 |"
		}
		if got, err := readTail(t, tail, l.Place()); got != want || err != nil {
			t.Fatalf("%d: %q, %v", i, got, err)
		}
	}
	if wraps < 5 {
		t.Errorf("%d wraps", wraps)
	}
}

// A Tail beside the writer, which goes only as far as the Tail lets it.
func TestTailBesideTheWriter(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	tail := newTail(f, l.Place(), testKeys, 20_000)
	var published, read atomic.Pointer[Place]
	start := l.Place()
	published.Store(&start)
	read.Store(&start)
	const n = 2000
	var all sync.WaitGroup
	all.Go(func() {
		for i := range n {
			l.BeginAfter(read.Load().LogPos)
			mustAppend(t, l, fmt.Sprint("k", i), 100+i%7*3000)
			if err := l.Commit(i%5 == 0); err != nil {
				t.Error(err)
				return
			}
			p := l.Place()
			published.Store(&p)
		}
	})
	next := 0
	for next < n && !t.Failed() {
		got, err := readTail(t, tail, *published.Load())
		if err != nil {
			t.Error(err)
			break
		}
		for _, key := range strings.FieldsFunc(got, func(r rune) bool { return r == ' ' || r == '|' }) {
			if key != fmt.Sprint("k", next) {
				t.Errorf("%s after %d transactions", key, next)
			}
			next++
		}
		p := tail.Place()
		read.Store(&p)
	}
	all.Wait()
}

func TestTailMemoryIsBounded(t *testing.T) {
	alone(t)
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	start := l.Place()
	l.Begin()
	for i := range 60 {
		mustAppend(t, l, fmt.Sprint(i), 2*maxBuffer-1)
	}
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	records := 0
	took := allocated(func() {
		tail := NewTail(f, start, testKeys)
		if more, err := tail.Next(l.Place()); !more || err != nil {
			t.Fatal(more, err)
		}
		if err := tail.Records(func(format.LogRecord) error { records++; return nil }); err != nil {
			t.Fatal(err)
		}
	})
	if records != 60 || took > 30<<20 {
		t.Errorf("%d records took %d bytes of memory", records, took)
	}
}

func TestTailPassesErrorsOn(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	tail := NewTail(f, l.Place(), testKeys)
	put(t, l, "a", 10)
	f.readErr = errInjected
	if _, err := tail.Next(l.Place()); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	f.readErr = nil
	stop := errors.New("stop")
	if more, err := tail.Next(l.Place()); !more || err != nil {
		t.Fatal(more, err)
	}
	if err := tail.Records(func(format.LogRecord) error { return stop }); err != stop {
		t.Fatal(err)
	}
}

// What a Tail reads of the logs that C lsm1 wrote is what recovery finds in them.
func TestTailGolden(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(goldenDir(t), "*.db-log"))
	if err != nil || len(logs) < 15 {
		t.Fatalf("found %d logs, error %v", len(logs), err)
	}
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n := sameAsRecovery(t, &memFile{data: data, sector: 512}, logPosOf(t, strings.TrimSuffix(path, "-log")))
		if name := filepath.Base(path); n == 0 && name != "b1-flush.db-log" {
			t.Errorf("%s: no transactions", name)
		}
	}
}

// sameAsRecovery recovers a log, and wants a Tail to read the same. It returns the number of transactions.
func sameAsRecovery(t *testing.T, f *memFile, from format.LogPos) int {
	t.Helper()
	var one strings.Builder
	var want []string
	render := func(r format.LogRecord) error {
		if err := load(&r); err != nil {
			return err
		}
		one.WriteString(renderRecord(r))
		return nil
	}
	l, r, err := RecoverSteps(f, from, nil, render, func(p format.LogPos) error {
		want = append(want, fmt.Sprintf("%s%d %d", &one, p.Off, p.Sum))
		one.Reset()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rebased {
		from.Off = 0
	}
	for _, keep := range []int{0, keepBytes} {
		tail := newTail(f, Place{LogPos: from}, nil, keep)
		for i, w := range want {
			more, err := tail.Next(l.Place())
			if !more || err != nil {
				t.Fatalf("transaction %d: %v, %v", i, more, err)
			}
			one.Reset()
			if err := tail.Records(render); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%s%d %d", &one, tail.Place().Off, tail.Place().Sum); got != w {
				t.Fatalf("transaction %d: %q, want %q", i, got, w)
			}
		}
		if more, err := tail.Next(l.Place()); more || err != nil {
			t.Fatalf("after %d transactions: %v, %v", len(want), more, err)
		}
	}
	return len(want)
}
