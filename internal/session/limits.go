// SPDX-License-Identifier: Apache-2.0

package session

import "context"

// maxKeptBytes is the size of the largest buffer that a session keeps for its next
// statement.
const maxKeptBytes = 1 << 20

// keep returns a buffer to be kept for the next statement, or nil if it is too large.
func keep(b []byte) []byte {
	if cap(b) > maxKeptBytes {
		return nil
	}
	return b[:0]
}

// empty makes *b what keep returns of it.
func empty(b *[]byte) {
	if cap(*b) > maxKeptBytes {
		*b = nil
	}
	*b = (*b)[:0]
}

// stepsPerCheck is how many rows a loop handles between two looks at its context.
const stepsPerCheck = 256

// done reports the context's error every so many steps of a loop, counted by *steps, and
// otherwise costs one comparison.
func done(ctx context.Context, steps *uint) error {
	*steps++
	if *steps%stepsPerCheck != 0 {
		return nil
	}
	return ctx.Err()
}

// maxQuotedKeyBytes is how much of a key an error shows.
const maxQuotedKeyBytes = 64

// cutKey returns what an error shows of a key, and what stands for the rest.
func cutKey(key []byte) (shown []byte, rest string) {
	if len(key) > maxQuotedKeyBytes {
		return key[:maxQuotedKeyBytes], "…"
	}
	return key, ""
}
