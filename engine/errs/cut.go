// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxErrorText is how many bytes of one text that comes from outside (a path, a name, a
// setting, a cause) an error shows. The fields of an error hold all of it.
const MaxErrorText = 2048

// Cut returns s, or its beginning and its end if it is longer than MaxErrorText: the end of
// a path is its name, and the end of an error its reason. Whatever s holds, the result is
// UTF-8 on one line: what cannot be there becomes U+FFFD.
func Cut(s string) string {
	return cutTo(s, MaxErrorText, func(r rune) rune {
		if r == '\n' {
			return utf8.RuneError
		}
		return shown(r)
	})
}

// cutTo cuts s to limit bytes of what show makes of it.
func cutTo(s string, limit int, show func(rune) rune) string {
	return cut(strings.Map(show, cut(s, limit)), limit)
}

// shown returns what an error shows for a character: no control character but the tab and
// the end of a line. A byte that is not UTF-8 arrives as U+FFFD.
func shown(r rune) rune {
	if unicode.IsControl(r) && r != '\t' && r != '\n' {
		return utf8.RuneError
	}
	return r
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head, tail := limit*3/4, len(s)-limit/4
	for head > 0 && !utf8.RuneStart(s[head]) && head > limit*3/4-utf8.UTFMax {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) && tail < len(s)-limit/4+utf8.UTFMax {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}

// cutCause is Cut for the text of an error, which has texts of its own in it, and may have
// several lines.
func cutCause(err error) string { return cutTo(err.Error(), 2*MaxErrorText, shown) }
