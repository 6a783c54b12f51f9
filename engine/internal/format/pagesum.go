// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// The page sum. lsm1 has no checksum on data pages, but it uses only 3 of the 16 flag
// bits in a page's footer and tests them by mask. The other 13 make the page fit its place. They
// are chosen so that a CRC of 13 bits (crcword.go) is the seal of its segment. The CRC is that of
// the page's number, as 8 big-endian bytes, followed by the whole page: as it is in the file,
// block link included, or as it is before it is compressed.
//
// The seal is a number that the checkpoint holds for the segment (Level.Seal). With it a
// page is bound to its segment: one that an earlier segment had in the same place, as a
// write that never reached the disk leaves it, does not fit. C lsm1 leaves the bits zero
// on its own pages and its levels without a seal, and keeps both as they are on others.
//
// In the order of bits that the CRC reads, lowest bit of each byte first, what is found
// always: one flipped bit anywhere; two that are less than 8191 bits apart; three within
// 262 bits; four, or any number, within 13 bits (four within 59). Everything else passes
// with a chance of 1 in 8192, 1 in 4096 if it reaches over exactly 14 bits.

// Seal is the CRC that every page of a segment has. 0 stands for none: C lsm1 wrote the
// segment, or an lsmlite that did not know of seals (see oldsum.go).
type Seal uint16

// numSeals is how many seals there are, apart from 0.
const numSeals = sumMask

// MakeSeal makes a seal of numbers that say which segment it is.
func MakeSeal(of ...uint64) Seal {
	h := uint64(14695981039346656037) // FNV-1a
	for _, v := range of {
		for range 8 {
			h = (h ^ v&0xFF) * 1099511628211
			v >>= 8
		}
	}
	return Seal(1 + (h^h>>32)%numSeals)
}

// flagsOffset returns where the flags field of page p is in the raw page.
func (g Geometry) flagsOffset(p base.PageNo) int {
	if g.IsLast(p) {
		return g.PageSize - int(g.inside) - 4
	}
	return g.PageSize - 4
}

// SealPage stores the page sum into the raw page p, which must be complete: that of a
// segment with the given seal, or, for seal 0, the old one.
func (g Geometry) SealPage(p base.PageNo, raw []byte, seal Seal) {
	at, raw := g.flagsOffset(p), raw[:g.PageSize]
	flags := binary.BigEndian.Uint16(raw[at:]) & flagMask
	binary.BigEndian.PutUint16(raw[at:], flags)
	if seal == 0 {
		flags |= oldSum(p, raw, at) << sumShift
	} else {
		flags |= fieldFor(crc13(uint64(p), raw)^uint16(seal), g.PageSize-at) << sumShift
	}
	binary.BigEndian.PutUint16(raw[at:], flags)
}

// StoredSum returns the 13 bits of the page sum that the raw page p carries; 0 on a
// page of C lsm1.
func (g Geometry) StoredSum(p base.PageNo, raw []byte) uint16 {
	return binary.BigEndian.Uint16(raw[g.flagsOffset(p):]) >> sumShift
}

// SealOf returns the seal that a raw page, which is of the file's size, has as page number: the number it
// had when it was written. That differs from the real one only if the block has been moved
// since. Any page has a seal, if only by chance.
func SealOf(number base.PageNo, raw []byte) Seal { return Seal(crc13(uint64(number), raw)) }

// OldSumGood reports whether the raw page at p carries the right old sum for its
// number, which is as for SealOf.
func (g Geometry) OldSumGood(p, number base.PageNo, raw []byte) bool {
	at := g.flagsOffset(p)
	return g.StoredSum(p, raw) == oldSum(number, raw[:g.PageSize], at)
}

// SumGood reports whether the raw page at p is one that a segment with the given seal
// has as page number; with seal 0, whether its old sum is right.
func (g Geometry) SumGood(p, number base.PageNo, raw []byte, seal Seal) bool {
	if seal == 0 {
		return g.OldSumGood(p, number, raw)
	}
	return SealOf(number, raw[:g.PageSize]) == seal
}

// MoveSealed copies a raw page to a place that is elsewhere or begins before it, and returns what SealOf does.
// To do both at once costs no more than the sum alone.
func MoveSealed(to []byte, number base.PageNo, raw []byte) Seal {
	if len(raw) > 0 && len(raw)%widePage == 0 {
		if crc, ok := crcMove(to, uint64(number), raw); ok {
			return Seal(crc)
		}
	}
	seal := SealOf(number, raw)
	copy(to, raw)
	return seal
}
