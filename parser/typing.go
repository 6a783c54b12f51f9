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

var comparisonOps = map[string]nodeOp{
	"=": nodeEq, "!=": nodeNe, "<": nodeLt, "<=": nodeLe, ">": nodeGt, ">=": nodeGe,
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
