package parser

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// nasty are shapes of SQL that are hard on some  Each makes a text of about size
// bytes.
var nasty = []struct {
	name string
	text func(size int) string
}{
	{"open parentheses", func(n int) string { return "SELECT " + strings.Repeat("(", n) }},
	{"balanced parentheses", func(n int) string { return "SELECT " + strings.Repeat("(", n/2) + "1" + strings.Repeat(")", n/2) }},
	{"parentheses beside each other", repeated("SELECT 1", ",((((1))))", "")},
	{"parentheses at the limit", repeated("SELECT 1", ","+strings.Repeat("(", 999)+"1"+strings.Repeat(")", 999), "")},
	{"closing parentheses", repeated("SELECT 1", ")", "")},
	{"NOT", repeated("SELECT key WHERE ", "NOT ", "1 = 1")},
	{"NOT and operators", repeated("SELECT 1", " = NOT 1", "")},
	{"minus", repeated("SELECT ", "- ", "key")},
	{"plus and minus", repeated("SELECT ", "+-", "1")},
	{"concatenation", repeated("SELECT key", "||'a'", "")},
	{"concatenation at the limit", repeated("SELECT key", ","+strings.Repeat("'a'||", 990)+"key", "")},
	{"AND", repeated("SELECT key WHERE key > 'a'", " AND key != 'b'", "")},
	{"OR", repeated("SELECT key WHERE key = 'a'", " OR key = 'b'", "")},
	{"OR of values", repeated("SELECT key WHERE value = 'a'", " OR value = 'b'", "")},
	{"AND and OR by turns", repeated("SELECT key WHERE key > 'a'", " AND value > 'b' OR key < 'c'", "")},
	{"AND of OR", repeated("SELECT key WHERE key > 'a'", " AND (key < 'b' OR key > 'c')", "")},
	{"OR of AND", repeated("SELECT key WHERE key > 'a'", " OR (key > 'b' AND key < 'c')", "")},
	{"nested AND and OR", func(n int) string {
		return "SELECT key WHERE " + strings.Repeat("(key > 'a' OR (key < 'b' AND ", 400) + "key = 'c'" + strings.Repeat("))", 400) + strings.Repeat(" OR key = 'd'", max(0, n/13-1000))
	}},
	{"BETWEEN", repeated("SELECT key WHERE key = 'x'", " OR key BETWEEN 'a' AND 'b'", "")},
	{"BETWEEN in itself", repeated("SELECT 1", " BETWEEN 1 AND 1", "")},
	{"IN list", repeated("SELECT key WHERE key IN ('a'", ",'bcdef'", ")")},
	{"NOT IN list", repeated("SELECT key WHERE key NOT IN ('a'", ",'bcdef'", ")")},
	{"IN lists", repeated("SELECT key WHERE key IN ('a')", " AND key NOT IN ('b', 'c')", "")},
	{"IN list of parameters", func(n int) string { return "SELECT key WHERE key IN (?" + strings.Repeat(",?", min(n/2, 32000)) + ")" }},
	{"IN list of values", repeated("SELECT key WHERE value IN ('a'", ",key", ")")},
	{"open text", repeated("SELECT '", "a", "")},
	{"text of quotes", repeated("SELECT '", "''", "'")},
	{"open text of quotes", repeated("SELECT '", "''", "")},
	{"texts", repeated("SELECT 'a'", ",'a'", "")},
	{"open blob", repeated("SELECT x'", "00", "")},
	{"open name", repeated("SELECT \"", "a", "")},
	{"open bracket", repeated("SELECT [", "a", "")},
	{"open brackets", repeated("SELECT ", "[", "")},
	{"open comment", repeated("SELECT 1 /*", "*/*", "")},
	{"comments", repeated("SELECT 1", "/**/", "")},
	{"line comments", repeated("SELECT 1", "--\n", "")},
	{"line comment", repeated("SELECT 1 --", "-", "")},
	{"one name", repeated("SELECT ", "a", "")},
	{"one number", repeated("SELECT ", "9", "")},
	{"one real", repeated("SELECT 1.", "9", "e5")},
	{"large exponent", repeated("SELECT 1e", "9", "")},
	{"one hexadecimal number", repeated("SELECT 0x", "f", "")},
	{"leading zeros", repeated("SELECT 0x", "0", "1")},
	{"blanks", repeated("SELECT", " ", "1")},
	{"lines", repeated("SELECT", "\n", "1 1")},
	{"statements", repeated("", "SELECT 1;", "")},
	{"empty statements", repeated("", ";", "")},
	{"wrong statements", repeated("", "SELECT;", "")},
	{"savepoints", repeated("", "SAVEPOINT a;", "")},
	{"rows", repeated("INSERT INTO kv VALUES ('a', 1)", ",('abc', 2)", "")},
	{"computed rows", repeated("INSERT INTO kv VALUES ('a', 1)", ",('a' || ?1, length(?2))", "")},
	{"results", repeated("SELECT key", ",key AS a", "")},
	{"results of stars", repeated("SELECT *", ",*", "")},
	{"RETURNING", repeated("DELETE RETURNING key", ",value || key", "")},
	{"parameters", repeated("SELECT ?", ",?", "")},
	{"one parameter", repeated("SELECT ?", ",?1", "")},
	{"large parameters", repeated("SELECT ?1", ",?32766", "")},
	{"named parameters", func(n int) string {
		var b strings.Builder
		b.WriteString("SELECT 1")
		for i := 0; b.Len() < n && i < 32000; i++ {
			fmt.Fprintf(&b, ",:name%d", i)
		}
		return b.String()
	}},
	{"functions in each other", repeated("SELECT ", "lower(", "key")},
	{"functions at the limit", repeated("SELECT 1", ","+strings.Repeat("hex(", 990)+"key"+strings.Repeat(")", 990), "")},
	{"many arguments", repeated("SELECT substr(key", ",1", ")")},
	{"CAST", repeated("SELECT ", "CAST(", "key")},
	{"LIKE after LIKE", repeated("SELECT key WHERE key", " LIKE 'a'", "")},
	{"GLOB and GLOB", repeated("SELECT key WHERE key GLOB 'a*'", " AND key GLOB 'ab*'", "")},
	{"LIKE with ESCAPE", repeated("SELECT key WHERE key LIKE 'a\\%' ESCAPE '\\'", " AND key LIKE 'a' ESCAPE 'b'", "")},
	{"ESCAPE after ESCAPE", repeated("SELECT key WHERE key LIKE 'a'", " ESCAPE 'a'", "")},
	{"long pattern of escapes", func(n int) string {
		return "SELECT key WHERE key LIKE '" + strings.Repeat("__", min(n, MaxPatternBytes)/2) + "' ESCAPE '_'"
	}},
	{"different statements", func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString("SELECT 1")
			for bit := range 12 {
				b.WriteString([]string{"+", "-"}[i>>bit&1] + "1")
			}
			b.WriteString(";")
		}
		return b.String()
	}},
	{"lines and an error in each list", repeated("SELECT key WHERE key IN (1", ",\n1", "\n, )")},
	{"NOT GLOB", repeated("SELECT key WHERE key GLOB 'a*'", " OR key NOT GLOB 'ab*'", "")},
	{"constants", repeated("SELECT key WHERE 1 = 1", " AND 2 > 1", "")},
	{"bytes that begin nothing", repeated("SELECT ", "\x00", "")},
	{"bytes that are not UTF-8", repeated("SELECT ", "\xff", "")},
	{"error at the end", repeated("SELECT key WHERE key = 'a'", " OR key = 'b'", " OR")},
	{"error at the end of lines", repeated("SELECT key WHERE key = 'a'", "\nOR key = 'b'", "\nOR )")},
	{"PRAGMA", repeated("PRAGMA work(1", ",1", ")")},
}

