package parser

import "strconv"

// tableName is the name of the only table.
const tableName = "kv"

// Compile makes the plan of a statement: it resolves names, makes the static checks
// that need no arguments, and splits WHERE. It fails with an *Error.
func Compile(st *Statement) (*Plan, error) {
	c := compiler{st: st, plan: &Plan{Text: st.Text, NumInput: len(st.names), Names: st.names, ReadOnly: true}}
	if st.Explain || st.QueryPlan {
		return nil, c.fail(st.Offset, st.Offset+len("EXPLAIN"), "", "SELECT", "INSERT", "DELETE")
	}
	var err error
	switch s := st.Body.(type) {
	case *Select:
		err = c.selectPlan(s)
	case *Insert:
		err = c.insert(s)
	case *Delete:
		err = c.delete(s)
	case *Update:
		err = c.fail(st.Offset, st.Offset+len("UPDATE"), "", "SELECT", "INSERT", "DELETE")
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
	return c.plan, nil
}

// compileText parses and compiles text, and counts the bytes of its literals.
func compileText(text string) (plans []*Plan, literalBytes int, err error) {
	b := builder{text: text, numbers: map[string]int{}}
	list, err := b.parse()
	if err != nil {
		return nil, 0, err
	}
	for _, st := range list {
		p, err := Compile(st)
		if err != nil {
			return nil, 0, err
		}
		plans = append(plans, p)
	}
	return plans, b.literalBytes, nil
}

type compiler struct {
	st   *Statement
	plan *Plan
	// readsTable and readsValue say what the expressions so far mention.
	readsTable, readsValue bool
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
	return 0, c.failName(n, "no such column: "+cutEnd(n.Text, maxTokenBytes)+"; the columns are key and value")
}

// columnRef resolves a column, with its table's name if there is one, and notes that it
// is read.
func (c *compiler) columnRef(e *ColumnRef) (ColumnKind, error) {
	if e.Table != nil && lowerASCII(e.Table.Text) == "excluded" {
		return 0, c.failName(e.Table, "excluded has a meaning in DO UPDATE only")
	}
	if err := c.table(e.Table); err != nil {
		return 0, err
	}
	kind, err := c.column(e.Name)
	c.readsTable = true
	c.readsValue = c.readsValue || kind == ColumnValue
	return kind, err
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

func (c *compiler) selectPlan(s *Select) error {
	p := c.plan
	p.Op = OpSelect
	for i := range s.Results {
		if err := c.result(&s.Results[i]); err != nil {
			return err
		}
	}
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
	p.Table = c.readsTable || s.From != nil || s.OrderBy != nil
	p.KeysOnly = !c.readsValue
	return nil
}

func (c *compiler) result(r *Result) error {
	var kinds []ColumnKind
	col := Column{Name: r.Source}
	switch e := r.Expr.(type) {
	case nil:
		c.readsTable, c.readsValue = true, true
		kinds = []ColumnKind{ColumnKey, ColumnValue}
	case *ColumnRef:
		kind, err := c.columnRef(e)
		if err != nil {
			return err
		}
		kinds = []ColumnKind{kind}
	case *Call:
		if err := c.aggregate(e); err != nil {
			return err
		}
		c.readsTable = true
		kinds = []ColumnKind{ColumnCount}
	default:
		var ok bool
		if col.Operand, ok = operand(e); !ok {
			return c.failExpr(e, "", "a column", "count(*)", "a literal", "a parameter")
		}
		kinds = []ColumnKind{ColumnOperand}
	}
	for _, kind := range kinds {
		col.Kind = kind
		switch {
		case r.Alias != nil:
			col.Name = r.Alias.Text
		case kind == ColumnKey:
			col.Name = "key"
		case kind == ColumnValue:
			col.Name = "value"
		}
		aggregate := kind == ColumnCount
		if len(c.plan.Columns) > 0 && aggregate != c.plan.Aggregate {
			return c.fail(r.Start, r.Start+len(r.Source), "results must be all aggregates or none")
		}
		c.plan.Aggregate = aggregate
		c.plan.Columns = append(c.plan.Columns, col)
	}
	return nil
}

// aggregate checks that a call is count(*).
func (c *compiler) aggregate(e *Call) error {
	name := lowerASCII(e.Name.Text)
	switch name {
	case "count":
		if e.Star {
			return nil
		}
		return c.failExpr(e, "count takes * only", "count(*)")
	case "min", "max", "length", "hex", "lower", "upper", "substr":
		return c.failExpr(e, "", "a column", "count(*)", "a literal", "a parameter")
	}
	return c.failExpr(e, "no such function: "+cutEnd(e.Name.Text, maxTokenBytes))
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
			return c.failName(r.Alias, "ORDER BY key cannot stand beside another result that is called key")
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

func (c *compiler) insert(s *Insert) error {
	p := c.plan
	p.Op, p.ReadOnly, p.OnConflict = OpInsert, false, s.OnConflict
	if err := c.table(s.Into); err != nil {
		return err
	}
	key, value := 0, 1
	if s.Columns != nil {
		first, err := c.column(s.Columns[0])
		if err != nil {
			return err
		}
		second, err := c.column(s.Columns[1])
		if err != nil {
			return err
		}
		if first == second {
			return c.failName(s.Columns[1], "the column is named twice")
		}
		if first == ColumnValue {
			key, value = 1, 0
		}
	}
	p.Rows = make([][2]Operand, len(s.Rows))
	for i, row := range s.Rows {
		for j, at := range [2]int{key, value} {
			o, ok := operand(row[at])
			if !ok {
				return c.failExpr(row[at], "", "a literal", "a parameter")
			}
			p.Rows[i][j] = o
		}
	}
	if u := s.Upsert; u != nil {
		if err := c.upsert(u); err != nil {
			return err
		}
	}
	return c.returning(s.Returning)
}

// upsert compiles ON CONFLICT DO NOTHING, which overrides OR.
func (c *compiler) upsert(u *Upsert) error {
	if u.Target != nil {
		kind, err := c.column(u.Target)
		if err != nil {
			return err
		}
		if kind != ColumnKey {
			return c.failName(u.Target, "", "key")
		}
	}
	if u.Set != nil {
		return c.failName(u.Set.Column, "DO UPDATE is not supported", "DO NOTHING")
	}
	c.plan.OnConflict = Ignore
	return nil
}

// returning refuses RETURNING.
func (c *compiler) returning(list []Result) error {
	if len(list) == 0 {
		return nil
	}
	r := list[0]
	return c.fail(r.Start, r.Start+len(r.Source), "RETURNING is not supported", "the end of the statement")
}

func (c *compiler) delete(s *Delete) error {
	c.plan.Op, c.plan.ReadOnly, c.plan.KeysOnly = OpDelete, false, true
	if err := c.table(s.From); err != nil {
		return err
	}
	if err := c.where(s.Where); err != nil {
		return err
	}
	return c.returning(s.Returning)
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
		OpSavepoint: "savepoint", OpRelease: "release", OpRollbackTo: "rollback to"}
	if o > 0 && int(o) < len(names) {
		return names[o]
	}
	return "Op(" + strconv.Itoa(int(o)) + ")"
}
