package parser

import (
	"bytes"
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
		return arithmetic(n.op, n.kids[0].eval(e), n.kids[1].eval(e))
	case nodeSubstr:
		return n.substr(e)
	case nodeLength:
		if n.kids[0].op == nodeValue {
			return Value{Kind: Int, Int: int64(e.valueLen())}
		}
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
	switch n.op {
	case nodeNegate:
		return arithmetic(nodeSubtract, Value{Kind: Int}, v)
	case nodeCastInteger:
		return castInteger(v)
	case nodeCastReal:
		return castReal(v)
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
	x, from := n.kids[0].eval(e), n.kids[1].eval(e)
	count := Value{Kind: Int, Int: math.MaxInt64}
	if len(n.kids) == 3 {
		count = n.kids[2].eval(e)
	}
	if x.Kind == Null || from.Kind == Null || count.Kind == Null {
		return Value{}
	}
	text := e.text(x)
	first := castInteger(from).Int
	if first < 0 {
		first += int64(len(text))
	} else {
		first--
	}
	last := addClamped(first, castInteger(count).Int)
	if last < first {
		first, last = last, first
	}
	size := int64(len(text))
	first, last = min(max(first, 0), size), min(max(last, 0), size)
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

// truth is a value of SQL's three-valued logic. The order makes AND the minimum and OR
// the maximum.
type truth uint8

const (
	isFalse truth = iota
	isUnknown
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) negate() truth { return isTrue - t }

// test returns the truth of a condition. After a failure, which e.err holds, it does not
// matter.
func (n *node) test(e *Env) truth {
	switch n.op {
	case nodeNot:
		return n.kids[0].test(e).negate()
	case nodeAnd, nodeOr:
		return n.logic(e)
	case nodeIn:
		return n.in(e)
	case nodeBetween:
		x := n.kids[0].eval(e)
		t := compare(e, n.kids[0], x, nodeGe, n.kids[1])
		if t != isFalse {
			t = min(t, compare(e, n.kids[0], x, nodeLe, n.kids[2]))
		}
		if n.not {
			t = t.negate()
		}
		return t
	case nodeLike, nodeGlob:
		return n.like(e)
	}
	if n.otherLength(e) {
		return truthOf(n.op == nodeNe)
	}
	return compare(e, n.kids[0], n.kids[0].eval(e), n.op, n.kids[1])
}

func (n *node) logic(e *Env) truth {
	end := truthOf(n.op == nodeOr) // the truth that decides
	result := end.negate()
	for _, kid := range n.kids {
		t := kid.test(e)
		if t == end || e.err != nil {
			return t
		}
		if t == isUnknown {
			result = t
		}
	}
	return result
}

// in is x [NOT] IN (…). An empty list holds nothing, whatever x is.
func (n *node) in(e *Env) truth {
	t := isFalse
	if list := n.kids[1:]; len(list) > 0 {
		x := n.kids[0].eval(e)
		for i, item := range list {
			if i%itemsBetweenLooks == itemsBetweenLooks-1 && e.interrupted() {
				return isUnknown
			}
			if t = max(t, compare(e, n.kids[0], x, nodeEq, item)); t == isTrue {
				break
			}
		}
	}
	if n.not {
		t = t.negate()
	}
	return t
}

// otherLength reports whether n compares the row's value, which is not loaded, with bytes
// of another length, so that the two cannot be equal.
func (n *node) otherLength(e *Env) bool {
	if e.loader == nil || n.op != nodeEq && n.op != nodeNe {
		return false
	}
	other := n.kids[1]
	if n.kids[0].op != nodeValue {
		if other.op != nodeValue {
			return false
		}
		other = n.kids[0]
	}
	switch other.op {
	case nodeConst, nodeParam, nodeKey, nodeExcludedKey, nodeExcludedValue:
	default:
		return false
	}
	v := other.eval(e)
	return v.Kind == Bytes && len(v.Bytes) != e.valueLen()
}

// compare is x <op> other, where x is the value of left.
func compare(e *Env, left *node, x Value, op nodeOp, right *node) truth {
	y := right.eval(e)
	if x.Kind == Null || y.Kind == Null {
		return isUnknown
	}
	var c int
	switch {
	case x.Kind == Bytes && y.Kind == Bytes:
		if op == nodeEq { // a length that differs decides, without a look at the bytes
			return truthOf(string(x.Bytes) == string(y.Bytes))
		}
		c = bytes.Compare(x.Bytes, y.Bytes)
	case x.Kind != Bytes && y.Kind != Bytes:
		c = compareNumbers(x, y)
	default:
		a, b := e.asKey(x, right), e.asKey(y, left)
		if e.err != nil {
			return isUnknown
		}
		c = bytes.Compare(a, b)
	}
	switch op {
	case nodeEq:
		return truthOf(c == 0)
	case nodeNe:
		return truthOf(c != 0)
	case nodeLt:
		return truthOf(c < 0)
	case nodeLe:
		return truthOf(c <= 0)
	case nodeGt:
		return truthOf(c > 0)
	}
	return truthOf(c >= 0)
}

// asKey returns the bytes of v, which is compared with other: a number is a key then,
// because the checks let it be compared with nothing else that is bytes.
func (e *Env) asKey(v Value, other *node) []byte {
	if v.Kind == Bytes {
		return v.Bytes
	}
	if e.Keys == nil || !other.isKey() {
		e.fail(&BindError{Msg: mismatch})
		return nil
	}
	start := len(e.scratch)
	b, _, err := e.Keys.Encode(e.scratch, v)
	if err != nil {
		e.fail(&BindError{Msg: err.Error(), Err: err})
		return nil
	}
	e.scratch = b
	return e.made(start)
}

func (n *node) isKey() bool { return n.op == nodeKey || n.op == nodeExcludedKey }
