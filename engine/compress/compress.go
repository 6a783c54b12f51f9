// SPDX-License-Identifier: Apache-2.0

// Package compress has the codecs that a database file's pages can be compressed with,
// and the interface that a codec of your own implements.
//
// A page is compressed by itself: Compress is given a whole page, of 256 bytes to 64 KiB,
// and what it makes of it is stored as one record of the file. The file names its codec
// by a number, the compression id, which lsm1 stores in every checkpoint:
//
//	id             name    what a record holds
//	1              none    (pages are stored as they are, in another layout)
//	10001          lz4     one raw LZ4 block, as lsmlite-rs writes it
//	10002          zlib    one zlib stream, as lsmlite-rs writes it
//	10003          zstd    one Zstandard frame, as lsmlite-rs writes it, with a checksum
//	11001          snappy  one raw Snappy block
//	2..9999, 12000 and up  codecs of users
//
// Ids 10001 to 10999 are left to lsmlite-rs, which counts from 10001; ids 11001 to 11999
// are lsmlite's own. A database compressed with one of the latter, or by a user's codec, is
// read only where that codec is registered; a C program must install hooks with its id, too.
//
// The package knows nothing of files or pages. It is imported by the engine's page layer
// and by programs that write or configure a codec.
package compress

import (
	"fmt"
	"strconv"
)

// None is the name of no compression.
const None = "none"

// Builtin returns the codecs of this package at their default levels.
func Builtin() []Codec { return []Codec{LZ4(), Zlib(), Zstd(), Snappy()} }

// Check says what is wrong with a user's codecs, if anything: ids and names must be
// sensible and different from each other. A codec with the id of one of this package
// takes its place, and must have its name, too; nobody else may have one of their names.
func Check(codecs []Codec) error {
	ids := make(map[uint32]string)
	names := make(map[string]uint32)
	for _, b := range Builtin() {
		names[b.Name()] = b.ID()
	}
	for i, c := range codecs {
		if c == nil {
			return fmt.Errorf("codec %d is nil", i)
		}
		id, name := c.ID(), c.Name()
		if id <= IDNone {
			return fmt.Errorf("codec %q has the id %d; 0 and 1 mean no compression", name, id)
		}
		if !validName(name) {
			return fmt.Errorf("codec %d has the name %q; it must be of small letters, digits and dashes, begin with a letter, and not be %q", id, name, None)
		}
		if other, taken := ids[id]; taken {
			return fmt.Errorf("codecs %q and %q have the same id, %d", other, name, id)
		}
		if other, taken := names[name]; taken && other != id {
			return fmt.Errorf("codecs %d and %d have the same name, %q", other, id, name)
		}
		ids[id], names[name] = name, id
	}
	return nil
}

func validName(name string) bool {
	if name == "" || name == None || len(name) > 40 {
		return false
	}
	for i, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return true
}

// ByID returns the codec with an id, looking at a user's codecs before this package's.
func ByID(id uint32, codecs []Codec) (Codec, bool) {
	for _, list := range [][]Codec{codecs, Builtin()} {
		for _, c := range list {
			if c.ID() == id {
				return c, true
			}
		}
	}
	return nil, false
}

// ByName returns the codec with a name, or whose id is given in decimal; see ByID.
func ByName(name string, codecs []Codec) (Codec, bool) {
	for _, list := range [][]Codec{codecs, Builtin()} {
		for _, c := range list {
			if c.Name() == name {
				return c, true
			}
		}
	}
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		return ByID(uint32(id), codecs)
	}
	return nil, false
}

// Describe renders an id for a message, with the codec's name if it is known.
func Describe(id uint32, codecs []Codec) string {
	if id <= IDNone {
		return fmt.Sprintf("%s (%d)", None, IDNone)
	}
	if c, ok := ByID(id, codecs); ok {
		return fmt.Sprintf("%s (%d)", c.Name(), id)
	}
	return fmt.Sprintf("codec %d", id)
}
