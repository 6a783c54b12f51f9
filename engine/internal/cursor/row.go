// SPDX-License-Identifier: Apache-2.0

package cursor

// Row is a key with its value. Both are read-only and valid until the cursor moves.
type Row struct{ Key, Value []byte }

// NextRow is Next, and sets row to what the cursor comes to. A value that cannot be loaded is an error
// of the move.
func (c *Cursor) NextRow(row *Row) bool {
	if !c.Next() {
		return false
	}
	if it := c.front; it != nil {
		row.Key, row.Value = it.PlainKey(), it.PlainValue()
		return true
	}
	value, err := c.Value()
	if err != nil {
		return c.fail(err)
	}
	row.Key, row.Value = c.Key(), value
	return true
}
