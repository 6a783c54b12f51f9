// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"math/bits"
)

// The CRC goes into the upper 13 bits of the flags field.
const (
	sumShift = 3
	sumMask  = 1<<sumBits - 1
)

// crc13 returns the CRC of a number, as 8 big-endian bytes, and a page, whose length is a
// multiple of 8.
func crc13(number uint64, page []byte) uint16 {
	if len(page) > 0 && len(page)%widePage == 0 {
		if crc, ok := crcWide(number, page); ok {
			return crc
		}
	}
	return crcGo(number, page)
}

// crcGo is crc13 in Go: what every other way of computing it is compared with.
func crcGo(number uint64, page []byte) uint16 {
	reg := crcWord(0, bits.ReverseBytes64(number))
	for ; len(page) >= stretch; page = page[stretch:] {
		reg = crcStretch(reg, (*[stretch]byte)(page))
	}
	if len(page) >= 8*foldLeast {
		return crcFold(reg, page)
	}
	for ; len(page) >= 8; page = page[8:] {
		reg = crcWord(reg, binary.LittleEndian.Uint64(page))
	}
	return reg
}

// fields holds, for the two places of the flags field, 4 and 8 bytes before the end of a
// page, which bits of the field make which bit of the CRC: field bit k of fields[j] is in
// the field that changes bit j of the CRC alone.
var fields = [2][13]uint16{solveFields(4), solveFields(8)}

// solveFields inverts what the 13 bits of the field, fromEnd bytes before the end of a page,
// do to the CRC.
func solveFields(fromEnd int) (of [13]uint16) {
	var does [13]uint16 // what field bit k does
	for k := range does {
		var end [8]byte
		binary.BigEndian.PutUint16(end[8-fromEnd:], 1<<(k+sumShift))
		does[k] = crcWord(0, binary.LittleEndian.Uint64(end[:]))
	}
	made := does
	for k := range of {
		of[k] = 1 << k
	}
	// of[k] are the field bits that make made[k]; made becomes the single bits.
	for j := range made {
		for k := j; k < len(made); k++ {
			if made[k]>>j&1 == 1 {
				made[j], made[k] = made[k], made[j]
				of[j], of[k] = of[k], of[j]
				break
			}
		}
		for k := range made {
			if k != j && made[k]>>j&1 == 1 {
				made[k] ^= made[j]
				of[k] ^= of[j]
			}
		}
	}
	return of
}

// fieldFor returns the 13 bits that, in a flags field fromEnd bytes before the end of a
// page, change its CRC by diff.
func fieldFor(diff uint16, fromEnd int) (field uint16) {
	for j, bit := range fields[fromEnd/8] {
		if diff>>j&1 == 1 {
			field ^= bit
		}
	}
	return field
}
