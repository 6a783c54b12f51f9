// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"hash/crc32"
)

// A log begins with a head: a pad, which readers pass over, whose content says what the log
// belongs to.
//
//	offset  length
//	     0       2  first bytes of a pad of LogHeadLen bytes in all
//	     2       8  "lsmlhead"
//	    10       1  version, 1
//	    11      16  mark of the log
//	    27      16  id and checksum of the checkpoint that was the newest durable one then
//	    43       4  CRC-32C of bytes 2 to 42

// LogHeadLen is the length of the head of a log.
const LogHeadLen = 47

const (
	headMagic   = "lsmlhead"
	headVersion = 1
)

// LogHead says what a log belongs to.
type LogHead struct {
	Mark LogMark
	// Base is the newest checkpoint that was durable when the head was written.
	Base CheckpointRef
}

// AppendLogHead appends the head of a log.
func AppendLogHead(b []byte, h LogHead) []byte {
	at := len(b)
	b = append(b, logPad2, LogHeadLen-2)
	b = append(b, headMagic...)
	b = append(b, headVersion)
	b = append(b, h.Mark[:]...)
	b = append(b, make([]byte, 16)...)
	h.Base.put(b[len(b)-16:])
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[at+2:], noteCRC))
}

// DecodeLogHead reads the head at the beginning of a log, and reports false if there is
// none.
func DecodeLogHead(b []byte) (LogHead, bool) {
	if len(b) < LogHeadLen || b[0] != logPad2 || b[1] != LogHeadLen-2 || string(b[2:10]) != headMagic || b[10] != headVersion ||
		binary.BigEndian.Uint32(b[LogHeadLen-4:]) != crc32.Checksum(b[2:LogHeadLen-4], noteCRC) {
		return LogHead{}, false
	}
	h := LogHead{Base: checkpointRef(b[27:])}
	copy(h.Mark[:], b[11:])
	return h, true
}
