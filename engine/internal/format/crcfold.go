// SPDX-License-Identifier: Apache-2.0

package format

import "encoding/binary"

// A page is not read byte by byte but in words of 64 bits. x^18+x^12+x^7+x^2+1 is a multiple
// of the polynomial; and because squaring only spreads out the terms of a polynomial over
// two elements, so is the same with x^64 for x. So a word may be replaced by four: added to
// the words that follow in distances of 18-12, 18-7, 18-2 and 18. What is left at the end
// are 18 words, which go through the tables.
const (
	foldWords = 18
	fold1     = 18 - 12
	fold2     = 18 - 7
	fold3     = 18 - 2
	foldStep  = fold1 // words that do not depend on each other
	foldRun   = 10 * foldStep
	foldLeast = 3 * foldWords // words from which on it pays
)

// crcFold adds at least foldLeast words to the register.
func crcFold(reg uint16, page []byte) uint16 {
	// w holds the words since the newest full run with what was added to them, and the
	// foldWords before them. The register is added to the first word.
	var w [foldWords + foldRun]uint64
	first := uint64(reg)
	at := 0
	for ; len(page) >= 8*(foldWords+foldStep); page = page[8*foldStep:] {
		if at == foldRun {
			copy(w[:foldWords], w[foldRun:])
			at = 0
		}
		v, p := (*[foldWords + foldStep]uint64)(w[at:]), (*[8 * foldStep]byte)(page)
		v[18] = binary.LittleEndian.Uint64(p[0:]) ^ first ^ v[18-fold1] ^ v[18-fold2] ^ v[18-fold3] ^ v[0]
		v[19] = binary.LittleEndian.Uint64(p[8:]) ^ v[19-fold1] ^ v[19-fold2] ^ v[19-fold3] ^ v[1]
		v[20] = binary.LittleEndian.Uint64(p[16:]) ^ v[20-fold1] ^ v[20-fold2] ^ v[20-fold3] ^ v[2]
		v[21] = binary.LittleEndian.Uint64(p[24:]) ^ v[21-fold1] ^ v[21-fold2] ^ v[21-fold3] ^ v[3]
		v[22] = binary.LittleEndian.Uint64(p[32:]) ^ v[22-fold1] ^ v[22-fold2] ^ v[22-fold3] ^ v[4]
		v[23] = binary.LittleEndian.Uint64(p[40:]) ^ v[23-fold1] ^ v[23-fold2] ^ v[23-fold3] ^ v[5]
		at += foldStep
		first = 0
	}
	// What is left is less than a step and foldWords.
	var end [2*foldWords + 2*foldStep]uint64
	copy(end[:foldWords], w[at:at+foldWords])
	i := foldWords
	for ; len(page) > 8*foldWords; page = page[8:] {
		end[i] = binary.LittleEndian.Uint64(page) ^ end[i-fold1] ^ end[i-fold2] ^ end[i-fold3] ^ end[i-foldWords]
		i++
	}
	reg = 0
	for ; len(page) >= 8; page = page[8:] {
		// Nothing of the last words is added to later ones: they stay zero in end.
		reg = crcWord(reg, binary.LittleEndian.Uint64(page)^end[i-fold1]^end[i-fold2]^end[i-fold3]^end[i-foldWords])
		i++
	}
	return reg
}
