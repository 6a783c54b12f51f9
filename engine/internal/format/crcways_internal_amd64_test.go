// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package format

import "math/bits"

// wideWays returns the ways of this processor to compute crc13 of a page of whole widePages.
func wideWays() map[string]func(number uint64, page []byte) uint16 {
	ways := make(map[string]func(uint64, []byte) uint16)
	if has128 {
		ways["128 bits"] = func(number uint64, page []byte) uint16 {
			return crcFold128(&wideTable, bits.ReverseBytes64(number), page)
		}
	}
	if has512 {
		ways["512 bits"] = func(number uint64, page []byte) uint16 {
			return crcFold512(&wideTable, bits.ReverseBytes64(number), page, nil)
		}
	}
	return ways
}
