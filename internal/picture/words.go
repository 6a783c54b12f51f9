// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine"
)

// size shows a number of bytes with three digits.
func size(n int64) string {
	f, unit := float64(n), 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for f >= 999.5 && unit < len(units)-1 {
		f, unit = f/1024, unit+1
	}
	digits := 0
	switch {
	case unit == 0 || f >= 99.95 || f == float64(int64(f)):
	case f >= 9.995:
		digits = 1
	default:
		digits = 2
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + units[unit]
}

// count shows a number with commas.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted shows how many of something there are.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return count(int64(n)) + " " + what
}

// percent shows a part of a whole. What is not all of it is not shown as 100 %.
func percent(part, whole int64) string {
	switch {
	case whole <= 0 || part <= 0:
		return "0 %"
	case part >= whole:
		return "100 %"
	}
	return fmt.Sprintf("%d %%", min(99, max(1, int(float64(part)/float64(whole)*100+0.5))))
}

// keyText shows a key in at most limit characters: as text if it is one that can be seen, else in hexadecimal.
func keyText(k *engine.LayoutKey, limit int) string {
	switch {
	case k == nil:
		return "–"
	case k.Len == 0:
		return "''"
	}
	s, cut := string(k.Bytes), k.Len > len(k.Bytes)
	if cut { // the last character may be cut
		for n := 0; n < utf8.UTFMax && len(s) > 0 && !utf8.ValidString(s); n++ {
			s = s[:len(s)-1]
		}
	}
	quote := ""
	if !visible(s) {
		s, quote = "x'"+hex.EncodeToString(k.Bytes), "'"
	}
	if runes := []rune(s + quote); len(runes) > limit || cut {
		return string(runes[:min(len([]rune(s)), limit-1)]) + "…"
	}
	return s + quote
}

// visible reports whether a text shows itself: it has no control characters, nothing that turns the direction of what
// follows, and no blank at an end.
func visible(s string) bool {
	if s == "" || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError || unicode.Is(unicode.Mn, r) {
			return false
		}
	}
	return true
}

// plain makes a text that others have written fit to be shown on a line: what cannot be seen, or would turn the
// direction of what follows, is a mark.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}
