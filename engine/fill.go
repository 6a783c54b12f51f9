// SPDX-License-Identifier: Apache-2.0

package engine

import "bytes"

// FillOptions say which rows Cursor.Fill takes.
type FillOptions struct {
	// Back moves to the keys before, not to the next ones.
	Back bool
	// Current takes the row that the cursor stands on, too.
	Current bool
	// Keys leaves the values out: all of them are of length 0.
	Keys bool
	// Bound ends the rows, unless it is nil: with Through after the row with that key, otherwise
	// before it.
	Bound   []byte
	Through bool
}

// Fill moves the cursor over as many rows as there is room for, and copies their keys and values
// into buf, one after another. ends gets where each key and each value ends in buf; so a row takes two
// of them. It returns how many rows it has copied, at most len(ends)/2.
//
// If it is fewer, there are no more rows, and only a move to a position may follow; or there was an error;
// or long is true: the cursor stands on a row that is too long for the rest of buf. Key and Value read it,
// and the next Fill begins with it if Current is set.
func (c *Cursor) Fill(buf []byte, ends []uint32, o FillOptions) (rows int, long bool, err error) {
	at := 0
	for stay := o.Current; 2*rows+1 < len(ends); stay = false {
		if !stay && !c.step(o.Back) || !c.Valid() {
			return rows, false, c.Err()
		}
		key := c.c.Key()
		if o.Bound != nil && outside(key, &o) {
			return rows, false, nil
		}
		n := 0
		if !o.Keys {
			n = c.ValueLen()
		}
		if room := len(buf) - at; len(key) > room || n > room-len(key) {
			return rows, true, nil
		}
		at += copy(buf[at:], key)
		ends[2*rows] = uint32(at)
		if n > 0 {
			v, err := c.Value()
			if err != nil {
				return rows, false, err
			}
			at += copy(buf[at:], v)
		}
		ends[2*rows+1] = uint32(at)
		rows++
	}
	return rows, false, nil
}

func (c *Cursor) step(back bool) bool {
	if back {
		return c.Prev()
	}
	return c.Next()
}

// outside reports whether a key is past the bound.
func outside(key []byte, o *FillOptions) bool {
	d := bytes.Compare(key, o.Bound)
	if o.Back {
		d = -d
	}
	return d > 0 || d == 0 && !o.Through
}
