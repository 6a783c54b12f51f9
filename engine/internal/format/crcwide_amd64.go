// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package format

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

var (
	has128 = cpu.X86.HasPCLMULQDQ && cpu.X86.HasSSE41
	has512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPCLMULQDQ
)

//go:noescape
func crcFold128(table *[wideWords]uint64, number uint64, page []byte) uint16

//go:noescape
func crcFold512(table *[wideWords]uint64, number uint64, page []byte, to *byte) uint16

// crcWide is crcGo for a page of whole widePages.
func crcWide(number uint64, page []byte) (crc uint16, ok bool) {
	switch {
	case has512:
		return crcFold512(&wideTable, bits.ReverseBytes64(number), page, nil), true
	case has128:
		return crcFold128(&wideTable, bits.ReverseBytes64(number), page), true
	}
	return 0, false
}

// crcMove is crcWide, and copies the page to a place that is elsewhere or begins before it.
func crcMove(to []byte, number uint64, page []byte) (crc uint16, ok bool) {
	if !has512 {
		return 0, false
	}
	return crcFold512(&wideTable, bits.ReverseBytes64(number), page, &to[:len(page)][0]), true
}
