// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testSQL returns the SQL of all cases in testdata; what is no statement by itself is
// made one.
func testSQL(t testing.TB) (list []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(raw), "\n\n") {
			if strings.HasPrefix(block, "#") {
				continue
			}
			head, _, _ := strings.Cut(block, "\n----")
			command, sql, ok := strings.Cut(head, "\n")
			switch word, _, _ := strings.Cut(command, " "); {
			case !ok:
			case word == "bind":
				list = append(list, "SELECT key WHERE "+sql)
			case word == "eval":
				for _, line := range strings.Split(sql, "\n") {
					list = append(list, "SELECT "+line)
				}
			default:
				list = append(list, sql)
			}
		}
	}
	return list
}

// TestPrintedFormIsTheSame parses whatever stands in testdata, in the cases about plans,
// intervals and values too, and checks that what it prints has the same tree.
func TestPrintedFormIsTheSame(t *testing.T) {
	parsed := 0
	for _, sql := range testSQL(t) {
		if list, err := Parse(sql); err == nil {
			checkReparse(t, sql, list)
			parsed++
		}
	}
	if parsed < 300 {
		t.Errorf("only %d texts were parsed", parsed)
	}
}

// fuzzKeys are the kinds of keys that FuzzPlan compiles for.
var fuzzKeys = []*KeyType{
	nil,
	{Name: "text", Class: ClassBytes, Encode: func(dst []byte, v Value) ([]byte, Fit, error) {
		return v.AppendText(dst), FitExact, nil
	}},
	{Name: "int32", Class: ClassInteger, Encode: encodeInt32, Decode: decodeInt32},
	{Name: "uint32", Class: ClassUnsigned, Encode: encodeInt32, Decode: decodeInt32},
}

var errNoInt32 = errors.New("not a key")

func decodeInt32(key []byte) (Value, error) {
	if len(key) != 4 {
		return Value{}, errNoInt32
	}
	return Value{Kind: Int, Int: int64(binary.BigEndian.Uint32(key)) - 1<<31}, nil
}

func encodeInt32(dst []byte, v Value) ([]byte, Fit, error) {
	f := v.Real
	switch v.Kind {
	case Int:
		f = float64(v.Int)
	case Uint:
		f = float64(uint64(v.Int))
	}
	up := math.Ceil(f)
	switch {
	case up < math.MinInt32:
		return dst, FitBelow, nil
	case up > math.MaxInt32:
		return dst, FitAbove, nil
	}
	fit := FitExact
	if up != f {
		fit = FitBetween
	}
	return binary.BigEndian.AppendUint32(dst, uint32(int64(up)+1<<31)), fit, nil
}

// FuzzPlan compiles a text for every kind of keys and does with the plans what the driver
// does, under any arguments: nothing may panic, errors are of the kinds that are
// documented, and the intervals and the filter together are the condition.
func FuzzPlan(f *testing.F) {
	for i, sql := range testSQL(f) {
		f.Add(sql, []byte("a"), []byte("ab"), int64(i), float64(i)/2, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, key, value []byte, integer int64, real float64, shape uint8) {
		if math.IsNaN(real) || len(key) > MaxPatternBytes {
			return // the driver takes no NaN
		}
		defer func(n int) { maxResult = n }(maxResult)
		maxResult = 1 << 16
		for _, keys := range fuzzKeys {
			b := builder{text: text, numbers: map[string]int{}, unsigned: keys.unsigned()}
			list, err := b.parse()
			if err != nil {
				return // FuzzParse looks at such errors, which cost much
			}
			for _, st := range list {
				p, err := Compile(st, keys)
				if err != nil {
					checkError(t, text, err)
					continue
				}
				args := make([]Value, p.NumInput)
				kinds := [...]Value{{Kind: Bytes, Bytes: key}, {Kind: Int, Int: integer}, {Kind: Real, Real: real}, {Kind: Bytes, Bytes: value}}
				for i := range args {
					args[i] = kinds[(i+int(shape))%len(kinds)]
				}
				runPlan(t, text, st, p, keys, args, key, value)
			}
		}
	})
}

