// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"math/rand/v2"
	"testing"
)

// escapedModel matches characters one by one, in the plainest way.
func escapedModel(pattern []rune, escape rune, text []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	literal := func(c rune, rest []rune) bool {
		return len(text) > 0 && (text[0] == c || c < 0x80 && text[0] < 0x80 && foldASCII(byte(c)) == foldASCII(byte(text[0]))) &&
			escapedModel(rest, escape, text[1:])
	}
	switch c := pattern[0]; {
	case c == escape:
		return len(pattern) > 1 && literal(pattern[1], pattern[2:])
	case c == '%':
		for i := 0; i <= len(text); i++ {
			if escapedModel(pattern[1:], escape, text[i:]) {
				return true
			}
		}
		return false
	case c == '_':
		return len(text) > 0 && escapedModel(pattern[1:], escape, text[1:])
	default:
		return literal(c, pattern[1:])
	}
}

// LIKE with ESCAPE matches what the model does, in both ways there are.
func TestEscapeAgainstModel(t *testing.T) {
	letters := []rune("aAbé!%_")
	r := rand.New(rand.NewPCG(2, 3))
	word := func(n int) []rune {
		out := make([]rune, r.IntN(n))
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return out
	}
	matched, tried := 0, 100_000
	if raceDetector {
		tried /= 10
	}
	for range tried {
		pattern, text, escape := word(8), word(8), letters[r.IntN(len(letters))]
		want := escapedModel(pattern, escape, text)
		var scratch []byte
		p, ok := unescape([]byte(string(pattern)), []byte(string(escape)), &scratch)
		got, long := false, false
		if ok {
			var err error
			if got, err = matchText(t.Context(), true, p, []byte(string(text))); err != nil {
				t.Fatal(err)
			}
			if long, err = matchLong(t.Context(), true, p, []byte(string(text))); err != nil {
				t.Fatal(err)
			}
		}
		if got != want || long != want {
			t.Fatalf("%q LIKE %q ESCAPE %q: %v, and %v by matchLong; want %v", string(text), string(pattern), string(escape), got, long, want)
		}
		if want {
			matched++
		}
	}
	if matched < tried/100 {
		t.Errorf("only %d of %d match", matched, tried)
	}
}
