// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// domain returns every key of up to three letters, in order. The zero byte is among the
// letters, because a key followed by it is the next key there is.
func domain() []string {
	var keys []string
	var grow func(prefix string)
	grow = func(prefix string) {
		keys = append(keys, prefix)
		if len(prefix) < 3 {
			for _, c := range []string{"\x00", "a", "b"} {
				grow(prefix + c)
			}
		}
	}
	grow("")
	return keys
}

// randomCondition writes a condition on key in which every bound is a parameter or a
// literal.
func randomCondition(r *rand.Rand, keys []string, depth int, args *[]Value) string {
	bound := func() string {
		v := Value{Kind: Bytes, Bytes: []byte(keys[r.IntN(len(keys))])}
		if r.IntN(2) == 0 {
			return sqlBytes(v.Bytes)
		}
		*args = append(*args, v)
		return fmt.Sprintf("?%d", len(*args))
	}
	not := []string{"", "NOT "}[r.IntN(2)]
	n := r.IntN(8)
	if depth == 0 {
		n %= 4
	}
	switch n {
	case 0, 1:
		op := []string{"=", "!=", "<", "<=", ">", ">="}[r.IntN(6)]
		if r.IntN(2) == 0 {
			return bound() + " " + op + " key"
		}
		return "key " + op + " " + bound()
	case 2:
		return "key " + not + "BETWEEN " + bound() + " AND " + bound()
	case 3:
		var list []string
		for range r.IntN(4) {
			list = append(list, bound())
		}
		return "key " + not + "IN (" + strings.Join(list, ", ") + ")"
	}
	op := []string{" AND ", " OR "}[n%2]
	left := randomCondition(r, keys, depth-1, args)
	return not + "(" + left + op + randomCondition(r, keys, depth-1, args) + ")"
}

// holds is the meaning of a condition for one key, straight from the tree.
func holds(t *testing.T, e Expr, key string, args []Value) bool {
	t.Helper()
	get := func(e Expr) string {
		if o, ok := operand(e); ok {
			return string(o.Value(args).Bytes)
		}
		return key
	}
	switch e := e.(type) {
	case *Logic:
		for _, arg := range e.Args {
			if holds(t, arg, key, args) == e.Or {
				return e.Or
			}
		}
		return !e.Or
	case *Unary:
		return !holds(t, e.X, key, args)
	case *Between:
		return (get(e.Lo) <= get(e.X) && get(e.X) <= get(e.Hi)) != e.Not
	case *In:
		for _, x := range e.List {
			if get(x) == get(e.X) {
				return !e.Not
			}
		}
		return e.Not
	case *Binary:
		x, y := get(e.X), get(e.Y)
		switch e.Op {
		case "=":
			return x == y
		case "!=":
			return x != y
		case "<":
			return x < y
		case "<=":
			return x <= y
		case ">":
			return x > y
		case ">=":
			return x >= y
		}
	}
	t.Fatalf("unexpected %T", e)
	return false
}

// TestBindMeansTheCondition compares intervals with the condition they stand for, on
// every key of a small domain, and checks their order and that none could be joined.
func TestBindMeansTheCondition(t *testing.T) {
	keys := domain()
	var b Bounds // one for all, so that leftovers would show
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var args []Value
		sql := "SELECT key WHERE " + randomCondition(r, keys, 3, &args)
		list, err := Parse(sql)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		p, err := Compile(list[0], nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := p.Keys.Bind(&b, args, nil); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		where := list[0].Body.(*Select).Where
		for _, key := range keys {
			in := 0
			for i := range b.Len() {
				if b.At(i).Contains([]byte(key)) {
					in++
				}
			}
			want := 0
			if holds(t, where, key, args) {
				want = 1
			}
			if in != want {
				t.Fatalf("seed %d: %s: key %q is in %d intervals, want %d: %s", seed, sql, key, in, want, show(&b))
			}
		}
		for i := range b.Len() {
			if b.At(i).isEmpty() || i > 0 && (compareLo(*b.At(i - 1), *b.At(i)) >= 0 || b.At(i-1).reaches(b.At(i))) {
				t.Fatalf("seed %d: %s: not a set: %s", seed, sql, show(&b))
			}
		}
	}
}

