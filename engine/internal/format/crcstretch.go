// SPDX-License-Identifier: Apache-2.0

package format

import "encoding/binary"

// Because the polynomial is primitive, x^8191 leaves the remainder 1: a bit counts the same
// 8191 bits further on. So of four quarters of 1024 bytes, which are 8192 bits, the first three may
// be laid over the last one, moved back by three bits, two, and one. That takes less than half as
// long as to fold each of their words: see foldWords.
const (
	quarter      = 1024
	stretch      = 4 * quarter
	quarterWords = quarter / 8
	// folded is how many words of the sum of the quarters are folded, the one included into
	// which the bits go that were moved before its beginning; the others go through the tables.
	folded = quarterWords + 1 - foldWords
)

// crcStretch adds four quarters to the register.
func crcStretch(reg uint16, p *[stretch]byte) uint16 {
	// w holds the words of the sum of the quarters from foldWords on, with what was added to
	// them. The last foldWords of them stay zero: nothing of them is added to later ones.
	var w [foldWords + folded + foldWords]uint64
	q0, q1, q2, q3 := p[:quarter], p[quarter:][:quarter], p[2*quarter:][:quarter], p[3*quarter:]
	low := uint64(0) // what the words before give to the next one
	first := uint64(reg)
	for i := 0; i < folded; i += 3 {
		v := (*[foldWords + 3]uint64)(w[i:])
		a, b, c, d := (*[24]byte)(q0[8*i:]), (*[24]byte)(q1[8*i:]), (*[24]byte)(q2[8*i:]), (*[24]byte)(q3[8*i:])
		high, l := lay(binary.LittleEndian.Uint64(a[0:])^first, binary.LittleEndian.Uint64(b[0:]),
			binary.LittleEndian.Uint64(c[0:]), binary.LittleEndian.Uint64(d[0:]))
		v[18] = low ^ high ^ v[18-fold1] ^ v[18-fold2] ^ v[18-fold3] ^ v[0]
		high, low = lay(binary.LittleEndian.Uint64(a[8:]), binary.LittleEndian.Uint64(b[8:]),
			binary.LittleEndian.Uint64(c[8:]), binary.LittleEndian.Uint64(d[8:]))
		v[19] = l ^ high ^ v[19-fold1] ^ v[19-fold2] ^ v[19-fold3] ^ v[1]
		high, l = lay(binary.LittleEndian.Uint64(a[16:]), binary.LittleEndian.Uint64(b[16:]),
			binary.LittleEndian.Uint64(c[16:]), binary.LittleEndian.Uint64(d[16:]))
		v[20] = low ^ high ^ v[20-fold1] ^ v[20-fold2] ^ v[20-fold3] ^ v[2]
		low, first = l, 0
	}
	reg = 0
	for i := folded; i <= quarterWords; i++ {
		high, l := uint64(0), uint64(0)
		if i < quarterWords {
			high, l = lay(binary.LittleEndian.Uint64(q0[8*i:]), binary.LittleEndian.Uint64(q1[8*i:]),
				binary.LittleEndian.Uint64(q2[8*i:]), binary.LittleEndian.Uint64(q3[8*i:]))
		}
		v := (*[foldWords]uint64)(w[i:])
		reg = crcWord(reg, low^high^v[18-fold1]^v[18-fold2]^v[18-fold3]^v[0])
		low = l
	}
	return reg
}

// lay lays words of three quarters over that of the last one: high is what goes into the word
// before it, and low what stays.
func lay(a, b, c, d uint64) (high, low uint64) {
	return a<<61 ^ b<<62 ^ c<<63, a>>3 ^ b>>2 ^ c>>1 ^ d
}
