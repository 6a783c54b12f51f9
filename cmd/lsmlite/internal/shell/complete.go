// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/parser"
)

// completion is what may stand in the place of the word before the cursor.
type completion struct {
	word string // what is replaced
	list []candidate
}

// candidate is a text that a word may be completed to. It is open if more of the same word may follow.
type candidate struct {
	text, help string
	open       bool
}

// completions returns what a text that ends at the cursor may be completed to.
func (s *shell) completions(text string) completion {
	if strings.HasPrefix(text, ".") {
		return s.completeDot(text)
	}
	before, last := lastStatement(text)
	switch {
	case last.Kind == parser.PieceText && last.Open:
		return s.completeKey(last.Text)
	case last.Kind == parser.PieceComment, last.Open:
		return completion{}
	case last.Kind == parser.PieceKeyword, last.Kind == parser.PieceName:
		return expectedAfter(before, last.Text)
	}
	return expectedAfter(before+last.Text, "")
}

// lastStatement returns the statement that a text ends with, except for its last piece, and that piece.
func lastStatement(text string) (before string, last parser.Piece) {
	start := 0
	for p := range parser.Pieces(text) {
		last = p
		if p.Kind == parser.PieceEnd {
			start = p.Offset + len(p.Text)
		}
	}
	if last.Kind == parser.PieceEnd {
		return "", parser.Piece{}
	}
	return text[start:last.Offset], last
}

// expectedAfter completes a word by what the parser expects after the text before it.
func expectedAfter(before, word string) completion {
	c := completion{word: word}
	for _, expected := range expectations(before) {
		for _, cand := range meant(expected, before) {
			cand.text = inCaseOf(word, cand.text)
			if strings.HasPrefix(cand.text, word) && !slices.ContainsFunc(c.list, func(o candidate) bool { return o.text == cand.text }) {
				c.list = append(c.list, cand)
			}
		}
	}
	return c
}

// expectations returns what may follow a text: the parser says so if what follows is wrong. Of two marks one is.
func expectations(text string) []string {
	for _, wrong := range []string{")", ","} {
		_, err := parser.Parse(text + wrong)
		if e, ok := errors.AsType[*parser.Error](err); ok && e.Offset == len(text) {
			return e.Expected
		}
	}
	return nil
}

// meant returns the words for something that the parser expects.
func meant(expected, before string) []candidate {
	switch {
	case expected == "an expression":
		return operands
	case expected == "an operator":
		return operators
	case expected == "a name":
		return named(before)
	case strings.ToUpper(expected) == expected && expected[0] >= 'A' && expected[0] <= 'Z':
		return []candidate{{text: expected}}
	}
	return nil
}

var (
	operands = []candidate{{text: "key"}, {text: "value"}, {text: "count(*)"}, {text: "min(key)"}, {text: "max(key)"},
		{text: "length(", help: "number of bytes", open: true}, {text: "hex(", help: "hexadecimal digits", open: true},
		{text: "lower(", open: true}, {text: "upper(", open: true}, {text: "substr(", help: "(text, from, length)", open: true},
		{text: "CAST(", help: "(expression AS INTEGER, REAL, TEXT or BLOB)", open: true}}
	operators = []candidate{{text: "LIKE"}, {text: "GLOB"}, {text: "BETWEEN"}, {text: "IN"}, {text: "NOT"}}
)

// named returns the names that may follow a text.
func named(before string) []candidate {
	word := ""
	for p := range parser.Pieces(before) {
		if p.Kind != parser.PieceBlank && p.Kind != parser.PieceComment {
			word = strings.ToUpper(p.Text)
		}
	}
	switch word {
	case "FROM", "INTO", "UPDATE":
		return []candidate{{text: "kv"}}
	case "PRAGMA":
		return pragmas()
	}
	return nil
}

// pragmas lists what can be read or done by PRAGMA.
func pragmas() []candidate {
	var list []candidate
	for _, name := range pragma.Names() {
		p := pragma.Named(name)
		list = append(list, candidate{text: name, help: p.Args + " " + p.Help})
	}
	settings := reflect.TypeFor[lsmlite.Config]()
	for i := range settings.NumField() {
		if name := settings.Field(i).Tag.Get("dsn"); name != "" {
			list = append(list, candidate{text: name, help: "a setting"})
		}
	}
	return list
}

// inCaseOf writes a word of the grammar as the user has begun it: in lower case, or not.
func inCaseOf(begun, word string) string {
	if begun != "" && begun == strings.ToLower(begun) {
		return strings.ToLower(word)
	}
	return word
}

// completeDot completes a dot command, or an argument of one.
func (s *shell) completeDot(text string) completion {
	name, rest, hasArgs := strings.Cut(text, " ")
	if !hasArgs {
		c := completion{word: name}
		for _, d := range dots {
			c.add("."+d.name, d.help)
		}
		return c
	}
	d, err := dotNamed(name[1:])
	if err != nil {
		return completion{}
	}
	word := rest[strings.LastIndexByte(rest, ' ')+1:]
	switch {
	case d.name == "explain":
		return s.completions(strings.TrimLeft(rest, " "))
	case d.files:
		return completePath(word)
	}
	c := completion{word: word}
	switch {
	case d.name == "mode":
		for _, m := range show.Modes() {
			c.add(string(m.Mode), m.Help)
		}
	case d.name == "help":
		for _, d := range dots {
			c.add(d.name, d.help)
		}
	case strings.HasPrefix(d.args, "on|off"), d.name == "parameter":
		for option := range strings.SplitSeq(d.args, "|") {
			option, _, _ = strings.Cut(option, " ")
			if option == strings.ToLower(option) {
				c.add(option, "")
			}
		}
	}
	return c
}

// add adds a candidate if the word begins so.
func (c *completion) add(text, help string) {
	if strings.HasPrefix(text, c.word) {
		c.list = append(c.list, candidate{text: text, help: help})
	}
}
