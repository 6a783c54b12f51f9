// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"cmp"
	"context"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/engine"
)

// difference says how two databases differ at a key.
type difference string

// The differences.
const (
	onlyFirst  difference = "only_in_first"
	onlySecond difference = "only_in_second"
	otherValue difference = "different_value"
)

// counts are how many keys two databases share, and how many differ in which way.
type counts struct {
	Equal      int64 `json:"equal"`
	OnlyFirst  int64 `json:"only_in_first"`
	OnlySecond int64 `json:"only_in_second"`
	OtherValue int64 `json:"different_values"`
}

// different is how many keys differ.
func (c *counts) different() int64 { return c.OnlyFirst + c.OnlySecond + c.OtherValue }

// all is how many keys were looked at.
func (c *counts) all() int64 { return c.Equal + c.different() }

func (c *counts) add(d difference) {
	switch d {
	case onlyFirst:
		c.OnlyFirst++
	case onlySecond:
		c.OnlySecond++
	default:
		c.OtherValue++
	}
}

// compareChunk is how much of each of two values is in memory while they are compared.
const compareChunk = 64 << 10

// comparison walks two cursors side by side, in the order of keys. Its memory is bounded,
// however long the values are.
type comparison struct {
	first, second *engine.Cursor
	within        row.Range
	counts        counts
	// found is called for each difference, with the cursors on the key: both, or the one that has it.
	found func(d difference) error
	// progress is called now and then with the number of keys.
	progress     func(keys int64)
	bufA, bufB   []byte
	moreA, moreB bool
}

// run compares to the end, or until found or a cursor fails or ctx ends.
func (c *comparison) run(ctx context.Context) error {
	c.moreA, c.moreB = begin(c.first, c.within), begin(c.second, c.within)
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.progress != nil {
				c.progress(c.counts.all())
			}
		}
		if err := cmp.Or(ended(c.first, c.moreA), ended(c.second, c.moreB)); err != nil || !c.moreA && !c.moreB {
			return err
		}
		if err := c.step(); err != nil {
			return err
		}
	}
}

// ended is the error of a cursor that has no more keys, if that is why.
func ended(c *engine.Cursor, more bool) error {
	if more {
		return nil
	}
	return c.Err()
}

// step looks at the least key that one of the cursors is on, and moves on.
func (c *comparison) step() error {
	order := 0
	switch {
	case !c.moreB:
		order = -1
	case !c.moreA:
		order = 1
	default:
		order = bytes.Compare(c.first.Key(), c.second.Key())
	}
	if err := c.look(order); err != nil {
		return err
	}
	if order <= 0 {
		c.moreA = c.first.Next() && c.within.Has(c.first.Key())
	}
	if order >= 0 {
		c.moreB = c.second.Next() && c.within.Has(c.second.Key())
	}
	return nil
}

// look counts a key, and reports it if it differs.
func (c *comparison) look(order int) error {
	d := onlyFirst
	switch {
	case order > 0:
		d = onlySecond
	case order == 0:
		same, err := c.sameValue()
		if err != nil {
			return err
		}
		if same {
			c.counts.Equal++
			return nil
		}
		d = otherValue
	}
	c.counts.add(d)
	if c.found == nil {
		return nil
	}
	return c.found(d)
}

// sameValue compares the values of one key.
func (c *comparison) sameValue() (bool, error) {
	n := c.first.ValueLen()
	if n != c.second.ValueLen() {
		return false, nil
	}
	if n > compareChunk {
		return c.sameLong()
	}
	a, err := c.first.Value()
	if err != nil {
		return false, err
	}
	b, err := c.second.Value()
	return err == nil && bytes.Equal(a, b), err
}

// sameLong compares two long values of one length piece by piece.
func (c *comparison) sameLong() (bool, error) {
	if c.bufA == nil {
		c.bufA, c.bufB = make([]byte, compareChunk), make([]byte, compareChunk)
	}
	a, err := c.first.ValueReader()
	if err != nil {
		return false, err
	}
	b, err := c.second.ValueReader()
	if err != nil {
		return false, err
	}
	for left := a.Size(); left > 0; {
		n := min(left, compareChunk)
		if _, err := io.ReadFull(a, c.bufA[:n]); err != nil {
			return false, err
		}
		if _, err := io.ReadFull(b, c.bufB[:n]); err != nil {
			return false, err
		}
		if !bytes.Equal(c.bufA[:n], c.bufB[:n]) {
			return false, nil
		}
		left -= n
	}
	return true, nil
}
