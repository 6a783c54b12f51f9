// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	seed       = flag.Uint64("seed", 0, "run the calls of this seed only")
	from       = flag.Uint64("from", 1, "the first seed")
	statements = flag.Int("statements", 6_000, "how many statements to generate")
)

// callsPerSeed is how many calls one database sees.
const callsPerSeed = 300

// TestGenerated runs random calls on both, for every fourth seed on a file, for every fifth
// with numbers as keys, and for every seventh with deferred transactions. A longer run:
//
//	go test -run TestGenerated -v -timeout 0 -statements 1000000 -from 1000
func TestGenerated(t *testing.T) {
	if *seed != 0 {
		runSeed(t, *seed)
		return
	}
	total := reached{}
	var calls, run, failed, effective int
	last := *from
	for ; run < *statements; last++ {
		p := runSeed(t, last)
		if p == nil {
			break
		}
		total.add(p.reached)
		calls, failed, effective = calls+p.calls, failed+p.failed, effective+p.effective
		run += p.statements
	}
	t.Logf("seeds %d to %d: %d statements in %d calls; %d failed on both, %d had rows or changed some", *from, last-1, run, calls, failed, effective)
	t.Logf("productions:\n%s", total)
	if t.Failed() {
		return
	}
	if failed*2 > calls || effective*3 < calls {
		t.Error("the statements try too little")
	}
	if missing := total.missing(); len(missing) > 0 && run >= 6_000 {
		t.Errorf("never reached: %s", strings.Join(missing, ", "))
	}
}

// runSeed makes the calls of a seed. It returns nil, and reports the difference in as few
// calls as it finds, if there is one.
func runSeed(t *testing.T, seed uint64) *pair {
	t.Helper()
	where := place{onFile: seed%4 == 0, numbers: seed%5 == 0, deferred: seed%7 == 0}
	g := generator{rng: rand.New(rand.NewPCG(seed, 0)), binary: seed%3 == 0, numbers: where.numbers}
	p, err := newPair(where)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	var calls []call
	for range callsPerSeed {
		c := g.call()
		calls = append(calls, c)
		d := p.run(c)
		if d == nil {
			continue
		}
		t.Errorf("a difference; reproduce: go test -run TestGenerated -seed=%d\n%v", seed, d)
		small := shrink(calls, func(calls []call) string {
			d, err := replay(where, calls)
			if err != nil {
				t.Fatal(err)
			}
			if d == nil {
				return ""
			}
			return d.kind
		})
		if d, _ := replay(where, small); d != nil {
			t.Errorf("in short:\n%s\n%v", script(small), d)
		}
		return nil
	}
	return p
}

// script writes calls a line each.
func script(calls []call) string {
	var b strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(c.String(), "\n", "\n  "))
	}
	return b.String()
}