// repeated repeats the middle of a text.
func repeated(head, unit, tail string) func(size int) string {
	return func(size int) string {
		return head + strings.Repeat(unit, size/len(unit)) + tail
	}
}

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
			best := time.Duration(1 << 62)
			for range 3 {
				start := time.Now()
				_, err := Parse(broken)
				if err == nil {
					best = 0
				}
				best = min(best, time.Since(start))
			}
			if best > 0 {
				n, total, longest = n+1, total+best, max(longest, best)
			}
		}
	}
	t.Logf("%d errors take %v on average, the longest %v", n, total/time.Duration(n), longest)
	if mean := total / time.Duration(n); n < 300 || mean > 5*time.Millisecond || longest > 100*time.Millisecond {
		t.Errorf("%d errors take %v on average, the longest %v", n, mean, longest)
	}
}

var allNasty = flag.Bool("nasty", false, "try 1 MB also of the shapes of which 128 KB take long")

// TestNastyTexts gives 128 KB of each shape to everything that handles a text, and 1 MB
// too unless that takes long, as it may for shapes of which rows are computed. The work must grow as the text does: four times
// the text may take up to nine times as long, which leaves room for a busy machine and
// none for a square. The memory has a bound.
func TestNastyTexts(t *testing.T) {
	defer func(n int) { maxResult = n }(maxResult)
	maxResult = 1 << 20 // what is computed is no text
	size := 1 << 20
	if testing.Short() || raceDetector {
		size /= 4
	}
	for _, shape := range nasty {
		t.Run(shape.name, func(t *testing.T) {
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
