// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
)

// KeyExpr is the condition on key of a WHERE clause: a set of key intervals that
// depends on arguments. The zero KeyExpr is every key. It is immutable.
type KeyExpr struct {
	// terms are comparisons joined by AND, each of which is an interval. They are the
	// whole condition if root is nil.
	terms []keyTerm
	// root is the condition if it does not have that simple form.
	root *keyNode
}

// keyTerm is key <op> operand.
type keyTerm struct {
	op      keyOp
	operand Operand
}

// keyNode is a condition on key. The operators below keyAnd are comparisons with
// list[0]; NOT does not exist, because it is pushed down to the comparisons.
type keyNode struct {
	op   keyOp
	list []Operand
	kids []*keyNode
	cond *node
	not  bool
}

// Interval is a range of keys. A bound that is absent reaches to the end of the table.
// Lo and Hi belong to the arguments, the plan, or the Bounds that yielded the interval.
type Interval struct {
	Lo, Hi         []byte
	HasLo, HasHi   bool
	LoOpen, HiOpen bool
}

// IsPoint reports whether the interval is one key, Lo.
func (i *Interval) IsPoint() bool {
	return i.HasLo && i.HasHi && !i.LoOpen && !i.HiOpen && bytes.Equal(i.Lo, i.Hi)
}

// Contains reports whether key lies in the interval.
func (i *Interval) Contains(key []byte) bool {
	if i.HasLo {
		if c := bytes.Compare(key, i.Lo); c < 0 || c == 0 && i.LoOpen {
			return false
		}
	}
	if i.HasHi {
		if c := bytes.Compare(key, i.Hi); c > 0 || c == 0 && i.HiOpen {
			return false
		}
	}
	return true
}

// Bounds holds what KeyExpr.Bind worked out: intervals in key order that neither
// overlap nor touch, so they are as few as can be. The zero value is ready to use. A caller
// keeps one Bounds and binds into it again and again: a single interval never
// allocates, and a set reuses the memory of the last one.
type Bounds struct {
	// Ctx ends a Bind that takes long, with its error; nil stands for one that never ends.
	Ctx context.Context

	one  Interval
	many []Interval // set if n > 1; its memory is kept when it is not
	n    int
	keys []byte // keys made by a KeyType
}

// Len returns the number of intervals. Zero means that no key qualifies.
func (b *Bounds) Len() int { return b.n }

// At returns interval i, counted from 0 in ascending key order. It points into b and is
// valid until b is bound again.
func (b *Bounds) At(i int) *Interval {
	if b.n == 1 {
		return &b.one
	}
	return &b.many[i]
}

// IsAll reports whether e selects every key, whatever the arguments.
func (e *KeyExpr) IsAll() bool { return len(e.terms) == 0 && e.root == nil }

// Bind works out the intervals under args, where args[n-1] is parameter n, into b. Values become
// keys as keys says; a number that is no key still selects those below or above it. A value of
// the wrong class is refused with a *BindError, a computed one that is too long with a
// *LimitError, and b is then empty, as it is when b.Ctx has ended. b refers to the bytes of args
// and of the plan until it is bound again. A condition that is one interval for any arguments
// allocates nothing.
func (e *KeyExpr) Bind(b *Bounds, args []Value, keys *KeyType) error {
	b.n, b.many, b.keys = 0, b.many[:0], b.keys[:0]
	if e.root != nil {
		return e.bindSet(b, args, keys)
	}
	b.one = Interval{}
	none := false
	for i := range e.terms {
		t := &e.terms[i]
		if t.op == keyGlob {
			pattern, err := t.operand.bytes(b.Ctx, args, nil)
			if err != nil {
				return err
			}
			b.one.restrictGlob(pattern, &b.keys)
			continue
		}
		key, fit, err := t.operand.bound(b.Ctx, args, keys, &b.keys)
		if err != nil {
			return err
		}
		op := t.op.rounded(fit)
		b.one.restrict(op, key)
		none = none || op == keyNone
	}
	if !none && !b.one.isEmpty() {
		b.n = 1
	}
	return nil
}

// restrict cuts the interval down to the keys for which key <op> bound holds. It leaves
// keyAll and keyNone to the caller.
func (i *Interval) restrict(op keyOp, bound []byte) {
	if op == keyEq || op == keyGt || op == keyGe {
		i.raise(bound, op == keyGt)
	}
	if op == keyEq || op == keyLt || op == keyLe {
		i.lower(bound, op == keyLt)
	}
}

// restrictGlob cuts the interval down to the keys that begin as the pattern of GLOB does,
// or to the one key it matches. The bound after them is made in *scratch.
func (i *Interval) restrictGlob(pattern []byte, scratch *[]byte) {
	prefix, rest := globPrefix(pattern)
	if rest == nothingMore {
		i.restrict(keyEq, prefix)
		return
	}
	i.raise(prefix, false)
	if after, ok := afterPrefix(prefix, scratch); ok {
		i.lower(after, true)
	}
}

// afterPrefix makes the least key, in *scratch, that is greater than all that begin with
// prefix. There is none if prefix is all 0xff.
func afterPrefix(prefix []byte, scratch *[]byte) (key []byte, ok bool) {
	n := len(prefix)
	for n > 0 && prefix[n-1] == 0xff {
		n--
	}
	if n == 0 {
		return nil, false
	}
	start := len(*scratch)
	*scratch = append(*scratch, prefix[:n]...)
	key = (*scratch)[start:len(*scratch):len(*scratch)]
	key[n-1]++
	return key, true
}

func (i *Interval) raise(lo []byte, open bool) {
	if i.HasLo {
		c := bytes.Compare(lo, i.Lo)
		if c < 0 || c == 0 && i.LoOpen {
			return
		}
	}
	i.Lo, i.HasLo, i.LoOpen = lo, true, open
}

func (i *Interval) lower(hi []byte, open bool) {
	if i.HasHi {
		c := bytes.Compare(hi, i.Hi)
		if c > 0 || c == 0 && i.HiOpen {
			return
		}
	}
	i.Hi, i.HasHi, i.HiOpen = hi, true, open
}

// isEmpty reports whether no key lies in the interval. Two keys have none between them
// if the second is the first followed by a zero byte; nothing is smaller than the empty
// key.
func (i *Interval) isEmpty() bool {
	if !i.HasHi {
		return false
	}
	if !i.HasLo {
		return i.HiOpen && len(i.Hi) == 0
	}
	c := bytes.Compare(i.Lo, i.Hi)
	switch {
	case c > 0:
		return true
	case c == 0:
		return i.LoOpen || i.HiOpen
	}
	return i.LoOpen && i.HiOpen && isSuccessor(i.Lo, i.Hi)
}

// isSuccessor reports whether b is the least key greater than a.
func isSuccessor(a, b []byte) bool {
	return len(b) == len(a)+1 && b[len(a)] == 0 && bytes.Equal(a, b[:len(a)])
}
