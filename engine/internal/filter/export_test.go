// SPDX-License-Identifier: Apache-2.0

package filter

const BitsPerKey = bitsPerKey

// SetBits sets n bits that random chooses.
func (f *Filter) SetBits(random func(n int) int, n int) {
	for range n {
		f.blocks[random(len(f.blocks))][random(words)] |= 1 << random(64)
	}
}

// SetBits sets n bits that random chooses.
func (l *Live) SetBits(random func(n int) int, n int) {
	for range n {
		l.words[random(len(l.words))].Or(1 << random(64))
	}
}
