// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"bytes"
	"context"
	"slices"
)

// bindSet works out a condition that may be several intervals.
func (e *KeyExpr) bindSet(b *Bounds, args []Value, types *KeyType) error {
	x := setBinder{ctx: b.Ctx, args: args, types: types, keys: &b.keys}
	set, err := x.eval(b.many, e.root)
	b.many = set
	if err != nil {
		b.many = b.many[:0]
		return err
	}
	if b.n = len(set); b.n == 1 {
		b.one = set[0]
	}
	return nil
}

// setBinder evaluates keyNodes to interval sets: slices of intervals in ascending
// order, none empty, with at least one key between neighbours.
type setBinder struct {
	ctx   context.Context
	args  []Value
	types *KeyType
	keys  *[]byte
}

// eval appends the set of n to dst, which must be empty; passing a slice lets the
// caller lend its memory.
func (x *setBinder) eval(dst []Interval, n *keyNode) ([]Interval, error) {
	switch n.op {
	case keyAnd:
		return x.and(dst, n.kids)
	case keyOr:
		var err error
		for _, kid := range n.kids {
			// The kid is appended to what is there, and everything is put in order
			// once, at the end: n kids cost one sort.
			if dst, err = x.evalAppend(dst, kid); err != nil {
				return dst, err
			}
		}
		return normalise(dst), nil
	case keyNotIn:
		var err error
		if dst, err = x.points(dst, n.list); err != nil {
			return dst, err
		}
		return complement(normalise(dst)), nil
	case keyIn:
		dst, err := x.points(dst, n.list)
		return normalise(dst), err
	case keyGlob, keyNotGlob:
		var one Interval
		pattern, err := n.list[0].bytes(x.ctx, x.args, nil)
		if err != nil {
			return dst, err
		}
		one.restrictGlob(pattern, x.keys)
		if n.op == keyNotGlob {
			return append(dst, complement([]Interval{one})...), nil
		}
		return append(dst, one), nil
	case keyCond:
		e := Env{Args: x.args, Keys: x.types, Ctx: x.ctx}
		want := isTrue
		if n.not {
			want = isFalse
		}
		if got := n.cond.test(&e); e.err == nil && got == want {
			dst = append(dst, Interval{})
		}
		return dst, e.err
	}
	return x.comparison(dst, n)
}

// comparison appends the set of key <op> operand to dst.
func (x *setBinder) comparison(dst []Interval, n *keyNode) ([]Interval, error) {
	key, fit, err := n.list[0].bound(x.ctx, x.args, x.types, x.keys)
	if err != nil {
		return dst, err
	}
	var one Interval
	switch op := n.op.rounded(fit); op {
	case keyNone:
		return dst, nil
	case keyNe:
		one.lower(key, true)
		if !one.isEmpty() {
			dst = append(dst, one)
		}
		one = Interval{Lo: key, HasLo: true, LoOpen: true}
	default:
		one.restrict(op, key)
	}
	if !one.isEmpty() {
		dst = append(dst, one)
	}
	return dst, nil
}

// evalAppend appends the set of n to dst, which may hold other sets.
func (x *setBinder) evalAppend(dst []Interval, n *keyNode) ([]Interval, error) {
	switch n.op {
	case keyIn:
		return x.points(dst, n.list)
	case keyAnd, keyOr, keyNotIn:
		set, err := x.eval(nil, n)
		return append(dst, set...), err
	}
	return x.eval(dst, n)
}

// and intersects the kids' sets. Halving keeps the work at n log n where each of n
// kids is two intervals, as in key != a AND key != b AND ….
func (x *setBinder) and(dst []Interval, kids []*keyNode) ([]Interval, error) {
	if len(kids) == 1 {
		return x.eval(dst, kids[0])
	}
	left, err := x.and(nil, kids[:len(kids)/2])
	if err != nil {
		return dst, err
	}
	// The right half is evaluated even if the left is empty: whether an argument is
	// refused must not depend on the others.
	right, err := x.and(nil, kids[len(kids)/2:])
	if err != nil {
		return dst, err
	}
	return intersect(dst, left, right), nil
}

func (x *setBinder) points(dst []Interval, list []Operand) ([]Interval, error) {
	for i := range list {
		key, fit, err := list[i].bound(x.ctx, x.args, x.types, x.keys)
		if err != nil {
			return dst, err
		}
		if fit == FitExact {
			dst = append(dst, Interval{Lo: key, Hi: key, HasLo: true, HasHi: true})
		}
	}
	return dst, nil
}

// normalise makes any intervals a set, in place.
func normalise(set []Interval) []Interval {
	if len(set) < 2 {
		return set
	}
	slices.SortFunc(set, compareLo)
	n := 0
	for _, next := range set[1:] {
		if last := &set[n]; last.reaches(&next) {
			if next.endsAfter(last) {
				last.Hi, last.HasHi, last.HiOpen = next.Hi, next.HasHi, next.HiOpen
			}
			continue
		}
		n++
		set[n] = next
	}
	return set[:n+1]
}

// compareLo orders intervals by where they begin.
func compareLo(a, b Interval) int {
	switch {
	case !a.HasLo && !b.HasLo:
		return 0
	case !a.HasLo:
		return -1
	case !b.HasLo:
		return 1
	}
	if c := bytes.Compare(a.Lo, b.Lo); c != 0 {
		return c
	}
	switch {
	case a.LoOpen == b.LoOpen:
		return 0
	case b.LoOpen:
		return -1
	}
	return 1
}

// reaches reports whether no key lies between the end of i and the beginning of next,
// which does not begin before i.
func (i *Interval) reaches(next *Interval) bool {
	if !i.HasHi || !next.HasLo {
		return true
	}
	c := bytes.Compare(next.Lo, i.Hi)
	if c == 0 {
		return !(next.LoOpen && i.HiOpen)
	}
	return c < 0 || !next.LoOpen && !i.HiOpen && isSuccessor(i.Hi, next.Lo)
}

// endsAfter reports whether i ends after j ends.
func (i *Interval) endsAfter(j *Interval) bool {
	switch {
	case !j.HasHi:
		return false
	case !i.HasHi:
		return true
	}
	c := bytes.Compare(i.Hi, j.Hi)
	return c > 0 || c == 0 && j.HiOpen && !i.HiOpen
}

// intersect appends the intersection of two sets to dst.
func intersect(dst, a, b []Interval) []Interval {
	for len(a) > 0 && len(b) > 0 {
		both := a[0]
		if b[0].HasLo {
			both.raise(b[0].Lo, b[0].LoOpen)
		}
		if b[0].HasHi {
			both.lower(b[0].Hi, b[0].HiOpen)
		}
		if !both.isEmpty() {
			dst = append(dst, both)
		}
		if a[0].endsAfter(&b[0]) {
			b = b[1:]
		} else {
			a = a[1:]
		}
	}
	return dst
}

// complement returns the keys that are not in set.
func complement(set []Interval) []Interval {
	out := make([]Interval, 0, len(set)+1)
	var gap Interval
	for i := range set {
		s := &set[i]
		if s.HasLo {
			gap.Hi, gap.HasHi, gap.HiOpen = s.Lo, true, !s.LoOpen
			if !gap.isEmpty() {
				out = append(out, gap)
			}
		}
		if !s.HasHi {
			return out
		}
		gap = Interval{Lo: s.Hi, HasLo: true, LoOpen: !s.HiOpen}
	}
	return append(out, gap)
}