func show(b *Bounds) string {
	var s []string
	for i := range b.Len() {
		s = append(s, b.At(i).String())
	}
	return strings.Join(s, " ")
}

func compileOne(t testing.TB, sql string) *Plan {
	t.Helper()
	plans, _, err := compileText(sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plans[0]
}

func TestBindDoesNotAllocate(t *testing.T) {
	args := []Value{{Kind: Bytes, Bytes: []byte("a")}, {Kind: Bytes, Bytes: []byte("c")}, {Kind: Bytes, Bytes: []byte("b")}}
	for _, where := range []string{
		"key = ?", "key BETWEEN ? AND ?", "key > ? AND key <= ? AND key != 'x' AND key > ?",
		"key IN (?, ?, ?)", "key = ? OR key = ? OR key > ?",
	} {
		p := compileOne(t, "SELECT key WHERE "+where+" LIMIT 5 OFFSET -1")
		var b Bounds
		n := testing.AllocsPerRun(100, func() {
			if err := p.Keys.Bind(&b, args, nil); err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.LimitOffset(args); err != nil {
				t.Fatal(err)
			}
		})
		// Sets that are intersected need memory for the parts; the others reuse b's.
		if set := strings.Contains(where, "!="); n != 0 && !set {
			t.Errorf("%s: %v allocations", where, n)
		}
	}
}

func TestEncode(t *testing.T) {
	p := compileOne(t, "SELECT key WHERE key IN (3, ?, 1) OR key = 'x'")
	errText := errors.New("a text is no number")
	keys := &KeyType{Name: "number", Class: ClassBytes, Encode: func(dst []byte, v Value) ([]byte, Fit, error) {
		if v.Kind != Int {
			return nil, 0, errText
		}
		return append(dst, 0, byte(v.Int)), FitExact, nil
	}}
	var b Bounds
	err := p.Keys.Bind(&b, []Value{{Kind: Int, Int: 2}}, keys)
	if !errors.Is(err, errText) || b.Len() != 0 {
		t.Errorf("error %v with %d intervals", err, b.Len())
	}
	p = compileOne(t, "SELECT key WHERE key IN (3, ?, 1) OR key > 4")
	for range 2 {
		if err := p.Keys.Bind(&b, []Value{{Kind: Int, Int: 2}}, keys); err != nil {
			t.Fatal(err)
		}
		if got, want := show(&b), "{x'0001'} {x'0002'} {x'0003'} (x'0004', -)"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	var scratch []byte
	o := Operand{Const: Value{Kind: Int, Int: 7}}
	if key, err := o.Key(nil, keys, &scratch); err != nil || !bytes.Equal(key, []byte{0, 7}) {
		t.Errorf("key %x, error %v", key, err)
	}
}

func TestLimitOffset(t *testing.T) {
	for _, c := range []struct {
		clause        string
		arg           Value
		limit, offset int64
		err           string
	}{
		{"", Value{}, -1, 0, ""},
		{"LIMIT 3", Value{}, 3, 0, ""},
		{"LIMIT -7 OFFSET -8", Value{}, -1, 0, ""},
		{"LIMIT ? OFFSET 2", Value{Kind: Int, Int: 0}, 0, 2, ""},
		{"LIMIT 1 OFFSET ?", Value{Kind: Int, Int: -5}, 1, 0, ""},
		{"LIMIT ?", Value{Kind: Bytes, Bytes: []byte("1")}, 0, 0, "argument 1: LIMIT must be an integer, not bytes"},
		{"LIMIT 1 OFFSET ?", Value{Kind: Real, Real: 1}, 0, 0, "argument 1: OFFSET must be an integer, not a real"},
	} {
		p := compileOne(t, "SELECT key "+c.clause)
		limit, offset, err := p.LimitOffset([]Value{c.arg})
		if c.err != "" {
			var be *BindError
			if !errors.As(err, &be) || err.Error() != c.err {
				t.Errorf("%s: error %v, want %s", c.clause, err, c.err)
			}
			continue
		}
		if err != nil || limit != c.limit || offset != c.offset {
			t.Errorf("%s: %d, %d, %v; want %d, %d", c.clause, limit, offset, err, c.limit, c.offset)
		}
	}
}
