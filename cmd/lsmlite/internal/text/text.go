// SPDX-License-Identifier: Apache-2.0

// Package text shows keys and values so that a person can read them and nothing is lost, and reads
// them back. All subcommands show and read bytes by it.
//
// Printable text stands for itself. Other bytes are shown as x'00ff', as in SQL, or, if most of
// them are text, between double quotes with Go's escapes: "user\x00\x01". Text that looks like
// either form is shown between double quotes. So Parse(Show(b)) is b for all bytes.
package text

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Show renders bytes.
func Show(b []byte) string {
	switch {
	case plain(b):
		return string(b)
	case mostlyText(b):
		return strconv.Quote(string(b))
	}
	var s strings.Builder
	s.Grow(hex.EncodedLen(len(b)) + len("x''"))
	s.WriteString("x'")
	_, _ = hex.NewEncoder(&s).Write(b) // a Builder takes everything
	s.WriteByte('\'')
	return s.String()
}

// AppendShow appends what Show renders to dst. Of long bytes it makes no other copy than in dst, unless they are
// shown between double quotes.
func AppendShow(dst, b []byte) []byte {
	switch {
	case plain(b):
		return append(dst, b...)
	case mostlyText(b):
		return strconv.AppendQuote(dst, string(b))
	}
	dst = slices.Grow(dst, hex.EncodedLen(len(b))+len("x''\n"))
	return append(hex.AppendEncode(append(dst, "x'"...), b), '\'')
}

// Name renders the name of a file, in a line of its own or as a part of one: no name steers a terminal, nor makes
// another line.
func Name(name string) string { return Show([]byte(name)) }

// Message is a text of several lines as it may be printed on a terminal: characters that could steer
// it, or hide others, are shown by their escapes.
func Message(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// Parse returns the bytes that Show has rendered, or that a person has written in one of its forms.
func Parse(s string) ([]byte, error) {
	switch {
	case looksHex(s):
		b, err := hex.DecodeString(s[2 : len(s)-1])
		if err != nil {
			return nil, fmt.Errorf("%s: between x' and ' there must be pairs of hexadecimal digits; "+
				"write %s for the text itself", s, strconv.Quote(s))
		}
		return b, nil
	case looksQuoted(s):
		u, err := strconv.Unquote(s)
		if err != nil {
			return nil, fmt.Errorf("%s: text between double quotes may have the escapes \\x00, \\n, \\\" and \\\\, "+
				"and each \" and \\ in it must be escaped", s)
		}
		return []byte(u), nil
	}
	return []byte(s), nil
}

// plain says whether text can stand for itself.
func plain(b []byte) bool {
	if looksHex(b) || looksQuoted(b) || !utf8.Valid(b) {
		return false
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if !unicode.IsPrint(r) {
			return false
		}
		i += size
	}
	return true
}

// mostlyText says whether at least half of the runes are printable. A byte that is of no rune counts
// as one.
func mostlyText(b []byte) bool {
	good, all := 0, 0
	for i := 0; i < len(b); all++ {
		r, size := utf8.DecodeRune(b[i:])
		if (r != utf8.RuneError || size > 1) && unicode.IsPrint(r) {
			good++
		}
		i += size
	}
	return 2*good >= all
}

func looksHex[T string | []byte](s T) bool {
	return len(s) >= 3 && (s[0] == 'x' || s[0] == 'X') && s[1] == '\'' && s[len(s)-1] == '\''
}

func looksQuoted[T string | []byte](s T) bool {
	return len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"'
}
