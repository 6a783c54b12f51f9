// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse checks that no text makes the parser panic, that an error points into the
// text, and that what parses prints as SQL with the same tree.
func FuzzParse(f *testing.F) {
	for _, sql := range testSQL(f) {
		f.Add(sql)
	}
	for _, sql := range oddNames {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		checkReparse(t, text, list)
		for _, st := range list {
			p, err := Compile(st, nil)
			if err != nil {
				checkError(t, text, err)
				continue
			}
			checkBind(t, text, p)
			checkEval(t, text, p)
		}
	})
}

// oddNames are names that would break an error into more lines, or write on a terminal.
var oddNames = []string{
	"SELECT\"\n\"", "SELECT * FROM \"a\r\nb\"", "SELECT \"\x1b[2J\"(1)", "SELECT \"\u009b2J\"", "SELECT key AS \"\n\" FROM kv x y",
	"SELECT 1 WHERE 1 = 'a\nb'", "INSERT INTO \"\x00\" VALUES (1, 2)", "SELECT key FROM kv AS \"\n\" WHERE \"\n\".\"\n\" = 1",
}

func checkError(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("%q: %T: %v", text, err, err)
	}
	if e.Offset < 0 || e.Offset > len(text) || e.Line < 1 || e.Column < 1 || e.Caret > len(e.Excerpt) {
		t.Fatalf("%q: %+v", text, e)
	}
	if e.Msg == "" && len(e.Expected) == 0 && len(text) < maxExpectedTokens {
		t.Fatalf("%q: the error does not say what was expected: %v", text, err)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		t.Fatalf("%q: the message has control characters: %q", text, err)
	}
	if strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("%q: the message is not three lines: %q", text, err)
	}
}

// checkBind binds every parameter to one key.
func checkBind(t *testing.T, text string, p *Plan) {
	t.Helper()
	args := make([]Value, p.NumInput)
	for i := range args {
		args[i] = Value{Kind: Bytes, Bytes: []byte("k")}
	}
	var b Bounds
	if err := p.Keys.Bind(&b, args, nil); err != nil {
		if _, ok := err.(*BindError); !ok {
			t.Fatalf("%q: %T: %v", text, err, err)
		}
		return
	}
	for i := 1; i < b.Len(); i++ {
		if compareLo(*b.At(i - 1), *b.At(i)) >= 0 || b.At(i-1).reaches(b.At(i)) {
			t.Fatalf("%q: not a set: %s", text, show(&b))
		}
	}
}

// checkEval runs everything in the plan that computes, on one row, with arguments of
// each class.
func checkEval(t *testing.T, text string, p *Plan) {
	t.Helper()
	defer func(n int) { maxResult = n }(maxResult)
	maxResult = 1 << 16 // hex(hex(…)) grows fast
	if p.Explained != nil {
		p = p.Explained
	}
	for _, arg := range []Value{{Kind: Bytes, Bytes: []byte("a*")}, {Kind: Int, Int: -1}, {Kind: Real, Real: 1e300}} {
		args := make([]Value, p.NumInput)
		for i := range args {
			args[i] = arg
		}
		if p.Check(args, nil) != nil {
			continue
		}
		e := Env{Args: args}
		e.SetExcluded([]byte("a"), []byte("-9223372036854775808"))
		e.SetPair([]byte("a"), []byte(" 1.5e3x"))
		if p.Filter != nil {
			_, err := p.Filter.Match(&e)
			checkLimit(t, text, err)
		}
		formulas := []*Formula{p.Set}
		for _, c := range p.Columns {
			formulas = append(formulas, c.Formula)
		}
		for _, row := range p.Rows {
			formulas = append(formulas, row[0].Formula(), row[1].Formula())
		}
		for _, f := range formulas {
			if f == nil {
				continue
			}
			v, err := f.Eval(&e)
			checkLimit(t, text, err)
			if err == nil {
				checkClass(t, text, f.root, args, v)
			}
		}
	}
}

func checkLimit(t *testing.T, text string, err error) {
	t.Helper()
	var le *LimitError
	if err != nil && !errors.As(err, &le) {
		t.Fatalf("%q: %v", text, err)
	}
}

// FuzzMatch compares LIKE and GLOB with their model, where it knows the pattern.
func FuzzMatch(f *testing.F) {
	f.Add("a%b_c", "aXbYc")
	f.Add("*[^a-c]?[]x]", "zzq]")
	f.Add("[", "[")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, s := []byte(pattern), []byte(text)
		like, glob := tryMatch(t, true, p, s), tryMatch(t, false, p, s)
		prefix, rest := globPrefix(p)
		if glob && !strings.HasPrefix(text, string(prefix)) {
			t.Errorf("%q GLOB %q does not begin with %q", text, pattern, prefix)
		}
		if rest != furtherTest && glob != (strings.HasPrefix(text, string(prefix)) && (rest == anything || len(text) == len(prefix))) {
			t.Errorf("%q GLOB %q: %v", text, pattern, glob)
		}
		if strings.Count(pattern, "%") <= 3 && len(text) < 64 && like != modelMatch(p, s, false) {
			t.Errorf("%q LIKE %q: %v", text, pattern, like)
		}
		if strings.Count(pattern, "*") <= 3 && len(text) < 64 && !strings.Contains(pattern, "[") && glob != modelMatch(p, s, true) {
			t.Errorf("%q GLOB %q: %v", text, pattern, glob)
		}
	})
}
