package parser

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

// Precedences, as SQLite's; a higher one binds tighter.
const (
	precOr = iota + 1
	precAnd
	precNot
	precEqual
	precCompare
	precAdd
	precMultiply
	precConcat
	precUnary
	precPrimary
)

var precedences = map[string]int{
	"OR": precOr, "AND": precAnd, "NOT": precNot,
	"=": precEqual, "==": precEqual, "!=": precEqual, "<>": precEqual,
	"IN": precEqual, "LIKE": precEqual, "GLOB": precEqual, "BETWEEN": precEqual,
	"<": precCompare, "<=": precCompare, ">": precCompare, ">=": precCompare,
	"+": precAdd, "-": precAdd, "*": precMultiply, "/": precMultiply, "%": precMultiply, "||": precConcat,
}

// infix is an operator and what is on its right: operand, or list for IN.
type infix struct {
	place
	op      string
	not     bool
	operand *operandG
	list    *listG
}

func (f *folder) tail(n int) infix {
	t := f.tails[n]
	i := infix{op: t.Op, operand: t.Operand, list: t.In}
	if t.Not != nil {
		i.op, i.operand, i.list, i.not = t.Not.Op, t.Not.Operand, t.Not.In, true
	}
	if i.list != nil {
		i.op = "IN"
	}
	i.place = f.token(t.Pos).place()
	return i
}

// folder builds the tree of one flat expression: operands[0] tails[0] operands[1] ….
// It climbs precedences; n is the next tail.
type folder struct {
	*builder
	tails []*tailG
	n     int
}

func (b *builder) optional(g *exprG) (Expr, error) {
	if g == nil {
		return nil, nil
	}
	return b.expr(g)
}

func (b *builder) expr(g *exprG) (Expr, error) {
	x, _, err := b.nested(g)
	return x, err
}

// nested returns the tree and how deep it is.
func (b *builder) nested(g *exprG) (Expr, int, error) {
	f := folder{builder: b, tails: g.Rest}
	x, depth, err := f.fold(g.First, precOr)
	if err == nil && f.n < len(f.tails) {
		escape := f.tail(f.n)
		err = b.fail(escape.start, escape.end, "ESCAPE stands after the pattern of LIKE")
	}
	return x, depth, err
}

var tooDeep = "operators nest deeper than " + strconv.Itoa(MaxNesting)

// deeper returns the depth of a node over children of the given depths.
func (b *builder) deeper(at place, depths ...int) (int, error) {
	most := 0
	for _, d := range depths {
		most = max(most, d)
	}
	if most >= MaxNesting {
		return 0, b.fail(at.start, at.end, tooDeep)
	}
	return most + 1, nil
}

// fold builds the longest expression that begins with first and in which every operator
// outside it binds at least as tight as least.
func (f *folder) fold(first *operandG, least int) (Expr, int, error) {
	// Every level is a parenthesis or a level of the tree, so more than this is too deep
	// whatever follows; without the check, 1 = NOT 1 = NOT … would recurse first.
	if f.level++; f.level > 2*MaxNesting+1 {
		at := f.token(first.Pos).place()
		return nil, 0, f.fail(at.start, at.start, tooDeep)
	}
	defer func() { f.level-- }()
	x, depth, err := f.operand(first)
	if err != nil {
		return nil, 0, err
	}
	for f.n < len(f.tails) {
		t := f.tail(f.n)
		if precedences[t.op] < least {
			break
		}
		f.n++
		if x, depth, err = f.infix(x, depth, &t); err != nil {
			return nil, 0, err
		}
	}
	return x, depth, nil
}

// infix builds the expression of which x is the left operand.
func (f *folder) infix(x Expr, depth int, t *infix) (Expr, int, error) {
	switch op, prec := t.op, precedences[t.op]; op {
	case "IN":
		return f.in(x, depth, t)
	case "BETWEEN":
		return f.between(x, depth, t)
	case "AND", "OR":
		y, d, err := f.fold(t.operand, prec+1)
		if err != nil {
			return nil, 0, err
		}
		// A chain is one node, so it may be long without being deep.
		l, ok := x.(*Logic)
		if ok && l.Or == (op == "OR") {
			depth--
		} else {
			l = &Logic{t.place, op == "OR", []Expr{x}}
		}
		if r, ok := y.(*Logic); ok && r.Or == l.Or {
			l.Args = append(l.Args, r.Args...)
			d--
		} else {
			l.Args = append(l.Args, y)
		}
		depth, err = f.deeper(l.place, depth, d)
		return l, depth, err
	default:
		y, d, err := f.fold(t.operand, prec+1)
		if err != nil {
			return nil, 0, err
		}
		switch op {
		case "==":
			op = "="
		case "<>":
			op = "!="
		}
		b := &Binary{place: t.place, Op: op, Not: t.not, X: x, Y: y}
		if op == "LIKE" && f.n < len(f.tails) && f.tails[f.n].Op == "ESCAPE" {
			escape := f.tails[f.n]
			f.n++
			var de int
			if b.Escape, de, err = f.fold(escape.Operand, precCompare); err != nil {
				return nil, 0, err
			}
			d = max(d, de)
		}
		depth, err = f.deeper(b.place, depth, d)
		return b, depth, err
	}
}

