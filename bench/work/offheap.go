// SPDX-License-Identifier: Apache-2.0

package work

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// offHeap returns n zeros in memory that is shared, so that it does not count as anonymous memory, and
// that the garbage collector does not know. It stays until the process ends.
func offHeap(n uint64) ([]uint32, error) {
	b, err := unix.Mmap(-1, 0, int(n*4), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), n), nil
}
