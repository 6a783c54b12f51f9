// SPDX-License-Identifier: Apache-2.0

package vfs

import "io"

// WriteMapper is the ability of a File to be written through a mapping of it into memory, which costs no system
// call.
type WriteMapper interface {
	// MapWrite returns a mapping of the first n bytes of the file, at most a page of memory, which the file has
	// already. The error is errors.ErrUnsupported if that cannot be done. The mapping is closed before the file.
	MapWrite(n int) (WriteMapping, error)
}

// WriteMapping writes what File.WriteAt writes, and all handles of the file, of other processes, too, read it at once.
// A write that is cut short, as when the process is killed, may have written any of its bytes. A file that is cut by
// another program, and a disk that fails, are errors and nothing worse. Its methods belong to one goroutine at a time.
type WriteMapping interface {
	io.WriterAt
	io.Closer
}
