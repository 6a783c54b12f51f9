// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"encoding/binary"
	"hash/crc32"
)

// MendCRC makes the CRC of an area right, if b has room for what its head says.
func MendCRC(b []byte) {
	if len(b) < areaHead {
		return
	}
	end := areaHead + saltSize*int(binary.BigEndian.Uint16(b[72:])) + int(binary.BigEndian.Uint16(b[74:]))
	if end+crcSize <= len(b) {
		binary.BigEndian.PutUint32(b[end:], crc32.Checksum(b[:end], castagnoli))
	}
}
