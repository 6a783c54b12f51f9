// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
	"unicode/utf8"
)

// matchGlob is matchLike for GLOB: * is any text, ? one character, and […] one character
// of a set.
func matchGlob(ctx context.Context, pattern, text []byte, steps int) (match, error) {
	star, resume := -1, 0
	p, t := 0, 0
	for ; t < len(text); steps-- {
		if steps%stepsBetweenLooks == 0 {
			if err := ctx.Err(); err != nil {
				return unknown, err
			}
		}
		if steps < 0 {
			return unknown, nil
		}
		if p < len(pattern) {
			switch c := pattern[p]; c {
			case '*':
				if p++; p == len(pattern) {
					return matching, nil
				}
				star, resume = p-1, t
				continue
			case '?':
				p++
				t += charLen(text[t:])
				continue
			case '[':
				char, n := decode(text[t:])
				if in, end := inSet(pattern, p, char); in {
					p = end
					t += n
					continue
				}
			default:
				if c == text[t] {
					p++
					t++
					continue
				}
			}
		}
		if star < 0 {
			return different, nil
		}
		resume += charLen(text[resume:])
		// An ASCII byte is never part of a longer character, so its next place can be searched for.
		if next := pattern[star+1]; next < utf8.RuneSelf && next != '*' && next != '?' && next != '[' {
			i := bytes.IndexByte(text[resume:], next)
			if i < 0 {
				return different, nil
			}
			resume += i
		}
		p, t = star+1, resume
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return matchIf(p == len(pattern)), nil
}

// inSet reports whether char is in the set that opens at pattern[at], and returns where
// the set ends. A set that nothing closes holds nothing. ^ after the bracket negates, ]
// there stands for itself, and so does - where it has no end on one of its sides.
func inSet(pattern []byte, at int, char rune) (in bool, end int) {
	i := at + 1
	negated := i < len(pattern) && pattern[i] == '^'
	if negated {
		i++
	}
	found := false
	if i < len(pattern) && pattern[i] == ']' {
		found = char == ']'
		i++
	}
	var low rune // what a range would begin with, if hasLow
	hasLow := false
	for i < len(pattern) && pattern[i] != ']' {
		c, n := decode(pattern[i:])
		i += n
		if c == '-' && hasLow && i < len(pattern) && pattern[i] != ']' {
			high, n := decode(pattern[i:])
			i += n
			found = found || low <= char && char <= high
			hasLow = false
			continue
		}
		found = found || c == char
		low, hasLow = c, true
	}
	if i == len(pattern) {
		return false, i
	}
	return found != negated, i + 1
}

// patternRest is what comes in a pattern after its beginning.
type patternRest uint8

const (
	nothingMore patternRest = iota // nothing: a text matches that is just these bytes
	anything                       // stars: every text matches that begins with them
	furtherTest                    // something that the rest of a text has to match
)

// globPrefix returns the bytes that every text begins with that matches the pattern of
// GLOB, and what comes after them.
func globPrefix(pattern []byte) (prefix []byte, rest patternRest) {
	i := bytes.IndexAny(pattern, "*?[")
	switch {
	case i < 0:
		return pattern, nothingMore
	case len(bytes.TrimLeft(pattern[i:], "*")) == 0:
		return pattern[:i], anything
	}
	return pattern[:i], furtherTest
}
