// SPDX-License-Identifier: Apache-2.0

package parser

import "strconv"

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
