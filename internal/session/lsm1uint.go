// SPDX-License-Identifier: Apache-2.0

package session

// appendLSM1Uint appends n as SQLite's lsm1 virtual table writes a UINT key: the first
// byte says how many follow, so that byte order is number order. The form differs in one
// place from the varint in the records of the file, which never has 7 bytes for some numbers.
func appendLSM1Uint(dst []byte, n uint64) []byte {
	switch {
	case n <= 240:
		return append(dst, byte(n))
	case n <= 2287:
		n -= 240
		return append(dst, byte(241+n>>8), byte(n))
	case n <= 67823:
		n -= 2288
		return append(dst, 249, byte(n>>8), byte(n))
	}
	size := 3
	for size < 8 && n>>(8*size) != 0 {
		size++
	}
	dst = append(dst, byte(247+size))
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		dst = append(dst, byte(n>>shift))
	}
	return dst
}

// lsm1Uint returns the number that appendLSM1Uint has written as key. It accepts no other bytes,
// or a number would have several keys.
func lsm1Uint(key []byte) (n uint64, ok bool) {
	if len(key) == 0 {
		return 0, false
	}
	first, rest := key[0], key[1:]
	for _, b := range rest[:min(len(rest), 8)] {
		n = n<<8 | uint64(b)
	}
	switch {
	case first <= 240:
		return uint64(first), len(rest) == 0
	case first <= 248:
		return 240 + uint64(first-241)<<8 + n, len(rest) == 1
	case first == 249:
		return 2288 + n, len(rest) == 2
	}
	size := int(first) - 247
	return n, len(rest) == size && n > 67823 && (size == 3 || n>>(8*(size-1)) != 0)
}