func (f *folder) in(x Expr, depth int, t *infix) (Expr, int, error) {
	n := &In{place: t.place, Not: t.not, X: x}
	for _, item := range t.list.Items {
		if item.Many {
			values, err := f.values(f.fused.run(item.Pos.Offset))
			if err != nil {
				return nil, 0, err
			}
			n.List = append(n.List, values...)
			depth = max(depth, 1)
			continue
		}
		y, d, err := f.nested(item.Expr)
		if err != nil {
			return nil, 0, err
		}
		n.List = append(n.List, y)
		depth = max(depth, d)
	}
	depth, err := f.deeper(n.place, depth)
	return n, depth, err
}

func (f *folder) between(x Expr, depth int, t *infix) (Expr, int, error) {
	n := &Between{place: t.place, Not: t.not, X: x}
	lo, dlo, err := f.fold(t.operand, precCompare)
	if err != nil {
		return nil, 0, err
	}
	if f.n == len(f.tails) || f.tails[f.n].Op != "AND" {
		if f.n < len(f.tails) {
			next := f.tail(f.n)
			return nil, 0, f.fail(next.start, next.end, "", "AND and the upper bound of BETWEEN")
		}
		f.incomplete = true
		return nil, 0, f.fail(n.start, n.end, "BETWEEN without AND and an upper bound")
	}
	and := f.tails[f.n]
	f.n++
	hi, dhi, err := f.fold(and.Operand, precCompare)
	if err != nil {
		return nil, 0, err
	}
	n.Lo, n.Hi = lo, hi
	depth, err = f.deeper(n.place, depth, dlo, dhi)
	return n, depth, err
}

// operand builds an operand after its prefixes. NOT reaches as far as its own
// precedence lets it, - and + no further than the operand.
func (f *folder) operand(g *operandG) (Expr, int, error) {
	prefix := g.Prefix
	if len(prefix) > 0 {
		g = g.Operand
	}
	// Prefixes are applied from the innermost out, so that a long row of them does not
	// recurse. Once a NOT took the rest of its operators, none is left for those
	// outside it.
	x, depth, err := f.primary(g, prefix)
	if err != nil {
		return nil, 0, err
	}
	if g.Value != "" && isNumber(f.token(g.Pos).text) && len(prefix) > 0 && prefix[len(prefix)-1].Op != "NOT" {
		prefix = prefix[:len(prefix)-1] // the sign is part of the number
	}
	for i := len(prefix) - 1; i >= 0; i-- {
		p := prefix[i]
		if p.Op == "NOT" {
			for f.n < len(f.tails) {
				t := f.tail(f.n)
				if precedences[t.op] <= precNot {
					break
				}
				f.n++
				if x, depth, err = f.infix(x, depth, &t); err != nil {
					return nil, 0, err
				}
			}
		}
		if l := f.negated(p, x); l != nil {
			x = l
			continue
		}
		u := &Unary{f.token(p.Pos).place(), p.Op, x}
		if depth, err = f.deeper(u.place, depth); err != nil {
			return nil, 0, err
		}
		x = u
	}
	return x, depth, nil
}

// negated returns x after a minus as a literal, nil if it is none. A minus is the sign of
// a real after a parenthesis or a plus, too, as in SQLite: -(0.0) is -0.0, where 0 - 0.0
// is 0.0.
func (f *folder) negated(p *prefixG, x Expr) *Literal {
	for u, ok := x.(*Unary); ok && u.Op == "+"; u, ok = x.(*Unary) {
		x = u.X
	}
	l, ok := x.(*Literal)
	if !ok || p.Op != "-" || l.Value.Kind != Real || f.text[l.start] == '-' {
		return nil
	}
	return &Literal{place{int(f.token(p.Pos).start), l.end}, Value{Kind: Real, Real: -l.Value.Real}}
}

