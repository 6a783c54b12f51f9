// SPDX-License-Identifier: Apache-2.0

package parser

// setParts finds out, at the end of Compile, whether parts of values are all that the plan needs.
func (p *Plan) setParts() {
	if p.KeysOnly || p.Op == OpSelect && !p.Table {
		return
	}
	switch p.Op {
	case OpSelect, OpDelete:
		for i := range p.Columns {
			if col := &p.Columns[i]; col.Kind == ColumnValue || col.Kind == ColumnFormula && col.Formula.root.needsAll() {
				return
			}
		}
	case OpUpdate: // RETURNING shows the new value, which is known
		if p.Set.root.needsAll() {
			return
		}
	default:
		return
	}
	if p.Filter != nil {
		for i := range p.Filter.terms {
			if p.Filter.terms[i].cond.needsAll() {
				return
			}
		}
	}
	p.Parts = true
}

// needsAll reports whether n needs all of a long value, and not only parts of it. A value that is read
// as a number is expected to be short, as a counter is, and costs less to load than to look at.
func (n *node) needsAll() bool {
	if n.uses&usesValue == 0 {
		return false
	}
	kids := n.kids
	switch n.op {
	case nodeValue:
		return true
	case nodeSubstr, nodeLike, nodeGlob:
		if kids[0].isValue() {
			kids = kids[1:]
		}
	case nodeLt, nodeLe, nodeGt, nodeGe:
		if kids[0].isValue() && kids[1].isGiven() || kids[1].isValue() && kids[0].isGiven() {
			return false
		}
	case nodeBetween:
		if kids[0].isValue() && kids[1].isGiven() && kids[2].isGiven() {
			return false
		}
	}
	for _, kid := range kids {
		if kid.needsAll() {
			return true
		}
	}
	return false
}
