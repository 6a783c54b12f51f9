// SPDX-License-Identifier: Apache-2.0

package overlay

import (
	"iter"

	"github.com/lsmlite/lsmlite-go/engine/writeset"
)

// Writes is the net result of a transaction: first its ranges, then its deletes, then its puts. The bytes
// are read-only, and valid until Apply returns.
type Writes struct {
	view *writeset.View
	size int64
}

// Empty reports whether there is nothing to do.
func (w *Writes) Empty() bool { return w.view.Empty() }

// Size returns about how many bytes there are, a little more with what was overwritten.
func (w *Writes) Size() int64 { return w.size }

// Ranges yields the deleted ranges in ascending order, as after and before: all keys between them, neither
// of which belongs to the range. No two of them overlap.
func (w *Writes) Ranges() iter.Seq2[[]byte, []byte] { return w.view.Ranges() }

// Deletes yields the deleted keys that are in none of the ranges, in ascending order.
func (w *Writes) Deletes() iter.Seq[[]byte] { return w.view.Deletes() }

// Puts yields the rows in ascending order of their keys. They may be in ranges.
func (w *Writes) Puts() iter.Seq2[[]byte, []byte] { return w.view.Puts() }
