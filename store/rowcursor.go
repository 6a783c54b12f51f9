// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
)

var _ RowCursor = (*engineCursor)(nil)

// Row is a key with its value.
type Row = engine.Row

// RowCursor is a Cursor that moves and shows the row in one call.
type RowCursor interface {
	Cursor
	// NextRow is Next, and sets row to Key and Value of the key that it moves to. Where Value fails
	// it returns false, and Err returns that error.
	NextRow(ctx context.Context, row *Row) bool
}

// NextRow implements RowCursor.
func (c *engineCursor) NextRow(ctx context.Context, row *Row) bool {
	if !c.ahead || !c.in || c.left == 0 {
		return c.nextRowWithin(ctx, row)
	}
	c.left--
	c.in = c.cur.NextRow(row)
	return c.in
}

// nextRowWithin is NextRow in any range. It loads no value beyond the range.
func (c *engineCursor) nextRowWithin(ctx context.Context, row *Row) bool {
	if !c.Next(ctx) {
		return false
	}
	value, err := c.Value(ctx)
	if err != nil {
		c.err, c.in = err, false
		return false
	}
	row.Key, row.Value = c.cur.Key(), value
	return true
}
