// SPDX-License-Identifier: Apache-2.0

package parser

import "strconv"

// scope says which columns an expression may mention.
type scope uint8

const (
	scopeRow    scope = iota // key and value
	scopeUpsert              // those and excluded's
	scopeNone                // none
)

var arithmeticOps = map[string]nodeOp{
	"||": nodeConcat, "+": nodeAdd, "-": nodeSubtract, "*": nodeMultiply, "/": nodeDivide, "%": nodeModulo,
}

var functions = map[string]struct {
	op          nodeOp
	least, most int
	class       Class
}{
	"length": {nodeLength, 1, 1, ClassInteger},
	"hex":    {nodeHex, 1, 1, ClassBytes},
	"lower":  {nodeLower, 1, 1, ClassBytes},
	"upper":  {nodeUpper, 1, 1, ClassBytes},
	"substr": {nodeSubstr, 2, 3, ClassBytes},
}

// value compiles an expression that has a value.
func (c *compiler) value(e Expr) (*node, error) {
	switch e := e.(type) {
	case *Literal:
		return &node{op: nodeConst, class: classOf(e.Value), value: e.Value, source: e}, nil
	case *Param:
		return &node{op: nodeParam, class: classParam, param: e.Number, source: e}, nil
	case *ColumnRef:
		return c.columnNode(e)
	case *Unary:
		if e.Op == "NOT" {
			break
		}
		x, err := c.value(e.X)
		if err != nil || e.Op == "+" { // which does nothing, not even make a number
			return x, err
		}
		class := ClassNumber
		if x.class == ClassReal {
			class = ClassReal
		}
		return parent(nodeNegate, class, e, x), nil
	case *Binary:
		if op, ok := arithmeticOps[e.Op]; ok {
			return c.arithmetic(op, e)
		}
	case *Call:
		return c.call(e)
	case *Cast:
		x, err := c.value(e.X)
		if err != nil {
			return nil, err
		}
		switch e.Type {
		case "INTEGER":
			return parent(nodeCastInteger, ClassInteger, e, x), nil
		case "REAL":
			return parent(nodeCastReal, ClassReal, e, x), nil
		}
		return parent(nodeCastBytes, ClassBytes, e, x), nil
	}
	return nil, c.failExpr(e, "a condition has no value, it belongs into WHERE")
}

// parent makes a node over others.
func parent(op nodeOp, class Class, source Expr, kids ...*node) *node {
	n := &node{op: op, class: class, kids: kids, source: source}
	for _, kid := range kids {
		n.adopt(kid)
	}
	return n
}

// adopt takes over what is known of a node below.
func (n *node) adopt(kid *node) {
	n.uses |= kid.uses
	n.doublings = max(n.doublings, kid.doublings)
}

func (c *compiler) columnNode(e *ColumnRef) (*node, error) {
	n := &node{op: nodeKey, class: ClassBytes, source: e}
	keyClass := ClassBytes
	if c.keys != nil {
		keyClass = c.keys.Class
	}
	excluded := e.Table != nil && lowerASCII(e.Table.Text) == "excluded"
	if excluded && c.scope != scopeUpsert {
		return nil, c.failName(e.Table, "excluded has a meaning in DO UPDATE only")
	}
	if !excluded {
		if err := c.table(e.Table); err != nil {
			return nil, err
		}
	}
	kind, err := c.column(e.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case c.scope == scopeNone:
		return nil, c.failExpr(e, "there is no row here that could have a "+lowerASCII(e.Name.Text))
	case excluded && kind == ColumnKey:
		n.op, n.uses, n.class = nodeExcludedKey, usesExcluded, keyClass
	case excluded:
		n.op, n.uses = nodeExcludedValue, usesExcluded
	case kind == ColumnKey:
		n.uses, n.class = usesKey, keyClass
	default:
		n.op, n.uses = nodeValue, usesValue
	}
	return n, nil
}

func (c *compiler) arithmetic(op nodeOp, e *Binary) (*node, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	y, err := c.value(e.Y)
	if err != nil {
		return nil, err
	}
	class := ClassNumber
	switch {
	case op == nodeConcat:
		class = ClassBytes
	case x.class == ClassReal || y.class == ClassReal:
		class = ClassReal
	case x.class == ClassInteger && y.class == ClassInteger && op == nodeModulo:
		class = ClassInteger // it is the one operator that cannot overflow
	}
	return parent(op, class, e, x, y), nil
}

func (c *compiler) call(e *Call) (*node, error) {
	name := lowerASCII(e.Name.Text)
	f, ok := functions[name]
	switch {
	case name == "count" || name == "min" || name == "max":
		return nil, c.failExpr(e, name+" stands alone, as a result of SELECT")
	case !ok:
		return nil, c.failExpr(e, noFunction(e.Name.Text))
	case e.Star || len(e.Args) < f.least || len(e.Args) > f.most:
		takes := "one argument"
		if f.most > 1 {
			takes = strconv.Itoa(f.least) + " or " + strconv.Itoa(f.most) + " arguments"
		}
		return nil, c.failExpr(e, name+" takes "+takes)
	}
	n := &node{op: f.op, class: f.class, source: e}
	for _, arg := range e.Args {
		x, err := c.value(arg)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, x)
		n.adopt(x)
	}
	if n.op == nodeHex {
		n.doublings++
	}
	if n.op == nodeLength && n.kids[0].op == nodeValue {
		n.uses = usesLength
	}
	return n, nil
}
