// SPDX-License-Identifier: Apache-2.0

package format

// The CRC of the page sum: 13 bits, polynomial x^13+x^9+x^8+x^7+x^5+x+1, the lowest bit
// of each byte first, register 0 at the beginning and as it is at the end.
//
// The polynomial is primitive, so no two single bits less than 8191 bits apart look alike
// and no single bit looks like none. Of the 630 primitive ones it finds short damage
// well: its multiple of three terms with the lowest degree has 262, that of four terms 59.
const (
	sumBits    = 13
	crcPoly    = 0x23A3
	crcReverse = 0x18B8 // its 13 lower bits, in the order in which the register holds them
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
