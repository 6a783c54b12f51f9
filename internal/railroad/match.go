// SPDX-License-Identifier: Apache-2.0

package railroad

import "slices"

// A Matcher recognises sentences of a grammar. Terminals and tokens are matched by the
// functions, so that it does not matter how a sentence is cut.
type Matcher struct {
	Grammar *Grammar
	// Terminal reports whether a word of the sentence is the terminal.
	Terminal func(word string, t Terminal) bool
	// Token reports whether a word of the sentence is a token of that name.
	Token func(word, name string) bool

	words []string
	known map[place][]int
}

// place is a rule at a word.
type place struct {
	rule *Rule
	at   int
}

// Matches reports whether words are a sentence of the rule. It follows every way to read
// them; no rule may begin with itself.
func (m *Matcher) Matches(rule string, words []string) bool {
	m.words, m.known = words, map[place][]int{}
	return slices.Contains(m.ends(Reference{rule}, 0), len(words))
}

// ends returns all places where e may end if it begins at word number at, in order.
func (m *Matcher) ends(e Expr, at int) []int {
	switch e := e.(type) {
	case Terminal:
		if at < len(m.words) && m.Terminal(m.words[at], e) {
			return []int{at + 1}
		}
	case Reference:
		r := m.Grammar.Rule(e.Name)
		if r.Token {
			if at < len(m.words) && m.Token(m.words[at], r.Name) {
				return []int{at + 1}
			}
			return nil
		}
		ends, known := m.known[place{r, at}]
		if !known {
			ends = m.ends(r.Expr, at)
			m.known[place{r, at}] = ends
		}
		return ends
	case Sequence:
		ends := []int{at}
		for _, x := range e {
			ends = m.after(ends, x)
		}
		return ends
	case Choice:
		var ends []int
		for _, x := range e {
			ends = append(ends, m.ends(x, at)...)
		}
		return sorted(ends)
	case Optional:
		return sorted(append(m.ends(e.X, at), at))
	case Repetition:
		ends, last := []int{at}, []int{at}
		for len(last) > 0 {
			last = slices.DeleteFunc(m.after(last, e.X), func(end int) bool { return slices.Contains(ends, end) })
			ends = append(ends, last...)
		}
		return sorted(ends)
	}
	return nil
}

// after returns where e may end that begins at one of the places.
func (m *Matcher) after(places []int, e Expr) []int {
	var ends []int
	for _, at := range places {
		ends = append(ends, m.ends(e, at)...)
	}
	return sorted(ends)
}

func sorted(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
