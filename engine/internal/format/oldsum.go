// SPDX-License-Identifier: Apache-2.0

package format

import (
	"hash/crc32"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// The old page sum, of segments without a seal: those that lsmlite wrote before there
// were seals. It is only compared; nothing is written with it but by tests.
//
// It is made from the CRC-32C (Castagnoli) of the page's own number, as 8 big-endian
// bytes, followed by the whole page with the 13 bits zero: the CRC folded by exclusive or,
// bits 0-12, 13-25 and 26-31. If fewer than two bits of that are set, all but the lowest
// are inverted, so that neither the sum nor what one flipped bit makes of it is 0.
//
// Any damage that flips an odd number of bits is caught: the Castagnoli polynomial is
// divisible by x+1, so the parity of the CRC changes with that of the data, and folding and
// inverting twelve bits leave the parity alone. For the same reason an even number of
// flipped bits passes with a chance of 1 in 4096.

const oldInvert = 0x1FFE

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// oldSum computes the old sum of the raw page with number p. flagsAt is the offset of
// the flags field in raw. The few bytes that are not the page's own go through the table one by
// one: an array for them would be allocated, because crc32.Update lets its argument escape.
func oldSum(p base.PageNo, raw []byte, flagsAt int) uint16 {
	reg := ^uint32(0)
	for shift := 56; shift >= 0; shift -= 8 {
		reg = oldByte(reg, byte(p>>shift))
	}
	reg = ^crc32.Update(^reg, castagnoli, raw[:flagsAt])
	reg = oldByte(oldByte(reg, 0), raw[flagsAt+1]&flagMask)
	for _, b := range raw[flagsAt+2:] {
		reg = oldByte(reg, b)
	}
	crc := ^reg
	v := uint16(crc^crc>>13^crc>>26) & sumMask
	if v&(v-1) == 0 {
		v ^= oldInvert
	}
	return v
}

// oldByte adds a byte to the register of the CRC-32C, which is the inverted CRC.
func oldByte(reg uint32, b byte) uint32 { return castagnoli[byte(reg)^b] ^ reg>>8 }
