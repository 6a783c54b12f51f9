// SPDX-License-Identifier: Apache-2.0

package parser

import "context"

// Filter is the part of a WHERE clause that key intervals do not express. It is
// immutable.
type Filter struct{ terms []filterTerm }

// filterTerm is one of the conditions that must all be true.
type filterTerm struct {
	cond *node
	not  bool
	// prefix is set if the condition is key GLOB prefix, and the intervals hold exactly
	// the keys that match as long as the pattern fixes nothing but a prefix.
	prefix *Operand
}

// Match reports whether the condition is true for the row that e stands on. The error is
// a *LimitError, or what loading the row's value returned.
func (f *Filter) Match(e *Env) (bool, error) {
	for i := range f.terms {
		t := &f.terms[i]
		want := isTrue
		if t.not {
			want = isFalse
		}
		if t.cond.test(e) != want || e.err != nil {
			return false, e.err
		}
	}
	return true, nil
}

// Needed reports whether the filter, under args, leaves out any key of the plan's
// intervals. It is false for key GLOB ? where the argument ends in its only wildcard.
func (f *Filter) Needed(args []Value) bool {
	for i := range f.terms {
		t := &f.terms[i]
		if t.prefix == nil {
			return true
		}
		var scratch [64]byte
		if f := t.prefix.formula; f != nil && f.work(args) > freeWork {
			return true // to find out would take longer than to filter
		}
		pattern, err := t.prefix.bytes(context.Background(), args, scratch[:0])
		if _, rest := globPrefix(pattern); err != nil || rest == furtherTest {
			return true
		}
	}
	return false
}

// NeedsValue reports whether the filter may load the row's value.
func (f *Filter) NeedsValue() bool {
	for i := range f.terms {
		if f.terms[i].cond.uses&usesValue != 0 {
			return true
		}
	}
	return false
}

// String returns the filter as SQL.
func (f *Filter) String() string {
	var p printer
	least := precNot // what AND between terms leaves without parentheses
	if len(f.terms) == 1 {
		least = precOr
	}
	for i := range f.terms {
		t := &f.terms[i]
		if i > 0 {
			p.word(" AND ")
		}
		if t.not {
			(&Unary{Op: "NOT", X: t.cond.source}).append(&p)
		} else {
			p.operand(t.cond.source, least)
		}
	}
	return string(p.buf)
}
