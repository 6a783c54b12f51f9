// SPDX-License-Identifier: Apache-2.0

package writeset

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// Iter walks over the records of a view, in the order of their keys. A record is a key that was written, or
// the end of a deleted range; between two neighbouring records all keys are deleted or none is. Next and Prev
// go on from the record on which the Iter stands. Methods that move report whether it stands on one then.
type Iter struct{ it memtree.Iter }

// Init makes it an Iter over v that stands on no record.
func (i *Iter) Init(v *View) { i.it.Init(v.view) }

// First moves to the least key.
func (i *Iter) First() bool { return i.it.First() }

// Last moves to the greatest key.
func (i *Iter) Last() bool { return i.it.Last() }

// SeekGE moves to the least key that is key or greater.
func (i *Iter) SeekGE(key []byte) bool { return i.it.SeekGE(key) }

// SeekLE moves to the greatest key that is key or less.
func (i *Iter) SeekLE(key []byte) bool { return i.it.SeekLE(key) }

// Next moves to the next greater key.
func (i *Iter) Next() bool { return i.it.Next() }

// Prev moves to the next smaller key.
func (i *Iter) Prev() bool { return i.it.Prev() }

// Key returns the key of the record, which is read-only and valid as long as the view.
func (i *Iter) Key() []byte { return i.it.Key() }

// Value returns the value of the record if its fate is Present. It is valid as long as the view.
func (i *Iter) Value() []byte { return i.it.Value() }

// Fate returns what the record says about its own key. Unknown is the end of a deleted range, which does not
// touch that key.
func (i *Iter) Fate() Fate { return kindFate(i.it.Kind()) }

// DeletedBefore reports whether all keys between the record and the one before it are deleted.
func (i *Iter) DeletedBefore() bool { return i.it.Kind()&base.EndDelete != 0 }

// DeletedAfter reports whether all keys between the record and the one after it are deleted.
func (i *Iter) DeletedAfter() bool { return i.it.Kind()&base.StartDelete != 0 }
