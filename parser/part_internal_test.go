// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// partLoader is a value that notes how much of it was loaded.
type partLoader struct {
	value []byte
	loads []string
	err   error
}

func (l *partLoader) Value() ([]byte, error) {
	l.loads = append(l.loads, "all")
	return l.value, l.err
}

func (l *partLoader) ValueLen() int { return len(l.value) }

func (l *partLoader) ValuePart(dst []byte, from, n int) ([]byte, error) {
	l.loads = append(l.loads, fmt.Sprintf("%d+%d", from, n))
	return append(dst, l.value[from:from+n]...), l.err
}

// inParts runs f with parts of values of any length.
func inParts(f func()) {
	defer func(from, share, numeral int) {
		partsFrom, partShare, numeralPart = from, share, numeral
	}(partsFrom, partShare, numeralPart)
	partsFrom, partShare, numeralPart = 0, 1, 3
	f()
}

// compiled compiles an expression, or a condition after WHERE.
func compiled(t *testing.T, sql string) *node {
	t.Helper()
	text, isCondition := strings.CutPrefix(sql, "WHERE ")
	list, err := Parse("SELECT key WHERE " + text)
	if !isCondition {
		list, err = Parse("UPDATE kv SET value = " + text)
	}
	if err != nil {
		t.Fatal(sql, err)
	}
	c := compiler{st: list[0], plan: &Plan{}}
	var n *node
	if isCondition {
		n, err = c.condition(list[0].Body.(*Select).Where)
	} else {
		n, err = c.value(list[0].Body.(*Update).Set.Value)
	}
	if err != nil {
		t.Fatal(sql, err)
	}
	return n
}

// outcome evaluates n for the row of e and shows the result.
func outcome(n *node, e *Env) string {
	var got string
	if n.class == 0 {
		got = fmt.Sprint(n.test(e))
	} else {
		got = showValue(n.eval(e))
	}
	if e.err != nil {
		return e.err.Error()
	}
	return got
}

// TestPartsThatAreLoaded says how much of a long value an expression needs.
func TestPartsThatAreLoaded(t *testing.T) {
	value := []byte("  12abc" + strings.Repeat("x", 1<<20))
	same := sqlBytes(value[:len(value)-1]) + " || 'y'"
	for _, tt := range []struct{ sql, want string }{
		{"substr(value, 3, 2)", "2+2"},
		{"substr(value, 1, 0)", "0+0"},
		{"substr(value, -5)", "1048578+5"},
		{"substr(value, -5, -2)", "1048576+2"},
		{"substr(value, 3000000)", "1048583+0"},
		{"substr(CAST(value AS TEXT), 3, 2)", "2+2"},
		{"substr(value, 2)", "all"},
		{"substr(value, 1/0, 2)", ""},
		{"substr(value, 3, 2) || substr(value, 5, 1)", "4+1 2+2"},
		{"length(value)", ""},
		{"length(substr(value, 3, 2))", "2+2"},
		{"CAST(value AS INTEGER)", "0+128"},
		{"CAST(value AS REAL) + value", "0+128 0+128"},
		{"-value", "0+128"},
		{"upper(value)", "all"},
		{"CAST(value AS TEXT)", "all"},
		{"WHERE value < 'abc'", "0+4"},
		{"WHERE 'abc' <= value", "0+4"},
		{"WHERE value BETWEEN '  12a' AND '  12b'", "0+6"},
		{"WHERE value = 'abc'", ""},
		{"WHERE value IN ('abc', 'd', key)", ""},
		{"WHERE value LIKE '  12%'", "0+4"},
		{"WHERE value LIKE 'x_%'", "0+5"},
		{"WHERE value NOT LIKE 'b%c'", "0+1"},
		{"WHERE value LIKE '  !%%' ESCAPE '!'", "0+3"},
		{"WHERE value LIKE 'abc'", ""},
		{"WHERE value LIKE '%'", ""},
		{"WHERE value LIKE '%x'", "all"},
		{"WHERE value LIKE ' %x'", "0+1 all"},
		{"WHERE value LIKE 1/0", ""},
		{"WHERE value GLOB '  12*'", "0+4"},
		{"WHERE value GLOB 'b*c'", "0+1"},
		{"WHERE value GLOB 'abc'", ""},
		{"WHERE value GLOB '*'", ""},
		{"WHERE value GLOB '?*'", "all"},
	} {
		l := partLoader{value: value}
		var parts, whole Env
		parts.SetRow([]byte("k"), &l)
		whole.SetPair([]byte("k"), value)
		n := compiled(t, tt.sql)
		got, want := outcome(n, &parts), outcome(n, &whole)
		if got != want {
			t.Errorf("%s: %.40s, and with parts %.40s", tt.sql, want, got)
		}
		if loads := strings.Join(l.loads, " "); loads != tt.want {
			t.Errorf("%s: loads %q, want %q", tt.sql, loads, tt.want)
		}
		number := strings.Contains(tt.want, "+128")
		if n.needsAll() && tt.want != "" && !strings.Contains(tt.want, "all") && !number {
			t.Errorf("%s: is taken to need all of the value", tt.sql)
		}
	}
	n := compiled(t, "WHERE value = "+same)
	l := partLoader{value: value}
	var e Env
	if e.SetRow(nil, &l); n.test(&e) != isFalse || fmt.Sprint(l.loads) != "[all]" {
		t.Errorf("a value of the same length: %v", l.loads)
	}
}

