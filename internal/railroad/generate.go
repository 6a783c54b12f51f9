// SPDX-License-Identifier: Apache-2.0

package railroad

import "math/rand/v2"

// A Generator makes random sentences of a grammar.
type Generator struct {
	Grammar *Grammar
	Rand    *rand.Rand
	// Word returns a token of that name, or characters as a Special describes them.
	Word func(what string) string

	least map[string]int
}

// maxRules is how many rules may be open at once before a sentence is brought to its end
// the shortest way.
const maxRules = 12

// Sentence returns the words of a sentence of the rule. For a rule that is a token, they
// are the pieces of the token.
func (g *Generator) Sentence(rule string) []string {
	if g.least == nil {
		g.measure()
	}
	r := g.Grammar.Rule(rule)
	return g.append(nil, r.Expr, 0, r.Token)
}

func (g *Generator) append(words []string, e Expr, depth int, token bool) []string {
	short := depth >= maxRules
	switch e := e.(type) {
	case Terminal:
		return append(words, e.Text)
	case Special:
		return append(words, g.Word(e.Text))
	case Reference:
		if r := g.Grammar.Rule(e.Name); !r.Token || token {
			return g.append(words, r.Expr, depth+1, token)
		}
		return append(words, g.Word(e.Name))
	case Sequence:
		for _, x := range e {
			words = g.append(words, x, depth, token)
		}
	case Choice:
		x := e[g.Rand.IntN(len(e))]
		if short {
			for _, other := range e {
				if g.cost(other) < g.cost(x) {
					x = other
				}
			}
		}
		return g.append(words, x, depth, token)
	case Optional:
		if !short && g.Rand.IntN(2) == 0 {
			return g.append(words, e.X, depth, token)
		}
	case Repetition:
		for !short && g.Rand.IntN(3) == 0 {
			words = g.append(words, e.X, depth, token)
		}
	}
	return words
}

// endless is the cost of a rule that is not known yet.
const endless = 1 << 20

// measure finds for each rule how many rules the shortest sentence nests.
func (g *Generator) measure() {
	g.least = map[string]int{}
	for changed := true; changed; {
		changed = false
		for _, r := range g.Grammar.Rules {
			if c := g.cost(r.Expr) + 1; c < endless && g.least[r.Name] != c {
				g.least[r.Name], changed = c, true
			}
		}
	}
}

func (g *Generator) cost(e Expr) int {
	switch e := e.(type) {
	case Reference:
		if c := g.least[e.Name]; c > 0 {
			return c
		}
		return endless
	case Sequence:
		most := 0
		for _, x := range e {
			most = max(most, g.cost(x))
		}
		return most
	case Choice:
		least := endless
		for _, x := range e {
			least = min(least, g.cost(x))
		}
		return least
	}
	return 0
}
