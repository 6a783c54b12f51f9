// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mincore writes into pages, for each page of a mapping, whether it is in memory. Package unix has
// only the number of the system call.
func mincore(mapping, pages []byte) error {
	_, _, e := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(unsafe.SliceData(mapping))),
		uintptr(len(mapping)), uintptr(unsafe.Pointer(unsafe.SliceData(pages))))
	if e != 0 {
		return e
	}
	return nil
}
