// SPDX-License-Identifier: Apache-2.0

package store

import "context"

// ShortReader is a Reader that finds out in one lookup whether a value is short.
type ShortReader interface {
	Reader
	// GetShort returns the length of the value of key and whether there is one, and appends the
	// value to dst if it has at most that many bytes. It does not load a longer one.
	GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error)
}

// GetShort is ShortReader.GetShort of r, or two calls that make up for it. Where the state of r moves
// on between them, the value may be longer than most, and n is its length.
func GetShort(ctx context.Context, r Reader, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if s, ok := r.(ShortReader); ok {
		return s.GetShort(ctx, dst, key, most)
	}
	n, found, err = r.ValueLen(ctx, key)
	if err != nil || !found || n > most {
		return dst, n, found, err
	}
	value, found, err = r.Get(ctx, dst, key)
	return value, len(value) - len(dst), found, err
}
