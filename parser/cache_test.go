// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

func get(t testing.TB, c *parser.Cache, text string) []*parser.Plan {
	t.Helper()
	plans, err := c.Get(text)
	if err != nil {
		t.Fatal(err)
	}
	return plans
}

func TestCacheReturnsTheSamePlans(t *testing.T) {
	var c parser.Cache
	const text = "SELECT value WHERE key = ?; COMMIT"
	first := get(t, &c, text)
	again := get(t, &c, text)
	if len(first) != 2 || first[0] != again[0] || first[1] != again[1] {
		t.Error("the second Get compiled again")
	}
	if n := testing.AllocsPerRun(100, func() { get(t, &c, text) }); n != 0 {
		t.Errorf("a hit costs %v allocations", n)
	}
	if plans := get(t, &c, " ; -- nothing"); plans != nil {
		t.Errorf("%d plans of no statement", len(plans))
	}
}

func TestCacheKeepsOutWhatDoesNotComeAgain(t *testing.T) {
	var c parser.Cache
	get(t, &c, "SELECT value WHERE key = '"+strings.Repeat("k", parser.MaxCachedLiteralBytes-2)+"'")
	if c.Len() != 1 {
		t.Errorf("a statement with a short literal: %d texts, want 1", c.Len())
	}
	get(t, &c, "SELECT value WHERE key = '"+strings.Repeat("k", parser.MaxCachedLiteralBytes)+"'")
	get(t, &c, "INSERT VALUES"+strings.Repeat("(1, 2),", parser.MaxCachedLiteralBytes/2)+"(1, 2)")
	get(t, &c, "SELECT 1 /*"+strings.Repeat("*", parser.MaxCachedTextBytes)+"*/")
	if _, err := c.Get("SELEC 1"); err == nil {
		t.Error("no error")
	}
	if c.Len() != 1 {
		t.Errorf("%d texts, want 1", c.Len())
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c parser.Cache
	for i := range 3 * parser.MaxCachedTexts {
		for range 1 + i%3 { // some come once, some again
			get(t, &c, fmt.Sprintf("SAVEPOINT s%d", i))
		}
		if n := c.Len(); n > 2*parser.MaxCachedTexts {
			t.Fatalf("%d texts, want at most %d", n, 2*parser.MaxCachedTexts)
		}
	}
	// Long texts are bounded by their bytes.
	c = parser.Cache{}
	blanks := strings.Repeat(" ", parser.MaxCachedTextBytes-100)
	for i := range 3 * parser.MaxCachedBytes / parser.MaxCachedTextBytes {
		for range 1 + i%3 {
			get(t, &c, fmt.Sprintf("SAVEPOINT s%d%s", i, blanks))
		}
		if n, most := c.Len(), 2*parser.MaxCachedBytes/len(blanks); n > most {
			t.Fatalf("%d long texts, want at most %d", n, most)
		}
	}
}

// TestCacheKeepsWhatIsUsed puts a flood of texts that come once, and one of texts that
// come twice, between the uses of a text.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	var c parser.Cache
	const useful = "SELECT value WHERE key = ?"
	get(t, &c, useful)
	first := get(t, &c, useful)[0]
	for i := range 10 * parser.MaxCachedTexts {
		get(t, &c, fmt.Sprintf("SELECT value WHERE key = 'k%d'", i))
	}
	if get(t, &c, useful)[0] != first {
		t.Error("texts that came once drove out one that is used")
	}
	for i := range 3 * parser.MaxCachedTexts {
		for range 2 {
			get(t, &c, fmt.Sprintf("SELECT key WHERE key = 'k%d'", i))
		}
		get(t, &c, useful)
	}
	kept := get(t, &c, useful)[0]
	if n := testing.AllocsPerRun(100, func() { get(t, &c, useful) }); n != 0 || get(t, &c, useful)[0] != kept {
		t.Errorf("a hit costs %v allocations", n)
	}
}

func TestCacheIsShared(t *testing.T) {
	var c parser.Cache
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				n := (i + g) % 17
				plans := get(t, &c, fmt.Sprintf("SAVEPOINT s%d", n))
				if want := fmt.Sprintf("s%d", n); plans[0].Savepoint != want {
					t.Errorf("savepoint %s, want %s", plans[0].Savepoint, want)
				}
			}
		})
	}
	wg.Wait()
	if c.Len() != 17 {
		t.Errorf("%d texts, want 17", c.Len())
	}
}
