// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io"
	"math"
)

// Mapper is the ability of a File to be read through a mapping of it into memory, which
// costs no system call.
type Mapper interface {
	// Map returns a Mapping of the first limit bytes of the file, MapAll for all of it,
	// whatever length it will have. It fails with errors.ErrUnsupported if this file, or
	// this platform, cannot be mapped.
	Map(limit int64) (Mapping, error)
}

// MapAll is a limit of Mapper.Map that is none.
const MapAll = math.MaxInt64

// ErrNotMapped means that the caller must read the bytes by File.ReadAt, which will say why: they
// are after the end of the mapping or of the file, or the disk failed to read them.
var ErrNotMapped = errors.New("bytes cannot be read through a mapping")

// Mapping reads what File.ReadAt reads, writes through any handle of the file included.
//
// ReadAt copies all of the bytes requested, or fails with ErrNotMapped. It hands out no
// memory of the mapping: the bytes there change when the file does, are gone with the
// mapping, and an error of the disk hits the code that touches them. A file that is cut by
// another program, and a disk that fails, are errors and nothing worse.
//
// ReadAt may be called by any number of goroutines, but none during or after Close. Close
// the Mapping before the File.
type Mapping interface {
	io.ReaderAt
	io.Closer
}
