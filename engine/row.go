// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/lsmlite/lsmlite-go/engine/internal/cursor"

// Row is a key with its value, as Cursor.NextRow shows it.
type Row = cursor.Row

// NextRow is Next, Key and Value in one call, which takes less time than three. It sets row, whose
// bytes are read-only and valid until the next call of a method that moves or closes the cursor.
// If there is no next key, or its value cannot be loaded, it returns false and leaves row as it is;
// the cursor stands on no key then, and Err returns the error, if it was one.
func (c *Cursor) NextRow(row *Row) bool {
	if c.tired() {
		c.giveWay()
	}
	return c.state != nil && c.c.NextRow(row)
}
