package parser

import (
	"errors"
	"strconv"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Parse returns the statements of text, which semicolons separate; empty ones are left
// out. It fails with an *Error, and then returns no statement at all.
func Parse(text string) ([]*Statement, error) {
	b := builder{text: text, numbers: map[string]int{}}
	return b.parse()
}

func (b *builder) parse() ([]*Statement, error) {
	text := b.text
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	var list []*Statement
	for len(tokens) > 0 {
		n := 0
		for n < len(tokens) && !isSemicolon(&tokens[n]) {
			n++
		}
		end := len(text)
		if n < len(tokens) {
			end = tokens[n].Pos.Offset
		}
		if n > MaxStatementTokens {
			at := tokens[MaxStatementTokens].Pos.Offset
			return nil, tooBig(b.fail(at, at, "a statement has more than "+strconv.Itoa(MaxStatementTokens)+" tokens"))
		}
		if n > 0 {
			st, err := b.parseStatement(tokens[:n:n], end)
			if err != nil {
				return nil, err
			}
			list = append(list, st)
		}
		tokens = tokens[min(n+1, len(tokens)):]
	}
	for _, st := range list {
		st.names = b.names
	}
	return list, nil
}

func isSemicolon(t *lexer.Token) bool { return t.Type == tokMark && t.Value == ";" }

func (b *builder) parseStatement(tokens []lexer.Token, end int) (*Statement, error) {
	g, err := parseTokens(tokens, end)
	if err != nil {
		return nil, b.syntaxError(err, tokens, end)
	}
	first, last := &tokens[0], &tokens[len(tokens)-1]
	st := &Statement{
		Text:   b.text[first.Pos.Offset : last.Pos.Offset+len(last.Value)],
		Offset: first.Pos.Offset,
		source: b.text,
	}
	if g.Explain != nil {
		st.Explain, st.QueryPlan = !g.Explain.QueryPlan, g.Explain.QueryPlan
	}
	if st.Body, err = b.body(g); err != nil {
		return nil, err
	}
	if g.Explain != nil && (g.Pragma != nil || g.Create != nil || g.Tx != nil) {
		e := errorAt(b.text, st.Offset, st.Offset+len("EXPLAIN"))
		e.Msg = "EXPLAIN goes before SELECT, INSERT, UPDATE and DELETE only"
		return nil, e
	}
	return st, nil
}

// parseTokens runs participle over the tokens of one statement.
func parseTokens(tokens []lexer.Token, end int) (*statementG, error) {
	peeking, err := lexer.Upgrade(&statementLexer{tokens, end})
	if err != nil {
		return nil, err
	}
	return grammar().ParseFromLexer(peeking)
}

// syntaxError turns participle's error into one that shows the place and lists what may
// stand there.
func (b *builder) syntaxError(err error, tokens []lexer.Token, end int) error {
	var perr participle.Error
	if !errors.As(err, &perr) {
		return err
	}
	at := perr.Position().Offset
	i := 0
	for i < len(tokens) && tokens[i].Pos.Offset < at {
		i++
	}
	e := errorAt(b.text, at, at)
	if i < len(tokens) {
		e = errorAt(b.text, at, at+len(tokens[i].Value))
	} else if end < len(b.text) {
		e = errorAt(b.text, end, end+1)
	}
	if e.Expected = expected(tokens[:i:i], true); len(e.Expected) == 0 {
		// What stands before the place may be wrong in a way that only shows when the tree is
		// built, and then nothing makes it right that follows.
		if g, err := parseTokens(tokens[:i:i], at); err == nil {
			earlier := builder{text: b.text, numbers: map[string]int{}, unsigned: b.unsigned}
			if _, err := earlier.body(g); err != nil {
				return err
			}
		}
		e.Expected = expected(tokens[:i:i], false)
	}
	return e
}
