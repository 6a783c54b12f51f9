// SPDX-License-Identifier: Apache-2.0

package parser

// results compiles the results of a SELECT or of RETURNING. Aggregates are for SELECT.
func (c *compiler) results(list []Result, aggregates bool) error {
	for i := range list {
		if err := c.result(&list[i], aggregates); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) result(r *Result, aggregates bool) error {
	col := Column{Name: r.Source}
	aggregate := false
	switch e := r.Expr.(type) {
	case nil:
		c.used |= usesKey | usesValue
		c.plan.Columns = append(c.plan.Columns, Column{Kind: ColumnKey, Name: "key"})
		col.Kind, col.Name = ColumnValue, "value"
	case *ColumnRef:
		n, err := c.columnNode(e)
		if err != nil {
			return err
		}
		c.used |= n.uses
		col.Kind, col.Name = ColumnKey, "key"
		if n.op == nodeValue {
			col.Kind, col.Name = ColumnValue, "value"
		}
	case *Call:
		kind, err := c.aggregate(e)
		if err != nil {
			return err
		}
		if aggregate = kind != 0; aggregate && !aggregates {
			return c.failExpr(e, "RETURNING has no aggregates")
		}
		col.Kind = kind
	}
	if col.Kind == 0 {
		if err := c.computed(&col, r.Expr); err != nil {
			return err
		}
	}
	if r.Alias != nil {
		col.Name = r.Alias.Text
	}
	if len(c.plan.Columns) > 0 && aggregate != c.aggregates {
		return c.fail(r.Start, r.Start+len(r.Source), "results must be all aggregates or none")
	}
	c.aggregates = aggregate
	c.plan.Columns = append(c.plan.Columns, col)
	return nil
}

// computed compiles a result that is no column and no aggregate.
func (c *compiler) computed(col *Column, e Expr) error {
	n, err := c.value(e)
	if err != nil {
		return err
	}
	c.used |= n.uses
	switch n.op {
	case nodeConst, nodeParam:
		col.Kind = ColumnOperand
		col.Operand, _ = keyOperand(n)
	default:
		col.Kind, col.Formula = ColumnFormula, &Formula{n}
		if n.op == nodeKey && c.keys.numeric() { // +key
			col.Kind, col.Formula = ColumnKey, nil
		}
	}
	return nil
}

// aggregate returns which aggregate a call is, 0 for another function.
func (c *compiler) aggregate(e *Call) (ColumnKind, error) {
	name := lowerASCII(e.Name.Text)
	switch name {
	case "count":
		if !e.Star {
			return 0, c.failExpr(e, "count takes * only", "count(*)")
		}
		return ColumnCount, nil
	case "min", "max":
		wrong := "the argument of " + name + " must be key"
		if e.Star || len(e.Args) != 1 {
			return 0, c.failExpr(e, wrong)
		}
		ref, ok := e.Args[0].(*ColumnRef)
		if !ok {
			return 0, c.failExpr(e.Args[0], wrong)
		}
		n, err := c.columnNode(ref)
		switch {
		case err != nil:
			return 0, err
		case n.op != nodeKey:
			return 0, c.failExpr(ref, wrong)
		case name == "min":
			return ColumnMin, nil
		}
		return ColumnMax, nil
	}
	return 0, nil
}
