// SPDX-License-Identifier: Apache-2.0

package parser

import "bytes"

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
		x, ok := n.kids[0].start(e, n.kids[1:]...)
		if !ok {
			x = n.kids[0].eval(e)
		}
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
	left, right := n.kids[0], n.kids[1]
	if (n.op == nodeEq || n.op == nodeNe) && (left.otherLength(e, right) || right.otherLength(e, left)) {
		return truthOf(n.op == nodeNe)
	}
	if x, ok := left.start(e, right); ok {
		return compare(e, left, x, n.op, right)
	}
	if y, ok := right.start(e, left); ok {
		return ordered(n.op, bytes.Compare(left.eval(e).Bytes, y.Bytes))
	}
	return compare(e, left, left.eval(e), n.op, right)
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
	var x Value // is evaluated once, when it is needed
	have := false
	for i, item := range n.kids[1:] {
		if i%itemsBetweenLooks == itemsBetweenLooks-1 && e.interrupted() {
			return isUnknown
		}
		if n.kids[0].otherLength(e, item) {
			continue
		}
		if !have {
			x, have = n.kids[0].eval(e), true
			if e.err != nil {
				return isUnknown
			}
		}
		if t = max(t, compare(e, n.kids[0], x, nodeEq, item)); t == isTrue || e.err != nil {
			break
		}
	}
	if n.not {
		t = t.negate()
	}
	return t
}

// like is x [NOT] LIKE pattern [ESCAPE character], or GLOB.
func (n *node) like(e *Env) truth {
	var x, escape Value
	parted := n.kids[0].isValue() && e.parted() // x is evaluated when it is needed
	if !parted {
		x = n.kids[0].eval(e)
	}
	y := n.kids[1].eval(e)
	if len(n.kids) > 2 {
		escape = n.kids[2].eval(e)
	}
	if e.err != nil || !parted && x.Kind == Null || y.Kind == Null || len(n.kids) > 2 && escape.Kind == Null {
		return isUnknown
	}
	var text []byte
	if !parted {
		text = e.text(x)
	}
	pattern := likePattern{text: e.text(y)}
	if len(pattern.text) > MaxPatternBytes {
		e.fail(errPatternTooBig)
		return isUnknown
	}
	if len(n.kids) > 2 {
		character := e.text(escape)
		if !isCharacter(character) {
			e.fail(&BindError{Msg: escapeWrong})
			return isUnknown
		}
		var ok bool
		if pattern, ok = unescape(pattern.text, character, &e.scratch); !ok {
			return truthOf(n.not)
		}
	}
	if parted {
		if m := n.likePart(e, &pattern); m != unknown {
			return truthOf((m == matching) != n.not)
		}
		if text = n.kids[0].eval(e).Bytes; e.err != nil {
			return isUnknown
		}
	}
	matches, err := matchText(e.context(), n.op == nodeLike, pattern, text)
	if err != nil {
		e.fail(err)
		return isUnknown
	}
	return truthOf(matches != n.not)
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
	return ordered(op, c)
}

// ordered is the truth of a comparison of two values that are ordered as c is to 0.
func ordered(op nodeOp, c int) truth {
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