// TestPartsAreFewAndFail: much of a value is loaded at once, and an error arrives.
func TestPartsAreFewAndFail(t *testing.T) {
	l := partLoader{value: make([]byte, 10*maxParts)}
	var e Env
	e.SetRow(nil, &l)
	n := compiled(t, "length(substr(value, 1, 600000) || substr(value, 2, 600000) || substr(value, 3, 600000))")
	if got := outcome(n, &e); got != "1800000" || strings.Join(l.loads, " ") != "2+600000 all" {
		t.Errorf("%s, loads %q", got, l.loads)
	}
	short := partLoader{value: make([]byte, LongValue-1)}
	if e.SetRow(nil, &short); outcome(compiled(t, "substr(value, 1, 1)"), &e) == "" || fmt.Sprint(short.loads) != "[all]" {
		t.Errorf("a short value: %q", short.loads)
	}
	fault := errors.New("fault")
	for _, sql := range []string{
		"substr(value, 1, 2)", "CAST(value AS INTEGER)", "value + 1", "WHERE value < 'a'", "WHERE 'a' < value",
		"WHERE value BETWEEN 'a' AND 'b'", "WHERE value LIKE 'a%'", "WHERE value LIKE '_%a'", "WHERE value GLOB 'a*'",
	} {
		bad := partLoader{value: l.value, err: fault}
		e.SetRow(nil, &bad)
		if got := outcome(compiled(t, sql), &e); got != "fault" {
			t.Errorf("%s: %s", sql, got)
		}
	}
}

// TestFarPartsAreFew: each part is read from the front of the value, so a row that asks for many far
// parts loads the value after a few, and one that asks for many near ones does not.
func TestFarPartsAreFew(t *testing.T) {
	for _, tt := range []struct {
		first, step, count, n int
		want                  string
	}{
		{900_000, 10, 50, 10, "900490+10 900480+10 all"},
		{300_000, 10, 50, 10, "300490+10 300480+10 300470+10 300460+10 all"},
		{499_990, 10, 3, 10, "500010+10 500000+10 all"},
		{499_980, 10, 3, 10, "500000+10 499990+10 499980+10"}, // the first two are as much as the value
		{0, 1_000_000, 2, 10, "1000000+10 0+10"},
		{900_000, 10, 3, 0, "900020+0 900010+0 900000+0"},
		{0, 2, 4, 2, "6+2 4+2 2+2 0+2"},
	} {
		var parts []string
		for i := range tt.count {
			parts = append(parts, fmt.Sprintf("substr(value, %d, %d)", tt.first+i*tt.step+1, tt.n))
		}
		l := partLoader{value: make([]byte, 1_000_010)}
		var e Env
		n := compiled(t, "length("+strings.Join(parts, " || ")+")")
		for range 2 { // each row anew
			l.loads = nil
			e.SetRow(nil, &l)
			if got := outcome(n, &e); got != fmt.Sprint(tt.count*tt.n) || strings.Join(l.loads, " ") != tt.want {
				t.Errorf("%d x %d bytes from %d on: length %s, loads %q, want %q", tt.count, tt.n, tt.first, got, l.loads, tt.want)
			}
		}
	}
}

