// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// orderSteps is how many records a cursor passes, hidden ones included, between two looks at its
// progress.
const orderSteps = 256

// order notices a cursor that makes no progress. In a damaged file the records of a segment
// may be out of order, so that what is skipped by a seek is met again after it, in a circle.
// Keys that are orderSteps apart must then fail to ascend sooner or later, in a
// round of n records after n such looks at the latest; keys of sound files never do.
type order struct {
	left int // steps until the next look
	key  []byte
	set  bool // key is that of the last look
}

// begin forgets what was passed: the cursor is positioned again.
func (o *order) begin() { o.left, o.set = orderSteps, false }

// inOrder looks at the key that the cursor has come to, and fails the cursor if it has
// not moved on since the last look.
func (c *Cursor) inOrder(key []byte) bool {
	o := &c.order
	if d := bytes.Compare(key, o.key); o.set && (d == 0 || d > 0 == c.back) {
		return c.fail(errs.Corruptf("the keys of a segment are out of order: %.40q comes after %.40q", key, o.key))
	}
	o.left, o.set, o.key = orderSteps, true, append(o.key[:0], key...)
	return true
}
