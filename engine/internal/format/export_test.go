// SPDX-License-Identifier: Apache-2.0

package format

// Names for the tests.
const NumSeals = numSeals

var PeekID = peekID

// NumCells returns the number of cells added.
func (b *BTreeBuilder) NumCells() int { return len(b.offsets) }
