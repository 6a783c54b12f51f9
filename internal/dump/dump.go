// SPDX-License-Identifier: Apache-2.0

// Package dump reads and writes the stream in which rows travel between programs: lsmlite dump and
// lsmlite load, and the readers of other engines. docs/dump-format.md describes its bytes. Any keys and
// values pass through it unchanged, in any order, and a stream that was cut or damaged is never taken as a
// whole one. Only commands import it; a Writer or Reader belongs to one goroutine.
package dump

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	// Magic is how a stream begins.
	Magic = "lsmldump"
	// Version is the only one that there is.
	Version = 1
	// ChunkSize is how many bytes of rows are in a chunk at most, and so how much of a stream is in memory
	// at once, unless a row is longer.
	ChunkSize = 256 << 10
	// MaxLength is the length of the longest key or value.
	MaxLength = 1<<31 - 1
)

// The kinds of chunks.
const (
	rows  = 'R' // whole rows, or the front of one
	more  = 'C' // the next part of a row
	ended = 'E' // the end of the stream
)

const (
	headerSize = len(Magic) + 8 // magic, version, two zeros, checksum
	chunkFront = 9              // kind, number, length
	sumSize    = 4
	endSize    = 16 // numbers of rows and of bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header returns the first bytes of a stream.
func header() []byte {
	h := append([]byte(Magic), byte(Version>>8), byte(Version), 0, 0)
	return binary.BigEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
}

// DamageError is what a Reader returns for a stream that is cut, damaged, or no dump.
type DamageError struct {
	Offset int64 // of the part of the stream that is wrong
	Rows   int64 // rows that were read before it
	Reason string
}

// Error implements error.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the dump is damaged at byte %d, after %d rows: %s", e.Offset, e.Rows, e.Reason)
}
