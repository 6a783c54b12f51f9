// SPDX-License-Identifier: Apache-2.0

package writeset

import "iter"

// The net effect of a view is its ranges, then its deletes, then its puts, in this order. Each of them is
// ascending and disjoint.

// Ranges yields the deleted ranges, as after and before: the keys between them, neither of which belongs
// to it. Keys that were put into a range are within it.
func (v *View) Ranges() iter.Seq2[[]byte, []byte] {
	return func(yield func(after, before []byte) bool) {
		var i Iter
		i.Init(v)
		var after []byte
		for ok := i.First(); ok; ok = i.Next() {
			// A range goes on over a key whose fate the record decides: it is put, or deleted, after it.
			if after != nil && (!i.DeletedAfter() || i.Fate() == Unknown) {
				if !yield(after, i.Key()) {
					return
				}
				after = nil
			}
			if after == nil && i.DeletedAfter() {
				after = i.Key()
			}
		}
	}
}

// Deletes yields the deleted keys that are in none of the ranges.
func (v *View) Deletes() iter.Seq[[]byte] {
	return func(yield func(key []byte) bool) {
		var i Iter
		i.Init(v)
		for ok := i.First(); ok; ok = i.Next() {
			if i.Fate() == Deleted && !(i.DeletedBefore() && i.DeletedAfter()) && !yield(i.Key()) {
				return
			}
		}
	}
}

// Puts yields the keys that have a value, with it.
func (v *View) Puts() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var i Iter
		i.Init(v)
		for ok := i.First(); ok; ok = i.Next() {
			if i.Fate() == Present && !yield(i.Key(), i.Value()) {
				return
			}
		}
	}
}