func (f *folder) primary(g *operandG, prefix []*prefixG) (Expr, int, error) {
	switch {
	case g.Of != nil:
		t := f.token(g.Pos)
		if t.text[0] != '\'' {
			f.refuse(g.Of.Pos)
		}
		return f.column(nameOf(t), g.Of), 1, nil
	case g.Value != "":
		var sign *token
		if n := len(prefix); n > 0 && prefix[n-1].Op != "NOT" {
			sign = f.token(prefix[n-1].Pos)
		}
		x, err := f.constant(f.token(g.Pos), sign, new(Literal))
		return x, 1, err
	case g.Parens != nil:
		return f.nested(g.Parens)
	case g.Cast != nil:
		x, depth, err := f.nested(g.Cast.Expr)
		if err != nil {
			return nil, 0, err
		}
		c := &Cast{f.token(g.Pos).place(), x, g.Cast.Type}
		depth, err = f.deeper(c.place, depth)
		return c, depth, err
	case g.Call != nil:
		return f.call(g)
	}
	return f.column(nameOf(f.token(g.Pos)), g.Column), 1, nil
}

func (f *folder) call(g *operandG) (Expr, int, error) {
	c := &Call{Name: nameOf(f.token(g.Pos)), Star: g.Call.Star}
	c.start, c.end = c.Name.Start, c.Name.End
	depth := 0
	for _, arg := range g.Call.Args {
		x, d, err := f.nested(arg)
		if err != nil {
			return nil, 0, err
		}
		c.Args = append(c.Args, x)
		depth = max(depth, d)
	}
	depth, err := f.deeper(c.place, depth)
	return c, depth, err
}

// isNumber reports whether a value token is a number.
func isNumber(token string) bool {
	return token != "" && (classes[token[0]]&digit != 0 || token[0] == '.')
}

// constant makes the literal or parameter that a token is. The sign before it, if there is
// one, belongs to a number. The literal is made in *l.
func (b *builder) constant(t, sign *token, l *Literal) (Expr, error) {
	at := t.place()
	switch t.text[0] {
	case '?', ':', '@', '$':
		n, err := b.number(t.text, at.start)
		if err != nil {
			return nil, err
		}
		p := &Param{place: at, Number: n}
		if t.text[0] != '?' {
			p.Name = t.text
		}
		return p, nil
	}
	b.literalBytes += len(t.text)
	l.place = at
	switch t.text[0] {
	case '\'':
		l.Value = Value{Kind: Bytes, Bytes: []byte(unquote(t.text))}
		return l, nil
	case 'x', 'X':
		raw, err := hex.DecodeString(t.text[2 : len(t.text)-1]) // no error: the digits were seen
		l.Value = Value{Kind: Bytes, Bytes: raw}
		return l, err
	}
	minus, shown := false, ""
	if sign != nil {
		minus, l.start = sign.text == "-", int(sign.start)
	}
	if minus {
		shown = "-"
	}
	v, ok := numberToken{t.text, minus, b.unsigned}.value()
	if !ok {
		return nil, b.fail(l.start, l.end, "an integer outside the range of 64 bits: "+shown+cutEnd(t.text, maxTokenBytes))
	}
	l.Value = v
	return l, nil
}

// numberToken is a number with what stands around it.
type numberToken struct {
	text     string
	negative bool // after a minus
	unsigned bool // where an integer may be as large as 64 bits without a sign hold
}

// value reads the number. It is false if that is an integer that 64 bits do not hold. A
// hexadecimal integer is the bits it shows, as in SQLite; if it is unsigned it is the number it
// shows, and a decimal one may be as large.
func (n numberToken) value() (Value, bool) {
	token, negative, unsigned := n.text, n.negative, n.unsigned
	if len(token) > 2 && token[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(token[2:], 16, 64)
		i := int64(u)
		if unsigned && i < 0 {
			return UintValue(u), err == nil && !negative
		}
		if negative {
			i = -i
		}
		return Value{Kind: Int, Int: i}, err == nil && !(negative && u == 1<<63)
	}
	if strings.ContainsAny(token, ".eE") {
		r, _ := strconv.ParseFloat(token, 64) // too large is infinity, as in SQLite
		if negative {
			r = -r
		}
		return Value{Kind: Real, Real: r}, true
	}
	u, err := strconv.ParseUint(token, 10, 64)
	switch {
	case err != nil:
		return Value{}, false
	case negative && u == 1<<63:
		return Value{Kind: Int, Int: math.MinInt64}, true
	case u > math.MaxInt64:
		return UintValue(u), unsigned && !negative
	case negative:
		return Value{Kind: Int, Int: -int64(u)}, true
	}
	return Value{Kind: Int, Int: int64(u)}, true
}
