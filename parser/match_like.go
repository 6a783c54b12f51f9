// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
	"unicode/utf8"
)

// likePattern is a pattern of LIKE. What ESCAPE takes the meaning of is a byte like others.
type likePattern struct {
	text []byte
	// wild is, for each byte of text, '%' or '_' where it stands for others, else 0. It is nil
	// if there is no ESCAPE: then every % and _ does.
	wild []byte
}

// at returns '%' or '_' if the byte at i stands for others, else 0.
func (p *likePattern) at(i int) byte {
	if p.wild != nil {
		return p.wild[i]
	}
	if c := p.text[i]; c == '%' || c == '_' {
		return c
	}
	return 0
}

const escapeWrong = "ESCAPE takes one character"

// unescape returns the pattern in which the character escape takes the meaning of the one
// after it. It is not ok, and matches nothing, if no character comes after one. Memory is
// taken from *scratch.
func unescape(pattern, escape []byte, scratch *[]byte) (p likePattern, ok bool) {
	start := len(*scratch)
	text, wild := *scratch, make([]byte, 0, len(pattern))
	for i := 0; i < len(pattern); {
		n := charLen(pattern[i:])
		kind := byte(0)
		switch c := pattern[i]; {
		case bytes.Equal(pattern[i:i+n], escape):
			if i += n; i == len(pattern) {
				return likePattern{}, false
			}
			n = charLen(pattern[i:])
		case c == '%' || c == '_':
			kind = c
		}
		text = append(text, pattern[i:i+n]...)
		wild = append(wild, kind)
		for range n - 1 {
			wild = append(wild, 0)
		}
		i += n
	}
	*scratch = text
	return likePattern{text[start:len(text):len(text)], wild}, true
}

// matchLike reports whether text matches the pattern of LIKE, if it can tell within a
// number of steps: % is any text, _ one character, and ASCII letters match in either case.
func matchLike(ctx context.Context, pattern *likePattern, text []byte, steps int) (match, error) {
	star, resume := -1, 0 // where the last % is, and the text it does not cover yet
	p, t, end := 0, 0, len(pattern.text)
	for ; t < len(text); steps-- {
		if steps%stepsBetweenLooks == 0 {
			if err := ctx.Err(); err != nil {
				return unknown, err
			}
		}
		if steps < 0 {
			return unknown, nil
		}
		if p < end {
			switch wild, c := pattern.at(p), pattern.text[p]; {
			case wild == '%':
				if p++; p == end {
					return matching, nil
				}
				star, resume = p-1, skipLike(pattern, p, text, t)
				t = resume
				continue
			case wild == '_':
				p++
				t += charLen(text[t:])
				continue
			case c == text[t] || foldASCII(c) == foldASCII(text[t]):
				p++
				t++
				continue
			}
		}
		if star < 0 {
			return different, nil
		}
		p = star + 1
		resume = skipLike(pattern, p, text, resume+charLen(text[resume:]))
		t = resume
	}
	for p < end && pattern.at(p) == '%' {
		p++
	}
	return matchIf(p == end), nil
}

// maxSkipped is how far skipLike goes at once, so that a step has a bound.
const maxSkipped = 1 << 16

// skipLike returns an offset from t on before which no text begins that matches a pattern
// from p on, len(text) if there is none. An ASCII byte is never part of a longer
// character, so that it can be searched for.
func skipLike(pattern *likePattern, p int, text []byte, t int) int {
	c := pattern.text[p]
	if c >= utf8.RuneSelf || pattern.at(p) != 0 {
		return t
	}
	c = foldASCII(c)
	for end := min(len(text), t+maxSkipped); t < end && foldASCII(text[t]) != c; {
		t++
	}
	for t < len(text) && !utf8.RuneStart(text[t]) { // not in the middle of a character
		t++
	}
	return t
}
