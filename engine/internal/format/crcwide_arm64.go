// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package format

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// hasPMULL is whether the processor multiplies polynomials: a variable, so that tests read it.
var hasPMULL = cpu.ARM64.HasPMULL

//go:noescape
func crcFold128(table *[wideWords]uint64, number uint64, page []byte) uint16

// crcWide is crcGo for a page of whole widePages, if the processor can do that.
func crcWide(number uint64, page []byte) (crc uint16, ok bool) {
	if !hasPMULL {
		return 0, false
	}
	return crcFold128(&wideTable, bits.ReverseBytes64(number), page), true
}

// crcMove is there for processors that sum and move in one go.
func crcMove([]byte, uint64, []byte) (crc uint16, ok bool) { return 0, false }