func runPlan(t *testing.T, text string, st *Statement, p *Plan, keys *KeyType, args []Value, key, value []byte) {
	t.Helper()
	if p.Explained != nil {
		if steps, err := p.Explain(context.Background(), args, keys); err != nil {
			checkRefusal(t, text, err)
		} else if len(steps) == 0 {
			t.Fatalf("%q: EXPLAIN says nothing", text)
		}
		p = p.Explained
	}
	if err := p.Check(args, keys); err != nil {
		checkRefusal(t, text, err)
		return
	}
	if _, _, err := p.LimitOffset(args); err != nil {
		t.Fatalf("%q: Check let pass: %v", text, err)
	}
	var b Bounds
	bindErr := p.Keys.Bind(&b, args, keys)
	if bindErr != nil {
		checkRefusal(t, text, bindErr)
	}
	for i := range b.Len() {
		iv := b.At(i)
		if iv.isEmpty() || i > 0 && (compareLo(*b.At(i - 1), *iv) >= 0 || b.At(i-1).reaches(iv)) {
			t.Fatalf("%q: not a set: %s", text, show(&b))
		}
	}
	rows := [][]byte{key, value, {}, []byte("a"), {0x80, 0, 0, 1}}
	for _, a := range args {
		if a.Kind != Bytes && keys != nil {
			if made, err := keys.Key(nil, a); err == nil {
				rows = append(rows, made)
			}
		}
	}
	for _, row := range rows {
		e := Env{Args: args, Keys: keys}
		e.SetExcluded(row, value)
		e.SetPair(row, value)
		if bindErr == nil {
			checkSplit(t, text, st, p, keys, &b, &e, row, value)
		}
		formulas := []*Formula{p.Set}
		for i := range p.Columns {
			formulas = append(formulas, p.Columns[i].Formula)
		}
		for i := range p.Rows {
			formulas = append(formulas, p.Rows[i][0].Formula(), p.Rows[i][1].Formula())
		}
		for _, f := range formulas {
			if f == nil {
				continue
			}
			f.Class(args)
			e.SetPair(row, value)
			if _, err := f.Eval(&e); err != nil {
				checkRefusal(t, text, err)
			}
		}
	}
}

// checkSplit compares the intervals and the filter with the condition on one row.
func checkSplit(t *testing.T, text string, st *Statement, p *Plan, keys *KeyType, b *Bounds, e *Env, key, value []byte) {
	t.Helper()
	var where Expr
	switch s := st.Body.(type) {
	case *Select:
		where = s.Where
	case *Delete:
		where = s.Where
	case *Update:
		where = s.Where
	}
	if where == nil {
		return
	}
	c := compiler{st: st, plan: &Plan{}, keys: keys}
	whole, err := c.condition(where)
	if err != nil {
		t.Fatalf("%q: the condition of a plan does not compile: %v", text, err)
	}
	want := whole.test(e) == isTrue
	if e.err != nil {
		return // whether it fails depends on how much of it is looked at
	}
	got := false
	for i := range b.Len() {
		got = got || b.At(i).Contains(key)
	}
	inKeys := got
	if got && p.Filter != nil && p.Filter.Needed(e.Args) {
		e.SetPair(key, value)
		if got, err = p.Filter.Match(e); err != nil {
			t.Fatalf("%q: the filter fails where the condition does not: %v", text, err)
		}
	}
	if got != want {
		t.Fatalf("%q %v, keys %v: key %q, value %q: %v (in the intervals %s: %v), want %v",
			text, e.Args, keys, key, value, got, show(b), inKeys, want)
	}
}

// checkRefusal checks that an error is one of those that arguments and rows may cause.
func checkRefusal(t *testing.T, text string, err error) {
	t.Helper()
	var le *LimitError
	var be *BindError
	if !errors.As(err, &le) && !errors.As(err, &be) && !errors.Is(err, errNoInt32) {
		t.Fatalf("%q: %T: %v", text, err, err)
	}
}
