// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says where a text is not a statement of the dialect, and why.
type Error struct {
	// Line and Column count from 1, Column in characters. Offset counts bytes from 0 in
	// the whole text.
	Line, Column, Offset int
	// Token is the offending piece of the text, cut if it is long; "" at the end.
	Token string
	// Expected says what is allowed there, if a token was the problem.
	Expected []string
	// Msg says what is wrong if it is not just the token.
	Msg string
	// TooBig is true if the text, or a pattern in it, is longer than it may be.
	TooBig bool
	// Excerpt is the line of the text, cut around the place if it is long. Caret is the
	// number of its bytes before the place.
	Excerpt string
	Caret   int
}

// Lengths at which an error cuts what it quotes.
const (
	maxTokenBytes  = 40
	contextBytes   = 60 // of the line, on each side of the place
	maxAlternative = 12 // entries of Expected that Error lists
)

// Error returns the place, the token and what was expected on the first line, the line
// of the text on the second, and a caret under the place on the third.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("line ")
	b.WriteString(strconv.Itoa(e.Line))
	b.WriteString(", column ")
	b.WriteString(strconv.Itoa(e.Column))
	b.WriteString(": ")
	b.WriteString(e.Message())
	b.WriteString("\n  ")
	b.WriteString(printable(e.Excerpt))
	b.WriteString("\n  ")
	for _, r := range printable(e.Excerpt[:e.Caret]) {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r) // a tab stays one, so that the caret is right at any tab width
	}
	b.WriteString("^")
	return b.String()
}

// Message returns what is wrong on one line, without the place and the line of the text.
func (e *Error) Message() string { return printable(e.message()) }

func (e *Error) message() string {
	msg := e.Msg
	if msg == "" {
		if e.Token == "" {
			msg = "unexpected end of the statement"
		} else {
			msg = "unexpected " + strconv.Quote(e.Token)
		}
	}
	if len(e.Expected) == 0 {
		return msg
	}
	list, more := e.Expected, ""
	if len(list) > maxAlternative {
		list, more = list[:maxAlternative], ", …"
	}
	if len(list) == 1 || more != "" {
		return msg + "; expected " + strings.Join(list, ", ") + more
	}
	last := len(list) - 1
	return msg + "; expected " + strings.Join(list[:last], ", ") + " or " + list[last]
}

// printable replaces bytes that are not UTF-8 and control characters except the tab, so
// that an error can be shown anywhere. Each becomes one character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return utf8.RuneError
		}
		return r // a byte that is not UTF-8 arrives as U+FFFD
	}, s)
}

// errorAt makes the error for the token text[offset:end].
func errorAt(text string, offset, end int) *Error {
	e := &Error{Offset: offset, Line: 1 + strings.Count(text[:offset], "\n")}
	e.Token = cutEnd(text[offset:end], maxTokenBytes)
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	e.Column = 1 + utf8.RuneCountInString(text[start:offset])
	line := text[start:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = strings.TrimSuffix(line[:i], "\r")
	}
	e.Caret = min(offset-start, len(line))
	if cut := e.Caret - contextBytes; cut > 0 {
		for cut < e.Caret && !utf8.RuneStart(line[cut]) {
			cut++
		}
		line, e.Caret = "…"+line[cut:], e.Caret-cut+len("…")
	}
	e.Excerpt = line[:e.Caret] + cutEnd(line[e.Caret:], contextBytes)
	if from := secretFrom(text); from >= 0 {
		e.hide(from, start, offset)
	}
	return e
}

// cutEnd shortens s to about limit bytes, between characters.
func cutEnd(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
