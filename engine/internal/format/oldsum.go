// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
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
// the flags field in raw.
func oldSum(p base.PageNo, raw []byte, flagsAt int) uint16 {
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(p))
	crc := crc32.Update(0, castagnoli, head[:])
	crc = crc32.Update(crc, castagnoli, raw[:flagsAt])
	flags := [2]byte{0, raw[flagsAt+1] & flagMask}
	crc = crc32.Update(crc, castagnoli, flags[:])
	crc = crc32.Update(crc, castagnoli, raw[flagsAt+2:])
	v := uint16(crc^crc>>13^crc>>26) & sumMask
	if v&(v-1) == 0 {
		v ^= oldInvert
	}
	return v
}
