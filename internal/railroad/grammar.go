// SPDX-License-Identifier: Apache-2.0

// Package railroad reads a grammar in EBNF, and draws each rule as a railroad picture in
// SVG. It owns docs/railroad: the pictures there are what it draws from grammar.ebnf, and
// its tests draw them again with -update. It also makes sentences of a grammar and recognises
// them, so that the parser's tests can compare the grammar with the parser.
//
// It serves tests and documentation only; no program imports it.
package railroad

import (
	"fmt"
	"strings"
	"unicode"
)

// Grammar is a list of rules.
type Grammar struct {
	// Rules are in the order of the text.
	Rules  []*Rule
	byName map[string]*Rule
}

// Rule is a name for an expression. A token's parts have no blanks between them.
type Rule struct {
	Name  string
	Token bool
	Expr  Expr
}

// Expr is part of a rule: a Terminal, Reference, Special, Sequence, Choice, Optional or
// Repetition.
type Expr interface{ terminals(yield func(Terminal)) }

// Terminal is text that stands for itself.
type Terminal struct {
	Text string
	// Keyword is true for a word in capitals.
	Keyword bool
}

// Reference is the name of a rule.
type Reference struct{ Name string }

// Special describes characters in words.
type Special struct{ Text string }

// Sequence is one thing after another.
type Sequence []Expr

// Choice is one of several.
type Choice []Expr

// Optional may be left out.
type Optional struct{ X Expr }

// Repetition may occur any number of times, also never.
type Repetition struct{ X Expr }

func (e Terminal) terminals(yield func(Terminal))   { yield(e) }
func (e Reference) terminals(func(Terminal))        {}
func (e Special) terminals(func(Terminal))          {}
func (e Optional) terminals(yield func(Terminal))   { e.X.terminals(yield) }
func (e Repetition) terminals(yield func(Terminal)) { e.X.terminals(yield) }

func (e Sequence) terminals(yield func(Terminal)) {
	for _, x := range e {
		x.terminals(yield)
	}
}

func (e Choice) terminals(yield func(Terminal)) {
	for _, x := range e {
		x.terminals(yield)
	}
}

// Rule returns the rule of that name, or nil.
func (g *Grammar) Rule(name string) *Rule { return g.byName[name] }

// Terminals returns the different terminals of the rules that are not tokens, in the
// order of the text.
func (g *Grammar) Terminals() []Terminal {
	var list []Terminal
	seen := map[Terminal]bool{}
	for _, r := range g.Rules {
		if r.Token {
			continue
		}
		r.Expr.terminals(func(t Terminal) {
			if !seen[t] {
				seen[t] = true
				list = append(list, t)
			}
		})
	}
	return list
}

// Parse reads a grammar in the form that grammar.ebnf explains.
func Parse(text string) (*Grammar, error) {
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	g := &Grammar{byName: map[string]*Rule{}}
	p := reader{words: words}
	for p.peek(0) != "" {
		r := &Rule{Name: p.next()}
		switch op := p.next(); op {
		case "=":
		case ":=":
			r.Token = true
		default:
			return nil, fmt.Errorf("after %s: %q where = or := should be", r.Name, op)
		}
		if r.Expr, err = p.choice(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		if g.byName[r.Name] != nil {
			return nil, fmt.Errorf("there are two rules %s", r.Name)
		}
		g.byName[r.Name] = r
		g.Rules = append(g.Rules, r)
	}
	for _, name := range p.references {
		if g.byName[name] == nil {
			return nil, fmt.Errorf("there is no rule %s", name)
		}
	}
	return g, nil
}

// split cuts the text of a grammar into words. Those in quotes or <> keep them.
func split(text string) ([]string, error) {
	var words []string
	for text != "" {
		end := 1
		switch c := text[0]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			text = text[1:]
			continue
		case strings.HasPrefix(text, "--"):
			_, text, _ = strings.Cut(text, "\n")
			continue
		case c == '"' || c == '\'' || c == '<':
			closing := string(c)
			if c == '<' {
				closing = ">"
			}
			i := strings.Index(text[1:], closing)
			if i < 0 {
				return nil, fmt.Errorf("nothing closes %.20q", text)
			}
			end = i + 2
		case strings.HasPrefix(text, ":="):
			end = 2
		case unicode.IsLetter(rune(c)):
			for end < len(text) && (text[end] == '-' || unicode.IsLetter(rune(text[end]))) {
				end++
			}
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	return words, nil
}

// reader reads the expressions of rules.
type reader struct {
	words      []string
	references []string
}

// peek returns the word i places ahead, or "" after the end.
func (p *reader) peek(i int) string {
	if i < len(p.words) {
		return p.words[i]
	}
	return ""
}

func (p *reader) next() string {
	w := p.peek(0)
	if w != "" {
		p.words = p.words[1:]
	}
	return w
}

func (p *reader) choice() (Expr, error) {
	var c Choice
	for {
		s, err := p.sequence()
		if err != nil {
			return nil, err
		}
		c = append(c, s)
		if p.peek(0) != "|" {
			break
		}
		p.next()
	}
	if len(c) == 1 {
		return c[0], nil
	}
	return c, nil
}

func (p *reader) sequence() (Expr, error) {
	var s Sequence
	for {
		w := p.peek(0)
		if w == "" || strings.Contains("|)]}", w) || p.peek(1) == "=" || p.peek(1) == ":=" {
			break
		}
		e, err := p.item(p.next())
		if err != nil {
			return nil, err
		}
		s = append(s, e)
	}
	switch len(s) {
	case 0:
		return nil, fmt.Errorf("nothing before %q", p.peek(0))
	case 1:
		return s[0], nil
	}
	return s, nil
}

func (p *reader) item(w string) (Expr, error) {
	switch c := w[0]; {
	case c == '"' || c == '\'':
		return Terminal{Text: w[1 : len(w)-1]}, nil
	case c == '<':
		return Special{w[1 : len(w)-1]}, nil
	case c >= 'A' && c <= 'Z':
		return Terminal{w, true}, nil
	case c >= 'a' && c <= 'z':
		p.references = append(p.references, w)
		return Reference{w}, nil
	case c == '(' || c == '[' || c == '{':
		x, err := p.choice()
		if err != nil {
			return nil, err
		}
		if got, want := p.next(), map[byte]string{'(': ")", '[': "]", '{': "}"}[c]; got != want {
			return nil, fmt.Errorf("%q where %s should be", got, want)
		}
		switch c {
		case '[':
			return Optional{x}, nil
		case '{':
			return Repetition{x}, nil
		}
		return x, nil
	}
	return nil, fmt.Errorf("%q begins nothing", w)
}
