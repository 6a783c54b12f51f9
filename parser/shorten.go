// SPDX-License-Identifier: Apache-2.0

package parser

import "slices"

// operandToken stands for an operand that is complete.
var operandToken = token{text: "?", kind: tokValue}

// shorten drops from the tokens before a place what does not matter for what may follow:
// parentheses around, operands that are finished, and finished entries of lists.
func shorten(prefix []token) []token {
	prefix = innermost(prefix)
	s := shortener{frames: []shortFrame{{}}}
	for i := range prefix {
		s.add(prefix, i)
	}
	return s.out
}

// innermost drops what lies between the first parenthesis of an expression that is open at
// the end, and the last one.
func innermost(prefix []token) []token {
	var open []int // of those in expressions
	var rows []bool
	expression := false
	for i := range prefix {
		t := &prefix[i]
		switch {
		case t.kind == tokMark && t.text == "(":
			row := i > 0 && len(open) == 0 && (prefix[i-1].is("VALUES") || prefix[i-1].is(",")) && !expression
			rows = append(rows, row || !expression)
			if row {
				expression = true
			}
			open = append(open, i)
		case t.kind == tokMark && t.text == ")" && len(open) > 0:
			if rows[len(rows)-1] {
				expression = false
			}
			open, rows = open[:len(open)-1], rows[:len(rows)-1]
		case len(open) > 0:
		case t.is("WHERE"), t.is("SELECT"), t.is("RETURNING"), t.is("SET"), t.is("LIMIT"):
			expression = true
		case t.is("VALUES"):
			expression = false
		}
	}
	for len(open) > 0 && rows[0] {
		open, rows = open[1:], rows[1:]
	}
	if len(open) < 2 {
		return prefix
	}
	from, to := open[0], open[len(open)-1]
	out := slices.Clone(prefix[:headOf(prefix, from)])
	if prefix[from-1].is("IN") { // its left operand is there
		out = append(out, anInfix.token)
	}
	out = append(out, anOpening.token) // one that stands for all dropped ones
	switch before := &prefix[to-1]; {
	case before.is("IN"):
		out = append(out, operandToken)
		to--
	case before.kind == tokName:
		to--
	}
	return append(out, prefix[to:]...)
}

// headOf returns where that begins to which the parenthesis at i belongs: a call, or IN.
func headOf(prefix []token, i int) int {
	switch {
	case i > 1 && prefix[i-1].is("IN") && prefix[i-2].is("NOT"):
		return i - 2
	case prefix[i-1].is("IN"), prefix[i-1].kind == tokName:
		return i - 1
	}
	return i
}

// shortener copies tokens and takes back what is finished.
type shortener struct {
	out    []token
	frames []shortFrame
}

// shortFrame is a parenthesis, or the statement.
type shortFrame struct {
	// expression: operands and operators are allowed here, and entry is where the current entry of
	// a list begins in out, operand the current operand.
	expression     bool
	entry, operand int
	// after: the operand is there, so that an operator may follow. cut: something was before
	// it.
	after, cut bool
	// list: an entry that is finished does not matter.
	list    bool
	limit   bool // OFFSET may follow
	between int  // how many BETWEEN wait for their AND
}

func (s *shortener) add(prefix []token, i int) {
	t := &prefix[i]
	f := &s.frames[len(s.frames)-1]
	switch {
	case t.kind == tokMark && t.text == ")" && len(s.frames) > 1:
		s.close(t)
	case !f.expression:
		s.outside(prefix, i, f)
	case t.kind == tokMark && t.text == "(":
		in := i > 0 && prefix[i-1].is("IN")
		if !f.after && !in && f.between == 0 {
			f.operand = len(s.out)
		}
		f.after = false
		s.open(t, in)
	case t.kind == tokMark && t.text == ",":
		s.comma(t, f)
	case t.is("AND") && f.between > 0:
		f.between--
		s.cut(f)
	case t.is("BETWEEN"):
		f.between++
		s.out, f.after = append(s.out, *t), false
	case f.between > 0 && (t.kind == tokInfix || !f.after && t.is("NOT")):
		s.out, f.after = append(s.out, *t), false
	case t.kind == tokInfix && f.after, !f.after && (t.is("NOT") || t.is("-") || t.is("+")):
		s.cut(f)
	case t.kind == tokKeyword && !t.is("NOT") && !t.is("IN") && !t.is("AS"), f.limit && t.is("OFFSET"):
		s.outside(prefix, i, f)
	default: // an operand, or a word after one
		if !f.after && f.between == 0 && !(len(s.out) > 0 && s.out[len(s.out)-1].is(".")) {
			f.operand = len(s.out)
		}
		s.out = append(s.out, *t)
		f.after = !t.is("IN") && !t.is(".")
	}
}

