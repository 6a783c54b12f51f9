package format

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// The page check. lsm1 has no checksum on data pages, but it uses only 3 of the 16 flag
// bits in a page's footer and tests them by mask. The other 13 carry a check of the
// page; 0 means "written by C lsm1, unchecked".
//
// The check is made from the CRC-32C (Castagnoli) of the page's own number, as 8
// big-endian bytes, followed by the whole page as it stands in the file, block link
// included, or as it is before it is compressed, with the 13 bits zero. It is the CRC folded by exclusive or: bits 0-12,
// 13-25 and 26-31. If fewer than two bits of that are set, all but the lowest are
// inverted, so that neither the check nor what one flipped bit makes of it is 0.
//
// Any damage that flips an odd number of bits is caught, single bits above all: the
// Castagnoli polynomial is divisible by x+1, so the parity of the CRC changes with that
// of the data, and folding and inverting twelve bits leave the parity alone. Other
// damage passes with a chance of 1 in 8192 if it is random, 1 in 4096 if it is known to
// flip an even number of bits. No check of 13 bits can catch every double bit error in
// a page of more than 8191 bits.

const (
	checkShift  = 3
	checkMask   = 0x1FFF
	checkInvert = 0x1FFE
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// pageCheck computes the check of the raw page with number p. flagsAt is the offset of
// the flags field in raw.
func pageCheck(p base.PageNo, raw []byte, flagsAt int) uint16 {
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(p))
	crc := crc32.Update(0, castagnoli, head[:])
	crc = crc32.Update(crc, castagnoli, raw[:flagsAt])
	flags := [2]byte{0, raw[flagsAt+1] & flagMask}
	crc = crc32.Update(crc, castagnoli, flags[:])
	crc = crc32.Update(crc, castagnoli, raw[flagsAt+2:])
	v := uint16(crc^crc>>13^crc>>26) & checkMask
	if v&(v-1) == 0 {
		v ^= checkInvert
	}
	return v
}

// flagsOffset returns where the flags field of page p stands in the raw page.
func (g Geometry) flagsOffset(p base.PageNo) int {
	if !g.Compressed && g.IsLast(p) {
		return g.PageSize - linkSize - 4
	}
	return g.PageSize - 4
}

// SealPage stores the page check into the raw page p, which must be complete.
func (g Geometry) SealPage(p base.PageNo, raw []byte) {
	at := g.flagsOffset(p)
	flags := binary.BigEndian.Uint16(raw[at:])&flagMask | pageCheck(p, raw[:g.PageSize], at)<<checkShift
	binary.BigEndian.PutUint16(raw[at:], flags)
}

// CheckResult says what the page check of a page tells.
type CheckResult uint8

// The results of CheckPage.
const (
	Unchecked CheckResult = iota // the page carries no check: C lsm1 wrote it
	CheckGood
	CheckBad
)

// CheckPage compares the check that the raw page at p carries with the page. number is
// the number the page had when it was written, which differs from p only if the block
// has been moved since.
func (g Geometry) CheckPage(p, number base.PageNo, raw []byte) CheckResult {
	at := g.flagsOffset(p)
	stored := binary.BigEndian.Uint16(raw[at:]) >> checkShift
	switch {
	case stored == 0:
		return Unchecked
	case stored == pageCheck(number, raw[:g.PageSize], at):
		return CheckGood
	}
	return CheckBad
}
