// SPDX-License-Identifier: Apache-2.0

package parser

import "slices"

// The statements of this file are nearly all that most programs run: a lookup of one key
// and a write of one row. What they need is worked out without the steps that the others
// go through, and means the same.

// setSimple finds out, at the end of Compile, which of these the plan is.
func (p *Plan) setSimple() {
	switch p.Op {
	case OpSelect:
		if !p.Table || p.Aggregate || p.Filter != nil || p.HasLimit || p.HasOffset || p.Keys.root != nil ||
			len(p.Keys.terms) != 1 || p.Keys.terms[0].op != keyEq || p.Keys.terms[0].operand.formula != nil {
			return
		}
		for i := range p.Columns {
			if p.Columns[i].Kind == ColumnFormula {
				return
			}
		}
		p.simple = simpleGet
		p.places = p.NumInput == 1 && p.Keys.terms[0].operand.Param == 1 && !p.returnsOperands()
	case OpInsert:
		if len(p.Rows) == 1 && p.OnConflict == Replace && len(p.Columns) == 0 &&
			p.Rows[0][0].formula == nil && p.Rows[0][1].formula == nil {
			p.simple = simplePut
			p.places = p.NumInput == 2 && p.Rows[0][0].Param == 1 && p.Rows[0][1].Param == 2
		}
	}
}

// returnsOperands reports whether a result is a constant or an argument.
func (p *Plan) returnsOperands() bool {
	return slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Kind == ColumnOperand })
}

// LooksUpArgument reports whether p is a statement for Point that takes one argument, which is
// the key and nothing else, so that the plan is not needed to find it.
func (p *Plan) LooksUpArgument() bool { return p.places && p.simple == simpleGet }

// WritesArguments reports whether p is a statement for Pair that takes two arguments, which are
// the key and the value in this order.
func (p *Plan) WritesArguments() bool { return p.places && p.simple == simplePut }

// Point returns the key of an OpSelect that looks up one key and does nothing else:
// it has no filter, no limit and no computed column. It is not ok for any other
// statement, nor if the key is not bytes; then the general way, by Check and Keys, decides.
func (p *Plan) Point(args []Value, keys *KeyType) (key []byte, ok bool) {
	if p.simple != simpleGet || keys.numeric() {
		return nil, false
	}
	return p.Keys.terms[0].operand.plainBytes(args)
}

// Pair returns the row of an OpInsert that writes one row, whether or not the key exists,
// and returns nothing. It is not ok for any other statement, nor if the key or the value
// is not bytes; then the general way, by Check and Rows, decides.
func (p *Plan) Pair(args []Value, keys *KeyType) (key, value []byte, ok bool) {
	if p.simple != simplePut || keys.numeric() {
		return nil, nil, false
	}
	if key, ok = p.Rows[0][0].plainBytes(args); !ok {
		return nil, nil, false
	}
	value, ok = p.Rows[0][1].plainBytes(args)
	return key, value, ok
}

// plainBytes returns the bytes of a parameter or a constant, if they are bytes.
func (o *Operand) plainBytes(args []Value) (b []byte, ok bool) {
	v := &o.Const
	if o.Param > 0 {
		v = &args[o.Param-1]
	}
	return v.Bytes, v.Kind == Bytes
}
