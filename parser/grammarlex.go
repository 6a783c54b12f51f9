// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"
)

var symbols = map[string]lexer.TokenType{
	"EOF": tokEOF, "Keyword": tokKeyword, "Name": tokName, "Value": tokValue, "Infix": tokInfix, "Mark": tokMark,
	"Values": tokValues, "Rows": tokRows,
}

// forGrammar is the token as participle sees it, at place i of its statement. Words
// are in upper case, so that the grammar can match them. What is not a word, a mark or an
// operator looks the same, whatever it is, because it is found by its place afterwards: so
// a tree that was captured from one statement serves for others of the same shape.
func (t *token) forGrammar(i int) lexer.Token {
	value := t.text
	switch {
	case t.word != 0:
		value = knownWords[t.word]
	case t.kind != tokInfix && t.kind != tokMark:
		value = "x"
	}
	return lexer.Token{Type: lexer.TokenType(t.kind), Value: value, Pos: lexer.Position{Offset: i}}
}

// appendShape appends what distinguishes tokens that participle distinguishes.
func (t *token) appendShape(key []byte) []byte {
	switch {
	case t.word != 0:
		return append(key, t.kind, t.word)
	case t.kind == tokInfix, t.kind == tokMark:
		return append(append(key, t.kind, 0), t.text...)
	}
	return append(key, t.kind)
}

// statementLexer hands the tokens of one statement to participle.
type statementLexer struct {
	tokens []token
	n      int
}

func (l *statementLexer) Next() (lexer.Token, error) {
	if l.n == len(l.tokens) {
		return lexer.EOFToken(lexer.Position{Offset: l.n}), nil
	}
	l.n++
	return l.tokens[l.n-1].forGrammar(l.n - 1), nil
}

// definition tells participle the token types. Statements are scanned before participle
// sees them, so Lex is there for the interface only.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType { return symbols }

func (definition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	tokens, err := scan(string(text))
	return &statementLexer{tokens: tokens}, err
}
