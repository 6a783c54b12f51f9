// SPDX-License-Identifier: Apache-2.0

package format

import "encoding/binary"

// ResemblesEncrypted reports whether a meta page whose checkpoint cannot be read seems to have had that of an encrypted
// file: its compression id is still there.
func ResemblesEncrypted(meta []byte) bool {
	return len(meta) >= minReadWords*4 && binary.BigEndian.Uint32(meta[4*3:]) == CompressionEncrypted
}

// Resembles reports whether a meta page whose checkpoint cannot be read seems to have had one: a
// note, or a length and sizes that a checkpoint may have, are still there.
func Resembles(meta []byte) bool {
	if _, ok := DecodeNote(meta); ok {
		return true
	}
	if len(meta) < minReadWords*4 {
		return false
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(meta[4*i:]) }
	return word(2) >= minReadWords && word(2) <= maxReadWords && checkSizes(int(word(7)), int(word(5))) == nil
}
