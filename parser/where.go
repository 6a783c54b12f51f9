// SPDX-License-Identifier: Apache-2.0

package parser

// where compiles the condition of a WHERE clause; nil is no condition. It is split: what
// key intervals express becomes Plan.Keys, and the rest Plan.Filter.
func (c *compiler) where(e Expr) error {
	if e == nil {
		return nil
	}
	n, err := c.condition(e)
	if err != nil {
		return err
	}
	c.used |= n.uses
	s := splitter{}
	s.conjuncts(n, false)
	if len(s.rest) > 0 {
		c.plan.Filter = &Filter{s.rest}
	}
	switch len(s.keys) {
	case 0:
		return nil
	case 1:
		n := s.keys[0]
		c.setKeys(n)
	default:
		c.setKeys(&keyNode{op: keyAnd, kids: s.keys})
	}
	return nil
}

func (c *compiler) setKeys(n *keyNode) {
	if terms, ok := appendTerms(nil, n); ok {
		c.plan.Keys.terms = terms
	} else {
		c.plan.Keys.root = n
	}
}

// splitter splits a condition. Everywhere in it, not says that the condition is wanted
// to be false: NOT is pushed down to the comparisons, where it ends.
type splitter struct {
	keys []*keyNode   // all must hold
	rest []filterTerm // and so must these
}

// conjuncts splits what must all be true.
func (s *splitter) conjuncts(n *node, not bool) {
	switch {
	case n.op == nodeNot:
		s.conjuncts(n.kids[0], !not)
		return
	case n.op == nodeAnd && !not, n.op == nodeOr && not:
		for _, kid := range n.kids {
			s.conjuncts(kid, not)
		}
		return
	}
	keys, exact := keysOf(n, not)
	if keys != nil {
		if keys.op == keyAnd {
			s.keys = append(s.keys, keys.kids...)
		} else {
			s.keys = append(s.keys, keys)
		}
	}
	if exact {
		return
	}
	t := filterTerm{cond: n, not: not}
	if keys != nil && keys.op == keyGlob {
		t.prefix = &keys.list[0]
	}
	s.rest = append(s.rest, t)
}

// keysOf returns keys that include all for which n is what it is wanted to be, nil for
// every key, and whether these are exactly the keys.
//
// Exactness survives negation, because a condition is exact only if it cannot be unknown.
func keysOf(n *node, not bool) (keys *keyNode, exact bool) {
	if n.uses == 0 {
		return &keyNode{op: keyCond, cond: n, not: not}, true
	}
	switch n.op {
	case nodeNot:
		return keysOf(n.kids[0], !not)
	case nodeAnd, nodeOr:
		return keysOfLogic(n, not)
	case nodeBetween:
		return keysOfBetween(n, n.not != not)
	case nodeIn:
		return keysOfIn(n, n.not != not)
	case nodeGlob:
		return keysOfGlob(n, n.not != not)
	case nodeLike:
		return nil, false
	}
	x, y, ops := n.kids[0], n.kids[1], comparisons[n.op]
	if y.op == nodeKey {
		x, y, ops = y, x, comparisons[mirrored[n.op]]
	}
	o, ok := keyOperand(y)
	if x.op != nodeKey || !ok {
		return nil, false
	}
	return &keyNode{op: ops[btoi(not)], list: []Operand{o}}, true
}

// comparisons gives, for an operator between key and an operand, what the condition is
// and what its negation is. The operand is not NULL, so a comparison is true or false and
// its negation is exact.
var comparisons = map[nodeOp][2]keyOp{
	nodeEq: {keyEq, keyNe}, nodeNe: {keyNe, keyEq},
	nodeLt: {keyLt, keyGe}, nodeGe: {keyGe, keyLt},
	nodeGt: {keyGt, keyLe}, nodeLe: {keyLe, keyGt},
}

// mirrored is the operator with its sides exchanged.
var mirrored = map[nodeOp]nodeOp{
	nodeEq: nodeEq, nodeNe: nodeNe, nodeLt: nodeGt, nodeLe: nodeGe, nodeGt: nodeLt, nodeGe: nodeLe,
}

// keyOperand returns the operand that key can be compared with by intervals: it depends
// on no row and is never NULL.
func keyOperand(n *node) (Operand, bool) {
	if n.uses != 0 {
		return Operand{}, false
	}
	switch n.op {
	case nodeConst:
		return Operand{Const: n.value}, true
	case nodeParam:
		return Operand{Param: n.param}, true
	}
	return Operand{formula: &Formula{n}}, !n.nullable(nil)
}

func keyOperands(list []*node) ([]Operand, bool) {
	out := make([]Operand, len(list))
	for i, n := range list {
		var ok bool
		if out[i], ok = keyOperand(n); !ok {
			return nil, false
		}
	}
	return out, true
}

func keysOfLogic(n *node, not bool) (*keyNode, bool) {
	all := &keyNode{op: keyAnd}
	if (n.op == nodeOr) != not {
		all.op = keyOr
	}
	allExact := true
	for _, kid := range n.kids {
		keys, exact := keysOf(kid, not)
		allExact = allExact && exact
		switch {
		case keys == nil && all.op == keyOr:
			return nil, false // one of the alternatives may hold for any key
		case keys == nil:
		case keys.op == all.op:
			all.kids = append(all.kids, keys.kids...)
		default:
			all.kids = append(all.kids, keys)
		}
	}
	if len(all.kids) == 0 {
		return nil, false
	}
	return all, allExact
}

func keysOfBetween(n *node, not bool) (*keyNode, bool) {
	list, ok := keyOperands(n.kids[1:])
	if n.kids[0].op != nodeKey || !ok {
		return nil, false
	}
	outer, lo, hi := keyAnd, keyGe, keyLe
	if not {
		outer, lo, hi = keyOr, keyLt, keyGt
	}
	return &keyNode{op: outer, kids: []*keyNode{{op: lo, list: list[:1]}, {op: hi, list: list[1:]}}}, true
}

func keysOfIn(n *node, not bool) (*keyNode, bool) {
	list, ok := keyOperands(n.kids[1:])
	if n.kids[0].op != nodeKey || !ok {
		return nil, false
	}
	op := keyIn
	if not {
		op = keyNotIn
	}
	return &keyNode{op: op, list: list}, true
}

// keysOfGlob takes the literal beginning of a pattern. If the pattern is not known
// before arguments are, the keys are right but not known to be exact.
func keysOfGlob(n *node, not bool) (*keyNode, bool) {
	o, ok := keyOperand(n.kids[1])
	if n.kids[0].op != nodeKey || n.kids[0].class != ClassBytes || !ok {
		return nil, false
	}
	exact := false
	if n.kids[1].op == nodeConst {
		_, rest := globPrefix(o.Const.AppendText(nil))
		exact = rest != furtherTest
	}
	switch {
	case !not:
		return &keyNode{op: keyGlob, list: []Operand{o}}, exact
	case exact:
		return &keyNode{op: keyNotGlob, list: []Operand{o}}, true
	}
	return nil, false
}

// appendTerms appends the comparisons that n joins by AND, if n is nothing else and so a single
// interval.
func appendTerms(terms []keyTerm, n *keyNode) ([]keyTerm, bool) {
	switch n.op {
	case keyEq, keyLt, keyLe, keyGt, keyGe, keyGlob:
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
