// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"encoding/binary"
	"fmt"
)

var be = binary.BigEndian

// Row is one that is in the database.
type Row struct{ Key, Value string }

// Database is what Read has found.
type Database struct {
	Rows       []Row // in order
	Free       map[uint32]uint64
	FileID     [16]byte
	Suite      uint16
	Codec      uint32
	SnapshotID uint64
	Slots      []Slot
	DEK        []byte
	Segments   [][]Page // of the checkpoint, in its order
	Salts      [][16]byte
	Commits    uint64   // of the database's life
	Chain      [16]byte // after the last of them
	Replayed   []Commit // those in the log
	Boxes      []Box    // in the order in which they were opened
}

// Box is one that was opened.
type Box struct {
	Key   [32]byte
	Nonce [12]byte
	What  string
}

// Page is one of a segment's, with where it is in the file.
type Page struct {
	Number int64 // the offset of its record
	Size   int   // of the record's body
	Clear  []byte
}

// Slot is one of a file's.
type Slot struct {
	Type    byte
	ID      [8]byte
	Opened  bool
	Time    uint32
	KiB     uint32
	Lanes   uint32
	Name    string
	Wrapped []byte
}

// Commit is one in the log.
type Commit struct {
	End     int64 // where the log goes on after it
	Decoys  int
	Frames  int // of data
	Keys    int
	Changes int
}

func tampered(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTampered, fmt.Sprintf(format, args...))
}

func impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}
