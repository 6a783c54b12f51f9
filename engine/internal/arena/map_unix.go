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
	p := mapAligned()
	if p == nil {
		return nil
	}
	c := unsafe.Slice((*byte)(p), chunkBytes)
	makePlain(c)
	return c
}

// mapAligned maps a chunk. If the system does not put it where it should be, twice as much is mapped
// and what is around the chunk is given back; the next one then mostly lies next to it.
func mapAligned() unsafe.Pointer {
	p := mapMemory(chunkBytes)
	if p == nil || offset(p) == 0 {
		return p
	}
	unmap(p, chunkBytes)
	if p = mapMemory(2 * chunkBytes); p == nil {
		return mapMemory(chunkBytes) // at any address
	}
	front := (chunkBytes - offset(p)) % chunkBytes
	chunk := unsafe.Add(p, front)
	unmap(p, front)
	unmap(unsafe.Add(chunk, chunkBytes), chunkBytes-front)
	return chunk
}

// offset returns how far after a multiple of chunkBytes memory begins.
func offset(p unsafe.Pointer) uintptr { return uintptr(p) % chunkBytes }

func mapMemory(size uintptr) unsafe.Pointer {
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return p
}

// unmap gives memory and its addresses back. If that fails they stay unused.
func unmap(p unsafe.Pointer, size uintptr) {
	if size > 0 {
		_ = unix.MunmapPtr(p, size)
	}
}

// unload gives the memory of a chunk back to the system; the chunk can be used again. If that
// fails the memory stays with the chunk.
func unload(c []byte) { _ = unix.Madvise(c, adviceFree) }
