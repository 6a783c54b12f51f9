// SPDX-License-Identifier: Apache-2.0

package parser

// Class is what is known about the values of an expression before it runs.
type Class uint8

const (
	// ClassBytes is a string of bytes.
	ClassBytes Class = iota + 1
	// ClassInteger is an integer.
	ClassInteger
	// ClassUnsigned is an integer that may be a Uint: a key where keys are unsigned.
	ClassUnsigned
	// ClassReal is a real.
	ClassReal
	// ClassNumber is an integer or a real; which one depends on the data.
	ClassNumber
	// classParam is the class of an argument.
	classParam
)

// classOf returns the class of a value.
func classOf(v Value) Class {
	switch v.Kind {
	case Int:
		return ClassInteger
	case Real:
		return ClassReal
	case Uint:
		return ClassUnsigned
	}
	return ClassBytes
}

// isInteger reports whether all values of the class are integers.
func (c Class) isInteger() bool { return c == ClassInteger || c == ClassUnsigned }

// node is a compiled expression. It is immutable, and its classes have been checked, so
// that evaluation meets no surprise but NULL.
type node struct {
	op nodeOp
	// class is the class of a value, 0 for a condition.
	class Class
	// not negates LIKE, GLOB, BETWEEN and IN.
	not bool
	// uses says which columns the node and those below it mention.
	uses uses
	// param is the number of a nodeParam, value the value of a nodeConst.
	param int
	value Value
	kids  []*node
	// doublings is how many functions that double a length are nested here, at most.
	doublings int
	// source is what the node was compiled from, to be shown.
	source Expr
}

// uses is a set of columns.
type uses uint8

const (
	usesKey uses = 1 << iota
	usesValue
	usesLength // of the value, which can be told without it
	usesExcluded
)

// resolve returns the class of the node under args, which may be nil if they are not known.
func (n *node) resolve(args []Value) Class {
	if n.class == classParam && args != nil {
		return classOf(args[n.param-1])
	}
	return n.class
}

// nullable reports whether the node can be NULL, as far as that can be told. args may be
// nil if they are not known.
func (n *node) nullable(args []Value) bool {
	if n.op == nodeHex {
		return false
	}
	for _, kid := range n.kids {
		if kid.nullable(args) {
			return true
		}
	}
	switch n.op {
	case nodeDivide, nodeModulo:
		by := n.kids[1]
		v := by.value
		if by.op == nodeParam && args != nil {
			v = args[by.param-1]
		}
		// Dividing by a number that is finite and not zero always has a result.
		if v.Kind == Null {
			return true
		}
		if n.op == nodeModulo {
			return castInteger(v).Int == 0
		}
		r := castReal(v).Real
		return r == 0 || r-r != 0
	case nodeAdd, nodeSubtract, nodeMultiply:
		// Inf-Inf and Inf*0 have no result.
		return !n.kids[0].resolve(args).isInteger() || !n.kids[1].resolve(args).isInteger()
	}
	return false
}

func (n *node) isKey() bool { return n.op == nodeKey || n.op == nodeExcludedKey }
