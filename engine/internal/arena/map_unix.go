// SPDX-License-Identifier: Apache-2.0

//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris) && !race

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// chunkBytes is how much memory is requested at once, at an address that is a multiple of it: the size
// of one of the system's huge pages, where it has some.
const chunkBytes = 2 << 20

// mapChunk returns new memory, or nil if there is none.
func mapChunk() []byte {
	c, err := mapMemory(chunkBytes)
	if err != nil || offset(c) == 0 {
		return c
	}
	// What one mapping leaves over the next ones begin with, so this is rare.
	if unix.Munmap(c) != nil {
		return c
	}
	if c, err = mapMemory(2 * chunkBytes); err != nil {
		return nil
	}
	from := (chunkBytes - offset(c)) % chunkBytes
	return c[from : from+chunkBytes : from+chunkBytes]
}

// offset returns how far after a multiple of chunkBytes memory begins.
func offset(c []byte) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(c))) % chunkBytes) }

func mapMemory(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

// unload gives the memory of a chunk back to the system; the chunk can be used again. If that
// fails the memory stays with the chunk.
func unload(c []byte) { _ = unix.Madvise(c, adviceFree) }
