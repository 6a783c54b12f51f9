// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"flag"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// digest does with a text what a driver does: plans, intervals, a row. It returns how
// long that took.
func digest(t *testing.T, text string) time.Duration {
	t.Helper()
	start := time.Now()
	var c Cache
	plans, err := c.Get(text)
	if err != nil {
		var pe *Error
		if !errors.As(err, &pe) {
			t.Fatalf("%T: %v", err, err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		return time.Since(start)
	}
	var b Bounds
	var e Env
	for _, p := range plans {
		args := make([]Value, p.NumInput)
		for i := range args {
			args[i] = Value{Kind: Bytes, Bytes: []byte{byte(i), byte(i >> 8)}}
		}
		if p.Check(args, nil) != nil || p.Keys.Bind(&b, args, nil) != nil {
			continue
		}
		e.Args = args
		e.SetPair([]byte("a"), []byte("a"))
		if p.Filter != nil {
			_, _ = p.Filter.Match(&e) // a result that is too large is an error
		}
		for i := range p.Columns {
			if f := p.Columns[i].Formula; f != nil && i < 10 {
				e.SetPair([]byte("a"), []byte("a"))
				_, _ = f.Eval(&e)
			}
		}
	}
	return time.Since(start)
}

// TestAnyTextIsAnsweredSoon parses and compiles 1 MiB of each shape. It takes some tens of
// milliseconds at most. The bound is what a machine takes, at the same time, to do nothing
// but cut a text of as many tokens as are allowed, 40 times; that is 5 ms each on a machine
// that does nothing else.
func TestAnyTextIsAnsweredSoon(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes everything slow")
	}
	progress := longtest.Start(t, 2*time.Second, len(nasty))
	const least, tries = 100 * time.Millisecond, 20
	tokens := "SELECT key WHERE key IN (1" + strings.Repeat(",'abcd'", MaxTokens/2-5) + ")"
	var longest time.Duration
	for _, shape := range nasty {
		text := shape.text(1<<20 - 3<<10) // the ends of some are long
		best, bound := time.Duration(1<<62), least
		for range tries {
			start := time.Now()
			_, _, err := compileText(text, nil)
			best = min(best, time.Since(start))
			var pe *Error
			if err != nil && !errors.As(err, &pe) {
				t.Fatalf("%s: %T: %v", shape.name, err, err)
			}
			if best < bound {
				break
			}
			start = time.Now()
			if _, err := scan(tokens); err != nil {
				t.Fatal(err)
			}
			bound = max(bound, 40*time.Since(start))
		}
		progress.Step()
		longest = max(longest, best)
		if best > bound {
			t.Errorf("%s: %d bytes take %v", shape.name, len(text), best)
		}
		if best > 20*time.Millisecond {
			t.Logf("%s: %v", shape.name, best)
		}
	}
	t.Logf("the longest takes %v", longest)
}

// TestSyntaxErrorsAreCheap breaks statements everywhere, and looks at what the errors cost.
func TestSyntaxErrorsAreCheap(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes everything slow")
	}
	var total, longest time.Duration
	n := 0
	for _, text := range testSQL(t) {
		if len(text) > 1000 {
			continue
		}
		for _, broken := range []string{text[:len(text)/2], text + " )", "(" + text, text[:len(text)/3] + " FORM " + text[len(text)/3:]} {
			best, err := timeToParse(broken)
			for range 2 {
				if best < quick {
					break
				}
				again, _ := timeToParse(broken)
				best = min(best, again)
			}
			if err != nil {
				n, total, longest = n+1, total+best, max(longest, best)
			}
		}
	}
	t.Logf("%d errors take %v on average, the longest %v", n, total/time.Duration(n), longest)
	if mean := total / time.Duration(n); n < 300 || mean > 5*time.Millisecond || longest > 100*time.Millisecond {
		t.Errorf("%d errors take %v on average, the longest %v", n, mean, longest)
	}
}

// quick is far below what an error may take: what is that quick is not measured again.
const quick = time.Millisecond

func timeToParse(text string) (time.Duration, error) {
	start := time.Now()
	_, err := Parse(text)
	return time.Since(start), err
}

var allNasty = flag.Bool("nasty", false, "try 1 MB also of the shapes of which 128 KB take long")

// TestNastyTexts gives 128 KB of each shape to everything that handles a text, and 1 MB
// too unless that takes long, as it may for shapes of which rows are computed. The work must
// grow as the text does: four times the text may take up to nine times as long, which leaves
// room for a busy machine and none for a square. The memory has a bound.
func TestNastyTexts(t *testing.T) {
	defer func(n int) { maxResult = n }(maxResult)
	maxResult = 1 << 20 // what is computed is no text
	size := 1 << 20
	if testing.Short() || raceDetector {
		size /= 4
	}
	progress := longtest.Start(t, 2*time.Second, len(nasty))
	for _, shape := range nasty {
		t.Run(shape.name, func(t *testing.T) {
			defer progress.Step()
			if took := checkGrowth(t, shape.text, size/8); *allNasty || took < 50*time.Millisecond {
				checkGrowth(t, shape.text, size)
			}
		})
	}
}

// checkGrowth returns how long a text of that size takes.
func checkGrowth(t *testing.T, shape func(size int) string, size int) time.Duration {
	t.Helper()
	text := shape(size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	long := digest(t, text)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > maxBytesPerByte*uint64(len(text))+freeBytes {
		t.Errorf("%d MB of memory for a text of %d bytes", used>>20, len(text))
	}
	// What is fast enough is not compared: the clock would say nothing.
	for range 5 {
		if long < 250*time.Millisecond {
			return long
		}
		short := digest(t, shape(size/4))
		if long <= 9*short {
			return long
		}
		long = min(long, digest(t, text))
	}
	t.Errorf("%d bytes take %v, and a quarter of them less than a ninth of that", len(text), long)
	return long
}

// The bound of what a text may allocate, the tree, the plan, results and garbage
// together.
const (
	maxBytesPerByte = 3000
	freeBytes       = 64 << 20
)
