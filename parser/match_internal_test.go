// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

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
	longtest.Start(t, 2*time.Second, 0)
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
