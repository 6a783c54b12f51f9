package parser

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// builder makes the tree of a text from what participle captured. It meets parameters
// in the order of the text, because that order gives them their numbers.
type builder struct {
	text    string
	names   []string       // by number-1, as Plan.Names
	numbers map[string]int // by name with its prefix
	level   int            // of fold
	// literalBytes is the length of all literals.
	literalBytes int
	// unsigned lets integers reach to 2^64-1.
	unsigned bool
}

// fail makes an error about text[from:to].
func (b *builder) fail(from, to int, msg string, expected ...string) error {
	e := errorAt(b.text, from, to)
	e.Msg, e.Expected = msg, expected
	return e
}

func (b *builder) body(g *statementG) (Body, error) {
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
		s.OrderBy = b.column(g.OrderBy.First, g.OrderBy.Second)
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
		r := Result{Alias: b.name(g.Alias), Start: g.Tokens[0].Pos.Offset}
		var err error
		if r.Expr, err = b.optional(g.Expr); err != nil {
			return nil, err
		}
		last := g.Tokens[len(g.Tokens)-1]
		r.Source = b.text[r.Start : last.Pos.Offset+len(last.Value)]
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
	s.Rows = make([][2]Expr, len(g.Rows))
	for i, row := range g.Rows {
		var err error
		if s.Rows[i][0], err = b.expr(row.First); err != nil {
			return nil, err
		}
		if s.Rows[i][1], err = b.expr(row.Second); err != nil {
			return nil, err
		}
	}
	var err error
	if u := g.Upsert; u != nil {
		s.Upsert = &Upsert{Target: b.name(u.Target), Start: u.Pos.Offset}
		if s.Upsert.Set, err = b.assignment(u.Set); err != nil {
			return nil, err
		}
	}
	s.Returning, err = b.results(g.Returning)
	return s, err
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
		switch {
		case isNumber(v.Value):
			a = PragmaArg{strings.TrimPrefix(v.Sign, "+") + v.Value, true}
		case v.Value != "" && (v.Value[0] != '\'' || v.Sign != ""):
			return nil, b.fail(v.Pos.Offset, v.Pos.Offset+len(v.Sign+v.Value), "", "a name", "a text", "a number")
		case v.Value != "":
			a.Text = unquote(v.Value)
		default:
			a.Text = b.name(&nameG{v.Pos, v.Name}).Text
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

// name returns the identifier as it is written, without quotes; nil for nil.
func (b *builder) name(g *nameG) *Name {
	if g == nil {
		return nil
	}
	n := &Name{Start: g.Pos.Offset, End: g.Pos.Offset + len(g.Text)}
	if classes[g.Text[0]]&idStart != 0 {
		n.Text = b.text[n.Start:n.End] // the token is in upper case
	} else {
		n.Text = unquote(g.Text)
	}
	return n
}

func (b *builder) column(first, second *nameG) *ColumnRef {
	c := &ColumnRef{Name: b.name(first)}
	c.start, c.end = c.Name.Start, c.Name.End
	if second != nil {
		c.Table, c.Name = c.Name, b.name(second)
		c.end = c.Name.End
	}
	return c
}

// number returns the number of a parameter, as SQLite gives it.
func (b *builder) number(token string, at int) (int, error) {
	n := len(b.names) + 1
	if token[0] == '?' && len(token) > 1 {
		var err error
		if n, err = strconv.Atoi(token[1:]); err != nil || n < 1 || n > MaxParams {
			return 0, b.fail(at, at+len(token), "the number of a parameter must be between ?1 and ?"+strconv.Itoa(MaxParams))
		}
	} else if known, ok := b.numbers[token]; ok {
		return known, nil
	}
	if n > MaxParams {
		return 0, b.fail(at, at+len(token), "more than "+strconv.Itoa(MaxParams)+" parameters")
	}
	for len(b.names) < n {
		b.names = append(b.names, "")
	}
	if token[0] != '?' {
		b.numbers[token] = n
		b.names[n-1] = token[1:]
	}
	return n, nil
}

// unquote returns what a quoted text or name stands for.
func unquote(s string) string {
	quote := s[0]
	s = s[1 : len(s)-1]
	if quote == '[' {
		return s
	}
	for i := 0; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		out := append(make([]byte, 0, len(s)), s[:i]...)
		for ; i < len(s); i++ {
			out = append(out, s[i])
			if s[i] == quote {
				i++ // the second of two
			}
		}
		return string(out)
	}
	return s
}

// tokenSpan is the place of a token.
func tokenSpan(pos lexer.Position, token string) place {
	return place{pos.Offset, pos.Offset + len(token)}
}
