// SPDX-License-Identifier: Apache-2.0

package parser

import "bytes"

// A long value does not have to be loaded where a part of it decides. The methods of this file and
// of match_part.go load such parts. They are not ok where the whole value has to be looked at: it is
// short, loaded already, or the part would be most of it.

// PartLoader is a ValueLoader that can load a part of the value.
type PartLoader interface {
	ValueLoader
	// ValuePart appends the n bytes of the value from byte from on to dst. The value has them.
	ValuePart(dst []byte, from, n int) ([]byte, error)
}

const (
	// LongValue is from what length on a value is loaded in parts. A shorter one is loaded at once.
	LongValue = 4 << 10
	// maxParts is how many bytes of parts of one row are loaded at most. Where more are needed, the
	// value is loaded, once.
	maxParts = 1 << 20
)

// What tests change, so that parts of short values are loaded, too.
var (
	partsFrom   = LongValue
	partShare   = 2   // a part is at most half of the value
	numeralPart = 128 // how much of a value is looked at for the number that it begins with
)

// parted reports whether the row's value may be loaded in parts.
func (e *Env) parted() bool {
	if e.loader == nil {
		return false
	}
	_, ok := e.loader.(PartLoader)
	return ok && e.loader.ValueLen() >= partsFrom
}

// part returns the n bytes of the row's value from byte from on, which are there. If that fails, e
// has failed. The value is read from its front up to where a part ends. So it is loaded, once, when
// the parts before have read through more than its length, all together.
func (e *Env) part(from, n int) (part []byte, ok bool) {
	start := len(e.parts)
	if !e.parted() || n > e.valueLen()/partShare || n > maxParts-start || e.reached > e.valueLen() {
		return nil, false
	}
	if n > 0 {
		e.reached += from + n
	}
	b, err := e.loader.(PartLoader).ValuePart(e.parts, from, n)
	if err != nil {
		e.fail(err)
		return nil, true
	}
	e.parts = b
	return b[start:len(b):len(b)], true
}

// isValue reports whether n is the row's value.
func (n *node) isValue() bool {
	for n.op == nodeCastBytes {
		n = n.kids[0]
	}
	return n.op == nodeValue
}

// evalNumber returns what a number is read from: n's value, or the beginning of the row's value if
// nothing after it can belong to the number.
func (n *node) evalNumber(e *Env) Value {
	if n.isValue() && e.parted() {
		if b, ok := e.part(0, min(numeralPart, e.valueLen())); ok && (e.err != nil || endsNumeral(b)) {
			return Value{Kind: Bytes, Bytes: b}
		}
	}
	return n.eval(e)
}

// endsNumeral reports whether b has a byte, after blanks, that is in no numeral: what comes after it
// does not count.
func endsNumeral(b []byte) bool {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return bytes.ContainsFunc(b, func(r rune) bool {
		return r > 0x7f || !isDigit(byte(r)) && r != '+' && r != '-' && r != '.' && r|0x20 != 'e'
	})
}

// isGiven reports whether n's value is there without work. The row's value is not.
func (n *node) isGiven() bool {
	switch n.op {
	case nodeConst, nodeParam, nodeKey, nodeExcludedKey, nodeExcludedValue:
		return true
	}
	return false
}

// start returns as much of the row's value, which n is, as tells how it compares with the other
// nodes' values.
func (n *node) start(e *Env, others ...*node) (v Value, ok bool) {
	if !n.isValue() || !e.parted() {
		return v, false
	}
	most := 0
	for _, o := range others {
		if !o.isGiven() {
			return v, false
		}
		other := o.eval(e)
		if other.Kind != Bytes {
			return v, false
		}
		most = max(most, len(other.Bytes)+1)
	}
	b, ok := e.part(0, min(most, e.valueLen()))
	return Value{Kind: Bytes, Bytes: b}, ok
}

// otherLength reports whether n is the row's value, which is not loaded, and other has bytes of
// another length, so that the two cannot be equal.
func (n *node) otherLength(e *Env, other *node) bool {
	if e.loader == nil || !n.isValue() || !other.isGiven() {
		return false
	}
	v := other.eval(e)
	return v.Kind == Bytes && len(v.Bytes) != e.valueLen()
}
