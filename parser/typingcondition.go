// SPDX-License-Identifier: Apache-2.0

package parser

var comparisonOps = map[string]nodeOp{
	"=": nodeEq, "!=": nodeNe, "<": nodeLt, "<=": nodeLe, ">": nodeGt, ">=": nodeGe,
}

// condition compiles an expression that is true, false or unknown.
func (c *compiler) condition(e Expr) (*node, error) {
	switch e := e.(type) {
	case *Logic:
		op := nodeAnd
		if e.Or {
			op = nodeOr
		}
		n := &node{op: op, source: e}
		for _, arg := range e.Args {
			kid, err := c.condition(arg)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
			n.uses |= kid.uses
		}
		return n, nil
	case *Unary:
		if e.Op == "NOT" {
			x, err := c.condition(e.X)
			if err != nil {
				return nil, err
			}
			return parent(nodeNot, 0, e, x), nil
		}
	case *Binary:
		op, compares := comparisonOps[e.Op]
		switch {
		case compares:
			return c.operands(op, false, e, e.X, e.Y)
		case e.Op == "LIKE" || e.Op == "GLOB":
			return c.pattern(e)
		}
	case *Between:
		return c.operands(nodeBetween, e.Not, e, e.X, e.Lo, e.Hi)
	case *In:
		return c.operands(nodeIn, e.Not, e, e.X, e.List...)
	}
	return nil, c.failExpr(e, "a value is not a condition: compare it with another")
}

// operands compiles a condition that compares x with others.
func (c *compiler) operands(op nodeOp, not bool, e, x Expr, others ...Expr) (*node, error) {
	left, err := c.value(x)
	if err != nil {
		return nil, err
	}
	n := &node{op: op, not: not, source: e, kids: append(make([]*node, 0, 1+len(others)), left), uses: left.uses}
	for _, other := range others {
		right, err := c.value(other)
		if err != nil {
			return nil, err
		}
		if err := c.comparable(e, left, right); err != nil {
			return nil, err
		}
		n.kids = append(n.kids, right)
		n.uses |= right.uses
	}
	return n, nil
}

func (c *compiler) pattern(e *Binary) (*node, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	y, err := c.value(e.Y)
	if err != nil {
		return nil, err
	}
	op := nodeLike
	if e.Op == "GLOB" {
		op = nodeGlob
	}
	switch y.op {
	case nodeConst:
		if len(y.value.Bytes) > MaxPatternBytes {
			return nil, tooBig(c.failExpr(e.Y, errPatternTooBig.Msg))
		}
	case nodeParam:
		c.plan.patterns = append(c.plan.patterns, y.param)
	}
	n := parent(op, 0, e, x, y)
	n.not = e.Not
	if e.Escape != nil {
		escape, err := c.escape(e.Escape)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, escape)
		n.adopt(escape)
	}
	return n, nil
}

// escape compiles what follows ESCAPE.
func (c *compiler) escape(e Expr) (*node, error) {
	n, err := c.value(e)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case nodeConst:
		if !isCharacter(n.value.AppendText(nil)) {
			return nil, c.failExpr(e, escapeWrong)
		}
	case nodeParam:
		c.plan.escapes = append(c.plan.escapes, n.param)
	}
	return n, nil
}

// comparable checks that bytes are compared with bytes and numbers with numbers. What
// depends on arguments, or on how keys are made, is left to Check.
func (c *compiler) comparable(e Expr, x, y *node) error {
	if x.class == classParam || y.class == classParam {
		c.plan.pairs = append(c.plan.pairs, pair{x, y})
		return nil
	}
	if (x.class == ClassBytes) == (y.class == ClassBytes) {
		return nil
	}
	if raw := bytesOf(x, y); raw.isKey() {
		c.plan.pairs = append(c.plan.pairs, pair{x, y})
		return nil
	}
	return c.failExpr(e, pair{x, y}.remedy())
}

// bytesOf returns which of two nodes is bytes.
func bytesOf(x, y *node) *node {
	if x.class == ClassBytes {
		return x
	}
	return y
}
