// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"slices"
	"strings"
)

// secretNames are what other dialects call a key in a PRAGMA or an ATTACH. Such statements come here from programs that
// were written for those; their keys are not quoted in errors, which get into logs.
var secretNames = []string{"hexrekey", "textrekey", "hexkey", "textkey", "rekey", "key", "passphrase", "password"}

// secretFrom returns where a secret may begin that a text has in a PRAGMA or an ATTACH: after one of these names that
// is the name of a PRAGMA, or that follows ATTACH. It returns -1 if there is none.
func secretFrom(text string) int {
	lower := lowerASCII(text)
	from := -1
	for begin := nameAfter(lower, 0, "pragma"); begin >= 0 && from < 0; begin = nameAfter(lower, begin, "pragma") {
		from, begin = secretPragma(lower, begin)
	}
	if begin := nameAfter(lower, 0, "attach"); begin >= 0 {
		from = earlier(from, secretName(lower, begin))
	}
	return from
}

// secretPragma returns the end of the secret name of a PRAGMA that begins at i, or -1 if its name is none, and how far
// it has looked. The name is what stands in front of the value: of =, of a parenthesis, or of the end of the statement.
// The statement may be wrong in any way, so more is treated as a name than can be one.
func secretPragma(lower string, i int) (from, end int) {
	named := false
	for i < len(lower) {
		rest := lower[i:]
		switch c := rest[0]; {
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"):
			closing := "\n"
			if c == '/' {
				closing = "*/"
			}
			n := through(rest, closing)
			if at := nameAfter(rest[:n], 0, "pragma"); at >= 0 {
				if at = secretName(rest[:n], at); at >= 0 {
					return i + at, i + n
				}
			}
			i += n
		case strings.IndexByte("\"'`[", c) >= 0:
			closing := string(c)
			if c == '[' {
				closing = "]"
			}
			n := 1 + through(rest[1:], closing)
			if at := secretName(lower[:i+n], i); at >= 0 {
				return at, i + n
			}
			named, i = true, i+n
		case inName(rest, 0):
			n := 1
			for inName(rest, n) {
				n++
			}
			if slices.Contains(secretNames, rest[:n]) {
				return i + n, i + n
			}
			named, i = true, i+n
		case c == ';' || named && (c == '=' || c == '('):
			return -1, i
		default:
			i++
		}
	}
	return -1, i
}

// through returns how many bytes of a text there are up to the end of another one in it, all if it is not there.
func through(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + len(end)
	}
	return len(text)
}

// secretName returns the end of the first secret name in a text from begin on, or -1.
func secretName(lower string, begin int) (from int) {
	from = -1
	for _, name := range secretNames {
		from = earlier(from, nameAfter(lower, begin, name))
	}
	return from
}

// earlier returns the smaller one of two places, of which -1 is none.
func earlier(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
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
	if offset+len(e.Token) > from && e.Token != "" {
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
