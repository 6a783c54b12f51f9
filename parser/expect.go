// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
)

// maxExpectedTokens is the length of the prefix up to which expected works, once shorten
// has been over it, because expected parses the prefix once for every candidate.
const maxExpectedTokens = 64

// expected lists what is allowed in the place of token i, as a person would type it. It asks the
// parser itself: what lets it get beyond the tokens before may follow. This costs some dozens of
// short parses and is done for an error only, but it cannot be wrong about the grammar. Without
// built, the grammar alone decides: that is for tokens of which no tree can be built, whatever
// follows.
func (b *builder) expected(i int, built bool) []string {
	before := b.fused.tokens[:i:i]
	prefix := shorten(before)
	if len(prefix) > maxExpectedTokens {
		return nil
	}
	return expectedAfter(before, prefix, built)
}

// expectedAfter is expected for the tokens before the place, and those of them that matter.
func expectedAfter(before, prefix []token, built bool) []string {
	words := wordCandidates[""]
	if len(before) > 0 {
		first := kindOf(before)
		words = wordCandidates[first]
		if first == "INSERT" || first == "REPLACE" || first == "UPDATE" || first == "DELETE" || first == "SELECT" {
			words = slices.Concat(words, expressionWords)
		}
	}
	e := expecter{prefix: slices.Clip(prefix), built: built}
	var list []string
	name, number := e.allows(aName), e.allows(aNumber)
	expression := number && e.allows(anOpening)
	operator := e.allows(anInfix)
	switch {
	case expression:
		list = append(list, "an expression")
	case number && name:
		list = append(list, aName.shown, aText.shown, aNumber.shown)
	case name:
		list = append(list, aName.shown)
	case number: // after a sign in a PRAGMA
		list = append(list, aNumber.shown)
	case !operator && e.allows(anOpening): // else it would make a function of a name
		list = append(list, anOpening.shown)
	}
	if operator && waitsForAnd(before) {
		return append(list, "AND")
	}
	switch {
	case operator && compares(before):
		list = append(list, "AND", "OR")
	case operator:
		list = append(list, anInfix.shown)
	}
	for _, c := range slices.Concat(markCandidates, words) {
		switch {
		case operator && c.token.kind == tokInfix, operator && c.shown == "IN":
		case name && (c.shown == "LIKE" || c.shown == "GLOB"): // just one more name
		case e.allows(c) && !slices.Contains(list, c.shown):
			list = append(list, c.shown)
		}
	}
	if len(prefix) > 0 && e.goesOn(prefix) {
		list = append(list, "the end of the statement")
	}
	return list
}

// waitsForAnd reports whether the tokens end in the lower bound of BETWEEN.
func waitsForAnd(tokens []token) bool {
	level, ands := 0, 0
	for _, t := range slices.Backward(tokens) {
		switch {
		case t.kind == tokMark && t.text == ")":
			level++
		case t.kind == tokMark && t.text == "(":
			if level--; level < 0 {
				return false
			}
		case level > 0:
		case t.is("AND"):
			ands++
		case t.is("BETWEEN"):
			if ands--; ands < 0 {
				return true
			}
		case t.is("OR"), t.text == ",", t.kind == tokKeyword && !t.is("NOT") && !t.is("IN"):
			return false
		}
	}
	return false
}

// compares reports whether the condition that the tokens end in has a comparison, so that
// AND or OR is what a person would go on with.
func compares(tokens []token) bool {
	level, found := 0, false
	for _, t := range slices.Backward(tokens) {
		switch {
		case t.kind == tokMark && t.text == ")":
			level++
		case t.kind == tokMark && t.text == "(":
			if level--; level < 0 {
				return found
			}
		case level > 0:
		case t.is("BETWEEN"), t.is("LIKE"), t.is("GLOB"), t.is("IN"):
			found = true
		case t.kind == tokInfix && strings.Contains("= == != <> < <= > >=", t.text):
			found = true
		case t.is("AND"), t.is("OR"):
			return true
		case t.is("SET"):
			return false
		case t.kind == tokKeyword && !t.is("NOT"), t.text == ",":
			return found
		}
	}
	return false
}

// expecter tries what may follow a prefix.
type expecter struct {
	prefix []token
	built  bool
}

func (e *expecter) allows(c candidate) bool {
	return e.goesOn(append(e.prefix, c.token))
}

// goesOn reports whether tokens, which are the prefix and maybe one more, are a statement, or
// the beginning of one in which everything is right except that it ends. Whether the tree of
// a whole statement can be built counts if built is set.
func (e *expecter) goesOn(tokens []token) bool {
	g, err := parseTokens(tokens)
	if err == nil {
		if !e.built {
			return true
		}
		// What participle lets pass is refused while the tree is built. Places in the text do
		// not matter: the error is not shown.
		trial := builder{text: strings.Repeat(" ", longestWord)}
		trial.fused.tokens, trial.fused.all = placeless(tokens), nil
		_, err = trial.body(g)
		return (err == nil || trial.incomplete && len(tokens) > len(e.prefix)) && trial.wrong == noToken
	}
	var perr participle.Error
	return errors.As(err, &perr) && perr.Position().Offset > len(e.prefix)
}
