// SPDX-License-Identifier: Apache-2.0

package format

import "encoding/binary"

// maxVarintLen is the length of the longest varint.
const maxVarintLen = 9

// appendVarint appends v in lsm1's variable-length form, the shortest that holds it,
// with lsm1's one exception: a value whose upper 32 bits exceed 32767 skips the 7-byte
// form. Signed numbers are stored as their two's complement.
func appendVarint(b []byte, v uint64) []byte {
	switch {
	case v <= 240:
		return append(b, byte(v))
	case v <= 2287:
		v -= 240
		return append(b, byte(v>>8)+241, byte(v))
	case v <= 67823:
		v -= 2288
		return append(b, 249, byte(v>>8), byte(v))
	}
	n := varintLen(v)
	var tmp [8]byte
	binary.BigEndian.PutUint64(tmp[:], v)
	b = append(b, byte(246+n))
	return append(b, tmp[9-n:]...)
}

// varintLen returns the number of bytes appendVarint uses for v.
func varintLen(v uint64) int {
	switch {
	case v <= 240:
		return 1
	case v <= 2287:
		return 2
	case v <= 67823:
		return 3
	case v < 1<<24:
		return 4
	case v < 1<<32:
		return 5
	case v < 1<<40:
		return 6
	case v>>32 <= 32767:
		return 7
	case v < 1<<56:
		return 8
	}
	return 9
}

// varint reads a varint from the front of b. It returns the value and the number of
// bytes read, or 0 bytes if b ends too early. Every form is accepted, not only the
// shortest.
func varint(b []byte) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	b0 := b[0]
	if b0 <= 240 {
		return uint64(b0), 1
	}
	if b0 <= 248 {
		if len(b) < 2 {
			return 0, 0
		}
		return 240 + uint64(b0-241)<<8 + uint64(b[1]), 2
	}
	n = varintSize(b0)
	if len(b) < n {
		return 0, 0
	}
	if b0 == 249 {
		return 2288 + uint64(b[1])<<8 + uint64(b[2]), 3
	}
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	return v, n
}

// varintSize returns the length of the varint whose first byte is b0.
func varintSize(b0 byte) int {
	switch {
	case b0 <= 240:
		return 1
	case b0 <= 248:
		return 2
	}
	return int(b0) - 246
}
