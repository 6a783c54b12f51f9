package parser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
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

func TestPatternLimit(t *testing.T) {
	long := strings.Repeat("a", MaxPatternBytes+1)
	if _, _, err := compileText("SELECT key WHERE key LIKE '"+long+"'", nil); err == nil || !strings.Contains(err.Error(), errPatternTooBig.Msg) {
		t.Errorf("a literal: %v", err)
	}
	compileOne(t, "SELECT key WHERE key LIKE '"+long[1:]+"'")
	p := compileOne(t, "SELECT key WHERE value GLOB ?")
	if err := p.Check([]Value{{Kind: Bytes, Bytes: []byte(long)}}, nil); err != errPatternTooBig {
		t.Errorf("an argument: %v", err)
	}
	p = compileOne(t, "SELECT key WHERE key GLOB value || 'a'")
	var e Env
	e.SetPair(nil, []byte(long[1:]))
	if _, err := p.Filter.Match(&e); err != errPatternTooBig {
		t.Errorf("a computed one: %v", err)
	}
}

// TestTextKeys is about numbers where the database makes keys of them.
func TestTextKeys(t *testing.T) {
	keys := &KeyType{Name: "text", Class: ClassBytes, Encode: func(dst []byte, v Value) ([]byte, Fit, error) {
		if v.Kind == Real {
			return nil, 0, errors.New("no reals")
		}
		return v.AppendText(dst), FitExact, nil
	}}
	for _, c := range []struct {
		where string
		arg   Value
		want  string // of the keys 1, 15, 2, x those that match, or an error
	}{
		{"key = 2", Value{}, "2"},
		{"key = ? OR value = 'v15'", Value{Kind: Int, Int: 2}, "15 2"},
		{"key IN (1, ?) OR value = 'v15'", Value{Kind: Int, Int: 2}, "1 15 2"},
		{"key = 1 + 1 OR value = 'v15'", Value{}, "15 2"},
		{"key = length(value) - 1 OR key BETWEEN 'a' AND 'y'", Value{}, "1 x"},
		{"16 > key AND key != value", Value{}, "1 15"},
		{"key BETWEEN 1 AND 15 AND value > 'v1'", Value{}, "15"},
		{"key = 1.5 OR value = 'x'", Value{}, "no reals"},
		{"key = ?", Value{Kind: Real, Real: 1}, "argument 1: no reals"},
	} {
		p := compileOne(t, "SELECT key WHERE "+c.where)
		args := []Value{c.arg}
		if err := p.Check(args, keys); err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		var b Bounds
		var got []string
		err := p.Keys.Bind(&b, args, keys)
		e := Env{Args: args, Keys: keys}
		for _, key := range []string{"1", "15", "2", "x"} {
			for i := range b.Len() {
				if err != nil || !b.At(i).Contains([]byte(key)) {
					continue
				}
				ok := true
				if e.SetPair([]byte(key), []byte("v"+key)); p.Filter != nil {
					ok, err = p.Filter.Match(&e)
				}
				if ok {
					got = append(got, key)
				}
			}
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.where, text, c.want)
		}
	}
}

// modelMatch is LIKE and GLOB by trying everything, character by character.
func modelMatch(pattern, text []byte, glob bool) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	any, one := byte('%'), byte('_')
	if glob {
		any, one = '*', '?'
	}
	step := func() []byte { // text without its first character
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError {
			n = 1
			if utf8.FullRune(text) && bytes.HasPrefix(text, []byte("\ufffd")) {
				n = 3
			}
		}
		return text[n:]
	}
	switch c := pattern[0]; {
	case c == any:
		return modelMatch(pattern[1:], text, glob) || len(text) > 0 && modelMatch(pattern, step(), glob)
	case len(text) == 0:
		return false
	case c == one:
		return modelMatch(pattern[1:], step(), glob)
	case glob && c == '[':
		rest := step()
		in, end := modelSet(pattern[1:], text[:len(text)-len(rest)])
		return in && modelMatch(pattern[1+end:], rest, glob)
	case glob:
		return c == text[0] && modelMatch(pattern[1:], text[1:], glob)
	default:
		return lowerASCII(string(pattern[:1])) == lowerASCII(string(text[:1])) && modelMatch(pattern[1:], text[1:], glob)
	}
}

// modelSet reports whether the character char is in the set whose inside and end set
// begins with. Only sets of ASCII are modelled: letters, ranges, ^ and ].
func modelSet(set, char []byte) (in bool, end int) {
	negated := len(set) > 0 && set[0] == '^'
	if negated {
		end++
	}
	first := end
	for end < len(set) && (set[end] != ']' || end == first) {
		end++
	}
	if end == len(set) {
		return false, end
	}
	members := set[first:end]
	for len(members) > 0 {
		// A range; but ] right behind the bracket begins none.
		if len(members) > 2 && members[1] == '-' && !(members[0] == ']' && len(members) == end-first) {
			in = in || len(char) == 1 && members[0] <= char[0] && char[0] <= members[2]
			members = members[3:]
			// Behind a range, - is a member.
			if len(members) > 0 && members[0] == '-' {
				in = in || string(char) == "-"
				if len(members) > 2 && members[1] == '-' { // and may begin a range
					continue
				}
				members = members[1:]
			}
			continue
		}
		in = in || string(char) == string(members[:1])
		members = members[1:]
	}
	return in != negated, end + 1
}

