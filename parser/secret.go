// SPDX-License-Identifier: Apache-2.0

package parser

import "strings"

// secretNames are what other dialects call a key in a PRAGMA or an ATTACH. Such statements come here from programs that
// were written for those; their keys are not quoted in errors, which get into logs.
var secretNames = []string{"hexrekey", "textrekey", "hexkey", "textkey", "rekey", "key", "passphrase", "password"}

// secretFrom returns where a secret may begin that a text has in a PRAGMA or an ATTACH: after the first of these names
// that follows one of these words. It returns -1 if there is none.
func secretFrom(text string) int {
	lower := lowerASCII(text)
	from := -1
	for _, word := range []string{"pragma", "attach"} {
		begin := strings.Index(lower, word)
		if begin < 0 {
			continue
		}
		for _, name := range secretNames {
			if at := nameAfter(lower, begin+len(word), name); at >= 0 && (from < 0 || at < from) {
				from = at
			}
		}
	}
	return from
}

// nameAfter returns the end of a name that begins at begin or later, as a whole word, or -1.
func nameAfter(lower string, begin int, name string) int {
	for {
		i := strings.Index(lower[begin:], name)
		if i < 0 {
			return -1
		}
		end := begin + i + len(name)
		if !inName(lower, begin+i-1) && !inName(lower, end) {
			return end
		}
		begin = end
	}
}

// inName reports whether the byte at i may be a part of a name.
func inName(text string, i int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	c := text[i]
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z'
}

// hide takes what follows from out of the error. The line begins at start, and the place is offset.
func (e *Error) hide(from, start, offset int) {
	if offset >= from && e.Token != "" {
		e.Token = "…"
	}
	cut := max(0, from-start)                                      // bytes of the line that may be shown
	if gone := offset - start - e.Caret; e.Caret > 0 && gone > 0 { // its beginning is cut
		cut = max(0, cut-gone)
	}
	if cut < len(e.Excerpt) {
		for cut > 0 && cut < len(e.Excerpt) && e.Excerpt[cut]&0xC0 == 0x80 {
			cut--
		}
		e.Excerpt = e.Excerpt[:cut] + "…"
		e.Caret = min(e.Caret, cut)
	}
}
