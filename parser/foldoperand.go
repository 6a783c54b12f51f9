// SPDX-License-Identifier: Apache-2.0

package parser

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
