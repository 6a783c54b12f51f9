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

// like is x [NOT] LIKE pattern [ESCAPE character], or GLOB.
func (n *node) like(e *Env) truth {
	x, y := n.kids[0].eval(e), n.kids[1].eval(e)
	var escape Value
	if len(n.kids) > 2 {
		escape = n.kids[2].eval(e)
	}
	if e.err != nil || x.Kind == Null || y.Kind == Null || len(n.kids) > 2 && escape.Kind == Null {
		return isUnknown
	}
	text, pattern := e.text(x), likePattern{text: e.text(y)}
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
	matches, err := matchText(e.context(), n.op == nodeLike, pattern, text)
	if err != nil {
		e.fail(err)
		return isUnknown
	}
	return truthOf(matches != n.not)
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
