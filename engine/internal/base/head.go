// SPDX-License-Identifier: Apache-2.0

package base

import "math"

// Head returns the first eight bytes of key as a big-endian number, zero-padded, so
// that Head(a) < Head(b) implies a < b.
func Head(key []byte) uint64 {
	if len(key) >= 8 {
		return word(key)
	}
	var h uint64
	for i, b := range key {
		h |= uint64(b) << (56 - 8*i)
	}
	return h
}

// word is Head for a key of eight bytes or more. The compiler makes one load of it.
func word(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0])<<56 | uint64(b[1])<<48 | uint64(b[2])<<40 | uint64(b[3])<<32 |
		uint64(b[4])<<24 | uint64(b[5])<<16 | uint64(b[6])<<8 | uint64(b[7])
}

// LongHead is what the first sixteen bytes of a key say about its order: Head of the key and of what follows
// the first eight bytes.
type LongHead struct{ First, Second uint64 }

// LastHead is not less than the LongHead of any key. The zero LongHead is not greater.
var LastHead = LongHead{math.MaxUint64, math.MaxUint64}

// LongHeadOf returns the LongHead of a key. LongHeadOf(a) < LongHeadOf(b) implies a < b.
func LongHeadOf(key []byte) LongHead {
	switch {
	case len(key) >= 16:
		return LongHead{word(key), word(key[8:])}
	case len(key) > 8:
		return LongHead{word(key), Head(key[8:])}
	}
	return LongHead{First: Head(key)}
}

// Less reports whether a comes before b.
func (a LongHead) Less(b LongHead) bool {
	return a.First < b.First || a.First == b.First && a.Second < b.Second
}
