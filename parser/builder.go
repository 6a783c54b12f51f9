// SPDX-License-Identifier: Apache-2.0

package parser

import "github.com/alecthomas/participle/v2/lexer"

// builder makes the tree of a text from what participle captured. It meets parameters
// in the order of the text, because that order gives them their numbers.
type builder struct {
	scanner scanner
	fused   fused // the statement's tokens
	shapes  shapes

	text    string
	names   []string       // by number-1, as Plan.Names
	numbers map[string]int // by name with its prefix
	level   int            // of fold
	// wrong is the place of the token that refuse was called for, or noToken.
	wrong int
	// incomplete: an expression ends where more of it must follow.
	incomplete bool
	// literalBytes is the length of all literals.
	literalBytes int
	// unsigned lets integers reach to 2^64-1.
	unsigned bool
}

// shapes holds, by the shape of a statement, what participle captured of the first one that
// had it, so that a script of many statements is parsed about once.
type shapes struct {
	trees map[string]*statementG
	key   []byte
	// parsed is how many tokens participle has seen.
	parsed int
}

// noToken is the value of wrong that stands for none.
const noToken = -1

// token returns the token at a position that participle captured.
func (b *builder) token(pos lexer.Position) *token { return &b.fused.tokens[pos.Offset] }

// place returns the place of a token.
func (t *token) place() place { return place{int(t.start), t.end()} }

// refuse remembers the first token that participle accepts and that is not allowed there.
func (b *builder) refuse(pos lexer.Position) {
	if b.wrong == noToken {
		b.wrong = pos.Offset
	}
}

// fail makes an error about text[from:to].
func (b *builder) fail(from, to int, msg string, expected ...string) error {
	e := errorAt(b.text, from, to)
	e.Msg, e.Expected = msg, expected
	return e
}

// name returns the identifier as it is written, without quotes; nil for nil.
func (b *builder) name(g *nameG) *Name {
	if g == nil {
		return nil
	}
	t := b.token(g.Pos)
	if t.kind == tokValue && t.text[0] != '\'' {
		b.refuse(g.Pos)
	}
	return nameOf(t)
}

// column returns a column's name, or that of a table and of its column.
func (b *builder) column(first *Name, second *nameG) *ColumnRef {
	c := &ColumnRef{Name: first}
	c.start, c.end = c.Name.Start, c.Name.End
	if second != nil {
		c.Table, c.Name = c.Name, b.name(second)
		c.end = c.Name.End
	}
	return c
}

func nameOf(t *token) *Name { return &Name{Text: nameText(t), Start: int(t.start), End: t.end()} }

// nameText returns the name that a token is.
func nameText(t *token) string {
	if c := t.text[0]; c == '\'' || c == '"' || c == '[' || c == '`' {
		return unquote(t.text)
	}
	return t.text
}
