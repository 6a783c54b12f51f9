// SPDX-License-Identifier: Apache-2.0

//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris) && !race

package arena

import "golang.org/x/sys/unix"

// chunkBytes is how much memory is requested at once.
const chunkBytes = 1 << 20

// mapChunk returns new memory, or nil if there is none.
func mapChunk() []byte {
	c, err := unix.Mmap(-1, 0, chunkBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return c
}

// unload gives the memory of a chunk back to the system; the chunk can be used again. If that
// fails the memory stays with the chunk.
func unload(c []byte) { _ = unix.Madvise(c, adviceFree) }
