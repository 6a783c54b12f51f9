// SPDX-License-Identifier: Apache-2.0

package data

import "encoding/binary"

// Keys are written and read eight digits at a time, because a scan of a fast store takes less time for
// a row than reading its key digit by digit. The first digit is in the lowest byte of a word.

const (
	zeros     = 0x3030303030303030 // eight times '0'
	highBits  = 0x8080808080808080
	notDigits = 0x7676767676767676 // sets the high bit of a byte above 9

	bytes2 = 0x00ff00ff00ff00ff // the lower halves of words of 16, 32 and 64 bits
	bytes4 = 0x0000ffff0000ffff
	bytes8 = 0x00000000ffffffff
)

// digits appends a number below 10^16 to dst.
func digits(dst []byte, n uint64) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, eightDigits(n/1e8))
	return binary.LittleEndian.AppendUint64(dst, eightDigits(n%1e8))
}

// eightDigits splits a number below 10^8 into halves of four, two and one digits, all at the same time.
// The quotients are products with a rounded reciprocal, which are exact for such small numbers.
func eightDigits(n uint64) uint64 {
	n = n/10000 | n%10000<<32
	q := n * 10486 >> 20 & 0x0000007f0000007f // by 100
	n = q | (n-q*100)<<16
	q = n * 103 >> 10 & 0x000f000f000f000f // by 10
	n = q | (n-q*10)<<8
	return n + zeros
}

// Row returns the row that has a key, and whether one can have it.
func Row(key []byte) (row uint64, ok bool) {
	if len(key) != KeySize {
		return 0, false
	}
	upper, okUpper := number(binary.LittleEndian.Uint64(key))
	lower, okLower := number(binary.LittleEndian.Uint64(key[8:]))
	n := upper*1e8 + lower
	return n / 2, okUpper && okLower && n%2 == 0
}

// number is the opposite of eightDigits. It reports whether all bytes are digits.
func number(word uint64) (n uint64, ok bool) {
	n = word - zeros
	if (n|(n+notDigits))&highBits != 0 {
		return 0, false
	}
	n = (n*10 + n>>8) & bytes2
	n = (n*100 + n>>16) & bytes4
	return (n*10000 + n>>32) & bytes8, true
}
