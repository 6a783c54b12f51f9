// SPDX-License-Identifier: Apache-2.0

package freelist

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// oneByOne is how many blocks are put into the order, or taken out of it, one after another. For
// more of them all of it is gone through once: a merge may free a hundred thousand.
const oneByOne = 16

// available reports whether a block is free and not reserved.
func (l *List) available(b base.BlockNo) bool { return l.IsFree(b) && l.reserved[b] == 0 }

// insert puts those of the blocks into the order that are available and not there.
func (l *List) insert(blocks []base.BlockNo) {
	if len(blocks) <= oneByOne {
		for _, b := range blocks {
			if i, found := slices.BinarySearch(l.order, b); !found && l.available(b) {
				l.order = slices.Insert(l.order, i, b)
			}
		}
		return
	}
	for _, b := range blocks {
		if l.available(b) {
			l.order = append(l.order, b)
		}
	}
	slices.Sort(l.order)
	l.order = slices.Compact(l.order)
}

// remove takes those of the blocks out of the order that are not available any more.
func (l *List) remove(blocks []base.BlockNo) {
	if len(blocks) <= oneByOne {
		for _, b := range blocks {
			if i, found := slices.BinarySearch(l.order, b); found && !l.available(b) {
				l.order = slices.Delete(l.order, i, i+1)
			}
		}
		return
	}
	l.order = slices.DeleteFunc(l.order, func(b base.BlockNo) bool { return !l.available(b) })
}
