// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"encoding/hex"
	"math"
	"slices"
)

// eval returns the value of an expression. After a failure, which e.err holds, it is
// NULL.
func (n *node) eval(e *Env) Value {
	switch n.op {
	case nodeConst:
		return n.value
	case nodeParam:
		return e.Args[n.param-1]
	case nodeKey:
		return e.number(e.key)
	case nodeValue:
		if e.loader != nil {
			if _, err := e.Value(); err != nil {
				return Value{}
			}
		}
		return Value{Kind: Bytes, Bytes: e.value}
	case nodeExcludedKey:
		return e.number(e.excludedKey)
	case nodeExcludedValue:
		return Value{Kind: Bytes, Bytes: e.excludedValue}
	case nodeConcat:
		return n.concat(e)
	case nodeAdd, nodeSubtract, nodeMultiply, nodeDivide, nodeModulo:
		return arithmetic(n.op, n.kids[0].evalNumber(e), n.kids[1].evalNumber(e))
	case nodeSubstr:
		return n.substr(e)
	case nodeLength:
		if n.kids[0].op == nodeValue {
			return Value{Kind: Int, Int: int64(e.valueLen())}
		}
	case nodeNegate:
		return arithmetic(nodeSubtract, Value{Kind: Int}, n.kids[0].evalNumber(e))
	case nodeCastInteger:
		return castInteger(n.kids[0].evalNumber(e))
	case nodeCastReal:
		return castReal(n.kids[0].evalNumber(e))
	}
	sized := e.sized
	if n.op == nodeHex && n.doublings > freeDoublings {
		if !sized && !n.fits(e) {
			return Value{}
		}
		e.sized = true
	}
	v := n.kids[0].eval(e)
	e.sized = sized
	if v.Kind == Null {
		if n.op == nodeHex { // SQLite's only function that makes something of NULL
			return Value{Kind: Bytes}
		}
		return v
	}
	text := e.text(v)
	start := len(e.scratch)
	switch n.op {
	case nodeLength:
		return Value{Kind: Int, Int: int64(len(text))}
	case nodeCastBytes:
		return Value{Kind: Bytes, Bytes: text}
	case nodeHex:
		if !e.room(2 * len(text)) {
			return Value{}
		}
		e.grow(2 * len(text))
		for part := range slices.Chunk(text, bytesBetweenLooks) {
			at := len(e.scratch)
			e.scratch = hex.AppendEncode(e.scratch, part)
			switchCase(e.scratch[at:], 'a')
			if e.interrupted() {
				return Value{}
			}
		}
	case nodeLower, nodeUpper:
		if !e.room(len(text)) {
			return Value{}
		}
		e.grow(len(text))
		first := byte('A')
		if n.op == nodeUpper {
			first = 'a'
		}
		for part := range slices.Chunk(text, bytesBetweenLooks) {
			at := len(e.scratch)
			e.scratch = append(e.scratch, part...)
			switchCase(e.scratch[at:], first)
			if e.interrupted() {
				return Value{}
			}
		}
	}
	return Value{Kind: Bytes, Bytes: e.made(start)}
}

// switchCase changes the case of the 26 ASCII letters from first on.
func switchCase(b []byte, first byte) {
	for i, c := range b {
		if c-first < 26 {
			b[i] = c ^ 0x20
		}
	}
}

// concat is x || y. The right operand comes first, so that a chain a || b || c, which is
// a concat of a concat, can grow in one place: what its left operand has made is at the end of
// scratch then.
func (n *node) concat(e *Env) Value {
	y := n.kids[1].eval(e)
	if y.Kind == Null {
		return y
	}
	b := e.text(y)
	x := n.kids[0].eval(e)
	if x.Kind == Null {
		return x
	}
	a := e.text(x)
	start, more := len(e.scratch), len(a)+len(b)
	inPlace := n.kids[0].op == nodeConcat
	if inPlace {
		start, more = start-len(a), len(b)
	}
	if !e.room(more) || more > bytesBetweenLooks && e.interrupted() {
		return Value{}
	}
	e.grow(more)
	if !inPlace {
		e.scratch = append(e.scratch, a...)
	}
	e.scratch = append(e.scratch, b...)
	return Value{Kind: Bytes, Bytes: e.made(start)}
}

// substr is substr(x, from [, count]). From counts from 1, or from the end if it is
// negative, and 0 is the place before the first byte; a negative count takes the bytes
// before from. What lies outside x is left away.
func (n *node) substr(e *Env) Value {
	var x Value
	parted := n.kids[0].isValue() && e.parted() // x is loaded when it is known how much of it is needed
	if !parted {
		x = n.kids[0].eval(e)
	}
	from, count := n.kids[1].eval(e), Value{Kind: Int, Int: math.MaxInt64}
	if len(n.kids) == 3 {
		count = n.kids[2].eval(e)
	}
	if !parted && x.Kind == Null || from.Kind == Null || count.Kind == Null {
		return Value{}
	}
	var text []byte
	var size int64
	if parted {
		size = int64(e.valueLen())
	} else {
		text = e.text(x)
		size = int64(len(text))
	}
	first := castInteger(from).Int
	if first < 0 {
		first += size
	} else {
		first--
	}
	last := addClamped(first, castInteger(count).Int)
	if last < first {
		first, last = last, first
	}
	first, last = min(max(first, 0), size), min(max(last, 0), size)
	if parted {
		if part, ok := e.part(int(first), int(last-first)); ok {
			return Value{Kind: Bytes, Bytes: part}
		}
		if text = n.kids[0].eval(e).Bytes; e.err != nil {
			return Value{}
		}
	}
	return Value{Kind: Bytes, Bytes: text[first:last:last]}
}

// addClamped is a + b, cut to what 64 bits hold.
func addClamped(a, b int64) int64 {
	sum := a + b
	switch {
	case b > 0 && sum < a:
		return math.MaxInt64
	case b < 0 && sum > a:
		return math.MinInt64
	}
	return sum
}
