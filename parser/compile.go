// SPDX-License-Identifier: Apache-2.0

package parser

import "strconv"

// tableName is the name of the only table.
const tableName = "kv"

// Compile makes the plan of a statement: it resolves names, makes the static checks
// that need no arguments, and splits WHERE. keys must be what the plan's Check, Bind and
// Env are given later, or nil. It fails with an *Error.
func Compile(st *Statement, keys *KeyType) (*Plan, error) {
	c := compiler{st: st, plan: newPlan(st), keys: keys}
	var err error
	switch s := st.Body.(type) {
	case *Select:
		err = c.selectPlan(s)
	case *Insert:
		err = c.insert(s)
	case *Delete:
		err = c.delete(s)
	case *Update:
		err = c.update(s)
	case *PragmaCommand:
		c.plan.Op = OpPragma
		c.plan.Pragma = Pragma{Name: lowerASCII(s.Name.Text), Form: s.Form}
		for _, a := range s.Args {
			c.plan.Pragma.Args = append(c.plan.Pragma.Args, a.Text)
		}
	case *CreateTable:
		err = c.create(s)
	case *Transaction:
		c.plan.Op, c.plan.TxMode = s.Op, s.Mode
		if s.Name != nil {
			c.plan.Savepoint = lowerASCII(s.Name.Text)
		}
	}
	if err != nil {
		return nil, err
	}
	c.plan.setSimple()
	c.plan.setParts()
	if st.Explain || st.QueryPlan {
		p := newPlan(st)
		p.Op, p.Explained = OpExplain, c.plan
		return p, nil
	}
	return c.plan, nil
}

func newPlan(st *Statement) *Plan {
	return &Plan{Text: st.Text, NumInput: len(st.names), Names: st.names, ReadOnly: true}
}

// compileText parses and compiles text, and counts the bytes of its literals.
func compileText(text string, keys *KeyType) (plans []*Plan, literalBytes int, err error) {
	b := builder{text: text, unsigned: keys.unsigned()}
	list, err := b.parse()
	if err != nil {
		return nil, 0, err
	}
	for _, st := range list {
		p, err := Compile(st, keys)
		if err != nil {
			return nil, 0, err
		}
		plans = append(plans, p)
	}
	return plans, b.literalBytes, nil
}

type compiler struct {
	st    *Statement
	plan  *Plan
	keys  *KeyType
	scope scope
	// used are the columns that the expressions so far mention.
	used uses
	// aggregates is true once a result is an aggregate.
	aggregates bool
}

// fail makes an error about the source from one offset to another. Without a message it
// says that the token was not expected.
func (c *compiler) fail(from, to int, msg string, expected ...string) error {
	e := errorAt(c.st.source, from, to)
	e.Msg, e.Expected = msg, expected
	return e
}

func (c *compiler) failExpr(e Expr, msg string, expected ...string) error {
	from, to := e.span()
	return c.fail(from, to, msg, expected...)
}

func (c *compiler) failName(n *Name, msg string, expected ...string) error {
	return c.fail(n.Start, n.End, msg, expected...)
}

// table checks the name of a table; nil is no name and fine.
func (c *compiler) table(n *Name) error {
	if n == nil || lowerASCII(n.Text) == tableName {
		return nil
	}
	return c.failName(n, "no such table: "+cutEnd(n.Text, maxTokenBytes)+"; the table is "+tableName)
}

// column resolves the name of a column.
func (c *compiler) column(n *Name) (ColumnKind, error) {
	switch lowerASCII(n.Text) {
	case "key":
		return ColumnKey, nil
	case "value":
		return ColumnValue, nil
	}
	return 0, c.failName(n, noColumn(n.Text, c.st.source[n.Start] == '"'))
}

func (c *compiler) selectPlan(s *Select) error {
	p := c.plan
	p.Op = OpSelect
	if err := c.results(s.Results, true); err != nil {
		return err
	}
	p.Aggregate = c.aggregates
	if err := c.table(s.From); err != nil {
		return err
	}
	if err := c.where(s.Where); err != nil {
		return err
	}
	if err := c.orderBy(s); err != nil {
		return err
	}
	var err error
	if p.Limit, p.HasLimit, err = c.limit(s.Limit); err != nil {
		return err
	}
	if p.Offset, p.HasOffset, err = c.limit(s.Offset); err != nil {
		return err
	}
	p.Table = c.used != 0 || c.aggregates || s.From != nil || s.OrderBy != nil
	p.KeysOnly = c.used&usesValue == 0
	return nil
}

func (c *compiler) orderBy(s *Select) error {
	if s.OrderBy == nil {
		return nil
	}
	for i := range s.Results {
		r := &s.Results[i]
		if r.Alias == nil || lowerASCII(r.Alias.Text) != "key" {
			continue
		}
		if ref, ok := r.Expr.(*ColumnRef); !ok || lowerASCII(ref.Name.Text) != "key" {
			return c.failName(r.Alias, "ORDER BY key is not allowed with another result that is called key")
		}
	}
	if err := c.table(s.OrderBy.Table); err != nil {
		return err
	}
	if lowerASCII(s.OrderBy.Name.Text) != "key" {
		return c.failName(s.OrderBy.Name, "", "key")
	}
	c.plan.Desc = s.Desc
	return nil
}

// operand returns the operand that e is, if it is a literal or a parameter.
func operand(e Expr) (Operand, bool) {
	switch e := e.(type) {
	case *Literal:
		return Operand{Const: e.Value}, true
	case *Param:
		return Operand{Param: e.Number}, true
	}
	return Operand{}, false
}

// limit compiles the operand of LIMIT or OFFSET.
func (c *compiler) limit(e Expr) (Operand, bool, error) {
	if e == nil {
		return Operand{}, false, nil
	}
	o, ok := operand(e)
	if !ok || o.Param == 0 && o.Const.Kind != Int {
		return Operand{}, false, c.failExpr(e, "", "an integer", "a parameter")
	}
	return o, true, nil
}

func (c *compiler) create(s *CreateTable) error {
	c.plan.Op = OpCreate
	if err := c.table(s.Table); err != nil {
		return err
	}
	for _, want := range []struct {
		n    *Name
		kind ColumnKind
	}{{s.Key, ColumnKey}, {s.Value, ColumnValue}, {s.Target, ColumnKey}} {
		kind, err := c.column(want.n)
		if err != nil {
			return err
		}
		if kind != want.kind {
			return c.failName(want.n, "", [...]string{ColumnKey: "key", ColumnValue: "value"}[want.kind])
		}
	}
	return nil
}

// String returns the name of the operation, as tests and messages show it.
func (o Op) String() string {
	names := [...]string{OpSelect: "select", OpInsert: "insert", OpDelete: "delete", OpCreate: "create",
		OpPragma: "pragma", OpBegin: "begin", OpCommit: "commit", OpRollback: "rollback",
		OpSavepoint: "savepoint", OpRelease: "release", OpRollbackTo: "rollback to",
		OpUpdate: "update", OpExplain: "explain"}
	if o > 0 && int(o) < len(names) {
		return names[o]
	}
	return "Op(" + strconv.Itoa(int(o)) + ")"
}
