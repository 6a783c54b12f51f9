// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"math/bits"
)

// The CRC of the page sum: 13 bits, polynomial x^13+x^9+x^8+x^7+x^5+x+1, the lowest bit
// of each byte first, register 0 at the beginning and as it is at the end.
//
// The polynomial is primitive, so no two single bits less than 8191 bits apart look alike
// and no single bit looks like none. Of the 630 primitive ones it finds short damage
// well: its multiple of three terms with the lowest degree has 262, that of four terms 59.
const (
	crcPoly    = 0x23A3
	crcReverse = 0x18B8 // its 13 lower bits, in the order in which the register holds them
)

// The CRC goes into the upper 13 bits of the flags field.
const (
	sumShift = 3
	sumMask  = 0x1FFF
)

// A page is not read byte by byte but in words of 64 bits. x^18+x^12+x^7+x^2+1 is a multiple
// of the polynomial; and because squaring only spreads out the terms of a polynomial over
// two elements, so is the same with x^64 for x. So a word may be replaced by four: added to
// the words that follow in distances of 18-12, 18-7, 18-2 and 18. What is left at the end
// are 18 words, which go through the tables.
const (
	foldWords   = 18
	fold1       = 18 - 12
	fold2       = 18 - 7
	fold3       = 18 - 2
	foldStep    = fold1 // words that do not depend on each other
	foldStretch = 10 * foldStep
	foldLeast   = 3 * foldWords // words from which on it pays
)

// crcTable[k][b] is the register after byte b and k bytes of zeros.
var crcTable = makeCRCTable()

func makeCRCTable() (t [8][256]uint16) {
	for b := range t[0] {
		v := uint16(b)
		for range 8 {
			v = v>>1 ^ -(v&1)&crcReverse
		}
		t[0][b] = v
	}
	for k := 1; k < len(t); k++ {
		for b, v := range t[k-1] {
			t[k][b] = v>>8 ^ t[0][v&0xFF]
		}
	}
	return t
}

// crcWord adds a word to the register.
func crcWord(reg uint16, w uint64) uint16 {
	w ^= uint64(reg)
	t := &crcTable
	return t[7][w&0xFF] ^ t[6][w>>8&0xFF] ^ t[5][w>>16&0xFF] ^ t[4][w>>24&0xFF] ^
		t[3][w>>32&0xFF] ^ t[2][w>>40&0xFF] ^ t[1][w>>48&0xFF] ^ t[0][w>>56]
}

// crc13 returns the CRC of a number, as 8 big-endian bytes, and a page, whose length is a
// multiple of 8.
func crc13(number uint64, page []byte) uint16 {
	head := bits.ReverseBytes64(number)
	if len(page) < 8*foldLeast {
		reg := crcWord(0, head)
		for ; len(page) >= 8; page = page[8:] {
			reg = crcWord(reg, binary.LittleEndian.Uint64(page))
		}
		return reg
	}
	// w holds the words since the newest full stretch with what was added to them, and the
	// foldWords before them.
	var w [foldWords + foldStretch]uint64
	w[foldWords-1] = head
	at := 0
	for ; len(page) >= 8*(foldWords+foldStep); page = page[8*foldStep:] {
		if at == foldStretch {
			copy(w[:foldWords], w[foldStretch:])
			at = 0
		}
		v, p := (*[foldWords + foldStep]uint64)(w[at:]), (*[8 * foldStep]byte)(page)
		v[18] = binary.LittleEndian.Uint64(p[0:]) ^ v[18-fold1] ^ v[18-fold2] ^ v[18-fold3] ^ v[0]
		v[19] = binary.LittleEndian.Uint64(p[8:]) ^ v[19-fold1] ^ v[19-fold2] ^ v[19-fold3] ^ v[1]
		v[20] = binary.LittleEndian.Uint64(p[16:]) ^ v[20-fold1] ^ v[20-fold2] ^ v[20-fold3] ^ v[2]
		v[21] = binary.LittleEndian.Uint64(p[24:]) ^ v[21-fold1] ^ v[21-fold2] ^ v[21-fold3] ^ v[3]
		v[22] = binary.LittleEndian.Uint64(p[32:]) ^ v[22-fold1] ^ v[22-fold2] ^ v[22-fold3] ^ v[4]
		v[23] = binary.LittleEndian.Uint64(p[40:]) ^ v[23-fold1] ^ v[23-fold2] ^ v[23-fold3] ^ v[5]
		at += foldStep
	}
	// What is left is less than a step and foldWords.
	var end [2*foldWords + 2*foldStep]uint64
	copy(end[:foldWords], w[at:at+foldWords])
	i := foldWords
	for ; len(page) > 8*foldWords; page = page[8:] {
		end[i] = binary.LittleEndian.Uint64(page) ^ end[i-fold1] ^ end[i-fold2] ^ end[i-fold3] ^ end[i-foldWords]
		i++
	}
	reg := uint16(0)
	for ; len(page) >= 8; page = page[8:] {
		// Nothing of the last words is added to later ones: they stay zero in end.
		reg = crcWord(reg, binary.LittleEndian.Uint64(page)^end[i-fold1]^end[i-fold2]^end[i-fold3]^end[i-foldWords])
		i++
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
