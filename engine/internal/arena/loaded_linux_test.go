// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loadedBytes returns how much of a chunk is in memory.
func loadedBytes(t *testing.T, c []byte) (n int) {
	t.Helper()
	page := os.Getpagesize()
	in := make([]byte, (len(c)+page-1)/page)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(unsafe.SliceData(c))), uintptr(len(c)),
		uintptr(unsafe.Pointer(unsafe.SliceData(in))))
	if errno != 0 {
		t.Fatal(errno)
	}
	for _, b := range in {
		n += int(b&1) * page
	}
	return n
}
