// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// body makes the tree of a statement. If b.wrong is set afterwards, it means nothing.
func (b *builder) body(g *statementG) (Body, error) {
	b.wrong = noToken
	switch {
	case g.Select != nil:
		return b.selectBody(g.Select)
	case g.Insert != nil:
		return b.insert(g.Insert)
	case g.Update != nil:
		return b.update(g.Update)
	case g.Delete != nil:
		return b.delete(g.Delete)
	case g.Pragma != nil:
		return b.pragma(g.Pragma)
	case g.Create != nil:
		c := g.Create
		return &CreateTable{b.name(c.Table), b.name(c.Key.Name), b.name(c.Value.Name), b.name(c.Target)}, nil
	}
	return b.transaction(g.Tx), nil
}

func (b *builder) selectBody(g *selectG) (Body, error) {
	s := &Select{From: b.name(g.From), Desc: g.Desc}
	var err error
	if s.Results, err = b.results(g.Results); err != nil {
		return nil, err
	}
	if s.Where, err = b.optional(g.Where); err != nil {
		return nil, err
	}
	if g.OrderBy != nil {
		s.OrderBy = b.column(b.name(g.OrderBy.First), g.OrderBy.Second)
		if g.OrderBy.Second == nil && b.token(g.OrderBy.First.Pos).kind == tokValue {
			b.refuse(g.OrderBy.First.Pos) // a text alone is a value
		}
	}
	if s.Limit, err = b.optional(g.Limit); err != nil {
		return nil, err
	}
	s.Offset, err = b.optional(g.Offset)
	return s, err
}

func (b *builder) results(list []*resultG) ([]Result, error) {
	var out []Result
	for _, g := range list {
		first, last := b.token(g.Tokens[0].Pos), b.token(g.Tokens[len(g.Tokens)-1].Pos)
		r := Result{Start: int(first.start)}
		var err error
		if r.Expr, err = b.optional(g.Expr); err != nil {
			return nil, err
		}
		r.Alias = b.name(g.Alias)
		r.Source = b.text[r.Start:last.end()]
		out = append(out, r)
	}
	return out, nil
}

func (b *builder) insert(g *insertG) (Body, error) {
	s := &Insert{Into: b.name(g.Into), Or: g.Replace || g.Or != ""}
	switch g.Or {
	case "IGNORE":
		s.OnConflict = Ignore
	case "ABORT":
		s.OnConflict = Abort
	}
	for _, c := range g.Columns {
		s.Columns = append(s.Columns, b.name(c))
	}
	var err error
	s.Rows = make([][2]Expr, 0, len(g.Rows))
	for _, rows := range g.Rows {
		if s.Rows, err = b.rows(s.Rows, rows); err != nil {
			return nil, err
		}
	}
	if u := g.Upsert; u != nil {
		s.Upsert = &Upsert{Target: b.name(u.Target), Start: int(b.token(u.Pos).start)}
		if s.Upsert.Set, err = b.assignment(u.Set); err != nil {
			return nil, err
		}
	}
	s.Returning, err = b.results(g.Returning)
	return s, err
}

// rows appends one row, or many that are one token.
func (b *builder) rows(list [][2]Expr, g *rowsG) ([][2]Expr, error) {
	if !g.Many {
		first, err := b.expr(g.First)
		if err != nil {
			return nil, err
		}
		second, err := b.expr(g.Second)
		return append(list, [2]Expr{first, second}), err
	}
	values, err := b.values(b.fused.run(g.Pos.Offset))
	if err != nil {
		return nil, err
	}
	list = slices.Grow(list, len(values)/2)
	for i := 0; i < len(values); i += 2 {
		list = append(list, [2]Expr{values[i], values[i+1]})
	}
	return list, nil
}

func (b *builder) assignment(g *assignment) (*Assignment, error) {
	if g == nil {
		return nil, nil
	}
	value, err := b.expr(g.Value)
	return &Assignment{b.name(g.Column), value}, err
}

func (b *builder) update(g *updateG) (Body, error) {
	s := &Update{Table: b.name(g.Table)}
	var err error
	if s.Set, err = b.assignment(g.Set); err != nil {
		return nil, err
	}
	if s.Where, err = b.optional(g.Where); err != nil {
		return nil, err
	}
	s.Returning, err = b.results(g.Returning)
	return s, err
}

func (b *builder) delete(g *deleteG) (Body, error) {
	s := &Delete{From: b.name(g.From)}
	var err error
	if s.Where, err = b.optional(g.Where); err != nil {
		return nil, err
	}
	s.Returning, err = b.results(g.Returning)
	return s, err
}

func (b *builder) pragma(g *pragmaG) (Body, error) {
	s := &PragmaCommand{Name: b.name(g.Name)}
	var args []*pragmaValueG
	switch {
	case g.Set != nil:
		s.Form, args = PragmaAssign, []*pragmaValueG{g.Set}
	case g.Call != nil:
		s.Form, args = PragmaCall, g.Call.Args
	}
	for _, v := range args {
		var a PragmaArg
		t := b.token(v.Pos)
		if v.Sign != "" {
			t = b.token(lexer.Position{Offset: v.Pos.Offset + 1})
		}
		switch {
		case v.Value == "":
			a.Text = nameText(t)
		case isNumber(t.text):
			a = PragmaArg{strings.TrimPrefix(v.Sign, "+") + t.text, true}
		case t.text[0] == '\'' && v.Sign == "":
			a.Text = unquote(t.text)
		default:
			return nil, b.fail(int(b.token(v.Pos).start), t.end(), "", "a name", "a text", "a number")
		}
		s.Args = append(s.Args, a)
	}
	return s, nil
}

func (b *builder) transaction(g *txG) Body {
	switch {
	case g.Begin != nil:
		modes := map[string]TxMode{"DEFERRED": TxDeferred, "IMMEDIATE": TxImmediate, "EXCLUSIVE": TxExclusive}
		return &Transaction{Op: OpBegin, Mode: modes[g.Begin.Mode]}
	case g.Commit:
		return &Transaction{Op: OpCommit}
	case g.To != nil:
		return &Transaction{Op: OpRollbackTo, Name: b.name(g.To)}
	case g.Rollback:
		return &Transaction{Op: OpRollback}
	case g.Savepoint != nil:
		return &Transaction{Op: OpSavepoint, Name: b.name(g.Savepoint)}
	}
	return &Transaction{Op: OpRelease, Name: b.name(g.Release)}
}
