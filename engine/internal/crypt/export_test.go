// SPDX-License-Identifier: Apache-2.0

package crypt

import "encoding/binary"

// MendCRC makes the CRC of an area right, if b has room for what its head says.
func MendCRC(checkpoint, b []byte) {
	if len(b) < areaHead {
		return
	}
	end := areaHead + saltSize*int(binary.BigEndian.Uint16(b[72:])) + int(binary.BigEndian.Uint16(b[74:])) + MACSize
	if end+crcSize <= len(b) {
		binary.BigEndian.PutUint32(b[end:], areaCRC(checkpoint, b[:end]))
	}
}