// tryMatch matches in both ways there are.
func tryMatch(t *testing.T, like bool, pattern, text []byte) bool {
	t.Helper()
	got, err := matchText(t.Context(), like, likePattern{text: pattern}, text)
	if err != nil {
		t.Fatal(err)
	}
	long, err := matchLong(t.Context(), like, likePattern{text: pattern}, text)
	if err != nil {
		t.Fatal(err)
	}
	if got != long {
		t.Errorf("text %q, pattern %q, LIKE %v: %v, and %v by matchLong", text, pattern, like, got, long)
	}
	return got
}

// TestMatchIsLinear matches long texts with long patterns that almost match everywhere: a
// character at a time that would be 4 billion steps each. And it ends with its context.
func TestMatchIsLinear(t *testing.T) {
	text := bytes.Repeat([]byte("a"), 150_000)
	for _, c := range []struct {
		like bool
		part string
	}{{true, "a"}, {true, "_"}, {true, "A_"}, {false, "a"}, {false, "?"}, {false, "a?"}, {false, "[a]"}} {
		star := "*"
		if c.like {
			star = "%"
		}
		pattern := []byte(star + strings.Repeat(c.part, 24_000/len(c.part)) + "b" + star)
		for _, end := range []string{"", "b"} {
			got, err := matchText(t.Context(), c.like, likePattern{text: pattern}, append(bytes.Clone(text), end...))
			if err != nil || got != (end == "b") {
				t.Errorf("%q…, LIKE %v, a text with %q at the end: %v, %v", pattern[:10], c.like, end, got, err)
			}
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	pattern := append(append([]byte("%"), bytes.Repeat([]byte("_"), 24_000)...), "b%"...)
	if _, err := matchText(ended, true, likePattern{text: pattern}, text); !errors.Is(err, context.Canceled) {
		t.Errorf("under a context that has ended: %v", err)
	}
}

func TestMatchAgainstModel(t *testing.T) {
	letters := []string{"a", "B", "b", "é", "\xc3", "\x00"}
	patternLetters := append([]string{"%", "_", "*", "?", "%", "*"}, letters...)
	r := rand.New(rand.NewPCG(1, 1))
	word := func(from []string, n int) []byte {
		var b []byte
		for range r.IntN(n + 1) {
			b = append(b, from[r.IntN(len(from))]...)
		}
		return b
	}
	matches := 0
	for range 50_000 {
		pattern, text := word(patternLetters, 6), word(letters, 6)
		if got, want := tryMatch(t, true, pattern, text), modelMatch(pattern, text, false); got != want {
			t.Fatalf("%q LIKE %q: %v, want %v", text, pattern, got, want)
		} else if got {
			matches++
		}
		if got, want := tryMatch(t, false, pattern, text), modelMatch(pattern, text, true); got != want {
			t.Fatalf("%q GLOB %q: %v, want %v", text, pattern, got, want)
		} else if got {
			matches++
		}
	}
	if matches < 1000 {
		t.Errorf("only %d matches", matches)
	}
}

// TestMatchSpecial is about difference 3: NUL, bytes that are not UTF-8, and characters.
func TestMatchSpecial(t *testing.T) {
	for _, c := range []struct {
		text, op, pattern string
		want              bool
	}{
		{"a\x00b", "LIKE", "a_b", true},
		{"a\x00b", "LIKE", "a%", true},
		{"a\x00b", "LIKE", "a", false},
		{"a\x00b", "GLOB", "a\x00*", true},
		{"\x00", "GLOB", "[\x00-a]", true},
		{"\xff", "LIKE", "_", true},
		{"\xff\xfe", "LIKE", "_", false},
		{"\xff\xfe", "GLOB", "??", true},
		{"\xc3", "GLOB", "?", true},
		{"é", "GLOB", "?", true},
		{"é", "GLOB", "??", false},
		{"é", "GLOB", "*\xa9", false},
		{"\xa9", "GLOB", "*\xa9", true},
		{"\xff", "GLOB", "[\xff]", true},
		{"\xff", "GLOB", "[ÿ]", false},
		{"\xff", "GLOB", "[^ÿ]", true},
		{"€", "GLOB", "[£-₿]", true},
		{"\U0001f600", "LIKE", "_", true},
		{"\xed\xa0\x80", "LIKE", "___", true}, // half a pair is not UTF-8
	} {
		if got := tryMatch(t, c.op == "LIKE", []byte(c.pattern), []byte(c.text)); got != c.want {
			t.Errorf("%q %s %q: %v, want %v", c.text, c.op, c.pattern, got, c.want)
		}
	}
}

func TestMatchIsNotExponential(t *testing.T) {
	text := bytes.Repeat([]byte("a"), 20_000)
	pattern := append(bytes.Repeat([]byte("a*"), 1000), 'b')
	if tryMatch(t, false, pattern, text) {
		t.Error("GLOB matches")
	}
	if tryMatch(t, true, bytes.ReplaceAll(pattern, []byte("*"), []byte("%")), text) {
		t.Error("LIKE matches")
	}
}
