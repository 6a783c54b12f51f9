// SPDX-License-Identifier: Apache-2.0

package parser

import "strconv"

// Parse returns the statements of text, which semicolons separate; empty ones are left
// out. It fails with an *Error, and then returns no statement at all.
func Parse(text string) ([]*Statement, error) {
	b := builder{text: text}
	return b.parse()
}

func (b *builder) parse() ([]*Statement, error) {
	if err := b.scanner.start(b.text); err != nil {
		return nil, err
	}
	var list []*Statement
	for done := false; !done; {
		var tokens []token
		var end int
		var err error
		if tokens, end, done, err = b.scanner.statement(); err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			continue
		}
		if len(list) == maxStatements(b.text) {
			at := int(tokens[0].start)
			return nil, tooBig(b.fail(at, at, "the text has more than "+strconv.Itoa(len(list))+" statements"))
		}
		b.fused.fuse(tokens)
		st, err := b.parseStatement(end)
		if err != nil {
			return nil, err
		}
		list = append(list, st)
	}
	for _, st := range list {
		st.names = b.names
	}
	return list, nil
}

func (b *builder) parseStatement(end int) (*Statement, error) {
	g, err := b.tree(end)
	if err != nil {
		return nil, err
	}
	first, last := &b.fused.all[0], &b.fused.all[len(b.fused.all)-1]
	st := &Statement{Text: b.text[first.start:last.end()], Offset: int(first.start), source: b.text}
	if g.Explain != nil {
		st.Explain, st.QueryPlan = !g.Explain.QueryPlan, g.Explain.QueryPlan
	}
	if st.Body, err = b.body(g); err == nil && b.wrong != noToken {
		err = b.unexpected(b.wrong, end)
	}
	if err != nil {
		return nil, err
	}
	if g.Explain != nil && (g.Pragma != nil || g.Create != nil || g.Tx != nil) {
		e := errorAt(b.text, st.Offset, st.Offset+len("EXPLAIN"))
		e.Msg = "EXPLAIN goes before SELECT, INSERT, UPDATE and DELETE only"
		return nil, e
	}
	return st, nil
}

// tree returns what participle captures of the statement, which ends at the offset end.
func (b *builder) tree(end int) (*statementG, error) {
	key := b.shapes.key[:0]
	for i := range b.fused.tokens {
		key = b.fused.tokens[i].appendShape(key)
	}
	b.shapes.key = key
	if g, ok := b.shapes.trees[string(key)]; ok {
		return g, nil
	}
	tokens := b.fused.tokens
	if n := b.shapes.parsed + len(tokens); n > MaxParsedTokens {
		at := int(tokens[MaxParsedTokens-b.shapes.parsed].start)
		return nil, tooBig(b.fail(at, at, "the text has more than "+strconv.Itoa(MaxParsedTokens)+
			" tokens to parse, lists of values and statements like others in it not counted; split it"))
	}
	b.shapes.parsed += len(tokens)
	g, err := parseTokens(tokens)
	if err != nil {
		return nil, b.syntaxError(err, end)
	}
	if end < len(b.text) { // others may come
		if b.shapes.trees == nil {
			b.shapes.trees = map[string]*statementG{}
		}
		b.shapes.trees[string(key)] = g
	}
	return g, nil
}