// cut removes what is before an operand that is to come. One operand and operator
// stay, so that something is there.
func (s *shortener) cut(f *shortFrame) {
	if s.out = s.out[:f.operand]; !f.cut {
		s.out = append(s.out, operandToken, anInfix.token)
	}
	f.operand, f.cut, f.after = len(s.out), true, false
}

// comma ends an entry of a list.
func (s *shortener) comma(t *token, f *shortFrame) {
	switch {
	case f.list && f.entry > 0 && s.out[f.entry-1].is("("):
		s.out = append(s.out[:f.entry], operandToken, *t)
	case f.list:
		s.out = s.out[:f.entry]
	default:
		s.out = append(s.out, *t)
	}
	*f = shortFrame{expression: true, entry: len(s.out), operand: len(s.out), list: f.list}
}

// open begins a parenthesis of expressions.
func (s *shortener) open(t *token, list bool) {
	s.out = append(s.out, *t)
	s.frames = append(s.frames, shortFrame{expression: true, entry: len(s.out), operand: len(s.out), list: list})
}

// close ends a parenthesis. One in an expression is an operand, or the end of one.
func (s *shortener) close(t *token) {
	s.frames = s.frames[:len(s.frames)-1]
	f := &s.frames[len(s.frames)-1]
	if !f.expression || f.between > 0 {
		s.out, f.after = append(s.out, *t), true
		return
	}
	s.out, f.after = append(s.out[:f.operand], operandToken), true
}

// outside copies a token where no operand is, or one that ends an expression.
func (s *shortener) outside(prefix []token, i int, f *shortFrame) {
	t := &prefix[i]
	s.out = append(s.out, *t)
	switch {
	case t.is("WHERE"), t.is("LIMIT"), f.limit && t.is("OFFSET"):
		*f = shortFrame{expression: true, entry: len(s.out), operand: len(s.out), limit: t.is("LIMIT")}
	case t.is("SELECT"), t.is("RETURNING"):
		*f = shortFrame{expression: true, entry: len(s.out), operand: len(s.out), list: true}
	case t.kind == tokInfix && t.text == "=" && i >= 2 && prefix[i-2].is("SET"):
		*f = shortFrame{expression: true, entry: len(s.out), operand: len(s.out)}
	case t.kind == tokMark && t.text == "(" && i > 0 && isRow(prefix, i):
		s.out = s.out[:len(s.out)-1]
		s.open(t, false)
	case t.kind == tokMark && t.text == "," && endsRow(prefix, i):
		for n := len(s.out) - 1; n >= 0; n-- { // rows that are finished
			if s.out[n].is("VALUES") {
				s.out = s.out[:n+1]
				return
			}
		}
	case t.kind == tokKeyword:
		*f = shortFrame{}
	}
}

func isRow(prefix []token, i int) bool {
	return prefix[i-1].is("VALUES") || prefix[i-1].is(",") && endsRow(prefix, i-1)
}

func endsRow(prefix []token, comma int) bool {
	return comma > 0 && (prefix[comma-1].is(")") || prefix[comma-1].kind == tokRows)
}

// placeless returns the tokens at the beginning of a text.
func placeless(tokens []token) []token {
	out := slices.Clone(tokens)
	for i := range out {
		out[i].start = 0
		if len(out[i].text) > 1 {
			out[i].text = shortest(&out[i])
		}
	}
	return out
}

// shortest returns a token's text, or a shorter one of the same kind.
func shortest(t *token) string {
	switch {
	case t.kind == tokValue && isNumber(t.text):
		return "1"
	case t.kind == tokValue && t.text[0] == '\'':
		return "''"
	case t.kind == tokValue && t.text[0]|0x20 == 'x':
		return "x''"
	case t.kind == tokValue:
		return "?"
	case t.kind == tokName:
		return "a"
	}
	return t.text
}
