// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomWhere writes a condition of any kind on key and value, over the letters of
// domain.
func randomWhere(r *rand.Rand, keys []string, depth int, args *[]Value) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	text := func() string {
		v := Value{Kind: Bytes, Bytes: []byte(keys[r.IntN(len(keys))])}
		switch r.IntN(4) {
		case 0:
			*args = append(*args, v)
			return fmt.Sprintf("?%d", len(*args))
		case 1:
			return pick("key", "value", "substr(key, 2)", "substr('ab', 1 / length(value))", "lower(key)")
		case 2:
			return sqlBytes(v.Bytes) + " || " + pick("'a'", "''", "'*'")
		}
		return sqlBytes(v.Bytes)
	}
	subject := func() string { return pick("key", "key", "key", "value", text()) }
	not := pick("", "NOT ")
	n := r.IntN(12)
	if depth == 0 {
		n %= 7
	}
	switch n {
	case 0, 1:
		return subject() + " " + pick("=", "!=", "<", "<=", ">", ">=") + " " + text()
	case 2:
		return text() + " " + pick("=", "<", ">=") + " " + subject()
	case 3:
		return subject() + " " + not + "BETWEEN " + text() + " AND " + text()
	case 4:
		var list []string
		for range r.IntN(3) {
			list = append(list, text())
		}
		return subject() + " " + not + "IN (" + strings.Join(list, ", ") + ")"
	case 5:
		pattern := pick("'a*'", "'*'", "'a'", "'a?'", "'[ab]*'", "'ab**'", text()+" || '*'")
		if r.IntN(3) == 0 {
			*args = append(*args, Value{Kind: Bytes, Bytes: []byte(pick("a*", "b*", "*", "", "a?*", "ab"))})
			pattern = fmt.Sprintf("?%d", len(*args))
		}
		return subject() + " " + not + "GLOB " + pattern
	case 6:
		return pick("1 = 1", "1 = 2", "length(key) / (length(value) - 1) > 0", "1 / 0 = 1", subject()+" "+not+"LIKE 'A%'")
	}
	left := randomWhere(r, keys, depth-1, args)
	return not + "(" + left + pick(" AND ", " OR ") + randomWhere(r, keys, depth-1, args) + ")"
}

// TestSplitMeansTheCondition compares intervals and filter together with the condition
// they come from, on every key of a small domain and some values.
func TestSplitMeansTheCondition(t *testing.T) {
	keys := domain()
	var b Bounds
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		var args []Value
		sql := "SELECT key WHERE " + randomWhere(r, keys, 3, &args)
		list, err := Parse(sql)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, err)
		}
		p, err := Compile(list[0], nil)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, err)
		}
		if err := p.Check(args, nil); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, err)
		}
		c := compiler{st: list[0], plan: &Plan{}}
		whole, err := c.condition(list[0].Body.(*Select).Where)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Keys.Bind(&b, args, nil); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, sql, err)
		}
		needed := p.Filter != nil && p.Filter.Needed(args)
		e := Env{Args: args}
		for i, key := range keys {
			e.SetPair([]byte(key), []byte(keys[(i*7+int(seed))%len(keys)]))
			got := false
			for i := range b.Len() {
				got = got || b.At(i).Contains([]byte(key))
			}
			inKeys := got
			if got && needed {
				if got, err = p.Filter.Match(&e); err != nil {
					t.Fatal(err)
				}
			}
			if want := whole.test(&e) == isTrue; got != want {
				t.Fatalf("seed %d: %s %v: key %q, value %q: %v (in the intervals %v, filter %v), want %v",
					seed, sql, args, key, e.value, got, inKeys, needed, want)
			}
		}
	}
}

// loader counts how often it is asked.
type loader struct {
	value []byte
	err   error
	n     int
}

func (l *loader) Value() ([]byte, error) {
	l.n++
	return l.value, l.err
}

func (l *loader) ValueLen() int { return len(l.value) }

func TestValueIsLoadedOnce(t *testing.T) {
	p := compileOne(t, "SELECT value || value WHERE key LIKE 'a%' AND value > 'b' AND value < 'd'")
	var e Env
	l := &loader{value: []byte("c")}
	e.SetRow([]byte("x"), l)
	if ok, err := p.Filter.Match(&e); ok || err != nil || l.n != 0 {
		t.Errorf("%v, %v, %d loads for a key that does not match", ok, err, l.n)
	}
	e.SetRow([]byte("A"), l)
	if ok, err := p.Filter.Match(&e); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	v, err := p.Columns[0].Formula.Eval(&e)
	if string(v.Bytes) != "cc" || err != nil || l.n != 1 {
		t.Errorf("%q, %v, %d loads, want cc and one", v.Bytes, err, l.n)
	}
	if _, err := e.Value(); err != nil || l.n != 1 {
		t.Errorf("%v, %d loads", err, l.n)
	}
	l.err = errors.New("unreadable")
	e.SetRow([]byte("A"), l)
	if ok, err := p.Filter.Match(&e); ok || err != l.err {
		t.Errorf("%v, %v, want the loader's error", ok, err)
	}
	l.err = nil
	e.SetRow([]byte("A"), l)
	if ok, err := p.Filter.Match(&e); !ok || err != nil {
		t.Errorf("after an error: %v, %v", ok, err)
	}
}

func TestFilterDoesNotAllocate(t *testing.T) {
	args := []Value{{Kind: Bytes, Bytes: []byte("b")}, {Kind: Int, Int: 5}}
	for _, where := range []string{
		"value = ?1", "value LIKE '%x%' OR value GLOB '*[a-c]?'", "CAST(value AS INTEGER) * 2 + 1 > ?2",
		"length(value) BETWEEN 1 AND ?2", "value IN ('x', ?1, 'y')", "lower(value) || '!' != upper(key)",
		"CAST(value AS REAL) < 1.5", "substr(value, -2, 1) = 'a' OR hex(value) = '62'", "value GLOB ?2",
	} {
		p := compileOne(t, "SELECT key WHERE "+where)
		e := Env{Args: args}
		l := &loader{value: []byte("12 abc")}
		key := []byte("key")
		n := testing.AllocsPerRun(100, func() {
			e.SetRow(key, l)
			if _, err := p.Filter.Match(&e); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", where, n)
		}
		if n := testing.AllocsPerRun(100, func() {
			if err := p.Check(args, nil); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("Check of %s: %v allocations", where, n)
		}
	}
}
