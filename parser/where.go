package parser

// where compiles the condition of a WHERE clause; nil is no condition.
func (c *compiler) where(e Expr) error {
	if e == nil {
		return nil
	}
	c.readsTable = true
	n, err := c.keyCondition(e, false)
	if err != nil {
		return err
	}
	if terms, ok := appendTerms(nil, n); ok {
		c.plan.Keys.terms = terms
	} else {
		c.plan.Keys.root = n
	}
	return nil
}

// comparisons gives, for an operator between key and an operand, what the condition is
// and what its negation is. No argument is NULL, so a comparison is true or false and
// its negation is exact.
var comparisons = map[string][2]keyOp{
	"=": {keyEq, keyNe}, "!=": {keyNe, keyEq},
	"<": {keyLt, keyGe}, ">=": {keyGe, keyLt},
	">": {keyGt, keyLe}, "<=": {keyLe, keyGt},
}

// mirrored is the operator with its sides exchanged.
var mirrored = map[string]string{"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// keyCondition compiles a condition on key, negated if not is set: NOT ends here, at the
// comparisons.
func (c *compiler) keyCondition(e Expr, not bool) (*keyNode, error) {
	switch e := e.(type) {
	case *Logic:
		n := &keyNode{op: keyAnd}
		if e.Or != not {
			n.op = keyOr
		}
		for _, arg := range e.Args {
			kid, err := c.keyCondition(arg, not)
			if err != nil {
				return nil, err
			}
			if kid.op == n.op {
				n.kids = append(n.kids, kid.kids...)
			} else {
				n.kids = append(n.kids, kid)
			}
		}
		return n, nil
	case *Unary:
		if e.Op == "NOT" {
			return c.keyCondition(e.X, !not)
		}
	case *Binary:
		if ops, ok := comparisons[e.Op]; ok {
			return c.comparison(e, ops, not)
		}
	case *Between:
		list, err := c.keyAgainst(e.X, e.Lo, e.Hi)
		if err != nil {
			return nil, err
		}
		outer, lo, hi := keyAnd, keyGe, keyLe
		if e.Not != not {
			outer, lo, hi = keyOr, keyLt, keyGt
		}
		return &keyNode{op: outer, kids: []*keyNode{{op: lo, list: list[:1]}, {op: hi, list: list[1:]}}}, nil
	case *In:
		list, err := c.keyAgainst(e.X, e.List...)
		if err != nil {
			return nil, err
		}
		n := &keyNode{op: keyIn, list: list}
		if e.Not != not {
			n.op = keyNotIn
		}
		return n, nil
	}
	return nil, c.failExpr(e, "", "a condition on key")
}

// comparison compiles key <op> operand or operand <op> key.
func (c *compiler) comparison(e *Binary, ops [2]keyOp, not bool) (*keyNode, error) {
	x, y := e.X, e.Y
	if _, ok := operand(x); ok {
		if _, ok := y.(*ColumnRef); ok {
			x, y = y, x
			ops = comparisons[mirrored[e.Op]]
		}
	}
	list, err := c.keyAgainst(x, y)
	if err != nil {
		return nil, err
	}
	n := &keyNode{op: ops[0], list: list}
	if not {
		n.op = ops[1]
	}
	return n, nil
}

// keyAgainst checks that x is key and returns the operands that the others are.
func (c *compiler) keyAgainst(x Expr, others ...Expr) ([]Operand, error) {
	ref, ok := x.(*ColumnRef)
	if !ok {
		return nil, c.failExpr(x, "", "key")
	}
	kind, err := c.columnRef(ref)
	if err != nil {
		return nil, err
	}
	if kind != ColumnKey {
		return nil, c.failExpr(x, "", "key")
	}
	list := make([]Operand, len(others))
	for i, e := range others {
		if list[i], ok = operand(e); !ok {
			return nil, c.failExpr(e, "", "a literal", "a parameter")
		}
	}
	return list, nil
}

// appendTerms appends the comparisons that n joins by AND, if it is nothing but that
// and so a single interval.
func appendTerms(terms []keyTerm, n *keyNode) ([]keyTerm, bool) {
	switch n.op {
	case keyEq, keyLt, keyLe, keyGt, keyGe:
		return append(terms, keyTerm{n.op, n.list[0]}), true
	case keyIn:
		if len(n.list) == 1 {
			return append(terms, keyTerm{keyEq, n.list[0]}), true
		}
	case keyAnd:
		ok := true
		for _, kid := range n.kids {
			if terms, ok = appendTerms(terms, kid); !ok {
				return nil, false
			}
		}
		return terms, true
	}
	return nil, false
}
