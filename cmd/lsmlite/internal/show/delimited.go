// SPDX-License-Identifier: Apache-2.0

package show

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// delimited prints a line for each row, with a separator between the columns.
type delimited struct {
	printer
	sep, nullText string
	// field renders a value that is not NULL; many says whether there are other columns.
	field func(v any, many bool) string
	auto  bool // whether there is a header unless another is wanted
}

func (d *delimited) Columns(names []string) error {
	if !d.headers(d.auto) {
		return nil
	}
	row := make([]any, len(names))
	for i, n := range names {
		row[i] = n
	}
	return d.line(row, func(v any, _ bool) string { return readable(v, "") })
}

func (d *delimited) Row(values []any) error { return d.line(values, d.field) }

func (d *delimited) line(values []any, field func(any, bool) string) error {
	for i, v := range values {
		if i > 0 {
			d.w.WriteString(d.sep)
		}
		if v == nil {
			d.w.WriteString(d.nullText)
			continue
		}
		d.w.WriteString(field(v, len(values) > 1))
	}
	return d.w.WriteByte('\n')
}

// newList is mode list: what package text shows, so that text.Parse gives the bytes back. A value that has the
// separator in it is shown between double quotes, with the separator as an escape.
func newList(p printer) Rows { return newSeparated(p, "|") }

// newTabs is mode list with tabs, which no value shows.
func newTabs(p printer) Rows { return newSeparated(p, "\t") }

func newSeparated(p printer, sep string) Rows {
	d := &delimited{printer: p, sep: p.separator(sep), nullText: p.null("")}
	d.field = func(v any, many bool) string {
		s := readable(v, "")
		if b, ok := isBytes(v); ok && many && strings.Contains(s, d.sep) {
			return escaped(b, d.sep)
		}
		return s
	}
	return d
}

// escaped renders bytes between double quotes, with the characters of sep as escapes. A separator that an escape has in
// it, such as a digit, is not lossless.
func escaped(b []byte, sep string) string {
	var s strings.Builder
	s.WriteByte('"')
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if (r == utf8.RuneError && size == 1) || !unicode.IsPrint(r) || r == '"' || r == '\\' || strings.ContainsRune(sep, r) {
			for _, c := range b[:size] {
				fmt.Fprintf(&s, `\x%02x`, c)
			}
		} else {
			s.WriteRune(r)
		}
		b = b[size:]
	}
	s.WriteByte('"')
	return s.String()
}

// newRaw is mode raw, which loses where a value ends.
func newRaw(p printer) Rows {
	return &delimited{printer: p, sep: p.separator("|"), nullText: p.null(""), field: func(v any, _ bool) string {
		if b, ok := isBytes(v); ok {
			return string(b)
		}
		return plain(v)
	}}
}

// newHex is mode hex: of numbers the digits of their text. NULL is not of hexadecimal digits.
func newHex(p printer) Rows {
	return &delimited{printer: p, sep: p.separator("|"), nullText: p.null("NULL"), field: func(v any, _ bool) string {
		b, ok := isBytes(v)
		if !ok {
			b = []byte(plain(v))
		}
		return hex.EncodeToString(b)
	}}
}

// newQuote is mode quote: literals that a statement takes.
func newQuote(p printer) Rows {
	return &delimited{printer: p, sep: p.separator(","), nullText: p.null("NULL"), field: func(v any, _ bool) string { return Literal(v) }}
}

// newCSV is mode csv, of RFC 4180 with lines that end in a newline. Text may have newlines and tabs. Text with other
// characters that are not printable, and other bytes, are what package text shows, so that text.Parse gives all
// fields back. The empty value is "", and NULL is nothing.
func newCSV(p printer) Rows {
	d := &delimited{printer: p, sep: p.separator(","), nullText: p.null("")}
	d.field = func(v any, _ bool) string {
		b, ok := isBytes(v)
		if !ok {
			return plain(v)
		}
		return csvField(Field(b), d.sep)
	}
	return d
}

// Field is what the lossless formats of one text a value have: bytes that are text, with newlines and tabs in it, as
// they are, and everything else as package text shows it. text.Parse gives the bytes back.
func Field(b []byte) string {
	shown := text.Show(b)
	if multiline(shown, b) {
		return string(b)
	}
	return shown
}

// multiline says whether bytes are shown between quotes only because of newlines and tabs in them.
func multiline(shown string, b []byte) bool {
	if !strings.HasPrefix(shown, `"`) || !utf8.Valid(b) {
		return false
	}
	s := string(b)
	for _, r := range s {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	back, err := text.Parse(s)
	return err == nil && string(back) == s
}

// csvField quotes a field where it has to be.
func csvField(s, sep string) string {
	if s != "" && !strings.ContainsAny(s, "\"\n\r") && !strings.Contains(s, sep) && s[0] != ' ' && s[0] != '\t' && s[0] != '#' {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
