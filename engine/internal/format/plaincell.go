// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// PlainCell is LeafCell for a record that does nothing but insert, where the key is of at most 240
// and the value of at most 2,287 bytes. For another it returns 0 as the body, which is never that.
func (p Page) PlainCell(i int) (body, keyLen, valLen int) {
	off, h := p.CellStart(i)
	if ShortPlain(h) {
		return off + ShortHeader, int(h >> 16 & 0xFF), int(h >> 24)
	}
	five := p[off : off+5 : off+5]
	if h&0xFFFF != uint32(base.Insert) || five[2] > 240 || five[3] > 248 {
		return 0, 0, 0
	}
	return off + 5, int(five[2]), 240 + int(five[3]-241)<<8 + int(five[4])
}

// CellStart returns where cell i begins, and its first four bytes, of which the first is the lowest.
func (p Page) CellStart(i int) (off int, h uint32) {
	off = p.CellOffset(i)
	return off, binary.LittleEndian.Uint32(p[off:]) // the footer follows, at the least
}

// ShortHeader is the length of the header of a cell for which ShortPlain holds.
const ShortHeader = 4

// ShortPlain reports whether the first bytes of a cell, as CellStart returns them, are all of the header of
// a record that does nothing but insert. Then the third is the length of the key and the fourth that of the value.
func ShortPlain(h uint32) bool {
	return h&0xFFFF == uint32(base.Insert) && h>>24 <= 240 && h>>16&0xFF <= 240
}