// TestPartsMeanTheSame evaluates random expressions on random values, with all of the value and
// with parts of it.
func TestPartsMeanTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	pieces := []string{"", "a", "A", "b", "1", "0", "9", ".", "e", "-", "+", " ", "\t", "é", "\xc3", "\xa9", "漢", "😀", "%", "_", "*", "?", "[", "]", "!", "\x00"}
	random := func(most int) string {
		var b strings.Builder
		for range rng.IntN(most + 1) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	var nodes []*node
	for _, sql := range []string{
		"substr(value, ?1)", "substr(value, ?1, ?2)", "substr(value, -?1, -?2)", "substr(CAST(value AS BLOB), ?1, ?2) || substr(value, 2, 1)",
		"CAST(value AS INTEGER)", "CAST(value AS REAL)", "CAST(value AS REAL)", "value + ?1", "value % value", "-value", "CAST(substr(value, ?1) AS INTEGER)",
		"WHERE value < ?3", "WHERE value >= ?3", "WHERE ?3 > value", "WHERE value = ?3", "WHERE ?3 != value",
		"WHERE value BETWEEN ?3 AND ?4", "WHERE value NOT BETWEEN ?4 AND ?3", "WHERE value IN (?3, ?4, 'a')", "WHERE value NOT IN (?3, '')",
		"WHERE value LIKE ?3", "WHERE value NOT LIKE ?3", "WHERE value LIKE ?3 ESCAPE '!'", "WHERE value LIKE ?3 || '%'", "WHERE value LIKE ?3 ESCAPE 'é'",
		"WHERE value GLOB ?3", "WHERE value GLOB ?3 || '*'", "WHERE value NOT GLOB ?4",
	} {
		nodes = append(nodes, compiled(t, sql))
	}
	decided := 0
	for range 60_000 {
		value := []byte(random(12))
		args := []Value{
			{Kind: Int, Int: rng.Int64N(20) - 4}, {Kind: Int, Int: rng.Int64N(20) - 4},
			{Kind: Bytes, Bytes: []byte(random(6))}, {Kind: Bytes, Bytes: []byte(random(6))},
		}
		if rng.IntN(8) == 0 {
			value = []byte([]string{" ", ""}[rng.IntN(2)] + []string{"1", "-2", ".5", "3."}[rng.IntN(4)] + "e" + random(4))
		}
		if cut := rng.IntN(len(value) + 1); rng.IntN(2) == 0 { // the beginning of the value, perhaps with more
			args[2].Bytes = append(append([]byte{}, value[:cut]...), random(2)...)
		}
		n := nodes[rng.IntN(len(nodes))]
		l := partLoader{value: value}
		whole, parts := Env{Args: args}, Env{Args: args}
		whole.SetPair([]byte("k"), value)
		parts.SetRow([]byte("k"), &l)
		want := outcome(n, &whole)
		inParts(func() {
			if got := outcome(n, &parts); got != want {
				t.Fatalf("op %d: value %q, arguments %d %d %q %q: %s, and with parts %q %s",
					n.op, value, args[0].Int, args[1].Int, args[2].Bytes, args[3].Bytes, want, l.loads, got)
			}
		})
		if !strings.Contains(strings.Join(l.loads, " "), "all") {
			decided++
		}
	}
	if decided < 20_000 {
		t.Errorf("parts sufficed in %d cases only", decided)
	}
}
