// SPDX-License-Identifier: Apache-2.0

package format

// Processors that multiply polynomials over two elements (carry-less) fold a page in a few wide registers.
// 128 bits may be replaced by what they leave, times x to the power of the distance, in any of the
// 128 bits that follow: each of their two words is multiplied by the remainder of such a power.
//
// In a register the lowest bit is the highest power. The product of two words then has one
// power too few, so the constants have one less: x^n stands in the tables as x^(n-1).

// wideTable holds the constants as pairs of words: by what the first and the second word of
// 128 bits are multiplied.
var wideTable = makeWideTable()

const wideWords = 2 * (10 + 4)

func makeWideTable() (t [wideWords]uint64) {
	pair := func(i, distance int) { t[2*i], t[2*i+1] = wideMove(distance+64), wideMove(distance) }
	t[0] = wideMove(128) // the page number
	t[2] = wideMove(64)  // a word over the next one
	t[4], t[5] = wideDivide(), wideDivisor
	for i, distance := range [...]int{128, 256, 384, 512, 1024, 1536, 2048, 384, 256, 128} {
		pair(3+i, distance)
	}
	return t
}

// wideMove returns the constant that moves a word over the one that begins so many bits further on.
func wideMove(distance int) uint64 {
	reg := uint16(1) << (sumBits - 1) // x^0
	for range distance - 1 {
		reg = reg>>1 ^ -(reg&1)&crcReverse
	}
	return uint64(reg) << (64 - sumBits)
}

// wideDivisor is the polynomial in the order of bits of the register.
const wideDivisor = crcReverse<<1 | 1

// wideDivide returns the number by which a word is multiplied to get, as the lower word of the product,
// how often the divisor goes into it. The upper word of that times the divisor is the remainder.
func wideDivide() (inverse uint64) {
	rest := uint64(1)
	for i := range 64 {
		if rest>>i&1 == 1 {
			rest ^= wideDivisor << i
			inverse |= 1 << i
		}
	}
	return inverse
}

// widePage is what the length of a page is a multiple of for it to be folded in wide registers. All pages
// of a file are.
const widePage = 256
