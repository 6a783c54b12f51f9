// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

func planOf(t *testing.T, text string) *Plan {
	t.Helper()
	plans, _, err := compileText(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plans[0]
}

// What would be too long is refused before any of it is made.
func TestTooLongValuesAreNotMade(t *testing.T) {
	hexes := func(n int, of string) string { return strings.Repeat("hex(", n) + of + strings.Repeat(")", n) }
	arg := []Value{{Kind: Bytes, Bytes: bytes.Repeat([]byte("a"), 1000)}}
	for _, expr := range []string{
		hexes(900, "'a'"), hexes(40, "?1"), hexes(40, "key"), hexes(40, "value"), hexes(10, "lower("+hexes(30, "'a'")+")"),
		hexes(20, "'b' || "+hexes(20, "'a'")), "'a' || " + hexes(30, "CAST(?1 AS TEXT)"),
	} {
		p := planOf(t, "SELECT "+expr+" FROM kv WHERE ?1 = ?1")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e := Env{Args: arg}
		e.SetPair([]byte("k"), []byte("v"))
		_, err := p.Columns[0].Formula.Eval(&e)
		runtime.ReadMemStats(&after)
		var limit *LimitError
		if !errors.As(err, &limit) {
			t.Errorf("%.40s…: error %v", expr, err)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 1<<20 {
			t.Errorf("%.40s…: %d bytes were made", expr, made)
		}
	}
	// In a condition, and in one that is worked out with the arguments.
	var b Bounds
	for _, where := range []string{"key = " + hexes(900, "'a'"), "key IN ('a', " + hexes(900, "'a'") + ")", "1 = length(" + hexes(900, "'a'") + ")",
		"key GLOB " + hexes(900, "'a'"), "key > 'a' OR key GLOB " + hexes(900, "'a'")} {
		p := planOf(t, "SELECT key WHERE "+where)
		var limit *LimitError
		if err := p.Keys.Bind(&b, nil, nil); !errors.As(err, &limit) || b.Len() != 0 {
			t.Errorf("%.40s…: error %v, %d intervals", where, err, b.Len())
		}
	}
}

// What fits is made, and is what it was before.
func TestNestedDoublingsThatFit(t *testing.T) {
	p := planOf(t, "SELECT length("+strings.Repeat("hex(", 12)+"'abc' || lower('X')"+strings.Repeat(")", 12)+"), hex(hex(hex(hex(hex(value / 0))))) FROM kv")
	var e Env
	e.SetPair([]byte("k"), []byte("1"))
	for i, want := range []Value{{Kind: Int, Int: 4 << 12}, {Kind: Bytes}} {
		v, err := p.Columns[i].Formula.Eval(&e)
		if err != nil || v.Kind != want.Kind || v.Int != want.Int || len(v.Bytes) != 0 {
			t.Errorf("column %d: %v, %v", i, v, err)
		}
	}
}

// lateContext ends after it was looked at some times.
type lateContext struct {
	context.Context
	looks int
}

func (c *lateContext) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

// Everything that is worked out for a row, or with the arguments, ends with its context.
func TestComputingObeysItsContext(t *testing.T) {
	long := Value{Kind: Bytes, Bytes: bytes.Repeat([]byte("ab"), 4<<20)}
	args := []Value{long, {Kind: Bytes, Bytes: []byte("%b_a%c")}}
	list := strings.Repeat("'x', ", 5000) + "'y'"
	for _, where := range []string{
		"value = hex(?1)", "value = lower(?1)", "value = upper(?1 || 'a')", "value = 'a' || ?1",
		"?1 || value LIKE ?2", "?1 || value GLOB '*b?a*c'", "?1 || value LIKE ?2 ESCAPE '!'", "value IN (" + list + ")",
	} {
		p := planOf(t, "SELECT key WHERE "+where+" AND ?1 = ?1 AND ?2 = ?2")
		e := Env{Args: args, Ctx: &lateContext{t.Context(), 0}}
		e.SetPair([]byte("k"), []byte("v"))
		if _, err := p.Filter.Match(&e); !errors.Is(err, context.Canceled) {
			t.Errorf("%.40s: error %v", where, err)
		}
	}
	for _, where := range []string{"key = hex(?1)", "key IN ('a', hex(?1))", "'a' = hex(?1)", "key GLOB hex(?1)", "?1 LIKE ?2", "key > 'a' OR key GLOB lower(?1)"} {
		p := planOf(t, "SELECT key WHERE "+where+" AND ?1 = ?1 AND ?2 = ?2")
		b := Bounds{Ctx: &lateContext{t.Context(), 0}}
		if err := p.Keys.Bind(&b, args, nil); !errors.Is(err, context.Canceled) || b.Len() != 0 {
			t.Errorf("binding %s: error %v, %d intervals", where, err, b.Len())
		}
	}
}

// A long text and a pattern that matches late cost no more than their lengths say between
// two looks at the context.
func TestMatchesLookAtTheirContext(t *testing.T) {
	text := bytes.Repeat([]byte("a"), 16<<20)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	for _, c := range []struct {
		like    bool
		pattern string
	}{{true, "%a%b"}, {true, "%_b"}, {false, "*?b"}, {false, "*[a]b"}} {
		for {
			if _, err := matchText(ctx, c.like, likePattern{text: []byte(c.pattern)}, text); err != nil {
				break
			}
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the end of the context was noticed after %v", took)
	}
}

func TestResultLimits(t *testing.T) {
	defer func(n int) { maxResult = n }(maxResult)
	maxResult = 100
	var e Env
	e.SetPair(nil, bytes.Repeat([]byte("x"), 50))
	for _, c := range []struct {
		formula string
		size    int // 0 for too big
	}{
		{"hex(value)", 100}, {"hex(value || 'x')", 0}, {"value || value", 100}, {"value || value || ''", 100},
		{"value || value || 1", 0}, {"length(hex(hex(value)))", 0},
		{"lower(value) || upper(value)", 0}, {"substr(lower(value), 1, 1) || substr(upper(value), 1, 0)", 0}, {"hex(substr(value, 1, 20)) || 'x'", 41}, {"hex(substr(value, 1, 20)) || hex(substr(value, 1, 5))", 50},
		{"hex(substr(value, 1, 20)) || hex(substr(value, 1, 10))", 0}, {"lower(value || value || value)", 0},
	} {
		v, err := compileOne(t, "SELECT "+c.formula).Columns[0].Formula.Eval(&e)
		var le *LimitError
		if c.size == 0 && !errors.As(err, &le) || c.size > 0 && (err != nil || len(v.Bytes) != c.size) {
			t.Errorf("%s: %d bytes, %v", c.formula, len(v.Bytes), err)
		}
		e.SetPair(nil, e.value)
	}
	p := compileOne(t, "SELECT key WHERE key = hex(hex(?)) || 'x'")
	args := []Value{{Kind: Bytes, Bytes: make([]byte, 40)}}
	var b Bounds
	if err := p.Keys.Bind(&b, args, nil); err != errResultTooBig || b.Len() != 0 {
		t.Errorf("error %v with %d intervals", err, b.Len())
	}
	p = compileOne(t, "SELECT key WHERE hex(hex(?)) = 'x' OR key = 'a'")
	if err := p.Keys.Bind(&b, args, nil); err != errResultTooBig || b.Len() != 0 {
		t.Errorf("error %v with %d intervals", err, b.Len())
	}
}
