package parser

import (
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

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

// noToken is the value of wrong that stands for none.
const noToken = -1

// token returns the token at a position that participle captured.
func (b *builder) token(pos lexer.Position) *token { return &b.fused.tokens[pos.Offset] }

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

// values makes the expressions of tokens that are values, signs before them, and marks
// between them.
func (b *builder) values(tokens []token) ([]Expr, error) {
	n := 0
	for i := range tokens {
		if tokens[i].kind == tokValue {
			n++
		}
	}
	list := make([]Expr, 0, n)
	literals := make([]Literal, n) // many at once
	var sign *token
	for i := range tokens {
		t := &tokens[i]
		if t.kind != tokValue {
			sign = nil
			if t.kind == tokInfix {
				sign = t
			}
			continue
		}
		x, err := b.constant(t, sign, &literals[len(list)])
		if err != nil {
			return nil, err
		}
		list = append(list, x)
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

func nameOf(t *token) *Name { return &Name{Text: nameText(t), Start: int(t.start), End: t.end()} }

// nameText returns the name that a token is.
func nameText(t *token) string {
	if c := t.text[0]; c == '\'' || c == '"' || c == '[' || c == '`' {
		return unquote(t.text)
	}
	return t.text
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
		if b.numbers == nil {
			b.numbers = map[string]int{}
		}
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

// place returns the place of a token.
func (t *token) place() place { return place{int(t.start), t.end()} }
