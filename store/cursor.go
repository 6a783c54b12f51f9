// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
)

// Cursor visits the keys of one state, range by range, each in one direction. It never changes
// direction within a range.
type Cursor interface {
	// Seek moves to the first key of r in its direction and reports whether there is one.
	// The bytes of r must stay as they are until the next Seek or Close.
	Seek(ctx context.Context, r *Range) bool
	// Next moves to the next key of the range and reports whether there is one.
	Next(ctx context.Context) bool
	// Key returns the current key, nil after a move that returned false. It is read-only
	// and valid until the next call of Seek, Next or Close.
	Key() []byte
	// Value loads the current value, which is valid as long as Key. In a range with keys only,
	// Value fails with ErrMisuse.
	Value(ctx context.Context) ([]byte, error)
	// ValueLen returns the length of the current value in bytes. It does not load the
	// value.
	ValueLen() int
	// Err returns why the last move returned false, nil at the end of the range.
	Err() error
	// Close releases the cursor. Call it once, and no method after it.
	Close() error
}

// PartCursor is a Cursor that can load a part of a value.
type PartCursor interface {
	Cursor
	// ValuePart appends the n bytes of the current value from byte from on to dst, fewer where
	// the value ends before. It loads no more than is needed for that, and fails where Value
	// does.
	ValuePart(ctx context.Context, dst []byte, from, n int) ([]byte, error)
}

// Range is a set of keys without gaps, and how a cursor is to visit them. The zero Range
// is all keys in ascending order, with their values.
type Range struct {
	// Lo is the lower end if HasLo is set, and Hi the upper end if HasHi is. An end
	// belongs to the range unless LoOpen or HiOpen is set. A Range without keys, such as
	// one with Lo above Hi, is allowed.
	Lo, Hi         []byte
	HasLo, HasHi   bool
	LoOpen, HiOpen bool
	// Reverse visits the keys in descending order.
	Reverse bool
	// KeysOnly says that no value will be loaded.
	KeysOnly bool
	// Limit is how many keys are visited at most, 0 for all.
	Limit int
}

// IsPoint reports whether the range is one key, Lo.
func (r *Range) IsPoint() bool {
	return r.HasLo && r.HasHi && !r.LoOpen && !r.HiOpen && bytes.Equal(r.Lo, r.Hi)
}

// Contains reports whether key lies in the range.
func (r *Range) Contains(key []byte) bool { return r.reached(key) && r.withinHi(key) }

// reached reports whether key is not below the range.
func (r *Range) reached(key []byte) bool {
	if !r.HasLo {
		return true
	}
	if r.LoOpen {
		return string(key) > string(r.Lo)
	}
	return string(key) >= string(r.Lo)
}

// withinHi reports whether key is not above the range.
func (r *Range) withinHi(key []byte) bool {
	if !r.HasHi {
		return true
	}
	if r.HiOpen {
		return string(key) < string(r.Hi)
	}
	return string(key) <= string(r.Hi)
}
