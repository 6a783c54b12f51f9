// SPDX-License-Identifier: Apache-2.0

package parser

import "unicode/utf8"

// charLen returns the length of the character that b, which is not empty, begins with.
func charLen(b []byte) int {
	if b[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(b)
	return n
}

// loneByte is added to a byte that is not part of a valid character, which makes it
// differ from every character.
const loneByte = utf8.MaxRune + 1

// decode returns the character that b, which is not empty, begins with, and its length.
func decode(b []byte) (rune, int) {
	if b[0] < utf8.RuneSelf {
		return rune(b[0]), 1
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		r = loneByte + rune(b[0])
	}
	return r, n
}

// isCharacter reports whether b is one character, as ESCAPE needs one.
func isCharacter(b []byte) bool { return len(b) > 0 && charLen(b) == len(b) }
