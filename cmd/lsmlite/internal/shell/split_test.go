// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                     {},
		"a;b":                                  {"a", "b"},
		";;a;;":                                {"a"},
		" a ; -- c;\n /* ; */ b ;":             {"a ", "b "},
		"SELECT ';';SELECT 2":                  {"SELECT ';'", "SELECT 2"},
		"SELECT 'it''s;' ; x":                  {"SELECT 'it''s;' ", "x"},
		"SELECT \"a;\"\"b\", [c;], `d;`;e":     {"SELECT \"a;\"\"b\", [c;], `d;`", "e"},
		"a--;\n;b":                             {"a--;\n", "b"},
		"a/*;*/;b":                             {"a/*;*/", "b"},
		"a - b / c;- d;/ e":                    {"a - b / c", "- d", "/ e"},
		"/*/;*/a/**/;/***/b;/* ;":              {"a/**/", "b"},
		"SELECT x'3b;":                         {"SELECT x'3b;"},
		"-":                                    {"-"},
		"a -":                                  {"a -"},
		"/":                                    {"/"},
		"--":                                   {},
		"é;ü":                                  {"é", "ü"},
		"BEGIN;\nINSERT INTO kv\nVALUES(1,2);": {"BEGIN", "INSERT INTO kv\nVALUES(1,2)"},
	} {
		list, _ := split(text)
		got := []string{}
		for _, st := range list {
			got = append(got, st.text)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestSplitPlaces: a statement knows on which line and column of the script it begins.
func TestSplitPlaces(t *testing.T) {
	list, _ := split("a;\n  b; /*\n*/ c;\n-1; - 2;d")
	for i, want := range []place{{1, 1}, {2, 3}, {3, 4}, {4, 1}, {4, 5}, {4, 9}} {
		if list[i].at != want {
			t.Errorf("statement %d, %q, is at %v, want %v", i, list[i].text, list[i].at, want)
		}
	}
}

// TestOpen: a text that is not at its end asks for another line.
func TestOpen(t *testing.T) {
	for text, want := range map[string]bool{
		"":                false,
		"  \n":            false,
		"SELECT 1;":       false,
		"SELECT 1; -- x":  false,
		"SELECT 1; /* x":  true,
		"SELECT":          true,
		"SELECT ';":       true,
		"SELECT 1; SEL":   true,
		"-- a comment":    false,
		"SELECT \"a;\" ;": false,
	} {
		if got := open(text); got != want {
			t.Errorf("open(%q) = %v", text, got)
		}
	}
}

// TestSplitterHoldsOneStatement: a text without an end is not held beyond what the parser refuses, and takes time in
// proportion to its length.
func TestSplitterHoldsOneStatement(t *testing.T) {
	s, chunk, begun := newSplitter(), []byte(strings.Repeat("'a;\n'\n", 1<<14)), time.Now()
	for range 3 * parser.MaxTextBytes / len(chunk) {
		if n, complete := s.feed(chunk); n != len(chunk) || complete {
			t.Fatalf("%d of %d bytes, %v", n, len(chunk), complete)
		}
	}
	if len(s.buf) != parser.MaxTextBytes+1 {
		t.Errorf("%d bytes are held, want %d, which the parser refuses", len(s.buf), parser.MaxTextBytes+1)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if s.take(); cap(s.buf) > parser.MaxTextBytes {
		t.Errorf("%d bytes are kept for the next statement", cap(s.buf))
	}
}

// FuzzSplit: statements end where the parser's own pieces say, whatever the text and however it is fed.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a;b", "'a;'';'", "--;\n;", "/*;*/;", "[;];`;`", "x';", "-/-*;", "/*/;", "a-", "/", "\"", "/**;", "a--"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, text string, step int) {
		got := fed(text, max(1, step))
		want := piecewise(text)
		if strings.Join(got, "\x00;") != strings.Join(want, "\x00;") {
			t.Fatalf("%q:\ngot  %q\nwant %q", text, got, want)
		}
	})
}

// fed splits a text that comes in pieces of step bytes.
func fed(text string, step int) (list []string) {
	s := newSplitter()
	for p := []byte(text); len(p) > 0; {
		n, complete := s.feed(p[:min(step, len(p))])
		p = p[n:]
		if complete {
			if b, _ := s.take(); len(b) > 0 {
				list = append(list, string(b))
			}
		}
	}
	if s.last() {
		b, _ := s.take()
		list = append(list, string(b))
	}
	return list
}

// piecewise splits a text by the pieces of the parser.
func piecewise(text string) (list []string) {
	var st strings.Builder
	add := func() {
		if st.Len() > 0 {
			list = append(list, st.String())
		}
		st.Reset()
	}
	for p := range parser.Pieces(text) {
		switch {
		case p.Kind == parser.PieceEnd:
			add()
		case p.Kind == parser.PieceComment || p.Kind == parser.PieceBlank && strings.Trim(p.Text, " \t\n\f\r") == "":
			if st.Len() > 0 {
				st.WriteString(p.Text)
			}
		default:
			st.WriteString(p.Text)
		}
	}
	add()
	return list
}
